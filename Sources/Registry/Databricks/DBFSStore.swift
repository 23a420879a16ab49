import Diagnostics
import HTTPTransport
import Transfers

/// An absolute path on DBFS, taken from a URI such as `dbfs:/FileStore/models/churn` or `dbfs://PROFILE@databricks/…`.
struct DBFSPath: Equatable {
    /// Begins with `/`, without a slash at its end, without empty, `.` and `..` segments.
    let text: String

    /// - Returns: nil for another scheme, for the root itself, and for paths that climb.
    init?(_ uri: String) {
        guard uri.lowercased().hasPrefix("dbfs:/") else { return nil }
        var path = uri.dropFirst("dbfs:".count)
        if path.hasPrefix("//") {
            path = path.dropFirst(2)
            let authority = path.prefix { $0 != "/" }
            // Three slashes: no authority.
            guard authority.isEmpty || authority == "databricks" || authority.hasSuffix("@databricks") else {
                return nil
            }
            path = path.dropFirst(authority.count)
        }
        let segments = path.split(separator: "/").map(String.init)
        guard !segments.isEmpty, !segments.contains("."), !segments.contains(".."), !path.contains("?"),
            !path.contains("#")
        else { return nil }
        text = "/" + segments.joined(separator: "/")
    }

    /// What follows `/databricks/mlflow-tracking/`; nil for other paths.
    var trackingSegments: [String]? {
        let segments = text.split(separator: "/").map(String.init)
        guard segments.count > 3, segments[0] == "databricks", segments[1] == "mlflow-tracking" else { return nil }
        return Array(segments.dropFirst(2))
    }

    /// The path below `/Volumes`, as the Files API wants it; nil for other paths.
    var volumePath: String? {
        let segments = text.split(separator: "/").map(String.init)
        // MLflow takes these four spellings for it (`utils/uri.py:_is_uc_volumes_path`).
        guard segments.count > 3, ["Volumes", "volumes", "Volume", "volume"].contains(segments[0]) else { return nil }
        return "/Volumes/" + segments.dropFirst().joined(separator: "/")
    }
}

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
