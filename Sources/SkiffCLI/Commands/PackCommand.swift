import Arguments
import Contexts
import Diagnostics
import FileTrees
import Glibc
import Hashing
import JSONText
import Platform

/// `skiff pack MODEL -o DIR`: the main job.
enum PackCommand: Command {
    static let specification = CommandSpec(
        "pack", abstract: "make the build context of a model",
        discussion: """
            The context is a folder or a tar archive with a Dockerfile that needs nothing from the network for a \
            converted model. The same model always gives the same bytes. A converted model comes with rows at the \
            boundaries of its program and the answers to them; with `--parity` also with a build that compares these with \
            the original model's. Exit status 1: `--runtime native` was asked for and the model does not convert exactly.
            """,
        arguments: [ModelRequest.argument("the model: registered, a folder or an archive")],
        options: [
            OptionSpec(
                "output", .value("DIR"), short: "o", help: "write the context as this folder", completion: .folders),
            OptionSpec(
                "tar", .value("FILE"), help: "write it as this tar archive; - for standard output", completion: .files),
            OptionSpec("force", .flag, help: "replace a context folder that skiff made and nobody changed"),
            OptionSpec(
                "parity", .flag,
                help: "add a build that compares the answers with the original model's, and holds the original for it"),
            OptionSpec("dry-run", .flag, help: "only show what would be decided, and why"),
            ScorerBinary.specification,
        ] + PlanOptions.specifications + ModelRequest.specifications,
        examples: [
            .init("skiff pack models:/churn@champion -o context", "the version that an alias names"),
            .init("skiff pack models:/main.ml.churn/3 -o context", "a version in Unity Catalog"),
            .init("skiff pack --job-output run.json --task register -o context", "what a Databricks job registered"),
            .init("skiff pack ./model --tar - | docker build -t churn -", "straight into a builder"),
            .init("skiff pack models:/churn/3 --dry-run --json", "the plan, for a program"),
            .init("skiff pack ./model -o context --runtime python", "serve it with its Python libraries"),
            .init(
                "skiff pack ./model -o context --parity", "then `docker build context/parity` asks the original model"),
        ])

    private enum Target {
        case folder(String)
        case archive(String)
        case stream
        case nothing
    }

    static func run(_ context: CommandContext) throws -> ExitStatus {
        let arguments = context.arguments
        let target = try target(arguments)
        switch target {
        case .folder(let path): try BuildContext.checkOutput(path, replacing: arguments.flag("force"))
        case .archive(let path): try BuildContext.checkArchive(path)
        case .stream, .nothing: break
        }
        var options = try PlanOptions(arguments)
        options.hasParityCheck = arguments.flag("parity")
        let request = try ModelRequest(context)
        try request.checkRest(atMost: 0, context)
        return try ModelSource.withModel(request, context) { model in
            let plan = try context.console.tellingRefusals(instead: "context") {
                try ServingPlanner.plan(model, options: options)
            }
            guard !arguments.flag("dry-run") else {
                if context.console.isJSON {
                    try context.console.output(plan.json)
                } else {
                    try context.console.output(plan.text)
                }
                return .done
            }
            context.console.step("runtime \(plan.runtime.rawValue): \(plan.reasons.joined(separator: "; "))")
            for refusal in plan.refusals { context.console.step("  not native: \(refusal.sentence)") }
            for note in plan.notes { context.console.detail("  note: \(note)") }
            let scorer = try ScorerBinary.find(context, for: plan.machine)
            let result = try BuildContext.render(plan, model: model, scorer: scorer)
            try write(result, to: target, context)
            try report(result, plan, target, context)
            return .done
        }
    }

    private static func target(_ arguments: ParsedArguments) throws -> Target {
        switch (arguments.value("output"), arguments.value("tar")) {
        case (let path?, nil): return .folder(path)
        case (nil, "-"?):
            guard !arguments.flag("json") || arguments.flag("dry-run") else {
                throw misuse("`--json` and `--tar -` both want standard output", "write the archive to a file")
            }
            return .stream
        case (nil, let path?): return .archive(path)
        case (nil, nil):
            guard arguments.flag("dry-run") else {
                throw misuse("there is no output", "add `-o DIR`, `--tar FILE` or `--dry-run`")
            }
            return .nothing
        case (_?, _?): throw misuse("`--output` and `--tar` exclude each other", "leave one of them out")
        }
    }

    private static func misuse(_ reason: String, _ hint: String) -> Diagnostic {
        Diagnostic("cannot run `skiff pack`: \(reason)", hints: [hint], status: .misuse)
    }

    private static func write(_ result: BuildContext, to target: Target, _ context: CommandContext) throws {
        let time = context.surroundings.sourceDate
        switch target {
        case .folder(let path):
            try result.writeFolder(at: path, replacing: context.arguments.flag("force"), time: time)
        case .archive(let path):
            try result.writeTar(at: path, time: time)
        case .stream:
            guard !context.surroundings.isOutputTerminal else {
                throw misuse("standard output is a terminal", "redirect it: `--tar - > context.tar`")
            }
            try result.writeTar(to: STDOUT_FILENO, named: "standard output", time: time)
        case .nothing:
            return
        }
    }

    private static func report(
        _ result: BuildContext, _ plan: ServingPlan, _ target: Target, _ context: CommandContext
    ) throws {
        let output: String? =
            switch target {
            case .folder(let path), .archive(let path): path
            case .stream, .nothing: nil
            }
        if context.console.isJSON {
            try context.console.output([
                "context": [
                    "output": .optional(output), "digest": .string("sha256:" + result.digest.hex),
                    "files": .int(result.tree.count), "bytes": .int(result.tree.totalSize),
                ],
                "plan": .object(plan.json),
            ])
        }
        let place = output.map { " in \($0)" } ?? ""
        context.console.step("packed \(result.tree.count) files, \(grouped(result.tree.totalSize)) bytes\(place)")
        context.console.step("digest sha256:\(result.digest.hex)")
    }
}
