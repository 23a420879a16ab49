import Diagnostics

/// Goes through the streams of an xz file (The .xz File Format 1.2.1) by their headers and the headers of LZMA2's chunks, without
/// decoding: to know how much memory a decoder would need.
///
/// Checksums and the index are left to the decoder, which compares them.
enum ArchiveXZWalk {
    private static let magic: [UInt8] = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]

    /// - Throws: `FileTreeError` of kind `.limit` for a dictionary that does not fit into `limits.decoderByteCount`, of kind `.archive` when
    ///   streams are damaged, cut off or followed by something else, or use other filters than LZMA2 after at most three that need
    ///   no memory.
    static func check(_ input: inout ArchiveInput, _ limits: ArchiveLimits) throws(FileTreeError) {
        var position = 0
        while position < input.size {
            let head = try input.bytes(at: position, count: min(12, input.size - position))
            if position > 0, head.count >= 4, head[..<4].allSatisfy({ $0 == 0 }) {
                position += 4
                continue
            }
            guard head.count == 12, head.starts(with: magic), head[6] == 0, head[7] <= 0x0f else {
                throw input.problem(
                    position == 0
                        ? "its compressed data is damaged" : "something follows the end of the compressed data",
                    at: position)
            }
            position = try stream(at: position + 12, checkByteCount: checkByteCount(head[7]), &input, limits)
        }
    }

    private static func checkByteCount(_ type: UInt8) -> Int { type == 0 ? 0 : 4 << ((Int(type) - 1) / 3) }

    /// - Returns: where the stream's footer ends.
    private static func stream(
        at start: Int, checkByteCount: Int, _ input: inout ArchiveInput, _ limits: ArchiveLimits
    ) throws(FileTreeError) -> Int {
        var position = start
        while true {
            let first = try input.bytes(at: position, count: 1)[0]
            guard first != 0 else { return try index(at: position, &input) + 12 }
            let headerByteCount = (Int(first) + 1) * 4
            try checkFilters(input.bytes(at: position, count: headerByteCount), at: position, input, limits)
            let end = try chunks(at: position + headerByteCount, &input)
            position = end + (4 - (end - position) % 4) % 4 + checkByteCount
        }
    }

    /// - Returns: where the index ends.
    private static func index(at start: Int, _ input: inout ArchiveInput) throws(FileTreeError) -> Int {
        var position = start + 1
        var numbers = 2 * (try number(at: &position, &input))
        while numbers > 0 {
            _ = try number(at: &position, &input)
            numbers -= 1
        }
        let end = position + (4 - (position - start) % 4) % 4 + 4
        guard end <= input.size - 12 else { throw input.problem("it is cut off", at: input.size) }
        return end
    }

    private static func number(at position: inout Int, _ input: inout ArchiveInput) throws(FileTreeError) -> Int {
        var value = 0
        for shift in 0..<8 {
            let byte = try input.bytes(at: position, count: 1)[0]
            position += 1
            value |= Int(byte & 0x7f) << (7 * shift)
            if byte & 0x80 == 0 { return value }
        }
        throw input.problem("a number in its index is damaged", at: position)
    }

    private static func checkFilters(
        _ header: [UInt8], at position: Int, _ input: borrowing ArchiveInput, _ limits: ArchiveLimits
    ) throws(FileTreeError) {
        let damaged = input.problem("the header of a compressed block is damaged", at: position)
        var rest = header[2...].dropLast(4)
        func number() throws(FileTreeError) -> Int {
            var value = 0
            for shift in 0..<9 {
                guard let byte = rest.popFirst() else { throw damaged }
                value |= Int(byte & 0x7f) << (7 * shift)
                if byte & 0x80 == 0 { return value }
            }
            throw damaged
        }
        for flag in [UInt8(0x40), 0x80] where header[1] & flag != 0 { _ = try number() }
        let count = Int(header[1] & 3) + 1
        for filter in 1...count {
            let (identifier, size) = (try number(), try number())
            guard size <= rest.count else { throw damaged }
            let properties = rest.prefix(size)
            rest = rest.dropFirst(size)
            // Delta and the converters of branches; then LZMA2, always last.
            guard filter == count else {
                guard 0x03...0x0b ~= identifier else { throw damaged }
                continue
            }
            guard identifier == 0x21, size == 1, let bits = properties.first, bits <= 40 else { throw damaged }
            let dictionary = bits == 40 ? 0xffff_ffff : (2 | Int(bits & 1)) << (Int(bits) / 2 + 11)
            let needed = dictionary + ArchiveLimits.decoderOverhead
            guard needed <= limits.decoderByteCount else {
                throw input.problem(
                    "its decoder would need \(grouped(needed)) bytes of memory, the limit is \(grouped(limits.decoderByteCount))",
                    at: position, kind: .limit, hints: ["compress it with at most `xz -8`"])
            }
        }
    }

    /// - Returns: where the last chunk ends.
    private static func chunks(at start: Int, _ input: inout ArchiveInput) throws(FileTreeError) -> Int {
        var position = start
        while true {
            let control = try input.bytes(at: position, count: 1)[0]
            switch control {
            case 0: return position + 1
            case 1, 2:
                let head = try input.bytes(at: position + 1, count: 2)
                position += 3 + (Int(head[0]) << 8 | Int(head[1])) + 1
            case 0x80...:
                let head = try input.bytes(at: position + 3, count: 2)
                position += (control >= 0xc0 ? 6 : 5) + (Int(head[0]) << 8 | Int(head[1])) + 1
            default: throw input.problem("a chunk of its compressed data is damaged", at: position)
            }
        }
    }
}
