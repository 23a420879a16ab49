/// How objects are brought.
public struct TransferOptions: Sendable, Equatable {
    /// How many requests for bytes are under way at the same time.
    public var connections: Int
    /// Whether every file is on the disk, and not only in the system's memory, in the end.
    public var isDurable: Bool
    /// The path of the file that remembers what has come, so that the next run goes on; nil for a folder that is thrown away.
    ///
    /// With a journal the folder belongs to the download alone: what is in it and not asked for is removed.
    public var journal: String?
    /// The numbers behind it.
    public var limits = TransferLimits()

    /// States all but the limits.
    public init(connections: Int, isDurable: Bool, journal: String?) {
        self.connections = connections
        self.isDurable = isDurable
        self.journal = journal
    }
}

/// The numbers that decide how a download goes. Waiting between attempts is that of `HTTPSettings.retry`, patience with a silent
/// server that of `HTTPSettings.timeouts`.
public struct TransferLimits: Sendable, Equatable {
    /// Attempts of a file in a row; answers and errors that come while it is waiting already count once.
    public var attempts = 10
    /// After so many bytes the attempts are counted anew.
    public var forgivingBytes = 8 << 20
    /// How often the address or the credential of one file may expire.
    public var renewals = 5
    /// A larger file is read in parts.
    public var splitBytes = 32 << 20
    /// Bytes of a part.
    public var partBytes = 16 << 20
    /// The journal is at most so many bytes of a file behind; what came after, and what is in the buffers of its parts, is asked
    /// for again after a `kill -9`.
    public var journalBytes = 4 << 20
    /// Bytes that are written at once: libcurl hands over 16 KiB at a time, and writing costs more by the call than by the byte.
    /// Many connections have smaller buffers, 4 MiB in all.
    public var bufferBytes = 256 << 10
    /// Bytes of an answer to `ObjectAccess.signRequest`.
    public var signedAnswerBytes = 1 << 20
    /// Bytes between two digests of a file's beginning in the journal.
    public var checkpointBytes = 8 << 20

    /// Seconds between two reports of progress, those of the last byte excepted.
    public var reportSeconds = 0.05

    /// The defaults.
    public init() {}
}
