import Arguments
import Contexts
import Diagnostics
import Platform

/// `skiff serve FILE.skiff|CONTEXT`: the scorer on this machine, without a container.
enum ServeCommand: Command {
    static let specification = CommandSpec(
        "serve", abstract: "run the scoring server on this machine",
        discussion: """
            Becomes skiff-scorer; end it with Ctrl-C. A context of a Python model needs the model's libraries in the \
            `python` of PATH.
            """,
        arguments: [ArgumentSpec("TARGET", help: "a .skiff file or a context", completion: .files)],
        options: [
            OptionSpec(
                "port", .value("N"), defaultValue: "8080",
                help: "the port to listen on; 0 takes a free one and tells it in the first line"),
            OptionSpec("host", .value("ADDRESS"), defaultValue: "127.0.0.1", help: "the numeric address to listen on"),
            PlanOptions.compatibility, ScorerBinary.specification,
        ],
        examples: [
            .init("skiff serve churn.skiff --port 9000", "serve a converted model"),
            .init("skiff serve context", "serve what the image would"),
        ])

    static func run(_ context: CommandContext) throws -> ExitStatus {
        let port = context.arguments.value("port") ?? "8080"
        guard let number = UInt16(port) else {
            throw Diagnostic(
                "cannot listen on port `\(escaped(port))`: a port is a number from 0 to 65535", status: .misuse)
        }
        let target = context.arguments.positional[0]
        let app = try ServingTarget.path(of: target, verb: "serve")
        let scorer = try ScorerBinary.find(context, for: .current)
        let host = context.arguments.value("host") ?? "127.0.0.1"
        let compatibility = context.arguments.value("compat").map { ["--compat", $0] } ?? []
        let address = host.contains(":") ? "[\(host)]:\(number)" : "\(host):\(number)"
        try ChildProcess.become(
            ChildProcess.Request(
                scorer.path, ["--listen", address] + compatibility + [app],
                environment: context.surroundings.environment))
    }
}
