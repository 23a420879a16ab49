public import Converters
public import MLmodelFormat
public import Scoring

/// What will be built for a model, and why: decided before anything is written.
///
/// `inspect` and `pack --dry-run` show this value, `pack` executes it.
public struct ServingPlan: Sendable {
    /// Where the schema of requests comes from.
    public enum SchemaSource: String, Sendable {
        /// The model's signature.
        case signature
        /// Inferred from the logged input example.
        case inputExample = "input_example"
        /// The model has neither.
        case none
    }

    /// What a Python image is made of.
    public struct Python: Sendable, Equatable {
        /// The image that the model's libraries are installed on.
        public var baseImage: ImageReference
        /// The Python version that the model was logged with; nil when no file says it.
        public var version: String?
        /// How the worker loads the model: `pyfunc` through MLflow, else the flavor's own library.
        public var loader: String
        /// What the loader loads, as a path inside `app/`.
        public var modelPath: String
        /// Lines of `requirements.lock`, sorted.
        public var requirements: [Requirement]
        /// Those of `requirements` without one exact version.
        public var unpinned: [Requirement]
        /// Lines of the model's files that were not taken, or that deserve to be known.
        public var findings: [PythonEnvironment.Finding]
        /// Files of the model that do not enter the image.
        public var leftOut: [String]
    }

    /// How a converted model is compared with the original.
    public struct Parity: Sendable, Equatable {
        /// How far answers may differ.
        public var tolerance: ParityTolerance
        /// What runs the original beside the context; nil when nobody asked for it.
        public var original: Python?
    }

    /// The name under which the model is served.
    public var name: String
    /// The registered version, if there is one.
    public var version: String?
    /// What was asked for.
    public var requested: RuntimeChoice
    /// What answers requests.
    public var runtime: Runtime
    /// Why this runtime, one sentence each.
    public var reasons: [String]
    /// Why the model could not be converted; empty when it was, or when nobody tried.
    public var refusals: [Refusal]
    /// The converted model; only with the native runtime.
    public var compiled: CompiledModel?
    /// What a null in a column of texts is; only with the native runtime, because Python gets it as MLflow hands it over.
    public var nullPolicy: NullPolicy?
    /// How it is compared with the original; only with the native runtime.
    public var parity: Parity?
    /// The Python side; only with the Python runtime.
    public var python: Python?
    /// The processor of the image.
    public var machine: Machine
    /// Names of the model's flavors, in file order.
    public var flavors: [String]
    /// The MLflow version that logged the model.
    public var mlflowVersion: String?
    /// The method that answers requests.
    public var predictFunction: String
    /// What requests hold.
    public var schema: Schema?
    /// What the signature says of answers; nil when it does not.
    public var outputs: Schema?
    /// Where `schema` comes from.
    public var schemaSource: SchemaSource
    /// Parameters of a request.
    public var params: [ParamSpec]
    /// Whether the model's type hint checks requests, instead of its signature.
    public var hasTypeHint: Bool
    /// How far the server follows MLflow's where that one is careless.
    public var compatibility: CompatibilityMode
    /// What a person should know before trusting the image.
    public var notes: [String]
}

/// How far the server follows MLflow's server where that one is careless. `Quirk` in `ScorerServer` has what each mode means.
public enum CompatibilityMode: String, Sendable, CaseIterable {
    /// No value is changed without a word.
    case strict
    /// Also what MLflow takes and gives, where no value is lost by it.
    case mlflow
}

/// What a person may choose about a plan.
public struct PlanOptions: Sendable, Equatable {
    /// The runtime.
    public var runtime: RuntimeChoice
    /// The processor.
    public var machine: Machine
    /// The image below a Python model; nil for the official one of the model's Python version.
    public var baseImage: ImageReference?
    /// The name to serve under; nil for the registered name, else `model`.
    public var name: String?
    /// Whether the context of a converted model also holds a build that compares it with the original.
    public var hasParityCheck: Bool
    /// What a null in a column of texts is to a converted model.
    public var nullPolicy: NullPolicy
    /// How far the server follows MLflow's.
    public var compatibility: CompatibilityMode

    /// Options; those of `pack` without arguments are `.auto` for this machine.
    public init(
        runtime: RuntimeChoice = .auto, machine: Machine = .current, baseImage: ImageReference? = nil,
        name: String? = nil, hasParityCheck: Bool = false, nullPolicy: NullPolicy = .trained,
        compatibility: CompatibilityMode = .strict
    ) {
        self.runtime = runtime
        self.machine = machine
        self.baseImage = baseImage
        self.name = name
        self.hasParityCheck = hasParityCheck
        self.nullPolicy = nullPolicy
        self.compatibility = compatibility
    }
}
