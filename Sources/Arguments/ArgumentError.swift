public import Diagnostics

/// A command line that does not fit its `CommandSpec`. The exit status is 64.
public struct ArgumentError: DiagnosticConvertible, Sendable, Equatable {
    /// What does not fit.
    public enum Kind: Sendable, Equatable {
        /// No option of that name; the nearest one, if any is near.
        case unknownOption(String, nearest: String?)
        /// An option without its value; what stands in its place.
        case missingValue(option: String, valueName: String, found: String?)
        /// A value for a flag: `--json=yes`.
        case unexpectedValue(option: String, value: String)
        /// A value that is not one of the choices; `subject` is an option or the name of an argument.
        case notAChoice(subject: String, value: String, choices: [String], nearest: String?)
        /// An option given twice that is not repeatable.
        case repeated(option: String)
        /// `--x` and `--no-x` together.
        case contradiction(option: String)
        /// No command of that name; the nearest one, if any is near.
        case unknownCommand(String, nearest: String?)
        /// A subcommand is needed.
        case missingCommand
        /// An argument is needed.
        case missingArgument(name: String, help: String)
        /// One argument too many.
        case extraArgument(String)
    }

    /// What does not fit.
    public let kind: Kind
    /// The names of program and commands: `skiff pack`.
    public let command: String
    /// The usage line of the command: `skiff pack MODEL [OPTIONS]`.
    public let usage: String

    /// "cannot run `skiff pack`: …" with the nearest name, the usage and where to read more.
    public var diagnostic: Diagnostic {
        var hints: [String] = []
        if let nearest { hints.append("did you mean `\(nearest)`?") }
        if let advice { hints.append(advice) }
        hints.append("usage: \(usage)")
        hints.append("`\(command) --help` explains everything")
        return Diagnostic("cannot run `\(command)`: \(reason)", hints: hints, status: .misuse)
    }

    /// What does not fit, in words.
    public var reason: String {
        switch kind {
        case .unknownOption(let name, _): "there is no option `\(escaped(name))`"
        case .missingValue(let option, let valueName, nil): "`\(option)` needs a value, \(valueName)"
        case .missingValue(let option, let valueName, let found?):
            "`\(option)` needs a value, \(valueName), but `\(escaped(found))` follows"
        case .unexpectedValue(let option, let value): "`\(option)` takes no value, but `\(escaped(value))` is given"
        case .notAChoice(let subject, let value, let choices, _):
            "`\(subject)` cannot be `\(escaped(value))`; it is one of \(choices.joined(separator: ", "))"
        case .repeated(let option): "`\(option)` is given twice"
        case .contradiction(let option): "`--\(option)` and `--no-\(option)` contradict each other"
        case .unknownCommand(let name, _): "there is no command `\(escaped(name))`"
        case .missingCommand: "a command is missing"
        case .missingArgument(let name, let help): "\(name) is missing: \(help)"
        case .extraArgument(let value): "`\(escaped(value))` is one argument too many"
        }
    }

    private var nearest: String? {
        switch kind {
        case .unknownOption(_, let nearest), .notAChoice(_, _, _, let nearest), .unknownCommand(_, let nearest): nearest
        case .missingValue, .unexpectedValue, .repeated, .contradiction, .missingCommand, .missingArgument,
            .extraArgument:
            nil
        }
    }

    private var advice: String? {
        switch kind {
        case .missingValue(let option, _, let found?) where option.hasPrefix("--"):
            "write `\(option)=\(escaped(found))` if that is the value"
        case .extraArgument(let value) where value.utf8.contains(UInt8(ascii: "*")): "put patterns in quotes"
        default: nil
        }
    }
}
