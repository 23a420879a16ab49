/// The help of a command, from its specification.
public enum HelpText {
    /// The whole help of the last command of `path`, which begins with the program; ends with a line feed.
    public static func text(for path: [CommandSpec], width: Int) -> String {
        guard let command = path.last else { return "" }
        let width = max(40, width)
        var text = wrapped("OVERVIEW: \(command.abstract)", first: "", further: "  ", width)
        for paragraph in paragraphs(command.discussion) {
            text += "\n" + wrapped(paragraph, first: "", further: "", width)
        }
        text += "\n" + wrapped("USAGE: \(usage(for: path))", first: "", further: "  ", width)
        text += section(
            "COMMANDS", command.subcommands.map { ($0.name, $0.abstract) }, width)
        text += section(
            "ARGUMENTS", command.arguments.map { ($0.name, withValues($0.help, $0.choices, nil)) }, width)
        let options = command.options + path.dropLast().reversed().flatMap(\.options) + [.help, .version]
        text += section("OPTIONS", options.map { (label($0), withValues($0.help, $0.choices, $0.defaultValue)) }, width)
        if !command.examples.isEmpty {
            text += "\nEXAMPLES:\n"
            for example in command.examples {
                text += "  \(example.command)\n" + wrapped(example.meaning, first: "      ", further: "      ", width)
            }
        }
        if !command.subcommands.isEmpty {
            let program = path.map(\.name).joined(separator: " ")
            text += "\n`\(program) help COMMAND` explains one of them.\n"
        }
        return text
    }

    /// `skiff pack MODEL [OPTIONS]`
    public static func usage(for path: [CommandSpec]) -> String {
        var words = path.map(\.name)
        guard let command = path.last else { return "" }
        if !command.subcommands.isEmpty { words.append("COMMAND") }
        for argument in command.arguments {
            switch argument.count {
            case .one: words.append(argument.name)
            case .optional: words.append("[\(argument.name)]")
            case .oneOrMore: words.append("\(argument.name)...")
            case .any: words.append("[\(argument.name)...]")
            }
        }
        return (words + ["[OPTIONS]"]).joined(separator: " ")
    }

    /// `-o, --output DIR`
    private static func label(_ option: OptionSpec) -> String {
        let short = option.short.map { "-\($0), " } ?? "    "
        let name = option.kind == .switchable ? "[no-]\(option.name)" : option.name
        return short + "--" + name + (option.valueName.map { " \($0)" } ?? "")
    }

    private static func withValues(_ help: String, _ choices: [String], _ defaultValue: String?) -> String {
        var notes: [String] = []
        if !choices.isEmpty { notes.append(choices.joined(separator: ", ")) }
        if let defaultValue { notes.append("default: \(defaultValue)") }
        return notes.isEmpty ? help : "\(help) (\(notes.joined(separator: "; ")))"
    }

    private static func section(_ title: String, _ rows: [(label: String, help: String)], _ width: Int) -> String {
        guard !rows.isEmpty else { return "" }
        // Labels that are much longer than the others get a line of their own.
        let column = min(rows.map(\.label.count).max() ?? 0, 24) + 4
        let margin = String(repeating: " ", count: column)
        var text = "\n\(title):\n"
        for row in rows {
            let label = "  " + row.label
            if label.count > column - 2 {
                text += label + "\n" + wrapped(row.help, first: margin, further: margin, width)
            } else {
                let blank = String(repeating: " ", count: column - label.count)
                text += wrapped(row.help, first: label + blank, further: margin, width)
            }
        }
        return text
    }

    private static func paragraphs(_ text: String) -> [String] {
        var result: [[Substring]] = [[]]
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.isEmpty { result.append([]) } else { result[result.count - 1].append(line) }
        }
        return result.filter { !$0.isEmpty }.map { $0.joined(separator: " ") }
    }

    /// Breaks `text` between words; a word that is longer than a line stays whole.
    private static func wrapped(_ text: String, first: String, further: String, _ width: Int) -> String {
        var lines: [String] = []
        var line = first
        var isEmpty = true
        for word in text.split(separator: " ") {
            if !isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = further
                isEmpty = true
            }
            line += (isEmpty ? "" : " ") + word
            isEmpty = false
        }
        lines.append(line)
        return lines.joined(separator: "\n") + "\n"
    }
}
