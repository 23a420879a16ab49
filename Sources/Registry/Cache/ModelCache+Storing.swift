import Diagnostics
public import FileTrees
import Glibc
public import Hashing
import JSONText
import Platform

extension ModelCache {
    /// Where a download into the cache goes.
    public struct Partial: Sendable {
        /// The folder for the files, which exists; a file goes to its own path below it.
        public let folder: String
        /// The file for the journal, with which the next run goes on.
        public let journal: String
        /// Bytes on the disk of what an earlier run has left.
        let allocatedBytes: Int
    }

    /// What is downloaded: the paths and sizes that `download` gives digests for, in this order.
    public typealias Files = [(path: RelativePath, size: Int)]

    /// The model of `key`: from the cache, or by `download` into it.
    ///
    /// When another process is fetching the same version, this waits for it, which `notice` is told, and takes what it has stored.
    /// What has come when `download` throws stays, and the next fetch of the same version goes on with it.
    ///
    /// - Parameter download: brings all files below `Partial.folder`, and returns their digests in the order of `files`.
    /// - Throws: what `download` throws; `RegistryError` of kind `.disk` when the disk is too small or the cache cannot be written:
    ///   do not call this when `isReadOnly`.
    public func fetch(
        _ key: CacheKey, identity: SourceIdentity, files: Files, notice: (String) -> Void,
        download: (Partial) throws -> [SHA256Digest]
    ) throws -> LocalModel {
        if let model = try lookup(key, identity: identity, notice: notice) { return model }
        let lock = try lockPartial(key) {
            notice("another process is fetching `\(escaped(identity.reference))` into the cache; waiting for it")
        }
        return try withExtendedLifetime(lock) {
            // Whoever had the lock before us may have finished.
            if let model = try lookup(key, identity: identity, notice: notice) {
                try removePartial(key)
                return model
            }
            let partial = try makePartial(key)
            try checkSpace(partial, files, identity)
            let digests = try download(partial)
            let version = CachedVersion(
                identity: identity,
                files: zip(files, digests).map { CachedVersion.File(path: $0.path, size: $0.size, digest: $1) },
                stored: now())
            try store(version, key, from: partial)
            try removePartial(key)
            guard let found = try openVersion(key), let tree = tree(version) else { throw vanished(identity) }
            found.lock.touch(now())
            hold(found.lock)
            return LocalModel(tree: tree, identity: identity)
        }
    }

    private func lockPartial(_ key: CacheKey, _ waiting: () -> Void) throws -> CacheLock {
        let name = key.hex + ".lock"
        do throws(FileError) {
            let folder = try root.makeDirectories(at: "partial")
            while true {
                let number = openat(folder.number, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o644)
                guard number >= 0 else { throw FileError("create", folder.path + "/" + name, .system(errno)) }
                let file = FileDescriptor(owning: number, path: folder.path + "/" + name)
                // The one who finishes removes the file: then this is the lock of nothing.
                guard let lock = CacheLock.take(file, .exclusive, waits: true, waiting: waiting),
                    try lock.isStill(name, in: folder)
                else { continue }
                return lock
            }
        } catch { throw RegistryError(cache: path, error) }
    }

    private func makePartial(_ key: CacheKey) throws(RegistryError) -> Partial {
        do throws(FileError) {
            let folder = try root.makeDirectories(at: "partial/\(key.hex)/files")
            return Partial(
                folder: folder.path, journal: "\(path)/partial/\(key.hex)/journal",
                allocatedBytes: try diskUsage(of: folder.path))
        } catch { throw RegistryError(cache: path, error) }
    }

    private func removePartial(_ key: CacheKey) throws(RegistryError) {
        do throws(FileError) {
            guard let folder = try folder("partial") else { return }
            try folder.removeTree(key.hex)
            try folder.removeTree(key.hex + ".lock")
        } catch { throw RegistryError(cache: path, error) }
    }

    private func checkSpace(
        _ partial: Partial, _ files: Files, _ identity: SourceIdentity
    ) throws(RegistryError) {
        let present = partial.allocatedBytes
        let total = files.reduce(0) { $0 + $1.size }
        try DiskSpace.check(
            root.number, needed: max(0, total - present), path,
            doing: "download `\(escaped(identity.reference))` into the cache",
            hints: ["remove what is no longer needed: `skiff cache prune`", "or do without the cache: `--no-cache`"])
    }

    /// Bytes that the files below a folder take on the disk.
    private func diskUsage(of folder: String) throws(FileError) -> Int {
        var sum = 0
        for entry in try DirectoryWalk.entries(of: folder, maxDepth: RelativePath.componentLimit + 1) {
            var status = stat()
            if entry.status.kind == .file, lstat(folder + "/" + entry.path, &status) == 0 {
                sum += Int(status.st_blocks) * 512
            }
        }
        return sum
    }

    /// Moves the files of a complete download among the blobs, then writes the record that names them.
    private func store(_ version: CachedVersion, _ key: CacheKey, from partial: Partial) throws {
        do {
            try withLock(.shared) {
                let source = try DirectoryAnchor.open(partial.folder)
                for file in version.files { try move(file, from: source) }
                let versions = try root.makeDirectories(at: "versions")
                try Self.writeOver(versions, key.hex + ".json", JSONWriter.bytes(version.json, style: .compact))
            }
        } catch { throw RegistryError(cache: path, error) }
    }

    private func move(_ file: CachedVersion.File, from source: borrowing DirectoryAnchor) throws {
        let hex = file.digest.hex
        let target = try root.makeDirectories(at: Self.blobFolder(hex))
        func move(_ folder: borrowing DirectoryAnchor) throws {
            let number = openat(folder.number, file.path.name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
            guard number >= 0 else { throw FileError("read", "\(folder.path)/\(file.path.name)", .system(errno)) }
            let blob = FileDescriptor(owning: number, path: "\(folder.path)/\(file.path.name)")
            guard fchmod(blob.number, 0o444) == 0 else { throw FileError("change", blob.path, .system(errno)) }
            // The same bytes may be there already, perhaps damaged: these are the ones that have just come.
            try folder.rename(file.path.name, to: hex, in: target, existing: .replace)
        }
        if let parent = file.path.parent {
            try move(source.makeDirectories(at: parent.text))
        } else {
            try move(source)
        }
    }

    private func vanished(_ identity: SourceIdentity) -> RegistryError {
        RegistryError(
            .disk, "cannot use `\(escaped(identity.reference))`: another process removed it from the cache at once",
            place: Place(file: path), hints: ["run the command again"])
    }

    /// Copies a model of this cache into the new folder `target`, which appears complete or not at all.
    ///
    /// The copies share their blocks with the blobs where the file system can do that, and never their inodes: changing one changes
    /// nothing here.
    ///
    /// - Returns: the model with the paths of its files below `target`.
    /// - Throws: `RegistryError` of kind `.disk`.
    public func materialise(_ model: LocalModel, at target: String) throws(RegistryError) -> LocalModel {
        do {
            return try AtomicOutput.writeDirectory(at: target, existing: .refuse, isDurable: true) { folder in
                try DiskSpace.check(
                    folder.number, needed: model.tree.totalSize, target,
                    doing: "write `\(escaped(target, limit: 1000))`")
                var tree = FileTree()
                for (path, entry) in model.tree.files {
                    try copy(path, entry, into: folder)
                    let place = target.hasSuffix("/") ? target + path.text : "\(target)/\(path)"
                    try tree.add(
                        path, FileEntry(.file(path: place, size: entry.size, digest: entry.digest), mode: entry.mode))
                }
                for path in tree.folders.reversed() { try folder.makeDirectories(at: path.text).synchronize() }
                return LocalModel(tree: tree, identity: model.identity)
            }
        } catch let error as RegistryError {
            throw error
        } catch { throw RegistryError(disk: Diagnostic.wrapping(error)) }
    }

    private func copy(_ path: RelativePath, _ entry: FileEntry, into folder: borrowing DirectoryAnchor) throws {
        let mode = UInt32(entry.mode.rawValue)
        let file: FileDescriptor
        if let parent = path.parent {
            file = try folder.makeDirectories(at: parent.text).createFile(path.name, mode: mode)
        } else {
            file = try folder.createFile(path.name, mode: mode)
        }
        if case .file(let source, _, _) = entry.contents {
            try file.copyContents(of: FileDescriptor.open(source))
        }
        try file.synchronize()
        try file.close()
    }
}
