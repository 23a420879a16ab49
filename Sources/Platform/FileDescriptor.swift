import Glibc

/// An open file; closed when its owner goes away.
public struct FileDescriptor: ~Copyable, Sendable {
    /// The number, for calls that this type does not offer; valid while the owner lives.
    public private(set) var number: Int32
    /// The path for messages.
    public let path: String

    /// Takes over an open descriptor.
    public init(owning number: Int32, path: String) {
        self.number = number
        self.path = path
    }

    // -1 after `close` and `release`.
    deinit { if number >= 0 { _ = Glibc.close(number) } }

    /// Opens a file to read; follows symbolic links, as for a path that a person gave.
    public static func open(_ path: String) throws(FileError) -> FileDescriptor {
        let number = retrying { Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) }
        guard number >= 0 else { throw .last("read", path) }
        return FileDescriptor(owning: number, path: path)
    }

    /// Size, kind and mode.
    public func status() throws(FileError) -> FileStatus {
        var status = stat()
        guard fstat(number, &status) == 0 else { throw .last("read", path) }
        return FileStatus(status)
    }

    /// Reads at most `buffer.count` bytes; 0 at the end.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(FileError) -> Int {
        let count = retrying { Glibc.read(number, buffer.baseAddress, buffer.count) }
        guard count >= 0 else { throw .last("read", path) }
        return count
    }

    /// Reads everything up to the end; more than `limit` bytes are an error.
    public func readAll(limit: Int) throws(FileError) -> [UInt8] {
        var bytes: [UInt8] = []
        let status = try status()
        if status.kind == .file {
            guard status.size <= limit else { throw FileError("read", path, .tooLarge(limit: limit)) }
            bytes.reserveCapacity(status.size)
        }
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
        defer { chunk.deallocate() }
        while true {
            let count = try read(into: chunk)
            if count == 0 { return bytes }
            guard bytes.count + count <= limit else { throw FileError("read", path, .tooLarge(limit: limit)) }
            bytes.append(contentsOf: chunk[..<count])
        }
    }

    /// Writes all of `bytes`.
    public func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        var offset = 0
        while offset < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
            let count = retrying { Glibc.write(number, rest.baseAddress, rest.count) }
            guard count >= 0 else { throw .last("write", path) }
            offset += count
        }
    }

    /// Writes all of `bytes`.
    public func write(_ bytes: [UInt8]) throws(FileError) {
        // The closure gives the error back as a value, because `withUnsafeBytes` loses its type.
        let failure: FileError? = bytes.withUnsafeBytes { buffer in
            do throws(FileError) { try write(buffer) } catch { return error }
            return nil
        }
        if let failure { throw failure }
    }

    /// Returns once the bytes have reached the disk.
    public func synchronize() throws(FileError) {
        guard retrying({ fsync(number) }) == 0 else { throw .last("write", path) }
    }

    /// Closes and reports what the system only then finds out (a full disk behind a network).
    public consuming func close() throws(FileError) {
        let number = number
        self.number = -1
        // Linux has closed the descriptor even when EINTR is reported.
        guard Glibc.close(number) == 0 || errno == EINTR else { throw .last("write", path) }
    }

    /// Gives up ownership: the caller closes the number.
    public consuming func release() -> Int32 {
        let number = number
        self.number = -1
        return number
    }
}

/// What `stat` says of a file, as far as we need it.
public struct FileStatus: Sendable, Equatable {
    /// What it is.
    public enum Kind: Sendable {
        /// A regular file.
        case file
        /// A folder.
        case directory
        /// A symbolic link, not what it points to.
        case symbolicLink
        /// A device, a pipe or a socket.
        case other
    }

    /// What it is.
    public let kind: Kind
    /// Bytes of a regular file.
    public let size: Int
    /// The permission bits.
    public let mode: UInt32
    /// Device and number: two paths with the same identity are the same file.
    public let identity: Identity

    /// Which file it is, whatever its paths.
    public struct Identity: Sendable, Hashable {
        let device: UInt64
        let number: UInt64
    }

    /// Whether its owner may execute it.
    public var isExecutable: Bool { mode & 0o100 != 0 }

    init(_ status: stat) {
        switch status.st_mode & S_IFMT {
        case S_IFREG: kind = .file
        case S_IFDIR: kind = .directory
        case S_IFLNK: kind = .symbolicLink
        default: kind = .other
        }
        size = Int(status.st_size)
        mode = status.st_mode & 0o7777
        identity = Identity(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
    }

    /// What is at `path`, following symbolic links unless told otherwise; nil when there is nothing.
    public static func of(_ path: String, followsLinks: Bool = true) throws(FileError) -> FileStatus? {
        var status = stat()
        let result = followsLinks ? stat(path, &status) : lstat(path, &status)
        if result == 0 { return FileStatus(status) }
        if errno == ENOENT || errno == ENOTDIR { return nil }
        throw .last("read", path)
    }
}

/// The bytes of the file at `path`; follows symbolic links. More than `limit` bytes are an error; a folder is one too.
public func readFile(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
    try FileDescriptor.open(path).readAll(limit: limit)
}
