import Arguments
import Contexts
import Diagnostics
import Glibc
import Platform

/// `skiff predict FILE.skiff|CONTEXT -i REQUEST`: one answer, by the server itself.
enum PredictCommand: Command {
    private static let requestByteLimit = 1 << 30

    static let specification = CommandSpec(
        "predict", abstract: "answer one scoring request from a file",
        discussion: """
            Starts skiff-scorer on a free port of this machine, sends the request to /invocations and prints the body of \
            the answer, byte for byte. A context of a Python model needs the model's libraries in the `python` of PATH. \
            Exit status 1: the request is rejected.
            """,
        arguments: [ArgumentSpec("TARGET", help: "a .skiff file or a context", completion: .files)],
        options: [
            OptionSpec(
                "input", .value("REQUEST"), short: "i", defaultValue: "-",
                help: "the file that holds the body of the request; - for standard input", completion: .files),
            OptionSpec(
                "content-type", .value("TYPE"),
                help:
                    "the media type of the body; without it application/json when the body begins with { or [, else text/csv"
            ),
            PlanOptions.compatibility, ScorerBinary.specification,
        ],
        examples: [
            .init("skiff predict context -i context/deploy/sample-request.json", "the sample request of a context"),
            .init("skiff predict churn.skiff < request.json", "a converted model"),
            .init("skiff predict churn.skiff -i rows.csv", "rows of CSV"),
        ])

    static func run(_ context: CommandContext) throws -> ExitStatus {
        let target = context.arguments.positional[0]
        let path = try ServingTarget.path(of: target, verb: "answer with")
        let body = try request(context.arguments.value("input") ?? "-")
        let scorer = try ScorerBinary.find(context, for: .current)
        let local = try LocalScorer(
            scorer, serving: path, shownName: target, context.arguments.value("compat"), context.surroundings)
        let (status, answer) = try local.score(body, type: context.arguments.value("content-type") ?? type(of: body))
        try context.console.output(answer)
        switch status {
        case 200: return .done
        case 400..<500: return .wanting
        default: return .failed
        }
    }

    /// What the body looks like: a request in JSON is an object or a list.
    private static func type(of body: [UInt8]) -> String {
        let start = body.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
        let first = body[start...].first { $0 != 0x20 && $0 != 0x0a && $0 != 0x0d && $0 != 0x09 }
        switch first {
        case UInt8(ascii: "{"), UInt8(ascii: "["), nil: return "application/json"
        default: return "text/csv"
        }
    }

    private static func request(_ path: String) throws -> [UInt8] {
        guard path == "-" else { return try readFile(path, limit: requestByteLimit) }
        let copy = dup(STDIN_FILENO)
        guard copy >= 0 else { throw FileError("read", "standard input", .system(errno)) }
        return try FileDescriptor(owning: copy, path: "standard input").readAll(limit: requestByteLimit)
    }
}
