import Diagnostics

/// What an archive may hold at most. An archive that passes a limit is refused as a whole, before anything is written.
public struct ArchiveLimits: Sendable, Equatable {
    /// Bytes of everything in it, unpacked: 64 GiB.
    public var unpackedByteCount = 64 << 30
    /// How many times larger it may become than its file: 100.
    public var ratio = 100
    /// What it may become whatever its file's size: 16 MiB.
    public var freeByteCount = 16 << 20
    /// Files and folders: 100,000.
    public var memberCount = FileTree.fileLimit
    /// Bytes of memory that a decoder may need: 64 MiB.
    public var decoderByteCount = 64 << 20
    /// Bytes of an extended header of a tar archive: 1 MiB.
    public var extendedHeaderByteCount = 1 << 20

    /// What a decoder needs beside what it looks back on.
    static let decoderOverhead = 1 << 20

    /// The limits that hold unless told otherwise.
    public init() {}

    /// Bytes that a file of `byteCount` bytes may become.
    func unpackedByteCount(ofFile byteCount: Int) -> Int {
        let (product, overflow) = byteCount.multipliedReportingOverflow(by: ratio)
        return min(unpackedByteCount, max(freeByteCount, overflow ? Int.max : product))
    }

    /// The reason that is given when the archive becomes larger than that.
    func expansionReason(ofFile byteCount: Int) -> String {
        if unpackedByteCount(ofFile: byteCount) == unpackedByteCount {
            return "unpacked it is larger than \(shown(unpackedByteCount)), the limit"
        }
        if unpackedByteCount(ofFile: byteCount) == freeByteCount {
            return
                "its \(shown(byteCount)) unpack to more than \(shown(freeByteCount)), which is over \(ratio) times as much"
        }
        return "its \(shown(byteCount)) unpack to more than \(ratio) times as much, the limit"
    }

    private func shown(_ count: Int) -> String { "\(grouped(count)) bytes" }
}
