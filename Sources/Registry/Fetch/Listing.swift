import Diagnostics
import FileTrees

/// One file of a model on a server, at its checked path.
struct RemoteFile {
    let path: RelativePath
    /// As its store lists it.
    let entry: ListedEntry
    let store: any ArtifactStore

    var size: Int { entry.size ?? 0 }
}

/// Lists a store from its root to the last folder, and lets nothing through that could not be written safely.
enum Listing {
    /// Most files and folders that a model may have.
    static let entryLimit = FileTree.fileLimit
    /// Most bytes that a model may have: 16 TiB, more than any disk that we know.
    static let byteLimit = 1 << 44

    /// Every file below `store`, sorted by path. Folders without files leave no trace.
    ///
    /// - Throws: `RegistryError` of kind `.listing` when a path is not allowed in a tree, two paths clash, or a limit is
    ///   passed, before anything is downloaded.
    static func files(
        of store: any ArtifactStore, doing task: String
    ) throws(RegistryError) -> [RemoteFile] {
        var files: [RemoteFile] = []
        var folders = [""]
        var entryCount = 0
        var byteCount = 0
        while let folder = folders.popLast() {
            let entries = try store.list(folder, doing: task)
            entryCount += entries.count
            guard entryCount <= entryLimit else { throw tooMany(task) }
            for entry in entries {
                let path: RelativePath
                do { path = try RelativePath(entry.path) } catch {
                    throw refusal(entry.path, error.reason, task)
                }
                if entry.isFolder {
                    folders.append(entry.path)
                    continue
                }
                let (sum, overflow) = byteCount.addingReportingOverflow(entry.size ?? 0)
                guard !overflow, sum <= byteLimit else {
                    throw RegistryError(
                        .listing,
                        "cannot \(task): the server lists more than the limit of \(grouped(byteLimit)) bytes")
                }
                byteCount = sum
                files.append(RemoteFile(path: path, entry: entry, store: store))
            }
        }
        return try checked(files, doing: task)
    }

    /// `files` and `others`, where a file of `others` takes the place of one with the same path.
    static func overlaid(
        _ files: [RemoteFile], by others: [RemoteFile], doing task: String
    ) throws(RegistryError) -> [RemoteFile] {
        let taken = Set(others.map(\.path))
        return try checked(files.filter { !taken.contains($0.path) } + others, doing: task)
    }

    /// Puts the paths into a tree, which refuses clashes.
    private static func checked(_ files: [RemoteFile], doing task: String) throws(RegistryError) -> [RemoteFile] {
        var tree = FileTree()
        let sorted = files.sorted { $0.path < $1.path }
        for file in sorted {
            do { try tree.add(file.path, bytes: []) } catch {
                throw refusal(file.path.text, error.reason, task)
            }
        }
        return sorted
    }

    static func refusal(_ path: String, _ reason: String, _ task: String) -> RegistryError {
        RegistryError(
            .listing, "cannot \(task): the server lists `\(escaped(path))`, which no model may hold: \(reason)",
            hints: ["nothing was written; look at the model's files in MLflow before you use it anywhere"])
    }

    static func tooMany(_ task: String) -> RegistryError {
        RegistryError(
            .listing, "cannot \(task): the server lists more than the limit of \(grouped(entryLimit)) files and folders"
        )
    }
}

extension FileTreeError {
    /// What stands after "cannot use the path `…`: ".
    fileprivate var reason: String {
        let summary = diagnostic.summary
        guard let range = summary.firstRange(of: "`: ") else { return summary }
        return String(summary[range.upperBound...])
    }
}
