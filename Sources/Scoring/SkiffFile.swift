import Bytes

/// The frame of a `.skiff` file: header, section table, sections. Format.md describes it byte by byte.
enum SkiffFile {
    static let magic: [UInt8] = [0x53, 0x4b, 0x49, 0x46, 0x46, 0x0d, 0x0a, 0x1a]
    static let formatVersion = 1
    static let minimumReader = 1
    static let headerSize = 64
    static let entrySize = 32
    static let alignment = 64
    /// Feature flags that this version understands, as bits. None exist yet.
    static let knownFeatures: UInt32 = 0
    private static let checksumRange = 28..<32

    /// A file's frame after every check of it.
    struct Frame {
        var sections: [Section]
        var sourceDigest: [UInt8]
        var formatVersion: Int
    }

    /// Reads and checks everything but the meaning of the sections' bytes.
    static func decode(_ region: ByteRegion) throws(ScoringError) -> Frame {
        guard region.count >= headerSize, region.bytes(0..<8) == magic else {
            throw ScoringError(.damaged, "it does not begin as a .skiff file", byteOffset: 0)
        }
        let header = region.base
        let version = Int(UInt16(littleEndian: header.load(fromByteOffset: 8, as: UInt16.self)))
        let reader = Int(UInt16(littleEndian: header.load(fromByteOffset: 10, as: UInt16.self)))
        guard reader <= formatVersion else {
            throw ScoringError(
                .tooNew, "it needs a reader of format \(reader); this one reads format \(formatVersion)", byteOffset: 10
            )
        }
        guard reader >= 1, version >= reader else {
            throw ScoringError(.damaged, "format version \(version) cannot need reader \(reader)", byteOffset: 8)
        }
        let unknown = word(region, 12) & ~knownFeatures
        guard unknown == 0 else {
            throw ScoringError(
                .tooNew, "it needs features that this version does not know (flags \(String(unknown, radix: 16)))",
                byteOffset: 12)
        }
        let length = header.load(fromByteOffset: 16, as: UInt64.self)
        guard length == UInt64(region.count) else {
            throw ScoringError(.damaged, "it has \(region.count) bytes instead of \(length)", byteOffset: 16)
        }
        let count = Int(word(region, 24))
        guard count >= 1, count <= Limits.sections, headerSize + count * entrySize <= region.count else {
            throw ScoringError(.damaged, "\(count) sections do not fit", byteOffset: 24)
        }
        let tableEnd = headerSize + count * entrySize
        guard word(region, 28) == checksum(of: region, tableEnd: tableEnd) else {
            throw ScoringError(.damaged, "the checksum of header and section table does not match", byteOffset: 28)
        }
        return Frame(
            sections: try decodeTable(region, count: count, tableEnd: tableEnd),
            sourceDigest: region.bytes(32..<64), formatVersion: version)
    }

    private static func decodeTable(
        _ region: ByteRegion, count: Int, tableEnd: Int
    ) throws(ScoringError) -> [Section] {
        var sections: [Section] = []
        sections.reserveCapacity(count)
        var end = tableEnd
        for index in 0..<count {
            let entry = headerSize + index * entrySize
            func damaged(_ reason: String) -> ScoringError {
                ScoringError(.damaged, "section \(index) \(reason)", byteOffset: entry)
            }
            let kind = SectionKind(rawValue: word(region, entry))
            let offset = region.base.load(fromByteOffset: entry + 8, as: UInt64.self)
            let length = region.base.load(fromByteOffset: entry + 16, as: UInt64.self)
            guard region.base.load(fromByteOffset: entry + 24, as: UInt64.self) == 0 else {
                throw damaged("has a reserved field that is not zero")
            }
            guard offset == UInt64(aligned(end)), length <= UInt64(region.count),
                offset <= UInt64(region.count) - length
            else { throw damaged("lies outside the file or not right after its predecessor") }
            let start = Int(offset)
            let range = start..<(start + Int(length))
            guard region.slice(end..<start).allSatisfy({ $0 == 0 }) else {
                throw damaged("follows padding that is not zero")
            }
            guard Checksum32.crc32(region.slice(range)) == word(region, entry + 4) else {
                throw ScoringError(.damaged, "the checksum of section \(index) does not match", byteOffset: start)
            }
            if let kind, !range.count.isMultiple(of: kind.elementSize) {
                throw damaged("has \(range.count) bytes, not a multiple of \(kind.elementSize)")
            }
            sections.append(Section(kind: kind, region: region, range: range))
            end = range.upperBound
        }
        guard end == region.count else {
            throw ScoringError(.damaged, "\(region.count - end) bytes follow the last section", byteOffset: end)
        }
        guard sections[0].kind == .program else {
            throw ScoringError(.damaged, "the first section is not the program", byteOffset: headerSize)
        }
        return sections
    }

    /// Lays sections out as a file.
    static func encode(sections: [Section], sourceDigest: [UInt8]) -> ByteRegion {
        let tableEnd = headerSize + sections.count * entrySize
        var end = tableEnd
        var offsets: [Int] = []
        for section in sections {
            offsets.append(aligned(end))
            end = aligned(end) + section.range.count
        }
        let file = UnsafeMutableRawBufferPointer.allocate(byteCount: end, alignment: alignment)
        file.initializeMemory(as: UInt8.self, repeating: 0)
        file.copyBytes(from: magic)
        func store<Number: FixedWidthInteger>(_ value: Number, at offset: Int) {
            file.storeBytes(of: value.littleEndian, toByteOffset: offset, as: Number.self)
        }
        store(UInt16(formatVersion), at: 8)
        store(UInt16(minimumReader), at: 10)
        store(UInt64(end), at: 16)
        store(UInt32(sections.count), at: 24)
        UnsafeMutableRawBufferPointer(rebasing: file[32..<64]).copyBytes(from: sourceDigest)
        for (index, section) in sections.enumerated() {
            let entry = headerSize + index * entrySize
            let bytes = section.region.slice(section.range)
            store(section.kind?.rawValue ?? 0, at: entry)
            store(Checksum32.crc32(bytes), at: entry + 4)
            store(UInt64(offsets[index]), at: entry + 8)
            store(UInt64(bytes.count), at: entry + 16)
            UnsafeMutableRawBufferPointer(rebasing: file[offsets[index]..<(offsets[index] + bytes.count)])
                .copyMemory(from: bytes)
        }
        // Sound: the region alone owns the memory and frees it once.
        nonisolated(unsafe) let owned = file
        let region = ByteRegion(start: UnsafeRawPointer(file.baseAddress.unsafelyUnwrapped), count: end) {
            owned.deallocate()
        }
        store(checksum(of: region, tableEnd: tableEnd), at: checksumRange.lowerBound)
        return region
    }

    /// CRC-32 of header and section table without the checksum field itself.
    static func checksum(of region: ByteRegion, tableEnd: Int) -> UInt32 {
        let start = Checksum32.crc32(region.slice(0..<checksumRange.lowerBound))
        return Checksum32.crc32(region.slice(checksumRange.upperBound..<tableEnd), seed: start)
    }

    private static func word(_ region: ByteRegion, _ offset: Int) -> UInt32 {
        UInt32(littleEndian: region.base.load(fromByteOffset: offset, as: UInt32.self))
    }

    private static func aligned(_ offset: Int) -> Int { (offset + alignment - 1) / alignment * alignment }
}
