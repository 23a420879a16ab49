import Transfers

/// A file or folder of a listing, by its path from the folder that the store is rooted at.
struct ListedEntry: Equatable {
    let path: String
    let isFolder: Bool
    /// Bytes; nil when the server leaves it out, as MLflow's does for empty files.
    let size: Int?
    /// What the listing says of the contents.
    var checksums: [ObjectChecksum] = []
    /// ETag, generation or time of change; nil when the listing has none.
    var version: String?
}

/// A folder of files behind a server: how it is listed and how a file of it is read.
///
/// Paths go from the store's own root, with `/` between segments; the empty path is the root. What `list` returns is not
/// checked yet: `Listing` does that.
protocol ArtifactStore {
    /// Where it is, for people and for the manifest: no query, no secret.
    var place: String { get }
    /// The entries of one folder; empty when there is no such folder. A store that lists everything at once returns files of any
    /// depth and no folders.
    func list(_ folder: String, doing task: String) throws(RegistryError) -> [ListedEntry]
    /// The way to the bytes of a file that `list` returned.
    func access(to entry: ListedEntry, doing task: String) -> any ObjectAccess
}

/// Where a reference leads: which model, and the stores whose files it is made of.
struct LocatedModel {
    var identity: SourceIdentity
    /// The files of a later one take the place of those of an earlier one with the same path.
    var stores: [any ArtifactStore]
    /// Whether its files never change: registered versions and logged models.
    var isImmutable: Bool
}

/// A registry of models: finds a version and says where its files are. Asks nothing but what is needed for that.
protocol ModelRegistry {
    /// - Parameter task: what it is for, after "cannot": "find `models:/churn/3`".
    func locate(_ uri: ModelURI, doing task: String) throws(RegistryError) -> LocatedModel
}

/// `a/b`, or the one that is not empty.
func joined(_ folder: String, _ name: String) -> String {
    folder.isEmpty ? name : name.isEmpty ? folder : folder + "/" + name
}
