import Diagnostics

/// Goes through the frames of a Zstandard file (RFC 8878) by their headers, without decoding: to know how much memory a decoder
/// would need, and where the last frame ends.
enum ArchiveZstandardWalk {
    private static let blockLimit = 1 << 17

    /// - Throws: `FileTreeError` of kind `.limit` for a window that does not fit into `limits.decoderByteCount`, of kind `.archive` when frames
    ///   are damaged, cut off or followed by something else.
    static func check(_ input: inout ArchiveInput, _ limits: ArchiveLimits) throws(FileTreeError) {
        var position = 0
        while position < input.size {
            let isShort = input.size - position < 4
            let magic = isShort ? 0 : ZipRecord(bytes: try input.bytes(at: position, count: 4)).u32(0)
            if magic & 0xffff_fff0 == 0x184d_2a50 {
                let size = ZipRecord(bytes: try input.bytes(at: position + 4, count: 4)).u32(0)
                guard size <= input.size - position - 8 else { throw input.problem("it is cut off", at: input.size) }
                position += 8 + size
            } else {
                guard magic == 0xfd2f_b528 else {
                    throw input.problem("something follows the end of the compressed data", at: position)
                }
                position = try frame(at: position, &input, limits)
            }
        }
    }

    private static func frame(
        at start: Int, _ input: inout ArchiveInput, _ limits: ArchiveLimits
    ) throws(FileTreeError) -> Int {
        let descriptor = try input.bytes(at: start + 4, count: 1)[0]
        let isSingle = descriptor & 0x20 != 0
        var position = start + 5
        var window = 0
        if !isSingle {
            let byte = try input.bytes(at: position, count: 1)[0]
            let base = 1 << (10 + Int(byte >> 3))
            window = base + base / 8 * Int(byte & 7)
            position += 1
        }
        guard descriptor & 0x08 == 0 else { throw input.problem("a compressed frame is damaged", at: start) }
        guard descriptor & 3 == 0 else {
            throw input.problem("it was compressed with a dictionary, which it does not hold", at: start)
        }
        let sizeByteCount = [isSingle ? 1 : 0, 2, 4, 8][Int(descriptor >> 6)]
        let field = try input.bytes(at: position, count: sizeByteCount)
        if isSingle {
            window =
                field.reversed().reduce(0) { min($0, Int.max >> 9) << 8 | Int($1) } + (sizeByteCount == 2 ? 256 : 0)
        }
        let needed = min(window, Int.max >> 1) + ArchiveLimits.decoderOverhead
        guard needed <= limits.decoderByteCount else {
            throw input.problem(
                "its decoder would need \(grouped(needed)) bytes of memory, the limit is \(grouped(limits.decoderByteCount))",
                at: start, kind: .limit,
                hints: ["compress it with at most `zstd -19`, and without `--long` and `--ultra`"])
        }
        return try blocks(at: position + sizeByteCount, &input) + (descriptor & 0x04 != 0 ? 4 : 0)
    }

    /// - Returns: where the last block ends.
    private static func blocks(at start: Int, _ input: inout ArchiveInput) throws(FileTreeError) -> Int {
        var position = start
        while true {
            let bytes = try input.bytes(at: position, count: 3)
            let header = Int(bytes[0]) | Int(bytes[1]) << 8 | Int(bytes[2]) << 16
            let (type, size) = (header >> 1 & 3, header >> 3)
            guard type != 3, size <= blockLimit else {
                throw input.problem("a compressed block is damaged", at: position)
            }
            position += 3 + (type == 1 ? 1 : size)
            if header & 1 == 1 { return position }
        }
    }
}
