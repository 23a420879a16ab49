import Diagnostics
import Glibc
import Hashing
import Platform

/// Where a download lives until it is complete: the folder `.NAME.skiff-partial` beside its final name, which holds
///
/// - `lock`, locked by the process that downloads, with its number in it,
/// - `source`, the digest of what is being downloaded, so that the bytes of two models never mix,
/// - `journal`, what has come, as `Transfers` remembers it,
/// - `tree`, the files under their own names, which becomes the final folder.
struct PartialFolder: ~Copyable {
    /// The final folder, as the caller wrote it.
    let target: String
    /// The path of the partial folder.
    let path: String
    private let parent: DirectoryAnchor
    private let name: String
    private let partialName: String
    private let folder: DirectoryAnchor
    /// Held for the sake of its lock, which goes with it.
    private let lock: FileDescriptor

    /// The path of the folder that the files go into.
    var treePath: String { path + "/tree" }
    /// The path of the journal.
    var journalPath: String { path + "/journal" }

    private init(
        _ target: String, _ parent: consuming DirectoryAnchor, _ name: String, _ partialName: String,
        _ folder: consuming DirectoryAnchor, _ lock: consuming FileDescriptor
    ) {
        self.target = target
        self.parent = parent
        self.name = name
        self.partialName = partialName
        path = folder.path
        self.folder = folder
        self.lock = lock
    }

    // Not by closing alone, see `CacheLock`.
    deinit { _ = flock(lock.number, LOCK_UN) }

    /// Makes or finds the partial folder for `target` and locks it.
    ///
    /// - Parameters:
    ///   - source: what will be downloaded; bytes of anything else are removed. With nil everything is.
    ///   - task: after "cannot".
    /// - Throws: `RegistryError` of kind `.disk` when `target` exists, its folder does not or cannot be written, or another
    ///   process is downloading there.
    static func open(
        for target: String, source: SHA256Digest?, doing task: String
    ) throws(RegistryError) -> PartialFolder {
        do {
            return try find(target, source, task)
        } catch let error as RegistryError {
            throw error
        } catch let error as FileError {
            // The person knows the final folder, not what lies beside it.
            let verb = error.verb == "lock" ? "lock" : "create"
            throw RegistryError(disk: FileError(verb, target, error.kind).diagnostic)
        } catch {
            throw RegistryError(disk: Diagnostic.wrapping(error))
        }
    }

    private static func find(_ target: String, _ source: SHA256Digest?, _ task: String) throws -> PartialFolder {
        let (parentPath, name) = split(target)
        guard !name.isEmpty, name != "/", name != ".", name != ".." else {
            throw FileError("create", target, .notAName)
        }
        let partialName = partialName(of: name)
        while true {
            let parent: DirectoryAnchor
            do throws(FileError) { parent = try DirectoryAnchor.open(parentPath) } catch {
                throw FileError("create", target, error.isNotFound ? .noFolder(parentPath) : error.kind)
            }
            guard try parent.status(name) == nil else { throw FileError("create", target, .system(EEXIST)) }
            let folder = try openOrMake(partialName, in: parent)
            guard let lock = try lock(folder, target, task) else { continue }
            let partial = PartialFolder(target, parent, name, partialName, folder, lock)
            try partial.prepare(source)
            return partial
        }
    }

    /// The folder and the last name of a path.
    private static func split(_ path: String) -> (parent: String, name: String) {
        var path = path[...]
        while path.utf8.count > 1, path.hasSuffix("/") { path.removeLast() }
        guard let slash = path.lastIndex(of: "/") else { return (".", String(path)) }
        return (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...]))
    }

    /// Long names would no longer fit with what is added to them.
    static func partialName(of name: String) -> String {
        let shown = name.utf8.count <= 200 ? name : SHA256Digest(of: name).hex
        return ".\(shown).skiff-partial"
    }

    private static func openOrMake(
        _ name: String, in parent: borrowing DirectoryAnchor
    ) throws(FileError) -> DirectoryAnchor {
        while true {
            do throws(FileError) { return try parent.makeDirectory(name, mode: 0o700) } catch {
                guard error.isExisting else { throw error }
            }
            do throws(FileError) {
                let folder = try parent.openDirectory(name)
                // In a folder that many may write to, somebody else's is no place for our files.
                var status = stat()
                guard fstat(folder.number, &status) == 0, status.st_uid == geteuid() else {
                    throw FileError("open", folder.path, .system(EPERM))
                }
                return folder
            } catch {
                // The process that had it is just done.
                guard error.isNotFound else { throw error }
            }
        }
    }

    /// - Returns: nil when the process that had the lock has just removed the folder.
    private static func lock(
        _ folder: borrowing DirectoryAnchor, _ target: String, _ task: String
    ) throws -> FileDescriptor? {
        let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC
        let number = openat(folder.number, "lock", flags, 0o600)
        guard number >= 0 else {
            if errno == ENOENT { return nil }
            throw FileError("create", folder.path, .system(errno))
        }
        let file = FileDescriptor(owning: number, path: folder.path + "/lock")
        guard flock(number, LOCK_EX | LOCK_NB) == 0 else {
            guard errno == EWOULDBLOCK else { throw FileError("lock", folder.path, .system(errno)) }
            throw busy(owner: try file.readAll(limit: 64), target, task)
        }
        let own = try file.status().identity
        guard try folder.status("lock")?.identity == own else { return nil }
        guard ftruncate(number, 0) == 0 else { throw FileError("write", file.path, .system(errno)) }
        try file.write(Array("\(getpid())\n".utf8))
        return file
    }

    private static func busy(owner: [UInt8], _ target: String, _ task: String) -> RegistryError {
        let digits = String(decoding: owner, as: UTF8.self).prefix { $0.isASCII && $0.isNumber }
        let process = digits.isEmpty ? "another process" : "the process \(digits)"
        return RegistryError(
            .disk, "cannot \(task): \(process) is downloading to `\(escaped(target, limit: 1000))`",
            hints: ["wait for it to end, or choose another folder"])
    }

    /// Leaves only what belongs to `source`, and makes the tree.
    private borrowing func prepare(_ source: SHA256Digest?) throws {
        let expected = source.map { Array(($0.hex + "\n").utf8) }
        let isOurs =
            if let expected, try folder.status("source") != nil {
                try folder.openFile("source").readAll(limit: 1 << 10) == expected
            } else { false }
        if !isOurs {
            // The name of what comes goes last, when nothing of the old is left.
            for name in ["source", "journal", "tree"] { try folder.removeTree(name) }
            if let expected { try folder.createFile("source", mode: 0o600).write(expected) }
        }
        if try folder.status("tree") == nil { _ = try folder.makeDirectory("tree", mode: 0o700) }
    }

    /// Bytes of the disk that the tree takes already.
    borrowing func allocatedBytes() throws(FileError) -> Int {
        try Self.allocatedBytes(folder.openDirectory("tree"))
    }

    private static func allocatedBytes(_ folder: borrowing DirectoryAnchor) throws(FileError) -> Int {
        var sum = 0
        for name in try folder.names() {
            var status = stat()
            guard fstatat(folder.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            sum +=
                status.st_mode & S_IFMT == S_IFDIR
                ? try allocatedBytes(folder.openDirectory(name)) : Int(status.st_blocks) * 512
        }
        return sum
    }

    /// The open tree.
    borrowing func tree() throws(FileError) -> DirectoryAnchor { try folder.openDirectory("tree") }

    /// Gives the tree its final name and removes the rest, without a gap for a signal.
    ///
    /// - Throws: `FileError`, also when somebody has taken the name meanwhile; the tree stays then.
    borrowing func commit() throws(FileError) {
        try Interruption.uninterrupted { () throws(FileError) in
            guard fchmodat(folder.number, "tree", 0o755, 0) == 0 else {
                throw FileError("create", target, .system(errno))
            }
            do throws(FileError) { try folder.rename("tree", to: name, in: parent, existing: .refuse) } catch {
                throw FileError("create", target, error.kind)
            }
            try parent.removeTree(partialName)
            try parent.synchronize()
        }
    }

    /// Removes what has come.
    borrowing func discard() throws(FileError) { try parent.removeTree(partialName) }
}
