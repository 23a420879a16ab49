public import Bytes
import CArchive
import Diagnostics

/// Bytes in memory that are compressed as a whole, by one of the methods that joblib offers.
public enum PackedBytes: Sendable, CaseIterable {
    /// RFC 1950, which joblib uses by itself.
    case zlib
    /// RFC 1952; one or more members.
    case gzip
    /// bzip2.
    case bzip2
    /// xz.
    case xz
    /// The older format of LZMA, which has no magic but its usual parameters.
    case lzma
    /// The frame format of LZ4.
    case lz4
    /// Zstandard; joblib does not write it.
    case zstandard

    /// Which method the first bytes show; nil for anything else.
    public init?(_ head: [UInt8]) {
        func begins(_ magic: [UInt8]) -> Bool { head.starts(with: magic) }
        if begins([0x1f, 0x8b, 8]) {
            self = .gzip
        } else if begins([0x42, 0x5a, 0x68]) {
            self = .bzip2
        } else if begins([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]) {
            self = .xz
        } else if begins([0x5d, 0, 0]) {
            self = .lzma
        } else if begins([4, 0x22, 0x4d, 0x18]) {
            self = .lz4
        } else if begins([0x28, 0xb5, 0x2f, 0xfd]) {
            self = .zstandard
        } else if head.count >= 2, head[0] == 0x78, head[1] & 0x20 == 0, (Int(head[0]) << 8 | Int(head[1])) % 31 == 0 {
            // A method, a window and no dictionary, with the check of these two bytes.
            self = .zlib
        } else {
            return nil
        }
    }

    /// What it is called: "gzip".
    public var name: String {
        switch self {
        case .zlib: "zlib"
        case .gzip: "gzip"
        case .bzip2: "bzip2"
        case .xz: "xz"
        case .lzma: "LZMA"
        case .lz4: "LZ4"
        case .zstandard: "Zstandard"
        }
    }

    /// As of archives, but 40 times as large as the file: all of it has to be in memory.
    public static let limits: ArchiveLimits = {
        var limits = ArchiveLimits()
        limits.ratio = 40
        return limits
    }()

    /// Unpacks all of `region`.
    ///
    /// - Parameter path: the name for messages.
    /// - Throws: `FileTreeError` of kind `.archive` for damaged bytes and for what follows them, of kind `.limit` when they unpack to
    ///   more than `limits` say for their number.
    public func unpack(
        _ region: ByteRegion, path: String, limits: ArchiveLimits = PackedBytes.limits
    ) throws(FileTreeError) -> ByteRegion {
        let limit = limits.unpackedByteCount(ofFile: region.count)
        let problem = ArchiveProblem(path: path)
        let overflow = problem.error(
            limits.expansionReason(ofFile: region.count), kind: .limit,
            hints: ["if you trust it, load it and log the model again with `mlflow.sklearn.log_model`"])
        if self == .lzma {
            // The head states how far the decoder looks back, and the decoder takes that much memory at once.
            let window = (1..<min(5, region.count)).reduce(0) { $0 | Int(region[$1]) << (8 * ($1 - 1)) }
            guard window <= limits.decoderByteCount else {
                throw problem.error(
                    "unpacking it takes \(grouped(window)) bytes of memory, the limit is "
                        + "\(grouped(limits.decoderByteCount))", at: 1, kind: .limit)
            }
        }
        guard self == .zlib else { return try unpack(region, limit, problem, overflow) }
        guard region.count > 6 else { throw problem.error("it is cut off", at: region.count) }
        let content = 2..<region.count - 4
        let unpacked = try PackedBytes.inflate(region, content, limit, problem, overflow)
        var checksum: UInt32 = 0
        for index in region.count - 4..<region.count { checksum = checksum << 8 | UInt32(region[index]) }
        guard PackedBytes.adler32(unpacked.buffer) == checksum else {
            throw problem.error("its contents are damaged: they have another checksum", at: region.count - 4)
        }
        return unpacked
    }

    private func unpack(
        _ region: ByteRegion, _ limit: Int, _ problem: ArchiveProblem, _ overflow: FileTreeError
    ) throws(FileTreeError) -> ByteRegion {
        let filter: Int32 =
            switch self {
            case .zlib, .gzip: ARCHIVE_FILTER_GZIP
            case .bzip2: ARCHIVE_FILTER_BZIP2
            case .xz: ARCHIVE_FILTER_XZ
            case .lzma: ARCHIVE_FILTER_LZMA
            case .lz4: ARCHIVE_FILTER_LZ4
            case .zstandard: ARCHIVE_FILTER_ZSTD
            }
        return try PackedBytes.unpack(region, filter, limit, problem, overflow)
    }

    /// Unpacks a deflated stream (RFC 1951) that fills `range`.
    ///
    /// libarchive reads such a stream inside of gzip only; it does not look at the checksum there, which callers have elsewhere.
    static func inflate(
        _ region: ByteRegion, _ range: Range<Int>, _ limit: Int, _ problem: ArchiveProblem, _ overflow: FileTreeError
    ) throws(FileTreeError) -> ByteRegion {
        let head: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]
        let wrapped = ByteRegion.filled(count: head.count + range.count + 8) { memory in
            memory.copyBytes(from: head)
            UnsafeMutableRawBufferPointer(rebasing: memory[head.count...]).copyMemory(from: region.slice(range))
        }
        return try unpack(wrapped, ARCHIVE_FILTER_GZIP, limit, problem, overflow)
    }

    private static func unpack(
        _ region: ByteRegion, _ filter: Int32, _ limit: Int, _ problem: ArchiveProblem, _ overflow: FileTreeError
    ) throws(FileTreeError) -> ByteRegion {
        let handle = try ArchiveHandle.openContents(region, filter: filter, problem)
        var output: [UInt8] = []
        guard case .ok = try handle.nextHeader().status else { return ByteRegion([]) }
        while try handle.nextPiece({ (bytes, _) throws(FileTreeError) in
            guard bytes.count <= limit - output.count else { throw overflow }
            output.append(contentsOf: bytes)
        }) {}
        guard handle.usedByteCount == region.count else {
            throw problem.error("something follows the end of the compressed data", at: handle.usedByteCount)
        }
        return ByteRegion(output)
    }

    /// The checksum at the end of zlib's format (RFC 1950, section 8.2).
    static func adler32(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        var (a, b): (UInt32, UInt32) = (1, 0)
        var index = 0
        while index < bytes.count {
            // As many as fit before `b` could overflow.
            let end = min(bytes.count, index + 5552)
            while index < end {
                a &+= UInt32(bytes[index])
                b &+= a
                index += 1
            }
            a %= 65521
            b %= 65521
        }
        return b << 16 | a
    }
}
