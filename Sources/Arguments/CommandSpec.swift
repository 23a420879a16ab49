/// One command: what it is called, what it takes, and what its help says. Parser, help and completions all read this value.
public struct CommandSpec: Sendable {
    /// Something to type, and what it does.
    public struct Example: Sendable {
        /// The whole command line.
        public var command: String
        /// What it does, in one sentence without a full stop.
        public var meaning: String

        /// Makes an example.
        public init(_ command: String, _ meaning: String) {
            self.command = command
            self.meaning = meaning
        }
    }

    /// The word to type.
    public var name: String
    /// One line, without a full stop.
    public var abstract: String
    /// Further paragraphs, separated by empty lines; each is wrapped.
    public var discussion: String
    /// What comes without dashes, in order.
    public var arguments: [ArgumentSpec]
    /// What comes with dashes. Those of a command hold for its subcommands too, before or after their names.
    public var options: [OptionSpec]
    /// For the end of the help.
    public var examples: [Example]
    /// When there are any, one of them must be named.
    public var subcommands: [CommandSpec]

    /// Makes a command.
    public init(
        _ name: String, abstract: String, discussion: String = "", arguments: [ArgumentSpec] = [],
        options: [OptionSpec] = [], examples: [Example] = [], subcommands: [CommandSpec] = []
    ) {
        self.name = name
        self.abstract = abstract
        self.discussion = discussion
        self.arguments = arguments
        self.options = options
        self.examples = examples
        self.subcommands = subcommands
    }
}

/// Something that is given by its position.
public struct ArgumentSpec: Sendable {
    /// How often it comes.
    public enum Count: Sendable {
        /// Exactly once.
        case one
        /// Once or not at all.
        case optional
        /// Once or more; only the last argument.
        case oneOrMore
        /// As often as wanted; only the last argument.
        case any
    }

    /// The name in the help, in capitals: `MODEL`.
    public var name: String
    /// How often it comes.
    public var count: Count
    /// What it means, without a full stop.
    public var help: String
    /// The only values it can have; empty when any will do.
    public var choices: [String]
    /// What a shell offers.
    public var completion: ValueCompletion

    /// Makes an argument.
    public init(
        _ name: String, count: Count = .one, help: String, choices: [String] = [], completion: ValueCompletion = .none
    ) {
        self.name = name
        self.count = count
        self.help = help
        self.choices = choices
        self.completion = completion
    }
}

/// What a shell offers for a value that has no list of choices.
public enum ValueCompletion: Sendable {
    /// Nothing.
    case none
    /// Files and folders.
    case files
    /// Folders.
    case folders
}

/// Something that is given by its name: `--json`, `--output DIR`.
public struct OptionSpec: Sendable {
    /// What follows the name.
    public enum Kind: Sendable, Equatable {
        /// Nothing: it is there or not.
        case flag
        /// Nothing, and `--no-NAME` says the opposite.
        case switchable
        /// A value, called so in the help: `DIR`.
        case value(String)
    }

    /// The name without dashes: `output`.
    public var name: String
    /// One letter for `-o`.
    public var short: Character?
    /// What follows the name.
    public var kind: Kind
    /// Whether it may come several times; otherwise a second one is an error.
    public var isRepeatable: Bool
    /// The only values it can have; empty when any will do.
    public var choices: [String]
    /// What holds without it, for the help; the reader of the arguments applies it.
    public var defaultValue: String?
    /// What it means, without a full stop.
    public var help: String
    /// What a shell offers.
    public var completion: ValueCompletion

    /// Makes an option.
    public init(
        _ name: String, _ kind: Kind, short: Character? = nil, choices: [String] = [], isRepeatable: Bool = false,
        defaultValue: String? = nil, help: String, completion: ValueCompletion = .none
    ) {
        self.name = name
        self.kind = kind
        self.short = short
        self.choices = choices
        self.isRepeatable = isRepeatable
        self.defaultValue = defaultValue
        self.help = help
        self.completion = completion
    }

    /// The name of its value in the help; nil for a flag.
    public var valueName: String? { if case .value(let name) = kind { name } else { nil } }
}

extension OptionSpec {
    /// `--help`, which every command has.
    static let help = OptionSpec("help", .flag, short: "h", help: "show this help")
    /// `--version`, which every command has.
    static let version = OptionSpec("version", .flag, help: "show the version")
}
