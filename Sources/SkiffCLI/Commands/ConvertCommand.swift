import Arguments
import Contexts
import Diagnostics
import JSONText
import Platform
import Scoring

/// `skiff convert MODEL -o FILE.skiff`: native conversion only.
enum ConvertCommand: Command {
    static let specification = CommandSpec(
        "convert", abstract: "convert a model to a .skiff file",
        discussion: """
            Nothing of the model is executed: its bytes are read, and every step must convert exactly. Exit status 1: it \
            does not, and each reason is listed.
            """,
        arguments: [ModelRequest.argument("the model: registered, a folder or an archive")],
        options: [
            OptionSpec("output", .value("FILE"), short: "o", help: "the file to write", completion: .files),
            PlanOptions.nullPolicy,
        ] + ModelRequest.specifications,
        examples: [.init("skiff convert models:/churn/3 -o churn.skiff", "convert a registered version")])

    static func run(_ context: CommandContext) throws -> ExitStatus {
        guard let output = context.arguments.value("output") else {
            throw Diagnostic(
                "cannot run `skiff convert`: there is no output", hints: ["add `-o FILE.skiff`"], status: .misuse)
        }
        guard try FileStatus.of(output, followsLinks: false) == nil else {
            throw Diagnostic(
                "cannot write `\(escaped(output, limit: 1000))`: it exists already",
                hints: ["remove it, or choose another name"])
        }
        let request = try ModelRequest(context)
        try request.checkRest(atMost: 0, context)
        return try ModelSource.withModel(request, context) { model in
            let options = PlanOptions(
                runtime: .native, nullPolicy: PlanOptions.nullPolicy(context.arguments))
            let plan = try context.console.tellingRefusals(instead: "output") {
                try ServingPlanner.plan(model, options: options)
            }
            guard let compiled = plan.compiled else { preconditionFailure("a native plan holds a converted model") }
            let bytes = compiled.serialized()
            try AtomicOutput.writeFile(at: output, existing: .refuse, bytes: bytes)
            for note in plan.notes { context.console.step("note: \(note)") }
            context.console.step("converted to \(output), \(grouped(bytes.count)) bytes")
            if context.console.isJSON {
                try context.console.output([
                    "output": .string(output), "bytes": .int(bytes.count),
                    "notes": .array(plan.notes.map(JSONValue.string)),
                ])
            }
            return .done
        }
    }
}
