/// The completion script for bash: one function that finds the command among the words before the cursor.
enum BashCompletion {
    static func script(_ root: CommandSpec) -> String {
        let function = "_" + identifier(root.name)
        var steps = ""
        var cases = ""
        for path in Completions.paths(root) {
            if path.count > 1 {
                steps += "            \(quoted(path.joined(" ")))) command=\(quoted(path.joined(" "))) ;;\n"
            }
            cases += branch(path)
        }
        return """
            # bash completion for \(root.name)
            \(function)() {
                local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD - 1]}"
                local command=\(quoted(root.name)) words='' kind='' index
                # Bash takes `--name=value` for three words.
                if [[ $current == = ]]; then
                    current=''
                elif [[ $previous == = ]]; then
                    previous="${COMP_WORDS[COMP_CWORD - 2]}"
                fi
                for ((index = 1; index < COMP_CWORD; index++)); do
                    case "$command ${COMP_WORDS[index]}" in
            \(steps)        esac
                done
                case "$command" in
            \(cases)    esac
                COMPREPLY=()
                if [[ $kind == files && $current != -* ]]; then
                    compopt -o filenames
                    mapfile -t COMPREPLY < <(compgen -f -- "$current")
                elif [[ $kind == folders && $current != -* ]]; then
                    compopt -o filenames
                    mapfile -t COMPREPLY < <(compgen -d -- "$current")
                elif [[ $kind != value ]]; then
                    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
                fi
            }
            complete -F \(function) \(root.name)

            """
    }

    /// What can follow in one command: the values of the option before the cursor, or names.
    private static func branch(_ path: [CommandSpec]) -> String {
        guard let command = path.last else { return "" }
        let options = Completions.options(path)
        var text = "        \(quoted(path.joined(" "))))\n            case \"$previous\" in\n"
        for option in options where option.valueName != nil {
            let names = option.spellings.joined(separator: " | ")
            text += "                \(names)) \(source(option.choices, option.completion, fallback: "value")) ;;\n"
        }
        // Bash does not tell which argument the cursor is at: files are offered when any of them is one, else all choices.
        let words = command.subcommands.map(\.name) + command.arguments.flatMap(\.choices)
        let named = (words + options.flatMap(\.spellings)).joined(separator: " ")
        let completion = command.arguments.map(\.completion)
        let kind = completion.contains(.files) ? "files" : completion.contains(.folders) ? "folders" : ""
        text += "                *) words=\(quoted(named))\(kind.isEmpty ? "" : " kind=\(kind)") ;;\n"
        return text + "            esac ;;\n"
    }

    private static func source(_ choices: [String], _ completion: ValueCompletion, fallback: String) -> String {
        if !choices.isEmpty { return "words=\(quoted(choices.joined(separator: " ")))" }
        switch completion {
        case .none: return "kind=\(fallback)"
        case .files: return "kind=files"
        case .folders: return "kind=folders"
        }
    }

    static func identifier(_ name: String) -> String {
        String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }

    /// A word that no POSIX shell changes.
    static func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
