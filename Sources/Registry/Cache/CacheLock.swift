import Diagnostics
import Glibc
import Platform

/// An advisory lock on an open file; the kernel gives it back when the file is closed, also when the process is killed.
///
/// It is given back in words all the same: a process that another thread is just starting has the open file too until it runs its
/// own program, and closing ours alone would leave the lock with it for that long.
///
/// Locks belong to the open file and not to the process, so that two caches in one process exclude each other too.
final class CacheLock: Sendable {
    enum Mode: Sendable {
        /// Together with others who only read.
        case shared
        /// Alone.
        case exclusive
    }

    private let file: FileDescriptor

    private init(_ file: consuming FileDescriptor) { self.file = file }

    // It can only fail for a lock that was never had, on a file system that knows none.
    deinit { _ = flock(file.number, LOCK_UN) }

    /// Locks `file`.
    ///
    /// - Parameter waits: whether to wait for others; `waiting` is then called once, before.
    /// - Returns: nil when others have it and `waits` is false. A file system that knows no locks gives one that excludes nobody.
    static func take(
        _ file: consuming FileDescriptor, _ mode: Mode, waits: Bool, waiting: () -> Void = {}
    ) -> CacheLock? {
        let lock = CacheLock(file)
        let operation = mode == .shared ? LOCK_SH : LOCK_EX
        if flock(lock.file.number, operation | LOCK_NB) == 0 || errno != EWOULDBLOCK { return lock }
        guard waits else { return nil }
        waiting()
        while flock(lock.file.number, operation) != 0, errno == EINTR {}
        return lock
    }

    /// Whether the file that is locked still has this name.
    func isStill(_ name: String, in folder: borrowing DirectoryAnchor) throws(FileError) -> Bool {
        try folder.status(name)?.identity == file.status().identity
    }

    /// Its size in bytes.
    var size: Int {
        get throws(FileError) { try file.status().size }
    }

    /// All bytes of the locked file.
    func readAll(limit: Int) throws(FileError) -> [UInt8] {
        guard lseek(file.number, 0, SEEK_SET) == 0 else { throw FileError("read", file.path, .system(errno)) }
        return try file.readAll(limit: limit)
    }

    /// Sets the time of the file to `seconds` since 1970; that it cannot be set, as in a cache that is only read, changes nothing.
    func touch(_ seconds: Int) {
        let moments = [timespec(tv_sec: seconds, tv_nsec: 0), timespec(tv_sec: seconds, tv_nsec: 0)]
        _ = futimens(file.number, moments)
    }

    /// The time of the file, in seconds since 1970.
    var time: Int {
        var status = stat()
        return fstat(file.number, &status) == 0 ? status.st_mtim.tv_sec : 0
    }
}
