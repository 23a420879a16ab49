public import Hashing

/// The two modes that a file of a tree may have; whatever the disk says is reduced to one of them.
public enum FileMode: UInt16, Sendable, Hashable {
    /// Read by all, written by the owner.
    case regular = 0o644
    /// The same, and executable by all.
    case executable = 0o755

    /// Four octal digits, as in `0644`.
    public var octal: String {
        "0" + String(rawValue, radix: 8)
    }
}

/// Where the bytes of a file are.
public enum FileContents: Sendable, Equatable {
    /// In memory.
    case bytes([UInt8])
    /// In a file of this machine, read when it is written elsewhere and then compared with `digest`.
    case file(path: String, size: Int, digest: SHA256Digest)
}

/// One file of a tree: its mode and bytes, with size and digest known.
public struct FileEntry: Sendable, Equatable {
    /// Whether the file may be executed.
    public let mode: FileMode
    /// The bytes or where they are.
    public let contents: FileContents
    /// Number of bytes.
    public let size: Int
    /// SHA-256 of the bytes.
    public let digest: SHA256Digest

    /// A file of `contents`; bytes in memory are hashed here, once.
    public init(_ contents: FileContents, mode: FileMode = .regular) {
        self.mode = mode
        self.contents = contents
        switch contents {
        case .bytes(let bytes):
            size = bytes.count
            digest = SHA256Digest(of: bytes)
        case .file(_, let size, let digest):
            self.size = size
            self.digest = digest
        }
    }

    /// Whether mode and bytes are the same, wherever the bytes are kept.
    public func isSameFile(as other: FileEntry) -> Bool {
        mode == other.mode && size == other.size && digest == other.digest
    }
}
