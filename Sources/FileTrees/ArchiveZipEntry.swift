import Diagnostics

/// A record of a zip archive, little-endian, whose fields the caller knows to lie in it.
struct ZipRecord {
    let bytes: [UInt8]

    func u16(_ offset: Int) -> Int { Int(bytes[offset]) | Int(bytes[offset + 1]) << 8 }
    func u32(_ offset: Int) -> Int { u16(offset) | u16(offset + 2) << 16 }
    /// nil for what is 2^63 or more.
    func u64(_ offset: Int) -> Int? { bytes[offset + 7] < 0x80 ? u32(offset) | u32(offset + 4) << 32 : nil }

    func hasSignature(_ third: UInt8, _ fourth: UInt8) -> Bool { bytes.starts(with: [0x50, 0x4b, third, fourth]) }

    /// The extra fields by their number; nil when one reaches beyond the end or comes twice.
    static func extras(_ bytes: [UInt8]) -> [Int: ZipRecord]? {
        var extras: [Int: ZipRecord] = [:]
        var position = 0
        while position < bytes.count {
            guard bytes.count - position >= 4 else { return nil }
            let head = ZipRecord(bytes: Array(bytes[position..<position + 4]))
            let size = head.u16(2)
            guard size <= bytes.count - position - 4, extras[head.u16(0)] == nil else { return nil }
            extras[head.u16(0)] = ZipRecord(bytes: Array(bytes[(position + 4)..<(position + 4 + size)]))
            position += 4 + size
        }
        return extras
    }

    /// Little-endian bytes of a number.
    static func bytes(_ value: Int, count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
}

/// One member as the central directory has it.
struct ZipEntry {
    static let headByteCount = 46
    /// Encrypted, patched, strongly encrypted, masked.
    private static let refusedFlags = 1 << 0 | 1 << 5 | 1 << 6 | 1 << 13
    private static let encryptionFlags = 1 << 0 | 1 << 6 | 1 << 13
    static let descriptorFlag = 1 << 3
    static let utf8Flag = 1 << 11

    let name: [UInt8]
    let flags: Int
    let method: Int
    let checksum: UInt32
    let packedSize: Int
    let size: Int
    let start: Int
    let isFolder: Bool
    let isExecutable: Bool
    let directoryByteCount: Int

    var hasDescriptor: Bool { flags & Self.descriptorFlag != 0 }
    /// Where it ends at the earliest: with a local header that has nothing but the name.
    var leastEnd: (partialValue: Int, overflow: Bool) {
        start.addingReportingOverflow(min(packedSize, Int.max >> 1) + ZipLocalHeader.headByteCount + name.count)
    }
    var shownName: String { escaped(String(decoding: name, as: UTF8.self)) }

    /// Bytes of the whole entry, by its head.
    static func byteCount(_ head: ZipRecord) -> Int { headByteCount + head.u16(28) + head.u16(30) + head.u16(32) }

    init(_ head: ZipRecord, _ rest: [UInt8], at position: Int, _ problem: ArchiveProblem) throws(FileTreeError) {
        name = Array(rest[..<head.u16(28)])
        flags = head.u16(8)
        method = head.u16(10)
        checksum = UInt32(truncatingIfNeeded: head.u32(16))
        directoryByteCount = Self.byteCount(head)
        let shown = escaped(String(decoding: name, as: UTF8.self))
        guard let extras = ZipRecord.extras(Array(rest[name.count..<(name.count + head.u16(30))])) else {
            throw problem.error("the extra fields of the member `\(shown)` are damaged", at: position)
        }
        // Full of ones: the number is in the extra field, in this order, and only then.
        var long = ZipLongFields(extras[1])
        guard let size = long.resolve(head.u32(24), ArchiveZipWalk.all32),
            let packedSize = long.resolve(head.u32(20), ArchiveZipWalk.all32),
            let start = long.resolve(head.u32(42), ArchiveZipWalk.all32),
            let disk = long.resolve(head.u16(34), ArchiveZipWalk.all16, byteCount: 4), long.isUsedUp, disk == 0
        else { throw problem.error("the long sizes of the member `\(shown)` are damaged", at: position) }
        (self.size, self.packedSize, self.start) = (size, packedSize, start)

        isFolder = name.last == UInt8(ascii: "/")
        // Only Unix and macOS leave a mode.
        let mode = [3, 19].contains(head.bytes[5]) ? head.u16(40) : 0
        isExecutable = !isFolder && mode & 0o100 != 0
        try check(extras, mode, shown, position, problem)
    }

    private func check(
        _ extras: [Int: ZipRecord], _ mode: Int, _ shown: String, _ position: Int, _ problem: ArchiveProblem
    ) throws(FileTreeError) {
        guard flags & Self.encryptionFlags == 0, extras[0x9901] == nil, method != 99 else {
            throw problem.error(
                "its member `\(shown)` is encrypted", at: position, hints: ["make the archive without a password"])
        }
        guard flags & Self.refusedFlags == 0 else {
            throw problem.error("its member `\(shown)` is a patch of another file", at: position)
        }
        guard method == 0 || method == 8 else {
            throw problem.error(
                "its member `\(shown)` is packed by method \(method); only 0 (stored) and 8 (deflated) are read",
                at: position,
                hints: ["make the archive with deflate, which `zip` and Python's `zipfile` do by themselves"])
        }
        guard method == 8 || size == packedSize else {
            throw problem.error("its stored member `\(shown)` has two sizes", at: position)
        }
        let format = mode & 0o170000
        guard format == 0 || format == 0o100000 || format == 0o040000 else {
            throw problem.error(
                "its member `\(shown)` is \(Self.words(format))", at: position, kind: .specialFile,
                hints: ["a model holds plain files and folders only; pack it without that"])
        }
        guard format == 0 || (format == 0o040000) == isFolder else {
            throw problem.error("name and mode of the member `\(shown)` disagree whether it is a folder", at: position)
        }
        guard !isFolder || size == 0 else {
            throw problem.error("its member `\(shown)` is a folder with bytes of its own", at: position)
        }
        guard flags & Self.utf8Flag != 0 || name.allSatisfy({ $0 < 0x80 }) else {
            throw problem.error("the name `\(shown)` is not marked as UTF-8", at: position, kind: .path)
        }
        if let unicode = extras[0x7075] {
            guard unicode.bytes.dropFirst(5).elementsEqual(name) else {
                throw problem.error("the member `\(shown)` has two names", at: position)
            }
        }
    }

    /// The forms that the record after the data may have.
    var descriptors: [[UInt8]] {
        [4, 8].flatMap { width in
            let body =
                ZipRecord.bytes(Int(checksum), count: 4) + ZipRecord.bytes(packedSize, count: width)
                + ZipRecord.bytes(size, count: width)
            return [[0x50, 0x4b, 7, 8] + body, body]
        }
    }

    private static func words(_ format: Int) -> String {
        switch format {
        case 0o120000: "a symbolic link"
        case 0o020000: "a character device"
        case 0o060000: "a block device"
        case 0o010000: "a pipe"
        case 0o140000: "a socket"
        default: "neither a file nor a folder"
        }
    }
}

/// The numbers of the extra field of zip64, taken in their order.
struct ZipLongFields {
    private let record: ZipRecord?
    private var position = 0

    init(_ record: ZipRecord?) { self.record = record }

    /// Whether nothing is left over.
    var isUsedUp: Bool { position == record?.bytes.count ?? 0 }

    /// `short`, or the next long number when it is `ones`; nil when there is none.
    mutating func resolve(_ short: Int, _ ones: Int, byteCount: Int = 8) -> Int? {
        guard short == ones else { return short }
        guard let record, record.bytes.count - position >= byteCount else { return nil }
        defer { position += byteCount }
        return byteCount == 8 ? record.u64(position) : record.u32(position)
    }
}

/// One member as the header before its bytes has it.
struct ZipLocalHeader {
    static let headByteCount = 30
    /// Flags that change how the member is read.
    private static let meaningfulFlags = 1 << 0 | 1 << 3 | 1 << 5 | 1 << 6 | 1 << 11 | 1 << 13

    let head: ZipRecord
    let rest: [UInt8]

    static func nameAndExtraByteCount(_ head: ZipRecord) -> Int { head.u16(26) + head.u16(28) }

    /// What it says otherwise than the directory; nil when they agree.
    func disagreement(with entry: ZipEntry) -> String? {
        guard head.hasSignature(3, 4) else { return "where it is" }
        guard rest[..<head.u16(26)].elementsEqual(entry.name) else { return "its name" }
        guard head.u16(8) == entry.method else { return "its method" }
        guard (head.u16(6) ^ entry.flags) & Self.meaningfulFlags == 0 else { return "its flags" }
        guard let extras = ZipRecord.extras(Array(rest[head.u16(26)...])) else { return "its extra fields" }
        if let unicode = extras[0x7075], !unicode.bytes.dropFirst(5).elementsEqual(entry.name) { return "its name" }
        // Here both sizes are in the extra field or none is.
        var (packed, size) = (head.u32(18), head.u32(22))
        if let long = extras[1] {
            guard long.bytes.count >= 16, let longSize = long.u64(0), let longPacked = long.u64(8) else {
                return "its size"
            }
            guard long.bytes.count == 16 else { return "its size" }
            if size == ArchiveZipWalk.all32 {
                size = longSize
            } else {
                guard longSize == size || longSize == entry.size else { return "its size" }
            }
            if packed == ArchiveZipWalk.all32 {
                packed = longPacked
            } else {
                guard longPacked == packed || longPacked == entry.packedSize else { return "its size" }
            }
        }
        let checksum = UInt32(truncatingIfNeeded: head.u32(14))
        // A writer that could not go back left zeros, and a descriptor after the data.
        let mayBeZero = entry.hasDescriptor
        guard size == entry.size || (mayBeZero && size == 0) else { return "its size" }
        guard packed == entry.packedSize || (mayBeZero && packed == 0) else { return "its size" }
        guard checksum == entry.checksum || (mayBeZero && checksum == 0) else { return "its checksum" }
        return nil
    }
}
