/// Reads a command line by a `CommandSpec`.
///
/// Supported: `--name value`, `--name=value`, `-n value`, flags, `--no-name` of switchable flags, `--` before arguments that begin
/// with a dash, `-` as an argument, options before or after the arguments and before or after the names of subcommands, and
/// `help COMMAND`. Unsupported on purpose: shortened names, several letters after one dash, values joined to a letter.
public struct ArgumentParser: Sendable {
    /// The program.
    public let root: CommandSpec
    /// The columns of the help.
    public let width: Int

    /// A parser for the program `root`; its help is wrapped at `width` columns.
    public init(_ root: CommandSpec, width: Int = 80) {
        self.root = root
        self.width = width
    }

    /// Reads `words`, which do not include the program's own name.
    public func parse(_ words: [String]) throws(ArgumentError) -> ParsedArguments {
        var pass = Pass(path: [root])
        var rest = words[...]
        var onlyArguments = false
        while let word = rest.popFirst() {
            if word == "help", !onlyArguments, pass.takesHelp {
                try pass.takeOption("--help", &rest)
            } else if onlyArguments || word == "-" || !word.hasPrefix("-") {
                try pass.takeArgument(word)
            } else if word == "--" {
                onlyArguments = true
            } else {
                try pass.takeOption(word, &rest)
            }
        }
        var result = pass.result
        result.command = pass.path.dropFirst().map(\.name)
        if result.flag(OptionSpec.help.name) {
            result.intent = .help(HelpText.text(for: pass.path, width: width))
        } else if result.flag(OptionSpec.version.name) {
            result.intent = .version
        } else {
            try pass.checkComplete()
        }
        return result
    }
}

/// One reading of a command line.
private struct Pass {
    /// The program and the commands named so far.
    var path: [CommandSpec]
    var result = ParsedArguments()

    var command: CommandSpec { path[path.count - 1] }

    /// The options that hold here: those of the command and of all above it.
    var options: [OptionSpec] { path.reversed().flatMap(\.options) + [.help, .version] }

    /// Whether the word `help` asks for help here: `skiff help pack` is `skiff pack --help`.
    var takesHelp: Bool { !command.subcommands.isEmpty && !command.subcommands.contains { $0.name == "help" } }

    func error(_ kind: ArgumentError.Kind) -> ArgumentError {
        let names = path.map(\.name).joined(separator: " ")
        return ArgumentError(kind: kind, command: names, usage: HelpText.usage(for: path))
    }

    mutating func takeArgument(_ word: String) throws(ArgumentError) {
        if !command.subcommands.isEmpty {
            guard let next = command.subcommands.first(where: { $0.name == word }) else {
                let names = command.subcommands.map(\.name)
                throw error(.unknownCommand(word, nearest: Suggestion.nearest(to: word, in: names)))
            }
            path.append(next)
            return
        }
        let index = result.positional.count
        let specs = command.arguments
        guard let last = specs.last, index < specs.count || last.count == .any || last.count == .oneOrMore else {
            throw error(.extraArgument(word))
        }
        let spec = specs[min(index, specs.count - 1)]
        try check(word, among: spec.choices, subject: spec.name)
        result.positional.append(word)
    }

    mutating func takeOption(_ word: String, _ rest: inout ArraySlice<String>) throws(ArgumentError) {
        let isLong = word.hasPrefix("--")
        let mark = isLong ? word.firstIndex(of: "=") : nil
        let given = mark.map { String(word[..<$0]) } ?? word
        let joined = mark.map { String(word[word.index(after: $0)...]) }
        if let spec = options.first(where: { $0.isSpelled(given) }) {
            if case .value(let valueName) = spec.kind {
                try takeValue(spec, given, joined, valueName, &rest)
            } else {
                if let joined { throw error(.unexpectedValue(option: given, value: joined)) }
                try setFlag(spec, true)
            }
        } else if let spec = options.first(where: { $0.kind == .switchable && given == "--no-\($0.name)" }) {
            if let joined { throw error(.unexpectedValue(option: given, value: joined)) }
            try setFlag(spec, false)
        } else {
            throw error(.unknownOption(given, nearest: nearestOption(given)))
        }
    }

    private mutating func takeValue(
        _ spec: OptionSpec, _ given: String, _ joined: String?, _ valueName: String, _ rest: inout ArraySlice<String>
    ) throws(ArgumentError) {
        let value: String
        if let joined {
            value = joined
        } else {
            guard let next = rest.popFirst() else {
                throw error(.missingValue(option: given, valueName: valueName, found: nil))
            }
            // A forgotten value must not swallow the next option. Negative numbers are values.
            let isOption = next.hasPrefix("-") && next != "-" && Double(next) == nil
            if isOption { throw error(.missingValue(option: given, valueName: valueName, found: next)) }
            value = next
        }
        try check(value, among: spec.choices, subject: given)
        guard spec.isRepeatable || result.values[spec.name] == nil else { throw error(.repeated(option: given)) }
        result.values[spec.name, default: []].append(value)
    }

    private mutating func setFlag(_ spec: OptionSpec, _ isOn: Bool) throws(ArgumentError) {
        if let earlier = result.flags[spec.name], earlier != isOn { throw error(.contradiction(option: spec.name)) }
        result.flags[spec.name] = isOn
    }

    private func check(_ value: String, among choices: [String], subject: String) throws(ArgumentError) {
        guard !choices.isEmpty, !choices.contains(value) else { return }
        let nearest = Suggestion.nearest(to: value, in: choices)
        throw error(.notAChoice(subject: subject, value: value, choices: choices, nearest: nearest))
    }

    /// The nearest name, in this command first, then of a letter with its value joined (`-oDIR`).
    private func nearestOption(_ given: String) -> String? {
        if !given.hasPrefix("--"), given.count > 2,
            let spec = options.first(where: { $0.isSpelled(String(given.prefix(2))) }), spec.valueName != nil
        {
            return "\(given.prefix(2)) \(given.dropFirst(2))"
        }
        let names = options.flatMap { spec in
            ["--\(spec.name)"] + (spec.kind == .switchable ? ["--no-\(spec.name)"] : [])
        }
        return Suggestion.nearest(to: given, in: names)
    }

    func checkComplete() throws(ArgumentError) {
        if !command.subcommands.isEmpty { throw error(.missingCommand) }
        for (index, spec) in command.arguments.enumerated() where index >= result.positional.count {
            if spec.count == .one || spec.count == .oneOrMore {
                throw error(.missingArgument(name: spec.name, help: spec.help))
            }
        }
    }
}

extension OptionSpec {
    fileprivate func isSpelled(_ word: String) -> Bool {
        word == "--\(name)" || short.map { word == "-\($0)" } ?? false
    }
}
