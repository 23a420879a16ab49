import Diagnostics
public import HTTPTransport
public import JSONText
public import Platform

/// Which registry a reference is asked of, which tracking server stands behind it, and why: as MLflow's client decides it (mlflow 3.17,
/// `tracking/_model_registry/utils.py`, `tracking/_tracking_service/utils.py`), with these differences:
///
/// - Behind Databricks (`MLFLOW_TRACKING_URI=databricks`, no registry named) MLflow asks Unity Catalog whatever the name is. Here a
///   name of three parts goes there, a name of one part to the workspace's own registry, and a name of two parts is refused.
/// - The registry in the reference (`models://prod@databricks-uc/…`) counts whatever the variables say; MLflow heeds it only when they
///   name the same kind of registry.
/// - With `MLFLOW_REGISTRY_URI` alone, runs and logged models are asked of that server too, and not of a local store.
/// - Nothing is created: with no variable set, MLflow makes an empty `mlflow.db`. Here a local store counts when it is there; else a
///   workspace of Databricks that the environment names (`DATABRICKS_HOST`, `DATABRICKS_CONFIG_PROFILE`); else it is an error.
public struct RegistryChoice: Sendable, Equatable {
    /// A server or a store.
    public enum Place: Sendable, Equatable {
        /// An MLflow server; `variable` is what named it, for errors. The URI may hold a password: never print it.
        case mlflow(uri: String, variable: String)
        /// A Databricks workspace with its own registry; without a profile, what the environment or the file's default names.
        case workspace(profile: String?)
        /// Unity Catalog of a Databricks workspace.
        case unityCatalog(profile: String?)
        /// MLflow's folder `mlruns`, by its absolute path.
        case fileStore(path: String)
        /// MLflow's SQLite database, by its absolute path.
        case sqlite(path: String)
        /// A server of the open-source Unity Catalog.
        case openUnityCatalog(HTTPURL)
    }

    /// Where registered models are asked for; for runs, logged models and artifacts the same as `tracking`.
    public let registry: Place
    /// Where runs, logged models and artifacts are asked for; nil when nothing is known that has them.
    public let tracking: Place?
    /// A sentence for people, without secrets: "asking Unity Catalog: `main.ml.churn` is a name of three parts, and …".
    public let reason: String

    /// Decides where `reference` is asked for. Looks at the environment, and for `mlruns` and `mlflow.db` in the current folder.
    ///
    /// - Parameter explicit: the registry that the person named for this call (`--registry`), in MLflow's words.
    /// - Throws: `RegistryError` of kind `.reference` for a folder or archive, and for a name that the registry cannot have; of kind
    ///   `.configuration` when nothing is named or a variable is wrong; of kind `.unsupported` for databases and plugins.
    public static func choose(
        for reference: ModelReference, _ surroundings: Surroundings, explicit: String?
    ) throws(RegistryError) -> RegistryChoice {
        try RegistryDecision(reference, surroundings, explicit: explicit).choice()
    }

    /// An object with `registry`, `tracking` and `reason`, without secrets.
    public var json: JSONValue {
        var object: JSONObject = ["registry": registry.json]
        object["tracking"] = tracking?.json
        object["reason"] = .string(reason)
        return .object(object)
    }
}

extension RegistryChoice.Place: CustomStringConvertible, CustomDebugStringConvertible {
    /// Words for people, without secrets.
    public var description: String {
        func of(_ profile: String?) -> String { profile.map { " of the profile `\(escaped($0))`" } ?? "" }
        return switch self {
        case .mlflow(let uri, _): "the MLflow server \(escaped(HTTPURL.withoutSecrets(uri)))"
        case .workspace(let profile): "the Databricks workspace" + of(profile)
        case .unityCatalog(let profile): "Unity Catalog" + of(profile)
        case .fileStore(let path): "the folder `\(escaped(path, limit: 1000))`"
        case .sqlite(let path): "the database `\(escaped(path, limit: 1000))`"
        case .openUnityCatalog(let url): "the Unity Catalog server \(url)"
        }
    }

    /// As `description`: no debugger's print shows a password.
    public var debugDescription: String { description }

    /// An object with `kind` and what names the place.
    var json: JSONValue {
        var object: JSONObject = ["kind": .string(kind)]
        switch self {
        case .mlflow(let uri, _): object["uri"] = .string(HTTPURL.withoutSecrets(uri))
        case .workspace(let profile), .unityCatalog(let profile): object["profile"] = profile.map(JSONValue.string)
        case .fileStore(let path), .sqlite(let path): object["path"] = .string(path)
        case .openUnityCatalog(let url): object["uri"] = .string("\(url)")
        }
        return .object(object)
    }

    private var kind: String {
        switch self {
        case .mlflow: "mlflow"
        case .workspace: "databricks"
        case .unityCatalog: "databricks-uc"
        case .fileStore: "file"
        case .sqlite: "sqlite"
        case .openUnityCatalog: "uc"
        }
    }
}
