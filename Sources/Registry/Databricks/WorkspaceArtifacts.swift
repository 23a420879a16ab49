import Diagnostics
import HTTPTransport
import JSONText
import Transfers

/// The files of a version in the workspace registry: listed by the registry, read from storage by addresses that it signs.
///
/// A workspace that knows no such listing has the files on DBFS, where `get-download-uri` says.
final class WorkspaceArtifacts: ArtifactStore {
    private let client: DatabricksClient
    private let model: String
    private let version: String
    /// The folder, from the root of the model.
    private let root: String
    /// Where the files are instead, once the workspace has said that it cannot list them.
    private var fallback: DBFSStore?

    private static let api = "api/2.0/mlflow/model-versions/"

    init(_ client: DatabricksClient, model: String, version: String, root: String) {
        self.client = client
        self.model = model
        self.version = version
        self.root = root
    }

    private var subject: DatabricksSubject { .workspaceModel(model) }

    private var identity: [(name: String, value: String)] { [("name", model), ("version", version)] }

    var place: String { fallback?.place ?? "models:/" + joined("\(model)/\(version)", root) }

    func list(_ folder: String, doing task: String) throws(RegistryError) -> [ListedEntry] {
        if let fallback { return try fallback.list(folder, doing: task) }
        let path = joined(root, folder)
        var listing = PagedListing(path, shown: folder, doing: task)
        var token: String?
        repeat {
            var query = identity + [("path", path)]
            if let token { query.append(("page_token", token)) }
            switch try client.ask(Self.api + "list-artifacts", query, about: subject, doing: task) {
            case .object(let page): token = try listing.add(page, .mlflow, endsWhenEmpty: true)
            case .refusal(let refusal):
                guard refusal.isUnknownAddress, token == nil else { throw refusal.error(doing: task) }
                return try listOnDBFS(folder, task)
            }
        } while token != nil
        return listing.entries
    }

    private func listOnDBFS(_ folder: String, _ task: String) throws(RegistryError) -> [ListedEntry] {
        let store = try storeOnDBFS(task)
        do throws(RegistryError) {
            return try store.list(folder, doing: task)
        } catch {
            throw error.adding(details: [
                "the workspace does not list the files of a version, and says that they are at `\(escaped(store.place))`"
            ])
        }
    }

    private func storeOnDBFS(_ task: String) throws(RegistryError) -> DBFSStore {
        let answer = try client.get(Self.api + "get-download-uri", identity, about: subject, doing: task)
        let uri = answer["artifact_uri"]?.stringValue ?? ""
        guard let path = try? DBFSURI(uri).path else {
            throw RegistryError(
                .unsupported, "cannot \(task): the workspace neither lists its files nor has them on DBFS",
                details: uri.isEmpty ? [] : ["they are at `\(escaped(HTTPURL.withoutSecrets(uri)))`"])
        }
        let store = DBFSStore(client, root: joined(path, root), about: subject)
        fallback = store
        return store
    }

    func access(to entry: ListedEntry, doing task: String) -> any ObjectAccess {
        if let fallback { return fallback.access(to: entry, doing: task) }
        return SignedAccess(
            client, about: subject, service: Self.api + "get-signed-download-uri",
            query: identity + [("path", joined(root, entry.path))], key: "signed_uri", doing: task)
    }
}
