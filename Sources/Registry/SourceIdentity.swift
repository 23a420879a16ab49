public import JSONText

/// Which model this is, as far as its source can tell: what the manifest records. It holds no secrets and, for a folder,
/// no path of this machine.
public struct SourceIdentity: Sendable, Equatable {
    /// Where a model comes from.
    public enum Kind: String, Sendable {
        /// A folder on disk.
        case folder
        /// An archive of a folder.
        case archive
        /// An MLflow server.
        case mlflowServer = "mlflow"
        /// The model registry of a Databricks workspace.
        case workspaceRegistry = "databricks"
        /// Unity Catalog.
        case unityCatalog = "databricks-uc"
        /// MLflow's own folder or database on this machine.
        case localStore = "local"
    }

    /// Where it comes from.
    public let kind: Kind
    /// The reference as it was asked; of a folder only its own name.
    public let reference: String
    /// The server's address without user information and query; nil for a folder.
    public var server: String?
    /// The registered model's name.
    public var name: String?
    /// The exact version.
    public var version: String?
    /// The alias that was asked for.
    public var alias: String?
    /// The stage that was asked for.
    public var stage: String?
    /// The run that made it.
    public var runID: String?
    /// MLflow 3's id of the logged model.
    public var modelID: String?
    /// Where the server keeps the files, in its own words, without a query.
    public var artifactURI: String?
    /// When the registry made the version or the logged model, in milliseconds since 1970: tells it from one of the same name in a
    /// registry that was made anew.
    public var createdMilliseconds: Int?
    /// `sha256:` and the digest of an archive's own file.
    public var archiveDigest: String?

    /// An identity of which only the reference is known.
    public init(kind: Kind, reference: String) {
        self.kind = kind
        self.reference = reference
    }

    /// An object with the keys `kind`, `reference`, `server`, `name`, `version`, `alias`, `stage`, `run_id`, `model_id`,
    /// `artifact_uri` and `archive_digest`; what is not known is left out.
    public var json: JSONValue {
        let fixed = [("kind", JSONValue.string(kind.rawValue)), ("reference", .string(reference))]
        return .object(
            JSONObject(fixed + Self.fields.compactMap { key, field in self[keyPath: field].map { (key, .string($0)) } })
        )
    }

    /// The identity that `json` wrote; nil for anything else.
    init?(json: JSONValue) {
        guard let kind = json["kind"]?.stringValue.flatMap(Kind.init(rawValue:)),
            let reference = json["reference"]?.stringValue
        else { return nil }
        self.init(kind: kind, reference: reference)
        for (key, field) in Self.fields { self[keyPath: field] = json[key]?.stringValue }
    }

    private static var fields: [(key: String, field: WritableKeyPath<SourceIdentity, String?>)] {
        [
            ("server", \.server), ("name", \.name), ("version", \.version), ("alias", \.alias), ("stage", \.stage),
            ("run_id", \.runID), ("model_id", \.modelID), ("artifact_uri", \.artifactURI),
            ("archive_digest", \.archiveDigest),
        ]
    }
}
