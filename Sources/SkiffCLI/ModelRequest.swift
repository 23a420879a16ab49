import Arguments
import Diagnostics
import Glibc
import Platform
import Registry

/// Which model a command works on: its MODEL argument, or what a job has returned; and where it is asked for.
struct ModelRequest {
    static let specifications: [OptionSpec] = [
        OptionSpec(
            "registry", .value("URI"),
            help: "the registry to ask: databricks, databricks-uc, databricks://PROFILE, https://…, sqlite:///…; "
                + "else that of MLFLOW_REGISTRY_URI or MLFLOW_TRACKING_URI"),
        OptionSpec(
            "profile", .value("NAME"), help: "the profile of ~/.databrickscfg, as DATABRICKS_CONFIG_PROFILE"),
        OptionSpec(
            "job-output", .value("FILE"),
            help: "take MODEL from the output of `databricks bundle run --output json`; - for standard input",
            completion: .files),
        OptionSpec("task", .value("KEY"), help: "the task of that job which returned it"),
        OptionSpec("offline", .flag, help: "no network: what the model was when it was last asked for, from the cache"),
        OptionSpec(
            "cache", .value("DIR"), help: "the folder of downloaded models; else SKIFF_CACHE, else the usual one",
            completion: .folders),
        OptionSpec("no-cache", .flag, help: "neither use nor keep downloaded models"),
    ]

    static func argument(_ help: String) -> ArgumentSpec {
        ArgumentSpec("MODEL", count: .optional, help: help, completion: .files)
    }

    /// A job's output is some lines for each task.
    private static let jobOutputByteLimit = 64 << 20

    let reference: ModelReference
    /// The registry that was named for this call.
    let registry: String?
    /// With the profile that was named for this call.
    let surroundings: Surroundings
    /// The positional arguments after MODEL.
    let rest: [String]
    /// Whether no server may be asked.
    let isOffline: Bool
    private let cachePath: String?
    private let hasNoCache: Bool

    /// Reads the arguments of a command whose first one is MODEL.
    ///
    /// - Throws: `Diagnostic` of misuse without a model or with two, and what reading the job's output throws.
    init(_ context: CommandContext) throws {
        let arguments = context.arguments
        var surroundings = context.surroundings
        if let profile = arguments.value("profile") {
            surroundings.environment[EnvironmentVariable.databricksConfigProfile.rawValue] = profile
        }
        self.surroundings = surroundings
        registry = arguments.value("registry")
        isOffline = arguments.flag("offline")
        cachePath = arguments.value("cache")
        hasNoCache = arguments.flag("no-cache")
        guard !hasNoCache || cachePath == nil && !isOffline else {
            throw Diagnostic(
                "cannot run `skiff \(arguments.command.joined(separator: " "))`: `--no-cache` does without what "
                    + "`--\(cachePath == nil ? "offline" : "cache")` needs",
                hints: ["leave one of them out"], status: .misuse)
        }
        let task = arguments.value("task")
        let command = "skiff \(arguments.command.joined(separator: " "))"
        guard let file = arguments.value("job-output") else {
            guard task == nil else {
                throw Diagnostic(
                    "cannot run `\(command)`: `--task` is a task of a job, and there is no `--job-output`",
                    hints: ["add `--job-output FILE`"], status: .misuse)
            }
            guard let model = arguments.positional.first else {
                throw Diagnostic(
                    "cannot run `\(command)`: there is no MODEL",
                    hints: ["add one, such as `models:/NAME/VERSION` or a folder, or `--job-output FILE`"],
                    status: .misuse)
            }
            reference = try ModelReference.parse(model)
            rest = Array(arguments.positional.dropFirst())
            return
        }
        let bytes =
            file == "-"
            ? try FileDescriptor(owning: dup(STDIN_FILENO), path: "standard input")
                .readAll(limit: Self.jobOutputByteLimit)
            : try readFile(file, limit: Self.jobOutputByteLimit)
        reference = try JobOutput.modelReference(
            in: bytes, task: task, file: file == "-" ? "standard input" : file)
        rest = arguments.positional
        context.console.step("\(file == "-" ? "standard input" : file) names \(reference)")
    }

    /// Whether the person named a cache, which is then filled by every command.
    var isCacheNamed: Bool { ModelCache.isNamed(surroundings, explicit: cachePath) }

    /// The cache to use; nil when there is none or none is wanted.
    func cache() throws -> ModelCache? {
        try ModelCache.open(surroundings, explicit: cachePath, isDisabled: hasNoCache)
    }

    func resolver() -> ModelResolver {
        ModelResolver(surroundings, userAgent: ModelSource.userAgent, registry: registry)
    }

    /// - Throws: `Diagnostic` of misuse when there is more than `limit`.
    func checkRest(atMost limit: Int, _ context: CommandContext) throws {
        guard rest.count > limit else { return }
        throw Diagnostic(
            "cannot run `skiff \(context.arguments.command.joined(separator: " "))`: `\(escaped(rest[limit]))` is one argument too many",
            hints: ["`--job-output` stands in place of MODEL"], status: .misuse)
    }
}
