/// What a command line says, checked against its `CommandSpec`.
public struct ParsedArguments: Sendable, Equatable {
    /// What the person wants.
    public enum Intent: Sendable, Equatable {
        /// Run the command.
        case run
        /// Read its help: the text.
        case help(String)
        /// Know the version.
        case version
    }

    /// What the person wants. Required arguments are only there for `.run`.
    public internal(set) var intent = Intent.run
    /// The names of the command and its subcommands, without the program's own: `["pack"]`.
    public internal(set) var command: [String] = []
    /// The arguments without dashes, in order.
    public internal(set) var positional: [String] = []
    var values: [String: [String]] = [:]
    var flags: [String: Bool] = [:]

    /// The value of an option; nil when it was not given.
    public func value(_ name: String) -> String? { values[name]?.last }

    /// All values of a repeatable option, in order.
    public func values(_ name: String) -> [String] { values[name] ?? [] }

    /// Whether a flag was given.
    public func flag(_ name: String) -> Bool { flags[name] == true }

    /// What was said of a switchable flag: true for `--NAME`, false for `--no-NAME`, nil for neither.
    public func switched(_ name: String) -> Bool? { flags[name] }
}
