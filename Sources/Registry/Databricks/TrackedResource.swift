import Diagnostics
import JSONText
import Transfers

/// A run or a logged model on Databricks: where its artifacts are, and how they are listed and lent.
struct TrackedResource: Equatable {
    enum Kind: Equatable {
        case run
        case loggedModel
    }

    let kind: Kind
    let id: String
    let experiment: String

    var subject: DatabricksSubject { kind == .run ? .run(id) : .loggedModel(id) }

    /// The folder of its artifacts in the Files API (mlflow 3.17, `databricks_run_artifact_repo.py`,
    /// `databricks_logged_model_artifact_repo.py`).
    var filesRoot: String {
        "/WorkspaceInternal/Mlflow/Artifacts/\(experiment)/\(kind == .run ? "Runs" : "LoggedModels")/\(id)/artifacts"
    }

    private static let api = "api/2.0/mlflow/"

    /// The service that lists a folder, without its query.
    var listing: String {
        kind == .run ? Self.api + "artifacts/list" : Self.api + "logged-models/\(id)/artifacts/directories"
    }

    /// The query for a folder, whose path may be empty.
    func listingQuery(_ path: String) -> [(name: String, value: String)] {
        switch kind {
        case .run: [(name: "run_id", value: id)] + (path.isEmpty ? [] : [(name: "path", value: path)])
        case .loggedModel: path.isEmpty ? [] : [(name: "artifact_directory_path", value: path)]
        }
    }

    /// The service that signs addresses.
    var credentials: String {
        kind == .run
            ? Self.api + "artifacts/credentials-for-read"
            : Self.api + "logged-models/\(id)/artifacts/credentials-for-download"
    }

    /// What the service is asked.
    func question(_ paths: [String]) -> JSONObject {
        let list = JSONValue.array(paths.map(JSONValue.string))
        return kind == .run ? ["run_id": .string(id), "path": list] : ["paths": list]
    }

    /// The addresses in its answer.
    func infos(in answer: JSONObject) -> [JSONObject] {
        switch kind {
        case .run: (answer["credential_infos"]?.arrayValue ?? []).compactMap(\.objectValue)
        case .loggedModel:
            (answer["credentials"]?.arrayValue ?? []).compactMap { value in
                var info = value["credential_info"]?.objectValue
                if info?["path"] == nil, let path = value["path"] { info?["path"] = path }
                return info
            }
        }
    }
}

/// The artifacts of a run or a logged model by MLflow's own API: listed by the tracking server, read by addresses that it signs.
final class TrackedArtifacts: ArtifactStore {
    private let client: DatabricksClient
    private let resource: TrackedResource
    /// The folder, from the root of the artifacts.
    private let root: String
    private let addresses: LentAddresses

    init(_ client: DatabricksClient, _ resource: TrackedResource, root: String) {
        self.client = client
        self.resource = resource
        self.root = root
        addresses = LentAddresses(client, resource)
    }

    var place: String { (resource.kind == .run ? "runs:/" : "models:/") + joined(resource.id, root) }

    func list(_ folder: String, doing task: String) throws(RegistryError) -> [ListedEntry] {
        let path = joined(root, folder)
        var listing = PagedListing(path, shown: folder, doing: task)
        var token: String?
        repeat {
            let query = resource.listingQuery(path) + (token.map { [(name: "page_token", value: $0)] } ?? [])
            let page = try client.get(resource.listing, query, about: resource.subject, doing: task)
            token = try listing.add(page, .mlflow, endsWhenEmpty: true)
        } while token != nil
        return listing.entries
    }

    func access(to entry: ListedEntry, doing task: String) -> any ObjectAccess {
        LentAccess(addresses, path: joined(root, entry.path), doing: task)
    }
}
