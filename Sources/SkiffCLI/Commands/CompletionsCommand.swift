import Arguments
import Diagnostics

/// `skiff completions SHELL`.
enum CompletionsCommand: Command {
    static let specification = CommandSpec(
        "completions", abstract: "print a script that lets a shell complete skiff's words",
        arguments: [
            ArgumentSpec("SHELL", help: "the shell", choices: Completions.Shell.allCases.map(\.rawValue))
        ],
        examples: [.init("skiff completions bash > ~/.local/share/bash-completion/completions/skiff", "for bash")])

    static func run(_ context: CommandContext) throws -> ExitStatus {
        guard let shell = Completions.Shell(rawValue: context.arguments.positional[0]) else { return .misuse }
        try context.console.output(Completions.script(for: Tool.specification, shell: shell))
        return .done
    }
}
