import Arguments
import Contexts
import Diagnostics
import Platform

extension PlanOptions {
    static let specifications: [OptionSpec] = [
        OptionSpec(
            "runtime", .value("RUNTIME"), choices: RuntimeChoice.allCases.map(\.rawValue), defaultValue: "auto",
            help:
                "native: convert the model or refuse; python: serve it with its own libraries; auto: native when it converts exactly"
        ),
        OptionSpec(
            "platform", .value("PLATFORM"), choices: Machine.allCases.map(\.platform),
            defaultValue: Machine.current.platform, help: "the platform of the image"),
        OptionSpec(
            "base-image", .value("REF"),
            help: "the image below a Python model, instead of the official one of its Python version"),
        OptionSpec("name", .value("NAME"), help: "the name to serve the model under"),
    ]

    init(_ arguments: ParsedArguments) throws {
        self.init(
            runtime: arguments.value("runtime").flatMap(RuntimeChoice.init(rawValue:)) ?? .auto,
            machine: arguments.value("platform").flatMap(Machine.init(platform:)) ?? .current,
            baseImage: try arguments.value("base-image").map { try ImageReference($0) },
            name: arguments.value("name"))
    }
}

extension ScorerBinary {
    static let specification = OptionSpec(
        "scorer", .value("PATH"), help: "the skiff-scorer executable to use, instead of the one beside skiff",
        completion: .files)

    static func find(_ context: CommandContext, for machine: Machine) throws -> ScorerBinary {
        let path = context.arguments.value("scorer") ?? context.surroundings[.skiffScorer]
        let tool = try ExecutablePath.current()
        return try find(
            for: machine, path: path, toolFolder: String(tool[..<(tool.lastIndex(of: "/") ?? tool.endIndex)]))
    }
}
