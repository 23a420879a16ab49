import Diagnostics
import FileTrees
import Glibc
import Hashing
import JSONText
import Platform

extension ModelCache {
    /// What a reference meant when it was last asked for.
    public struct Remembered {
        /// The model, with its files in the cache.
        public let model: LocalModel
        /// When it was asked for, in seconds since 1970.
        public let date: Int
    }

    /// The model of `key`, when it is here and whole; its files are the cache's own, and stay until `release`.
    ///
    /// Every byte is hashed anew. A damaged version is dropped, which `notice` is told, and has to be fetched again.
    ///
    /// - Parameter identity: how it was asked for this time; nil for how it was stored.
    /// - Throws: `RegistryError` of kind `.disk`.
    public func lookup(
        _ key: CacheKey, identity: SourceIdentity? = nil, notice: (String) -> Void = { _ in }
    ) throws(RegistryError) -> LocalModel? {
        do {
            guard let (lock, version) = try openVersion(key) else { return nil }
            guard let version else {
                notice("the cache's record of \(shown(identity)) is damaged; it is fetched again")
                try drop(key)
                return nil
            }
            let damaged = try version.files.filter { try !isSound($0) }
            guard damaged.isEmpty, let tree = tree(version) else {
                let names = damaged.prefix(3).map { "`\($0.path)`" }.joined(separator: ", ")
                notice(
                    "the cache's copy of \(shown(identity ?? version.identity)) is damaged (\(names)); it is fetched again"
                )
                for file in damaged { try dropBlob(file.digest) }
                try drop(key)
                return nil
            }
            lock.touch(now())
            hold(lock)
            return LocalModel(tree: tree, identity: identity ?? version.identity)
        } catch { throw RegistryError(cache: path, error) }
    }

    /// The model that `reference` meant when `registry` was last asked, without asking it.
    ///
    /// - Throws: `RegistryError` of kind `.notFound` when it was never asked, or when what it meant is no longer here or damaged.
    public func offline(
        _ reference: String, registry: String, notice: (String) -> Void = { _ in }
    ) throws(RegistryError) -> Remembered {
        let shown = escaped(reference)
        guard let record = try rememberedReference(reference, registry) else {
            throw RegistryError(
                .notFound, "cannot use `\(shown)` offline: the cache has never seen it",
                place: Place(file: path), details: ["the registry would be \(escaped(registry, limit: 1000))"],
                hints: try offlineHints(reference, registry))
        }
        guard let model = try lookup(record.version, identity: record.identity, notice: notice) else {
            throw RegistryError(
                .notFound, "cannot use `\(shown)` offline: its files are no longer in the cache",
                place: Place(file: path),
                hints: ["run the command once without `--offline`"])
        }
        return Remembered(model: model, date: record.date)
    }

    /// Notes that `reference` now means the version `key`. In a cache that cannot be written this does nothing.
    public func remember(
        _ reference: String, registry: String, key: CacheKey, identity: SourceIdentity
    ) throws(RegistryError) {
        guard !isReadOnly else { return }
        let record = CachedReference(
            reference: reference, registry: registry, version: key, identity: identity, date: now())
        do {
            guard let folder = try folder("references") else { return }
            try Self.writeOver(
                folder, CacheKey.reference(reference, registry) + ".json", JSONWriter.bytes(record.json, style: .pretty)
            )
        } catch { throw RegistryError(cache: path, error) }
    }

    private func rememberedReference(_ reference: String, _ registry: String) throws(RegistryError) -> CachedReference?
    {
        do {
            guard let folder = try folder("references"),
                try folder.status(CacheKey.reference(reference, registry) + ".json") != nil
            else { return nil }
            let bytes = try folder.openFile(CacheKey.reference(reference, registry) + ".json").readAll(limit: 1 << 20)
            return CachedReference(bytes)
        } catch { throw RegistryError(cache: path, error) }
    }

    private func offlineHints(_ reference: String, _ registry: String) throws(RegistryError) -> [String] {
        let known = try references()
        let elsewhere = known.filter { $0.reference == reference }.map { escaped($0.registry, limit: 200) }
        if let other = elsewhere.first { return ["it was seen in \(other): is the registry the right one?"] }
        let here = known.filter { $0.registry == registry }.map { "`\(escaped($0.reference))`" }.sorted()
        return here.isEmpty
            ? ["run the command once without `--offline`"]
            : [
                "run the command once without `--offline`; of this registry it knows \(here.prefix(5).joined(separator: ", "))"
            ]
    }

    /// All references, whatever became of their versions.
    func references() throws(RegistryError) -> [CachedReference] {
        do {
            guard let folder = try folder("references") else { return [] }
            return try folder.names().filter { $0.hasSuffix(".json") }.compactMap { name in
                CachedReference(try folder.openFile(name).readAll(limit: 1 << 20))
            }
        } catch { throw RegistryError(cache: path, error) }
    }

    /// The record of a version, locked so that nobody removes what it names.
    ///
    /// - Returns: nil when there is none; a nil version when it is damaged.
    func openVersion(_ key: CacheKey) throws -> (lock: CacheLock, version: CachedVersion?)? {
        let name = key.hex + ".json"
        while true {
            guard let folder = try folder("versions"), try folder.status(name) != nil else { return nil }
            let file: FileDescriptor
            do throws(FileError) { file = try folder.openFile(name) } catch {
                guard error.isNotFound else { throw error }
                return nil
            }
            guard let lock = CacheLock.take(file, .shared, waits: true) else { return nil }
            // It may have been removed or replaced before we had the lock.
            guard try lock.isStill(name, in: folder) else { continue }
            return (lock, CachedVersion(try lock.readAll(limit: CachedVersion.byteLimit)))
        }
    }

    /// The files of a version as the cache has them; nil when it could not be a tree.
    func tree(_ version: CachedVersion) -> FileTree? {
        var tree = FileTree()
        do {
            for file in version.files {
                try tree.add(
                    file.path, FileEntry(.file(path: blobPath(file.digest.hex), size: file.size, digest: file.digest)))
            }
        } catch { return nil }
        return tree
    }

    /// Whether the blob of a file is there with the right bytes.
    func isSound(_ file: CachedVersion.File) throws -> Bool {
        guard let folder = try folder(Self.blobFolder(file.digest.hex)),
            let status = try folder.status(file.digest.hex),
            status.kind == .file, status.size == file.size
        else { return false }
        do { return try DirectoryReader.readFile(blobPath(file.digest.hex)).digest == file.digest } catch {
            // Blocks that the disk cannot read are damage too.
            return false
        }
    }

    /// Removes the record of a version; in a cache that cannot be written it stays, and is found damaged again.
    func drop(_ key: CacheKey) throws {
        guard !isReadOnly else { return }
        try folder("versions")?.removeTree(key.hex + ".json")
    }

    func dropBlob(_ digest: SHA256Digest) throws {
        guard !isReadOnly else { return }
        try folder(Self.blobFolder(digest.hex))?.removeTree(digest.hex)
    }

    private func shown(_ identity: SourceIdentity?) -> String {
        identity.map { "`\(escaped($0.reference))`" } ?? "a version"
    }
}
