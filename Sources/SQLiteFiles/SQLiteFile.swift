import Diagnostics
import Glibc
import Platform

/// The pages of a SQLite database, read and never written: a file, and what its write-ahead log has in place of some of its pages.
///
/// While it is open, it holds the shared lock that SQLite's own readers hold, so that no other program writes a transaction half-way
/// under it. Programs in write-ahead mode may still move pages from the log to the file: `isUnchanged` tells afterwards. The file is
/// read, not mapped, because others may truncate it.
public final class SQLiteFile {
    /// As it was named.
    public let path: String
    let header: SQLiteHeader
    /// Pages of the database as it is read.
    let pageCount: Int

    private let file: SQLiteBytes
    private let log: SQLiteLog
    private var cache: [Int: SQLitePage] = [:]

    private static let cachedPages = 64

    /// Opens the database at `path`; symbolic links are followed, because the log lies beside the file itself.
    ///
    /// - Throws: also for a journal that shows that a writer was interrupted, and for a database that another program is writing.
    public init(_ path: String) throws(SQLiteError) {
        guard let resolved = realpath(path, nil) else {
            throw SQLiteError(FileError("read", path, .system(errno)))
        }
        defer { free(resolved) }
        let real = String(cString: resolved)
        self.path = path
        file = try SQLiteBytes(real, shown: path)
        try file.lock()
        try file.checkJournal(real)
        log = try SQLiteLog.read(real, shown: path)
        // The header may be newer in the log than in the file.
        let first: [UInt8]
        if let frame = log.frames[1] {
            first = try log.page(frame)
        } else {
            first = try file.read(at: 0, count: min(SQLiteHeader.size, file.size))
        }
        header = try SQLiteHeader(Array(first.prefix(SQLiteHeader.size)), path: path)
        guard log.isEmpty || log.pageSize == header.pageSize else {
            throw SQLiteError(
                .damaged, path, "its write-ahead log has pages of \(log.pageSize) bytes, and it of \(header.pageSize)")
        }
        let inFile = file.size / header.pageSize
        pageCount = log.pageCount ?? header.pageCount ?? inFile
        guard pageCount > 0, log.pageCount != nil || pageCount <= inFile else {
            throw SQLiteError(
                .damaged, path, "it ends after \(inFile) pages of \(pageCount)", offset: file.size)
        }
    }

    /// The page `number`, from 1.
    ///
    /// - Parameter source: for errors, where the number was read.
    func page(_ number: Int, from source: SQLitePage?) throws(SQLiteError) -> SQLitePage {
        guard number >= 1, number <= pageCount else {
            throw source?.damage("leads to the page \(number) of \(pageCount)")
                ?? SQLiteError(.damaged, path, "its schema leads to the page \(number) of \(pageCount)")
        }
        if let page = cache[number] { return page }
        let bytes: [UInt8]
        if let frame = log.frames[number] {
            bytes = try log.page(frame)
        } else {
            bytes = try file.read(at: (number - 1) * header.pageSize, count: header.pageSize)
        }
        let page = SQLitePage(number: number, bytes: bytes, path: path, pageSize: header.pageSize)
        if cache.count >= Self.cachedPages { cache.removeAll(keepingCapacity: true) }
        cache[number] = page
        return page
    }

    /// Whether no other program has moved pages since the file was opened: what was read then belongs together.
    public func isUnchanged() throws(SQLiteError) -> Bool {
        let now = try SQLiteLog.read(log.path, shown: path, isBeside: false)
        return now.identity == log.identity
    }
}

/// A file that is read at offsets, with SQLite's shared lock on it.
final class SQLiteBytes {
    let size: Int
    private let descriptor: FileDescriptor
    private let shown: String

    init(_ path: String, shown: String) throws(SQLiteError) {
        self.shown = shown
        do throws(FileError) {
            guard let status = try FileStatus.of(path) else { throw FileError("read", shown, .system(ENOENT)) }
            if status.kind == .directory { throw FileError("read", shown, .system(EISDIR)) }
            // Looked at before it is opened: a pipe would wait for its writer.
            guard status.kind == .file else { throw FileError("read", shown, .notARegularFile) }
            descriptor = try FileDescriptor.open(path)
            size = try descriptor.status().size
        } catch { throw SQLiteError(FileError(error.verb, shown, error.kind)) }
    }

    /// Exactly `count` bytes.
    func read(at offset: Int, count: Int) throws(SQLiteError) -> [UInt8] {
        var failure: Int32 = 0
        var done = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            while done < count {
                let read = pread(
                    descriptor.number, buffer.baseAddress.map { $0 + done }, count - done, off_t(offset + done))
                if read < 0, errno == EINTR { continue }
                if read < 0 { failure = errno }
                guard read > 0 else { break }
                done += read
            }
            initialized = done
        }
        guard failure == 0 else { throw SQLiteError(FileError("read", shown, .system(failure))) }
        guard done == count else {
            throw SQLiteError(.damaged, shown, "it ends inside a page", offset: offset + done)
        }
        return bytes
    }

    // MARK: Locks, as `os_unix.c` of SQLite 3 sets them

    private static let pendingByte = 0x4000_0000
    private static let attempts = 40
    private static let pause: UInt32 = 50_000

    /// Takes the shared lock; it goes with the descriptor. Where the file system knows no locks, it is read without one.
    ///
    /// - Throws: of kind `.busy` when a writer does not let go of it within two seconds.
    func lock() throws(SQLiteError) {
        for attempt in 0..<Self.attempts {
            if attempt > 0 { usleep(Self.pause) }
            guard set(F_RDLCK, Self.pendingByte, 1) else { continue }
            let isLocked = set(F_RDLCK, Self.pendingByte + 2, 510)
            _ = set(F_UNLCK, Self.pendingByte, 1)
            if isLocked { return }
        }
        throw SQLiteError(.busy, shown, "another program is writing it", hints: ["try again when it is done"])
    }

    /// Refuses a database whose last writer died: its rollback journal holds pages that belong in the file.
    func checkJournal(_ real: String) throws(SQLiteError) {
        let journal = real + "-journal"
        guard let status = try? FileStatus.of(journal), status.kind == .file, status.size > 0,
            let bytes = try? SQLiteBytes(journal, shown: journal).read(at: 0, count: 1), bytes[0] != 0
        else { return }
        // The writer is alive and has not begun to change the file: our lock keeps it from that.
        guard !isReserved else { return }
        throw SQLiteError(
            .busy, shown, "a program was interrupted while it wrote it, as `\(escaped(journal, limit: 1000))` shows",
            hints: ["open it once with `sqlite3 FILE 'SELECT 1 FROM sqlite_schema'` or with MLflow, which repairs it"])
    }

    private var isReserved: Bool {
        var lock = Self.lock(F_WRLCK, Self.pendingByte + 1, 1)
        return fcntl(descriptor.number, F_GETLK, &lock) == 0 && Int32(lock.l_type) != F_UNLCK
    }

    /// - Returns: false when another program's lock is in the way.
    private func set(_ type: Int32, _ start: Int, _ count: Int) -> Bool {
        var lock = Self.lock(type, start, count)
        while true {
            if fcntl(descriptor.number, F_SETLK, &lock) == 0 { return true }
            if errno != EINTR { return errno != EACCES && errno != EAGAIN }
        }
    }

    private static func lock(_ type: Int32, _ start: Int, _ count: Int) -> flock {
        var lock = flock()
        lock.l_type = Int16(type)
        lock.l_whence = Int16(SEEK_SET)
        lock.l_start = off_t(start)
        lock.l_len = off_t(count)
        return lock
    }
}
