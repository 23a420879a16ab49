public import Bytes

/// The file `MLmodel`, which says what a model folder holds and how to load it.
///
/// Read: every version of the file that MLflow 1.x to 3.x writes. Keys that are not named here are left alone. Texts
/// stay as written; paths in particular are not checked (see `namedPaths`).
public struct MLmodel: Sendable, Equatable {
    /// The name under which the file is shown to people.
    public var file: String
    /// Where the run stored the model: `model`, or a URI in MLflow 3.
    public var artifactPath: String?
    /// The run that logged the model.
    public var runID: String?
    /// MLflow 3's `m-…` identity.
    public var modelID: String?
    /// The identity that MLflow 1 and 2 give; equal to `modelID` in most files of MLflow 3.
    public var modelUUID: String?
    /// The version of MLflow that wrote the file; absent before 1.27.
    public var mlflowVersion: String?
    /// As written: `2026-11-22 15:14:37.155032`, in UTC.
    public var utcTimeCreated: String?
    /// In file order; never empty.
    public var flavors: [Flavor]
    /// Nil when the model was logged without one.
    public var signature: Signature?
    /// True when MLflow took the signature from type hints of `predict`; such a model checks its input itself.
    public var signatureFromTypeHint: Bool
    /// Where the input example is and how to read it.
    public var inputExampleInfo: InputExampleInfo?

    /// The flavor `python_function`, with which MLflow serves every kind of model.
    public var pythonFunction: Flavor? { flavor("python_function") }

    /// The flavor of that name.
    public func flavor(_ name: String) -> Flavor? { flavors.first { $0.name == name } }

    /// The method that serving calls: "predict" unless `python_function.predict_fn` says otherwise.
    public var predictFunction: String { pythonFunction?["predict_fn"] ?? "predict" }

    /// The module that loads the model under `python_function`: `mlflow.sklearn`.
    public var loaderModule: String? { pythonFunction?["loader_module"] }

    /// The Python that the model was logged with, as the `python_function` flavor says.
    public var pythonVersion: String? { pythonFunction?["python_version"] }

    /// The conda file that `python_function.env` names, in both of its forms (a text, or `env.conda`).
    public var condaFile: String? {
        pythonFunction?["env"] ?? pythonFunction?.value("env", "conda")?.text
    }

    /// The file for virtualenv that `python_function.env.virtualenv` names.
    public var pythonEnvironmentFile: String? { pythonFunction?.value("env", "virtualenv")?.text }

    /// Reads the bytes of an `MLmodel` file.
    ///
    /// - Parameter file: the name shown in errors.
    /// - Throws: `MLmodelError`, with line and column, when the text is not YAML as `YAMLText` reads it, is not a mapping with
    ///   at least one flavor, or holds a signature or example description that breaks MLflow's rules. A flavor that
    ///   nobody knows is not an error here; see `requireServable()`.
    public static func parse(_ region: ByteRegion, file: String) throws(MLmodelError) -> MLmodel {
        try MLmodelReader(file: file).model(region)
    }
}
