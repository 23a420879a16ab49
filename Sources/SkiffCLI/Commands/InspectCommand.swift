import Arguments
import Audit
import Contexts
import Diagnostics
import Platform
import Registry
import Scoring

/// `skiff inspect MODEL|CONTEXT|FILE.skiff`.
enum InspectCommand: Command {
    static let specification = CommandSpec(
        "inspect", abstract: "show what a model, a context or a .skiff file is",
        discussion: "For a model: flavors, signature, requirements, and what `pack` would decide and why.",
        arguments: [
            ArgumentSpec("TARGET", count: .optional, help: "a model, a context or a .skiff file", completion: .files)
        ],
        options: PlanOptions.specifications + ModelRequest.specifications,
        examples: [
            .init("skiff inspect models:/churn@champion", "a registered model"),
            .init("skiff inspect context --json", "a context, for a program"),
            .init("skiff inspect churn.skiff", "a converted model"),
        ])

    static func run(_ context: CommandContext) throws -> ExitStatus {
        let request = try ModelRequest(context)
        try request.checkRest(atMost: 0, context)
        let report: InspectReport
        switch request.reference {
        case .folder(let target)
        where try FileStatus.of(target)?.kind == .file && !ArchiveSource.isArchive(target):
            report = InspectReport(compiled: try CompiledModel.load(MappedFile.open(target), file: target))
        case .folder(let target)
        where try FileStatus.of(target)?.kind == .directory && ContextFolder.hasManifest(target):
            report = InspectReport(context: try ContextFolder.read(target))
        default:
            let options = try PlanOptions(context.arguments)
            report = try ModelSource.withModel(request, context) { model in
                InspectReport(model, plan: try ServingPlanner.plan(model, options: options))
            }
        }
        if context.console.isJSON {
            try context.console.output(report.json)
        } else {
            try context.console.output(report.text)
        }
        return .done
    }
}
