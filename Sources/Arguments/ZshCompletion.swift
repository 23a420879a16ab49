/// The completion script for zsh: one function for each command, over `_arguments`.
enum ZshCompletion {
    static func script(_ root: CommandSpec) -> String {
        let main = function([root])
        var text = "#compdef \(root.name)\n"
        for path in Completions.paths(root) { text += "\n" + definition(path) }
        // Loaded from fpath the file itself is the function; sourced it registers one.
        return text + """

            if [ "$funcstack[1]" = "_\(root.name)" ]; then
                \(main) "$@"
            else
                compdef \(main) \(root.name)
            fi

            """
    }

    private static func function(_ path: [CommandSpec]) -> String {
        "_" + path.map { BashCompletion.identifier($0.name) }.joined(separator: "_") + "_words"
    }

    private static func definition(_ path: [CommandSpec]) -> String {
        guard let command = path.last else { return "" }
        var lines = Completions.options(path).flatMap(optionLines)
        guard !command.subcommands.isEmpty else {
            lines += command.arguments.map(argumentLine)
            return """
                \(function(path))() {
                    _arguments -s \\
                        \(lines.joined(separator: " \\\n        "))
                }

                """
        }
        lines += ["'1: :->command'", "'*:: :->words'"]
        let names = command.subcommands.map { "        \(described($0.name, $0.abstract))" }
        let cases = command.subcommands.map { next in
            "                \(next.name)) \(function(path + [next])) ;;"
        }
        return """
            \(function(path))() {
                local context state state_descr line
                typeset -A opt_args
                local -a commands=(
            \(names.joined(separator: "\n"))
                )
                _arguments -C -s \\
                    \(lines.joined(separator: " \\\n        "))
                case $state in
                    command) _describe command commands ;;
                    words)
                        case $line[1] in
            \(cases.joined(separator: "\n"))
                        esac ;;
                esac
            }

            """
    }

    private static func optionLines(_ option: OptionSpec) -> [String] {
        let help = "[\(escapedHelp(option.help))]"
        let value = option.valueName.map { ":\($0):\(action(option.choices, option.completion))" } ?? ""
        let star = option.isRepeatable ? "*" : ""
        return option.spellings.map { name in
            // `=` lets the value follow both after a blank and after `=`.
            let joint = !value.isEmpty && name.hasPrefix("--") ? "=" : ""
            return BashCompletion.quoted(star + name + joint + help + value)
        }
    }

    private static func argumentLine(_ argument: ArgumentSpec) -> String {
        let isMany = argument.count == .any || argument.count == .oneOrMore
        let mark = isMany ? "*:" : argument.count == .optional ? "::" : ":"
        return BashCompletion.quoted(mark + argument.name + ":" + action(argument.choices, argument.completion))
    }

    private static func action(_ choices: [String], _ completion: ValueCompletion) -> String {
        if !choices.isEmpty { return "(\(choices.joined(separator: " ")))" }
        switch completion {
        case .none: return " "
        case .files: return "_files"
        case .folders: return "_files -/"
        }
    }

    private static func described(_ name: String, _ help: String) -> String {
        BashCompletion.quoted("\(name):\(escaping(":", in: help))")
    }

    private static func escapedHelp(_ help: String) -> String { escaping("[]\\:", in: help) }

    private static func escaping(_ special: String, in text: String) -> String {
        var result = ""
        for character in text {
            if special.contains(character) { result += "\\" }
            result.append(character)
        }
        return result
    }
}
