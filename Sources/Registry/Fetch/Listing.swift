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

/// Lists stores from their roots to the last folder, and lets nothing through that could not be written safely.
enum Listing {
    /// Most files and folders that a model may have. How deep they may lie is `RelativePath.componentLimit`.
    static let entryLimit = FileTree.fileLimit
    /// Most bytes that a model may have: 16 TiB, more than any disk that we know.
    static let byteLimit = 1 << 44

    /// Every file below `stores`, sorted by path; a file of a later store takes the place of one with the same path. Folders
    /// without files leave no trace.
    ///
    /// - Throws: `RegistryError` of kind `.listing` when a path is not allowed in a tree, two paths clash, or a limit is
    ///   passed, before anything is downloaded.
    static func files(of stores: [any ArtifactStore], doing task: String) throws(RegistryError) -> [RemoteFile] {
        var files: [RemoteFile] = []
        for store in stores {
            let others = try self.files(of: store, doing: task)
            let taken = Set(others.map(\.path))
            files = files.filter { !taken.contains($0.path) } + others
        }
        return try checked(files, doing: task)
    }

    private static func files(
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
                let path = try checked(entry.path, in: folder, doing: task)
                if entry.isFolder {
                    folders.append(entry.path)
                    continue
                }
                let size = entry.size ?? 0
                let (sum, overflow) = byteCount.addingReportingOverflow(size)
                guard size >= 0 else { throw wrongSize(entry.path, task) }
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

    private static func checked(
        _ text: String, in folder: String, doing task: String
    ) throws(RegistryError) -> RelativePath {
        let path: RelativePath
        do { path = try RelativePath(text) } catch { throw refusal(text, error.reason, task) }
        guard folder.isEmpty || text.utf8.starts(with: (folder + "/").utf8) else {
            throw elsewhere(text, folder, task)
        }
        return path
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

    /// The number that a size as text means: plain decimal digits, as protobuf's JSON writes 64-bit numbers; nil for everything
    /// else.
    static func byteCount(_ text: String) -> Int? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
    }

    /// The first difference between two listings of one model, in words; nil when they are equal.
    static func difference(_ before: [RemoteFile], _ after: [RemoteFile]) -> String? {
        for (old, new) in zip(before, after) {
            if old.path < new.path { return "`\(old.path)` is gone" }
            if new.path < old.path { return "`\(new.path)` is new" }
            if old.size != new.size {
                return "`\(old.path)` had \(grouped(old.size)) bytes and has \(grouped(new.size))"
            }
            if old.entry != new.entry { return "`\(old.path)` has other contents" }
        }
        if before.count > after.count { return "`\(before[after.count].path)` is gone" }
        return after.count > before.count ? "`\(after[before.count].path)` is new" : nil
    }

    // MARK: Refusals

    static func refusal(_ path: String, _ reason: String, _ task: String) -> RegistryError {
        RegistryError(
            .listing, "cannot \(task): the server lists `\(escaped(path))`, which no model may hold: \(reason)",
            hints: ["nothing was written; look at the model's files in MLflow before you use it anywhere"])
    }

    /// A listing of `folder` that names a path outside it.
    static func elsewhere(_ path: String, _ folder: String, _ task: String) -> RegistryError {
        refusal(path, "it does not lie in the folder that was asked, \(shown(folder))", task)
    }

    static func wrongSize(_ path: String, _ task: String) -> RegistryError {
        RegistryError(
            .listing, "cannot \(task): the server lists `\(escaped(path))` with a size that is not a number of bytes")
    }

    static func circle(_ folder: String, _ task: String) -> RegistryError {
        RegistryError(.listing, "cannot \(task): the server's listing of \(shown(folder)) goes in a circle")
    }

    private static func shown(_ folder: String) -> String {
        folder.isEmpty ? "the top folder" : "`\(escaped(folder))`"
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
