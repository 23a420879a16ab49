import Diagnostics
import HTTPTransport
import Transfers

/// A folder on DBFS (REST `/api/2.0/dbfs`; files by `GET /dbfs/path`, as mlflow's `dbfs_artifact_repo.py` reads them).
///
/// The listing has no pages; the service itself gives up at about 10,000 files.
final class DBFSStore: ArtifactStore {
    private let client: DatabricksClient
    private let subject: DatabricksSubject
    /// The absolute path, without a slash at its end.
    private let root: String

    init(_ client: DatabricksClient, root: String, about subject: DatabricksSubject) {
        self.client = client
        self.root = root
        self.subject = subject
    }

    var place: String { "dbfs:" + root }

    func list(_ folder: String, doing task: String) throws(RegistryError) -> [ListedEntry] {
        let path = joined(root, folder)
        var listing = PagedListing(path, shown: folder, doing: task)
        let answer = try client.get("api/2.0/dbfs/list", [("path", path)], about: subject, doing: task)
        _ = try listing.add(answer, .dbfs, endsWhenEmpty: true)
        return listing.entries
    }

    func access(to entry: ListedEntry, doing task: String) -> any ObjectAccess {
        WorkspaceAccess(client, path: "dbfs" + joined(root, entry.path), about: subject, doing: task)
    }
}

/// A file that one `GET` of the workspace reads.
struct WorkspaceAccess: ObjectAccess {
    private let client: DatabricksClient
    private let path: String
    private let subject: DatabricksSubject
    private let task: String

    init(_ client: DatabricksClient, path: String, about subject: DatabricksSubject, doing task: String) {
        self.client = client
        self.path = path
        self.subject = subject
        self.task = task
    }

    func signRequest() throws -> HTTPRequest? { nil }

    func readRequest(signed: HTTPResponse?) throws -> HTTPRequest {
        try client.endpoint.request(client.endpoint.url(path))
    }

    func judge(_ answer: HTTPResponse, stage: ObjectStage) throws -> ObjectVerdict {
        if try client.hasRenewed(after: answer) { return .renew }
        throw DatabricksAnswer(answer, about: subject).error(doing: task)
    }
}
