import Bytes

@testable import Scoring

/// Changes files and makes their checksums right again.
enum FileSurgery {
    /// Makes the checksum of header and section table right, as far as the table lies in the file.
    static func mendHeader(_ bytes: inout [UInt8]) {
        guard bytes.count >= SkiffFile.headerSize else { return }
        let count = Int(bytes[24]) | Int(bytes[25]) << 8 | Int(bytes[26]) << 16 | Int(bytes[27]) << 24
        let end = SkiffFile.headerSize + count * SkiffFile.entrySize
        guard end <= bytes.count else { return }
        store(SkiffFile.checksum(of: ByteRegion(bytes), tableEnd: end), at: 28, &bytes)
    }

    /// Makes all checksums right.
    static func mend(_ bytes: inout [UInt8]) {
        guard bytes.count >= SkiffFile.headerSize else { return }
        let count = Int(bytes[24]) | Int(bytes[25]) << 8
        for index in 0..<count {
            let entry = SkiffFile.headerSize + index * SkiffFile.entrySize
            guard entry + SkiffFile.entrySize <= bytes.count else { break }
            let offset = number(bytes, entry + 8)
            let length = number(bytes, entry + 16)
            guard offset <= bytes.count, length <= bytes.count - offset else { continue }
            store(Checksum32.crc32(Array(bytes[offset..<(offset + length)])), at: entry + 4, &bytes)
        }
        mendHeader(&bytes)
    }

    /// The file with another program.
    static func replacingProgram(of bytes: [UInt8], with program: String) throws -> ByteRegion {
        let frame = try SkiffFile.decode(ByteRegion(bytes))
        var sections = frame.sections
        let region = ByteRegion(program)
        sections[0] = Section(kind: .program, region: region, range: region.range)
        return SkiffFile.encode(sections: sections, sourceDigest: frame.sourceDigest)
    }

    /// The text of the file's program.
    static func program(of bytes: [UInt8]) throws -> String {
        let frame = try SkiffFile.decode(ByteRegion(bytes))
        return String(decoding: frame.sections[0].region.bytes(frame.sections[0].range), as: UTF8.self)
    }

    private static func number(_ bytes: [UInt8], _ offset: Int) -> Int {
        var value = 0
        for index in (0..<7).reversed() { value = value << 8 | Int(bytes[offset + index]) }
        return value
    }

    private static func store(_ value: UInt32, at offset: Int, _ bytes: inout [UInt8]) {
        for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt32(index))) }
    }
}
