import CLinux
public import Diagnostics
import Glibc

/// Everything that flows into the tool from outside its arguments, in one value that tests make by hand.
public struct Surroundings: Sendable {
    /// The environment.
    public var environment: [String: String]
    /// The absolute path of the current folder.
    public var currentDirectory: String
    /// Whether standard output is a terminal.
    public var isOutputTerminal: Bool
    /// Whether standard error is a terminal.
    public var isErrorTerminal: Bool
    /// The time of everything that is written, in seconds since 1970: `SOURCE_DATE_EPOCH`, or 0.
    public let sourceDate: Int

    /// Makes surroundings by hand.
    ///
    /// - Throws: when `SOURCE_DATE_EPOCH` is set to anything but a whole number from 0 to 253402300799 (the year 9999).
    public init(
        environment: [String: String] = [:], currentDirectory: String = "/", isOutputTerminal: Bool = false,
        isErrorTerminal: Bool = false
    ) throws(Diagnostic) {
        self.environment = environment
        self.currentDirectory = currentDirectory
        self.isOutputTerminal = isOutputTerminal
        self.isErrorTerminal = isErrorTerminal
        let epoch = environment[EnvironmentVariable.sourceDateEpoch.rawValue] ?? ""
        sourceDate = try epoch.isEmpty ? 0 : Self.parseSourceDate(epoch)
    }

    /// Those of this process.
    public static func current() throws(Diagnostic) -> Surroundings {
        guard let folder = getcwd(nil, 0) else {
            throw FileError.last("find", "the current folder").diagnostic
        }
        defer { free(folder) }
        return try Surroundings(
            environment: processEnvironment(), currentDirectory: String(cString: folder),
            isOutputTerminal: Terminal.isTerminal(STDOUT_FILENO), isErrorTerminal: Terminal.isTerminal(STDERR_FILENO))
    }

    /// The value of a variable; nil when it is not set or empty.
    public subscript(_ variable: EnvironmentVariable) -> String? {
        guard let value = environment[variable.rawValue], !value.isEmpty else { return nil }
        return value
    }

    /// Whether colours are unwanted: `NO_COLOR` is set, or the terminal cannot show them.
    public var noColour: Bool { self[.noColour] != nil || self[.terminalType] == "dumb" }

    /// Whether standard error gets colours.
    public var errorColour: Bool { isErrorTerminal && !noColour }

    /// Whether standard output gets colours.
    public var outputColour: Bool { isOutputTerminal && !noColour }

    /// A path made absolute by the current folder; an absolute one stays as it is.
    public func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : currentDirectory == "/" ? "/" + path : currentDirectory + "/" + path
    }

    private static func parseSourceDate(_ text: String) throws(Diagnostic) -> Int {
        let latest = 253_402_300_799
        guard text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }), let date = Int(text),
            date <= latest
        else {
            throw Diagnostic(
                "cannot use SOURCE_DATE_EPOCH=`\(escaped(text))`: it must be whole seconds from 0 to \(latest)",
                hints: ["unset it, or set it to the time of the commit: `git log -1 --format=%ct`"], status: .misuse)
        }
        return date
    }

    /// A variable that appears twice counts as its first one, as `getenv` has it; one that is not UTF-8 is repaired.
    private static func processEnvironment() -> [String: String] {
        var environment: [String: String] = [:]
        guard var next = skiff_environ() else { return environment }
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let mark = text.firstIndex(of: "="), mark > text.startIndex {
                let name = String(text[..<mark])
                if environment[name] == nil { environment[name] = String(text[text.index(after: mark)...]) }
            }
            next += 1
        }
        return environment
    }
}
