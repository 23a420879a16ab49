import Arguments
import Contexts
import Diagnostics
import Glibc
import Platform

/// The program: its commands, and what happens around each of them.
enum Tool {
    static let commands: [any Command.Type] = [
        PackCommand.self, FetchCommand.self, ConvertCommand.self, PredictCommand.self, ServeCommand.self,
        InspectCommand.self,
        VerifyCommand.self, CacheCommand.self, AuthCommand.self, CompletionsCommand.self,
    ]

    static let specification = CommandSpec(
        "skiff", abstract: "turn a registered model into a container build context",
        discussion: """
            A MODEL is a folder with an `MLmodel`, a .tar, .tar.gz, .tar.zst or .zip of one, or in a registry one of \
            `models:/NAME/VERSION`, `models:/NAME@ALIAS`, `models:/NAME/latest`, `models:/CATALOG.SCHEMA.NAME/VERSION`, \
            `models:/m-ID`, `runs:/RUN/path`, `mlflow-artifacts:/path`, `dbfs:/path`. MLFLOW_REGISTRY_URI, \
            MLFLOW_TRACKING_URI and Databricks' own variables and profiles say which registry; `skiff auth` explains.

            Exit status: 0 done, 1 checked and found wanting, 2 could not do it, 64 misuse, 130 and 143 \
            interrupted.
            """,
        options: Console.options,
        examples: [
            .init("skiff pack models:/churn@champion -o context", "make the build context of a registered model"),
            .init("docker build -t churn context", "build the image"),
            .init("skiff inspect models:/churn/3", "see what would be decided, and why"),
        ],
        subcommands: commands.map { $0.specification })

    static func run(_ words: [String]) -> ExitStatus {
        var colour = false
        do {
            let surroundings = try Surroundings.current()
            colour = surroundings.errorColour
            ProcessHardening.forbidDumps()
            try Interruption.watch()
            let width = surroundings.isOutputTerminal ? min(Terminal.width(STDOUT_FILENO) ?? 80, 100) : 80
            let arguments = try ArgumentParser(specification, width: width).parse(words)
            let console = Console(arguments, surroundings)
            switch arguments.intent {
            case .help(let text):
                try console.output(text)
                return .done
            case .version:
                try console.output("skiff \(ToolVersion.text)\n")
                return .done
            case .run:
                guard let command = commands.first(where: { $0.specification.name == arguments.command.first }) else {
                    return .misuse
                }
                return try command.run(
                    CommandContext(arguments: arguments, surroundings: surroundings, console: console))
            }
        } catch {
            let diagnostic = Diagnostic.wrapping(error)
            Console.write(Rendering.text(diagnostic, colour: colour), to: STDERR_FILENO)
            return diagnostic.status
        }
    }
}

/// One verb.
protocol Command: SendableMetatype {
    static var specification: CommandSpec { get }
    static func run(_ context: CommandContext) throws -> ExitStatus
}

/// What a command works with.
struct CommandContext {
    let arguments: ParsedArguments
    let surroundings: Surroundings
    let console: Console
}
