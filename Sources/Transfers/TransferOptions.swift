/// How objects are brought.
public struct TransferOptions: Sendable, Equatable {
    /// How many requests for bytes are under way at the same time.
    public var connections: Int
    /// Whether every file is on the disk, and not only in the system's memory, in the end.
    public var isDurable: Bool
    /// The path of the file that remembers what has come, so that the next run goes on; nil for a folder that is thrown away.
    public var journal: String?

    /// States all.
    public init(connections: Int, isDurable: Bool, journal: String?) {
        self.connections = connections
        self.isDurable = isDurable
        self.journal = journal
    }
}

/// How far a download is.
public struct TransferProgress: Sendable, Equatable {
    /// The object that moved last.
    public let name: String
    /// Bytes of all objects that have come; goes back when an answer was void.
    public let doneBytes: Int
    /// Bytes of all objects.
    public let totalBytes: Int
    /// Objects that are complete.
    public let doneFiles: Int
    /// All objects.
    public let totalFiles: Int
}
