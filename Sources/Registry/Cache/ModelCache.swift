import Diagnostics
import FileTrees
import Glibc
public import Platform

/// Model versions that were fetched before, kept by their contents.
///
/// ```
/// CACHEDIR.TAG  format  lock
/// blobs/sha256/ab/<digest>      a file; never changed in place
/// versions/<key>.json           which blobs a version is made of; its time is when it was last used
/// references/<key>.json         which version a reference meant when it was last asked for
/// partial/<key>/  <key>.lock    a download under way
/// ```
///
/// Several processes may use one cache. Whoever reads a version holds a shared lock on its record until `release`; whoever fetches it
/// holds the lock of its partial download; `lock` is held shared while a finished download moves in, and alone while blobs are removed.
/// A process that is killed leaves at most a partial download, with which the next one goes on. A cache that cannot be written is
/// still read.
public final class ModelCache {
    /// The absolute path of its folder.
    public let path: String
    /// Whether nothing can be stored in it.
    public let isReadOnly: Bool
    let root: DirectoryAnchor
    /// The clock: seconds since 1970. The only place where one is read for something that is kept.
    let now: @Sendable () -> Int
    /// Of the versions that are in use.
    private var holds: [CacheLock] = []

    static let format = "skiff-cache 1\n"
    private static let tag = """
        Signature: 8a477f597d28d172789f06886806bc55
        # This folder is a cache of skiff: it may be removed, and backups may leave it out (https://bford.info/cachedir/).

        """

    private init(_ root: consuming DirectoryAnchor, isReadOnly: Bool, now: @escaping @Sendable () -> Int) {
        path = root.path
        self.root = root
        self.isReadOnly = isReadOnly
        self.now = now
    }

    /// Opens the cache that the person wants, and makes it when it is not there.
    ///
    /// - Parameters:
    ///   - explicit: the folder of `--cache`; without it that of `SKIFF_CACHE`, then `skiff` in `XDG_CACHE_HOME`, then in `~/.cache`.
    ///   - isDisabled: `--no-cache`.
    /// - Returns: nil when it is not wanted, or when nobody named one and the usual place cannot be had.
    /// - Throws: `RegistryError` of kind `.configuration` for a cache of another format and a folder that is something else, of kind
    ///   `.disk` when one that was named cannot be made or read.
    public static func open(
        _ surroundings: Surroundings, explicit: String?, isDisabled: Bool
    ) throws(RegistryError) -> ModelCache? {
        guard !isDisabled else { return nil }
        if let named = explicit ?? surroundings[.skiffCache] {
            return try open(at: surroundings.absolute(named), makes: true, now: systemTime)
        }
        guard let usual = usualPath(surroundings) else { return nil }
        do { return try open(at: usual, makes: true, now: systemTime) } catch {
            guard error.kind == .disk else { throw error }
            return nil
        }
    }

    /// Whether the person named a cache, by `--cache` or `SKIFF_CACHE`.
    public static func isNamed(_ surroundings: Surroundings, explicit: String?) -> Bool {
        explicit != nil || surroundings[.skiffCache] != nil
    }

    /// Where the cache is for this person: the path of `open`, whether there is one or not; nil without a home folder.
    public static func location(_ surroundings: Surroundings, explicit: String?) -> String? {
        (explicit ?? surroundings[.skiffCache]).map(surroundings.absolute) ?? usualPath(surroundings)
    }

    /// The cache at `path` when it exists; nil when there is nothing, or an empty folder.
    public static func openExisting(_ path: String) throws(RegistryError) -> ModelCache? {
        let status: FileStatus?
        do { status = try FileStatus.of(path + "/format") } catch { throw RegistryError(disk: error.diagnostic) }
        if status == nil {
            do {
                guard try FileStatus.of(path) != nil else { return nil }
                guard try !DirectoryAnchor.open(path).names().isEmpty else { return nil }
            } catch { throw RegistryError(disk: error.diagnostic) }
        }
        return try open(at: path, makes: false, now: systemTime)
    }

    private static func usualPath(_ surroundings: Surroundings) -> String? {
        // The specification of XDG has relative paths ignored.
        if let folder = surroundings[.cacheHome], folder.hasPrefix("/") { return folder + "/skiff" }
        return surroundings[.home].map { surroundings.absolute($0) + "/.cache/skiff" }
    }

    private static let systemTime: @Sendable () -> Int = { time(nil) }

    static func open(
        at path: String, makes: Bool, now: @escaping @Sendable () -> Int
    ) throws(RegistryError) -> ModelCache {
        do {
            if makes { try makeFolders(path) }
            let root = try DirectoryAnchor.open(path)
            try checkFormat(root, makes: makes)
            let isReadOnly = access(path, W_OK) != 0 || access(path + "/versions", W_OK) != 0
            return ModelCache(root, isReadOnly: isReadOnly, now: now)
        } catch let error as RegistryError {
            throw error
        } catch { throw RegistryError(cache: path, error) }
    }

    /// Makes the folder and those above it.
    private static func makeFolders(_ path: String) throws(FileError) {
        guard try FileStatus.of(path) == nil else { return }
        var folder = try DirectoryAnchor.open("/")
        for part in path.split(separator: "/") where part != "." {
            // Links in a path that a person gave are followed.
            let next = (folder.path == "/" ? "" : folder.path) + "/" + part
            if try FileStatus.of(next) == nil {
                do throws(FileError) { folder = try folder.makeDirectory(String(part), mode: 0o755) } catch {
                    guard error.isExisting else { throw error }
                    folder = try DirectoryAnchor.open(next)
                }
            } else {
                folder = try DirectoryAnchor.open(next)
            }
        }
    }

    private static func checkFormat(_ root: borrowing DirectoryAnchor, makes: Bool) throws {
        if let status = try root.status("format"), status.kind == .file {
            let text = String(decoding: try root.openFile("format").readAll(limit: 4096), as: UTF8.self)
            guard text != format else { return }
            // An empty one was left behind by a process that was killed, or a machine that lost its power.
            guard text.isEmpty else { throw unknownFormat(text, root.path) }
        } else {
            guard try root.names().allSatisfy({ $0.hasPrefix(".") || $0 == "CACHEDIR.TAG" || $0 == "lock" }) else {
                throw RegistryError(
                    .configuration,
                    "cannot use `\(escaped(root.path, limit: 1000))` as a cache: it holds other things, and no cache of skiff",
                    hints: ["name an empty folder, or one that does not exist"])
            }
        }
        guard makes else { return }
        for folder in ["blobs/sha256", "versions", "references", "partial"] { _ = try root.makeDirectories(at: folder) }
        try writeOver(root, "CACHEDIR.TAG", Array(tag.utf8))
        try writeOver(root, "lock", [])
        // Last: with it the cache is complete.
        try writeOver(root, "format", Array(format.utf8))
    }

    private static func unknownFormat(_ text: String, _ path: String) -> RegistryError {
        let first = escaped(String(text.prefix { $0 != "\n" }), limit: 40)
        return RegistryError(
            .configuration,
            "cannot use the cache `\(escaped(path, limit: 1000))`: its format is `\(first)`, and this skiff knows `\(format.dropLast())`",
            hints: ["use the version of skiff that made it, or name another folder with `--cache`, or remove it"])
    }

    // MARK: holding and locking

    /// Gives back the locks on all versions that were looked up: their blobs may then be removed by others.
    ///
    /// Call it, by `defer`, where the work with a `LocalModel` of this cache ends.
    public func release() { holds = [] }

    func hold(_ lock: CacheLock) { holds.append(lock) }

    /// Keeps others from removing blobs, or from adding them, while `body` runs.
    func withLock<Result>(_ mode: CacheLock.Mode, _ body: () throws -> Result) throws -> Result {
        let lock = try lock("lock", mode)
        return try withExtendedLifetime(lock) { try body() }
    }

    /// nil when there is no such file: then the cache was never written by us.
    private func lock(_ name: String, _ mode: CacheLock.Mode) throws(FileError) -> CacheLock? {
        for flags in [O_RDWR, O_RDONLY] {
            let number = openat(root.number, name, flags | O_NOFOLLOW | O_CLOEXEC)
            guard number < 0 else {
                return CacheLock.take(FileDescriptor(owning: number, path: "\(path)/\(name)"), mode, waits: true)
            }
        }
        return nil
    }

    // MARK: files

    /// Writes a small file under its name at once.
    static func writeOver(
        _ folder: borrowing DirectoryAnchor, _ name: String, _ bytes: [UInt8]
    ) throws(FileError) {
        let temporary = ".\(name)-\(getpid()).partial"
        try folder.removeTree(temporary)
        let file = try folder.createFile(temporary)
        try file.write(bytes)
        try file.close()
        try folder.rename(temporary, to: name, in: folder, existing: .replace)
    }

    /// The folder `name`; nil when it is not there.
    func folder(_ name: String) throws(FileError) -> DirectoryAnchor? {
        do throws(FileError) {
            var parts = name.split(separator: "/").map(String.init)[...]
            guard let first = parts.popFirst() else { return nil }
            var folder = try root.openDirectory(first)
            for part in parts { folder = try folder.openDirectory(part) }
            return folder
        } catch {
            guard error.isNotFound else { throw error }
            return nil
        }
    }

    static func blobFolder(_ hex: String) -> String { "blobs/sha256/\(hex.prefix(2))" }

    func blobPath(_ hex: String) -> String { "\(path)/\(Self.blobFolder(hex))/\(hex)" }
}

extension RegistryError {
    /// What the file system says about the cache.
    init(cache path: String, _ error: any Error) {
        let cause = Diagnostic.wrapping(error)
        let isFull = (error as? FileError)?.code == ENOSPC || (error as? FileError)?.code == EDQUOT
        let reason = cause.summary.hasPrefix("cannot ") ? String(cause.summary.dropFirst(7)) : cause.summary
        let hints = isFull ? ["remove what is no longer needed: `skiff cache prune`"] : []
        self.init(
            .disk, "cannot use the cache `\(escaped(path, limit: 1000))`: cannot \(reason)", details: cause.details,
            hints: hints + cause.hints + ["`--cache DIR` takes another folder, `--no-cache` does without"])
    }
}
