import Bytes
import Diagnostics

/// Compares what a gzip file (RFC 1952) unpacks to with the checksums in it, which libarchive 3.6 leaves unread.
struct ArchiveGzipCheck {
    private var checksum: UInt32 = 0
    private var count = 0

    /// Takes the next piece of what libarchive has unpacked.
    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        checksum = Checksum32.crc32(bytes, seed: checksum)
        count += bytes.count
    }

    /// Compares with the end of the file. When there is more than one member, only unpacking them ourselves tells where each ends.
    ///
    /// - Throws: `FileTreeError` of kind `.archive` when a member is damaged or cut off.
    func finish(_ input: inout ArchiveInput) throws(FileTreeError) {
        guard input.size >= 18 else { throw input.problem("its compressed data is cut off", at: input.size) }
        let end = ZipRecord(bytes: try input.bytes(at: input.size - 8, count: 8))
        if end.u32(0) == Int(checksum), end.u32(4) == count & 0xffff_ffff { return }
        var left = count
        var position = 0
        while position < input.size { position = try member(at: position, left: &left, &input) }
        guard left == 0 else { throw damaged(input, position) }
    }

    /// - Returns: where the member ends.
    private func member(at start: Int, left: inout Int, _ input: inout ArchiveInput) throws(FileTreeError) -> Int {
        let head = try input.bytes(at: start, count: 10)
        guard head.starts(with: [0x1f, 0x8b, 8]), head[3] & 0xe0 == 0 else { throw damaged(input, start) }
        var position = start + 10
        if head[3] & 0x04 != 0 { position += 2 + ZipRecord(bytes: try input.bytes(at: position, count: 2)).u16(0) }
        for flag in [UInt8(0x08), 0x10] where head[3] & flag != 0 {
            while try input.bytes(at: position, count: 1)[0] != 0 { position += 1 }
            position += 1
        }
        if head[3] & 0x02 != 0 { position += 2 }
        var inflation = Inflation(at: position, limit: left)
        guard try inflation.run(&input) else { throw damaged(input, start) }
        let end = ZipRecord(bytes: try input.bytes(at: inflation.end, count: 8))
        guard end.u32(0) == Int(inflation.checksum), end.u32(4) == inflation.count & 0xffff_ffff else {
            throw damaged(input, start)
        }
        left -= inflation.count
        return inflation.end + 8
    }

    private func damaged(_ input: borrowing ArchiveInput, _ offset: Int) -> FileTreeError {
        input.problem(
            "its compressed data is damaged: it does not have its own checksum", at: offset,
            hints: ["fetch or make the archive again"])
    }
}
