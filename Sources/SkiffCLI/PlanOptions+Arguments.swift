import Arguments
import Contexts
import Converters
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
        OptionSpec("name", .value("NAME"), help: "the name to serve the model under"), nullPolicy,
        compatibility,
    ]

    /// For every command that serves or says how.
    static let compatibility = OptionSpec(
        "compat", .value("MODE"), choices: CompatibilityMode.allCases.map(\.rawValue),
        help:
            "strict, unless a context says otherwise: change no value without a word; mlflow: take what MLflow's server takes "
            + "where nothing is lost")

    /// For every command that converts.
    static let nullPolicy = OptionSpec(
        "null-policy", .value("POLICY"), choices: NullPolicy.allCases.map(\.rawValue), defaultValue: "trained",
        help:
            "what a null in a column of texts is to a converted model; trained: missing, as in training; served: what MLflow's "
            + "server makes of it with the model's pandas, or no conversion where that is no matter of one row")

    init(_ arguments: ParsedArguments) throws {
        self.init(
            runtime: arguments.value("runtime").flatMap(RuntimeChoice.init(rawValue:)) ?? .auto,
            machine: arguments.value("platform").flatMap(Machine.init(platform:)) ?? .current,
            baseImage: try arguments.value("base-image").map { try ImageReference($0) },
            name: arguments.value("name"),
            nullPolicy: Self.nullPolicy(arguments),
            compatibility: arguments.value("compat").flatMap(CompatibilityMode.init(rawValue:)) ?? .strict)
    }

    static func nullPolicy(_ arguments: ParsedArguments) -> NullPolicy {
        arguments.value("null-policy").flatMap(NullPolicy.init(rawValue:)) ?? .trained
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
