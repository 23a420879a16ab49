import Diagnostics
import HTTPTransport
import JSONText
import Transfers

/// A folder behind the Files API (`/api/2.0/fs`): a model version in Unity Catalog, a folder of a volume, the artifacts of a run.
///
/// Small files are read through the workspace itself, larger ones from the storage by an address that the workspace signs. Where it
/// signs none (`FILES_API_API_IS_NOT_ENABLED`, `FILES_API_REQUESTER_NETWORK_ZONE_UNKNOWN`, storage behind a firewall), the workspace
/// is read for all of them, as databricks-sdk-py does (`mixins/files.py`).
final class FilesAPIStore: ArtifactStore {
    /// What is known of signed addresses here.
    enum Signing {
        case untried
        case works
        case off
    }

    let client: DatabricksClient
    let subject: DatabricksSubject
    /// The absolute path of the folder, without a slash at its end: `/Models/main/default/churn/1`.
    let root: String
    var signing = Signing.untried

    /// Files of at most so many bytes are read through the workspace: one request in place of two.
    static let smallBytes = 4 << 20

    /// The most entries on a page that the API allows: one request for almost every folder.
    private static let pageSize = "1000"

    init(_ client: DatabricksClient, root: String, about subject: DatabricksSubject) {
        self.client = client
        self.root = root
        self.subject = subject
    }

    var place: String { root }

    /// A listing, or why there is none.
    enum Listed {
        case entries([ListedEntry])
        case refusal(DatabricksAnswer)
    }

    func list(_ folder: String, doing task: String) throws(RegistryError) -> [ListedEntry] {
        switch try tryList(folder, doing: task) {
        case .entries(let entries): return entries
        case .refusal(let answer): throw answer.error(doing: task)
        }
    }

    /// As `list`, but a refusal is not thrown. An unknown folder is a refusal: this API lists only folders that it has.
    ///
    /// - Throws: `RegistryError` when no answer came, or one that makes no sense.
    func tryList(_ folder: String, doing task: String) throws(RegistryError) -> Listed {
        let path = joined(root, folder)
        var listing = PagedListing(path, shown: folder, isRootInAnyCase: true, doing: task)
        var token: String?
        repeat {
            var query = [(name: "page_size", value: Self.pageSize)]
            if let token { query.append(("page_token", token)) }
            switch try client.ask("api/2.0/fs/directories" + path, query, about: subject, doing: task) {
            case .object(let page): token = try listing.add(page, .files, endsWhenEmpty: false)
            case .refusal(let answer): return .refusal(answer)
            }
        } while token != nil
        return .entries(listing.entries)
    }

    func access(to entry: ListedEntry, doing task: String) -> any ObjectAccess {
        FilesAccess(self, path: joined(root, entry.path), size: entry.size, doing: task)
    }
}
