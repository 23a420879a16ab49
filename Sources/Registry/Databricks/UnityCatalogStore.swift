import Transfers

extension FilesFirstStore {
    /// The files of a version in Unity Catalog: the Files API below `/Models`, or else the cloud storage behind it.
    ///
    /// - Parameter root: the folder in the version; empty for the whole.
    convenience init(
        _ client: DatabricksClient, _ name: CatalogName, version: String, root: String, cloud: CloudTransport
    ) {
        let path = "/Models/\(name.catalog)/\(name.schema)/\(name.model)/\(version)"
        let files = FilesAPIStore(client, root: joined(path, root), about: .catalogModel(name))
        self.init(files) { task throws(RegistryError) in
            let whole = try cloud.store(doing: task)
            return root.isEmpty ? whole : Subfolder(of: whole, at: root)
        }
    }
}

/// A folder inside a store, as a store of its own.
struct Subfolder: ArtifactStore {
    private let whole: any ArtifactStore
    private let root: String

    init(of whole: any ArtifactStore, at root: String) {
        self.whole = whole
        self.root = root
    }

    var place: String { joined(whole.place, root) }

    func list(_ folder: String, doing task: String) throws(RegistryError) -> [ListedEntry] {
        let start = root.utf8.count + 1
        return try whole.list(joined(root, folder), doing: task).map { entry throws(RegistryError) in
            guard entry.path.utf8.starts(with: (root + "/").utf8) else {
                throw Listing.refusal(entry.path, "it does not lie in the folder that was asked, `\(root)`", task)
            }
            return entry.moved(to: String(Substring(entry.path.utf8.dropFirst(start))))
        }
    }

    func access(to entry: ListedEntry, doing task: String) -> any ObjectAccess {
        whole.access(to: entry.moved(to: joined(root, entry.path)), doing: task)
    }
}

extension ListedEntry {
    fileprivate func moved(to path: String) -> ListedEntry {
        ListedEntry(path: path, isFolder: isFolder, size: size, checksums: checksums, version: version)
    }
}
