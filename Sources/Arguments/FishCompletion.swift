/// The completion script for fish: one `complete` line for each name.
enum FishCompletion {
    static func script(_ root: CommandSpec) -> String {
        var text = "# fish completion for \(root.name)\ncomplete -c \(root.name) -f\n"
        for path in Completions.paths(root) { text += lines(path, program: root.name) }
        return text
    }

    private static func lines(_ path: [CommandSpec], program: String) -> String {
        guard let command = path.last else { return "" }
        let start = "complete -c \(program) -n \(quoted(condition(path)))"
        var text = ""
        for next in command.subcommands { text += "\(start) -a \(quoted(next.name)) -d \(quoted(next.abstract))\n" }
        for argument in command.arguments {
            if let source = source(argument.choices, argument.completion) {
                text += "\(start) \(source) -d \(quoted(argument.name))\n"
            }
        }
        // Options of the program hold everywhere and are written once.
        for option in command.options + (path.count == 1 ? [.help, .version] : []) {
            let scope = path.count == 1 ? "complete -c \(program)" : start
            let short = option.short.map { " -s \($0)" } ?? ""
            var line = "\(scope)\(short) -l \(option.name)"
            if option.valueName != nil {
                line += " -x" + (source(option.choices, option.completion).map { " " + $0 } ?? "")
            }
            text += line + " -d \(quoted(option.help))\n"
            if option.kind == .switchable {
                text += "\(scope) -l no-\(option.name) -d \(quoted("not: " + option.help))\n"
            }
        }
        return text
    }

    /// Whether the words before the cursor name this command and none of its subcommands.
    private static func condition(_ path: [CommandSpec]) -> String {
        var terms = path.dropFirst().map { "__fish_seen_subcommand_from \($0.name)" }
        let next = (path.last?.subcommands ?? []).map(\.name)
        if !next.isEmpty { terms.append("not __fish_seen_subcommand_from \(next.joined(separator: " "))") }
        return terms.isEmpty ? "true" : terms.joined(separator: "; and ")
    }

    private static func source(_ choices: [String], _ completion: ValueCompletion) -> String? {
        if !choices.isEmpty { return "-a \(quoted(choices.joined(separator: " ")))" }
        switch completion {
        case .none: return nil
        case .files: return "-a '(__fish_complete_path)'"
        case .folders: return "-a '(__fish_complete_directories)'"
        }
    }

    /// In fish a backslash escapes quotes and backslashes also between single quotes.
    private static func quoted(_ text: String) -> String {
        var result = "'"
        for character in text {
            if character == "'" || character == "\\" { result += "\\" }
            result.append(character)
        }
        return result + "'"
    }
}
