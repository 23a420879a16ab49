import Diagnostics

/// `dbfs:/path` or `dbfs://PROFILE@databricks/path`: a folder in the storage of a Databricks workspace (mlflow 3.17,
/// `store/artifact/dbfs_artifact_repo.py`).
///
/// The first folders of the path say by which service it is read, so they are told apart here. Stricter than MLflow: what lies
/// below `/databricks/mlflow-tracking` without a run or logged model in its path is refused at once, and so are traces.
public struct DBFSURI: Sendable, Hashable, CustomStringConvertible {
    /// What lies at the path. Paths have no slashes at their ends and are empty for the whole.
    public enum Target: Sendable, Hashable {
        /// `/databricks/mlflow-tracking/EXPERIMENT/RUN/…`: artifacts of a run; `path` begins with `artifacts` as a rule.
        case run(experiment: String, id: String, path: String)
        /// `/databricks/mlflow-tracking/EXPERIMENT/logged_models/ID/…`: artifacts of a logged model.
        case loggedModel(experiment: String, id: String, path: String)
        /// `/Volumes/CATALOG/SCHEMA/VOLUME/…`, the whole path with its first slash.
        case volume(path: String)
        /// `/databricks/mlflow-registry/…`: storage of the workspace registry, which nobody reads by path.
        case registry(path: String)
        /// Any other path of DBFS, with its first slash.
        case file(path: String)
    }

    /// The workspace; nil for the one that the environment names.
    public let authority: DatabricksAuthority?
    /// What lies there.
    public let target: Target
    /// The path, beginning with a slash and without one at its end.
    public let path: String

    /// Reads a URI.
    ///
    /// - Throws: `RegistryError` of kind `.reference` for an authority that is no Databricks workspace, for no path at all, and
    ///   for a volume's path of less than `/Volumes/CATALOG/SCHEMA/VOLUME`.
    public init(_ text: String) throws(RegistryError) {
        let parts = try URIParts(text, scheme: "dbfs")
        authority = try parts.databricks(text, [.workspace]) { authority in
            Self.refuse(
                text, "`\(escaped(authority))` is no Databricks workspace",
                "write `dbfs:/PATH` or `dbfs://PROFILE@databricks/PATH`")
        }
        let segments = parts.segments
        guard !segments.isEmpty else { throw Self.refuse(text, "it names no folder", "write `dbfs:/PATH`") }
        path = "/" + segments.joined(separator: "/")
        target = try Self.target(text, segments, path)
    }

    private static func target(
        _ text: String, _ segments: [String], _ path: String
    ) throws(RegistryError) -> Target {
        func rest(_ count: Int) -> String { segments.dropFirst(count).joined(separator: "/") }
        if segments.starts(with: ["databricks", "mlflow-tracking"]) {
            guard segments.count >= 4, !segments[3].hasPrefix("tr-") else {
                throw refuse(
                    text, "it names no run and no logged model",
                    "write `dbfs:/databricks/mlflow-tracking/EXPERIMENT/RUN/artifacts/PATH`, or `runs:/RUN/PATH`")
            }
            if segments[3] == "logged_models" {
                guard segments.count >= 5 else {
                    throw refuse(
                        text, "it names no logged model",
                        "write `dbfs:/databricks/mlflow-tracking/EXPERIMENT/logged_models/ID`, or `models:/ID`")
                }
                return .loggedModel(experiment: segments[2], id: segments[4], path: rest(5))
            }
            return .run(experiment: segments[2], id: segments[3], path: rest(4))
        }
        if segments.starts(with: ["databricks", "mlflow-registry"]) { return .registry(path: path) }
        // MLflow reads `/volumes`, `/Volume` and `/volume` so as well.
        if ["Volumes", "volumes", "Volume", "volume"].contains(segments[0]) {
            guard segments.count >= 4 else {
                throw refuse(
                    text, "it names no volume", "write `dbfs:/Volumes/CATALOG/SCHEMA/VOLUME/PATH`")
            }
            return .volume(path: "/Volumes/" + rest(1))
        }
        return .file(path: path)
    }

    private static func refuse(_ text: String, _ reason: String, _ hint: String) -> RegistryError {
        RegistryError(
            .reference, "cannot find `\(escaped(text))`: \(reason)", hints: [hint], status: .misuse)
    }

    /// `dbfs:/path`.
    public var description: String { "dbfs:" + (authority.map { "//\($0)" } ?? "") + path }
}
