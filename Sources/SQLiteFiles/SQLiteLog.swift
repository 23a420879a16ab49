import Platform

/// The write-ahead log beside a database (SQLite file format 3, section 4): the newest committed form of the pages that it holds.
///
/// Frames count up to the last one that ends a transaction, with right checksums and the salts of the header; what follows was never
/// committed, or is left from an earlier round.
struct SQLiteLog {
    /// The path of the log.
    let path: String
    private let bytes: SQLiteBytes?
    /// Bytes of a page; 0 for an empty log.
    private(set) var pageSize = 0
    /// Page number to the offset of its newest committed bytes in the log.
    private(set) var frames: [Int: Int] = [:]
    /// Pages of the database after the last transaction; nil when the log holds none.
    private(set) var pageCount: Int?
    /// The same for two logs that hold the same transactions.
    private(set) var identity = Identity()

    struct Identity: Equatable {
        var salts: [UInt32] = []
        var checksum: [UInt32] = []
        var frameCount = 0
    }

    var isEmpty: Bool { frames.isEmpty }

    private static let headerSize = 32
    private static let frameHeaderSize = 24
    /// SQLite moves its log to the database every 1,000 pages or so.
    private static let sizeLimit = 256 << 20

    /// The log of the database at `database`, or, unless `isBeside`, the one at that path itself; empty when there is none.
    static func read(_ database: String, shown: String, isBeside: Bool = true) throws(SQLiteError) -> SQLiteLog {
        let path = isBeside ? database + "-wal" : database
        let status: FileStatus?
        do throws(FileError) { status = try FileStatus.of(path) } catch { throw SQLiteError(error) }
        guard let status, status.size >= headerSize else { return SQLiteLog(path: path, bytes: nil) }
        guard status.size <= sizeLimit else {
            throw SQLiteError(
                .limit, shown, "its write-ahead log has \(status.size >> 20) MiB; the limit is \(sizeLimit >> 20) MiB",
                hints: ["move it into the database: `sqlite3 FILE 'PRAGMA wal_checkpoint(TRUNCATE)'`"])
        }
        var log = SQLiteLog(path: path, bytes: try SQLiteBytes(path, shown: path))
        try log.scan()
        return log
    }

    private init(path: String, bytes: SQLiteBytes?) {
        self.path = path
        self.bytes = bytes
    }

    /// The page at an offset of `frames`.
    func page(_ offset: Int) throws(SQLiteError) -> [UInt8] {
        guard let bytes else { return [] }
        return try bytes.read(at: offset, count: pageSize)
    }

    private mutating func scan() throws(SQLiteError) {
        guard let bytes else { return }
        let header = try bytes.read(at: 0, count: Self.headerSize)
        let magic = Self.long(header, 0)
        let size = Int(Self.long(header, 8))
        guard magic & 0xffff_fffe == 0x377f_0682, Self.long(header, 4) == 3_007_000, size >= 512, size <= 65_536,
            size & (size - 1) == 0
        else { return }
        var sum = SQLiteChecksum(isBigEndian: magic & 1 == 1)
        sum.add(header[..<24])
        // A header that was written half-way begins no log.
        guard sum.first == Self.long(header, 24), sum.second == Self.long(header, 28) else { return }
        pageSize = size
        identity.salts = [Self.long(header, 16), Self.long(header, 20)]
        var pending: [Int: Int] = [:]
        var offset = Self.headerSize
        var count = 0
        while offset + Self.frameHeaderSize + size <= bytes.size {
            let frame = try bytes.read(at: offset, count: Self.frameHeaderSize + size)
            guard Self.long(frame, 8) == identity.salts[0], Self.long(frame, 12) == identity.salts[1] else { break }
            sum.add(frame[..<8])
            sum.add(frame[Self.frameHeaderSize...])
            guard sum.first == Self.long(frame, 16), sum.second == Self.long(frame, 20) else { break }
            count += 1
            pending[Int(Self.long(frame, 0))] = offset + Self.frameHeaderSize
            let databaseSize = Int(Self.long(frame, 4))
            if databaseSize > 0 {
                frames.merge(pending) { $1 }
                pending.removeAll(keepingCapacity: true)
                pageCount = databaseSize
                identity.checksum = [sum.first, sum.second]
                identity.frameCount = count
            }
            offset += Self.frameHeaderSize + size
        }
    }

    private static func long(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
        bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
}

/// The running checksum of a write-ahead log, over words of four bytes in the order that its header names.
struct SQLiteChecksum {
    let isBigEndian: Bool
    private(set) var first: UInt32 = 0
    private(set) var second: UInt32 = 0

    init(isBigEndian: Bool) { self.isBigEndian = isBigEndian }

    /// Adds bytes, of which there is a multiple of eight.
    mutating func add(_ bytes: ArraySlice<UInt8>) {
        var index = bytes.startIndex
        while index + 8 <= bytes.endIndex {
            first = first &+ word(bytes, index) &+ second
            second = second &+ word(bytes, index + 4) &+ first
            index += 8
        }
    }

    private func word(_ bytes: ArraySlice<UInt8>, _ index: Int) -> UInt32 {
        let value =
            UInt32(bytes[index]) | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2]) << 16
            | UInt32(bytes[index + 3]) << 24
        return isBigEndian ? value.byteSwapped : value
    }
}
