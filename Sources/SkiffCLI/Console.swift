import Arguments
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
        OptionSpec("no-progress", .flag, help: "no progress bar, also on a terminal"),
    ]

    let isJSON: Bool
    private let isQuiet: Bool
    private let isVerbose: Bool
    private let hasBar: Bool
    private let colour: Bool
    // The number of tenths that the bar shows; nil while there is no bar.
    private let bar = Mutex<Int?>(nil)

    init(_ arguments: ParsedArguments, _ surroundings: Surroundings) {
        isJSON = arguments.flag("json")
        isQuiet = arguments.flag("quiet")
        isVerbose = arguments.flag("verbose")
        hasBar = surroundings.isErrorTerminal && !arguments.flag("no-progress") && !arguments.flag("quiet")
        colour = surroundings.errorColour
    }

    /// A step of the work, one plain line.
    func step(_ text: String) {
        guard !isQuiet else { return }
        Self.write(escaped(text, limit: 2000) + "\n", to: STDERR_FILENO)
    }

    /// More about a step.
    func detail(_ text: String) {
        guard isVerbose else { return }
        step(text)
    }

    func warn(_ diagnostic: Diagnostic) {
        guard !isQuiet else { return }
        Self.write(Rendering.text(diagnostic, colour: colour), to: STDERR_FILENO)
    }

    /// Moves the bar, on a terminal only; at the end it goes away.
    func progress(_ title: String, done: Int, total: Int) {
        guard hasBar else { return }
        let width = 30
        let filled = total > 0 ? done * width / total : width
        bar.withLock { shown in
            guard shown != filled || done == total else { return }
            shown = done == total ? nil : filled
            let cells = String(repeating: "#", count: filled) + String(repeating: "-", count: width - filled)
            let line =
                done == total ? "\r\u{1B}[K" : "\r\(title) [\(cells)] \(grouped(done)) of \(grouped(total)) bytes"
            Self.write(line, to: STDERR_FILENO)
        }
    }

    /// Data on standard output.
    func output(_ text: String) throws {
        try output(Array(text.utf8))
    }

    func output(_ bytes: [UInt8]) throws {
        let copy = dup(STDOUT_FILENO)
        guard copy >= 0 else { throw FileError("write", "standard output", .system(errno)) }
        let file = FileDescriptor(owning: copy, path: "standard output")
        try file.write(bytes)
        try file.close()
    }

    /// One JSON document on standard output.
    func output(_ document: JSONObject) throws {
        try output(JSONWriter.bytes(.object(document), style: .pretty))
    }

    /// Writes what must not fail: when even standard error is gone there is nobody to tell.
    static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else { return }
            bytes = bytes.dropFirst(max(0, count))
        }
    }
}
