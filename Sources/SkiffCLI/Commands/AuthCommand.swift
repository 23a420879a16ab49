import Arguments
import Credentials
import Diagnostics
import HTTPTransport

/// `skiff auth`.
enum AuthCommand: Command {
    static let specification = CommandSpec(
        "auth", abstract: "show how skiff signs in to Databricks and to the MLflow server, and whether it works",
        discussion: """
            Reads what `pack` and `fetch` read: the variables of Databricks' unified authentication, ~/.databrickscfg, and \
            MLflow's variables. Tells which method was chosen, from which variable, file or profile, and why not the others; \
            asks for a token, and makes one call with it. No secret is shown. Exit status 1: nothing works.
            """,
        options: [
            OptionSpec(
                "profile", .value("NAME"), help: "a profile of ~/.databrickscfg, in place of what the environment names"
            ),
            OptionSpec("offline", .flag, help: "no network: only what would be chosen"),
        ],
        examples: [
            .init("skiff auth", "every server that the environment names"),
            .init("skiff auth --profile prod --json", "one profile, for a program"),
        ])

    static func run(_ context: CommandContext) throws -> ExitStatus {
        let http = HTTPSettings(
            userAgent: ModelSource.userAgent, environment: context.surroundings.environment)
        let report = try AuthReport.make(
            profile: context.arguments.value("profile"), context.surroundings, http: http,
            isOffline: context.arguments.flag("offline"))
        if context.console.isJSON {
            try context.console.output(report.json)
        } else {
            try context.console.output(report.text)
        }
        return report.works ? .done : .wanting
    }
}
