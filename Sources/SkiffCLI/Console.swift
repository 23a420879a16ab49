import Arguments
import Contexts
import Converters
import Diagnostics
import Glibc
import JSONText
import Platform
import Synchronization

/// What people see: data on standard output, everything else on standard error.
final class Console: Sendable {
    static let options: [OptionSpec] = [
        OptionSpec("json", .flag, help: "print the whole answer as one JSON document on standard output"),
        OptionSpec("quiet", .flag, short: "q", help: "print nothing but errors and what was asked for"),
        OptionSpec("verbose", .flag, short: "v", help: "say more about each step"),
        OptionSpec("no-progress", .flag, help: "plain lines instead of a progress bar, also on a terminal"),
    ]

    let isJSON: Bool
    private let isQuiet: Bool
    private let isVerbose: Bool
    private let hasBar: Bool
    private let colour: Bool
    private let transfer = Mutex<Transfer?>(nil)

    /// A transfer under way.
    private struct Transfer {
        var text: TransferText
        let start: UInt64
        /// When something was last shown, in seconds from the start.
        var shownSeconds: Double
        var isBarShown = false
    }

    static let barsPerSecond = 10.0
    static let secondsPerLine = 10.0

    init(_ arguments: ParsedArguments, _ surroundings: Surroundings) {
        isJSON = arguments.flag("json")
        isQuiet = arguments.flag("quiet")
        isVerbose = arguments.flag("verbose")
        hasBar = surroundings.isErrorTerminal && !arguments.flag("no-progress")
        colour = surroundings.errorColour
    }

    /// A step of the work, one plain line.
    func step(_ text: String) {
        guard !isQuiet else { return }
        print(escaped(text, limit: 2000) + "\n")
    }

    /// More about a step.
    func detail(_ text: String) {
        guard isVerbose else { return }
        step(text)
    }

    func warn(_ diagnostic: Diagnostic) {
        guard !isQuiet else { return }
        print(Rendering.text(diagnostic, colour: colour))
    }

    /// How far a transfer is: a bar on a terminal, else a line every ten seconds.
    func progress(_ title: String, doneBytes: Int, totalBytes: Int, doneFiles: Int, totalFiles: Int) {
        guard !isQuiet else { return }
        transfer.withLock { transfer in
            var now =
                transfer
                ?? Transfer(text: TransferText(title: title), start: MonotonicClock.nanoseconds, shownSeconds: 0)
            let seconds = MonotonicClock.seconds(since: now.start)
            now.text.take(
                .init(
                    seconds: seconds, doneBytes: doneBytes, totalBytes: totalBytes, doneFiles: doneFiles,
                    totalFiles: totalFiles))
            let wait = hasBar ? 1 / Self.barsPerSecond : Self.secondsPerLine
            if seconds - now.shownSeconds >= wait {
                now.shownSeconds = seconds
                now.isBarShown = hasBar
                let width = Terminal.width(STDERR_FILENO) ?? 80
                Self.write(hasBar ? "\r\u{1B}[K" + now.text.bar(width: width) : now.text.line + "\n", to: STDERR_FILENO)
            }
            transfer = now
        }
    }

    /// The transfer is over: its bar goes away.
    func endProgress() {
        transfer.withLock { transfer in
            if transfer?.isBarShown == true { Self.write("\r\u{1B}[K", to: STDERR_FILENO) }
            transfer = nil
        }
    }

    /// Writes whole lines; a bar makes room for them and comes again with the next piece.
    private func print(_ lines: String) {
        transfer.withLock { transfer in
            let hasToClear = transfer?.isBarShown == true
            transfer?.isBarShown = false
            Self.write((hasToClear ? "\r\u{1B}[K" : "") + lines, to: STDERR_FILENO)
        }
    }

    /// A report on standard output, without what is secret.
    func output(_ text: String) throws {
        try output(Redaction.clean(Array(text.utf8)))
    }

    /// Data on standard output, byte for byte: predictions are never touched.
    func output(_ bytes: [UInt8]) throws {
        let copy = dup(STDOUT_FILENO)
        guard copy >= 0 else { throw FileError("write", "standard output", .system(errno)) }
        let file = FileDescriptor(owning: copy, path: "standard output")
        try file.write(bytes)
        try file.close()
    }

    /// One JSON document on standard output.
    func output(_ document: JSONObject) throws {
        try output(Redaction.clean(JSONWriter.bytes(.object(document), style: .pretty)))
    }

    /// Runs `body`; a program that asked for JSON gets the reasons why the model does not convert as a document too, with null for
    /// the member `missing`, which stands in the answer otherwise.
    func tellingRefusals<Result>(instead missing: String, _ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let error as ContextsError where error.kind == .refused && isJSON {
            try output([missing: .null, "refusals": .array(error.refusals.map(\.json))])
            throw error
        }
    }

    /// Writes what must not fail: when even standard error is gone there is nobody to tell.
    static func write(_ text: String, to descriptor: Int32) {
        var bytes = Redaction.clean(Array(text.utf8))[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else { return }
            bytes = bytes.dropFirst(max(0, count))
        }
    }
}
