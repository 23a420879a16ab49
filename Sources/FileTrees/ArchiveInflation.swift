import Bytes

/// Unpacks one deflated stream (RFC 1951) to learn its checksum and where it ends.
struct Inflation {
    private static let windowByteCount = 1 << 15
    private static let lengthBase: [Int] = [
        3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227,
        258,
    ]
    private static let distanceBase: [Int] = [
        1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097,
        6145, 8193,
        12289, 16385, 24577,
    ]
    private static let codeOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

    private let limit: Int
    private var chunk: [UInt8] = []
    private var chunkPosition = 0
    private var chunkEnd: Int
    private var bits: UInt64 = 0
    private var bitCount = 0
    // Twice the window: the upper half moves down when it is full.
    private var output: [UInt8] = []
    private var countedOutput = 0

    /// CRC-32 of all that was unpacked.
    private(set) var checksum: UInt32 = 0
    /// Bytes that were unpacked.
    private(set) var count = 0

    /// - Parameters:
    ///   - offset: where the stream begins in the file.
    ///   - limit: bytes that it may unpack to.
    init(at offset: Int, limit: Int) {
        self.limit = limit
        chunkEnd = offset
        output.reserveCapacity(2 * Self.windowByteCount + 512)
    }

    /// Where the stream ends in the file: after the last byte of which a bit was used.
    var end: Int { chunkEnd - (chunk.count - chunkPosition) - bitCount / 8 }

    /// Unpacks to the end; false when the stream is damaged or larger than the limit.
    ///
    /// - Throws: `FileTreeError` when it is cut off or cannot be read.
    mutating func run(_ input: inout ArchiveInput) throws(FileTreeError) -> Bool {
        while true {
            let isLast = try take(1, &input) == 1
            let isSound: Bool
            switch try take(2, &input) {
            case 0: isSound = try stored(&input)
            case 1: isSound = try coded(Self.fixedLiterals, Self.fixedDistances, &input)
            case 2: isSound = try dynamic(&input)
            default: isSound = false
            }
            guard isSound, count <= limit else { return false }
            if isLast {
                flush()
                return true
            }
        }
    }

    // MARK: blocks

    private mutating func stored(_ input: inout ArchiveInput) throws(FileTreeError) -> Bool {
        _ = try take(bitCount % 8, &input)
        let (length, complement) = (try take(16, &input), try take(16, &input))
        guard length == complement ^ 0xffff else { return false }
        for _ in 0..<length { append(UInt8(truncatingIfNeeded: try take(8, &input))) }
        return true
    }

    private mutating func dynamic(_ input: inout ArchiveInput) throws(FileTreeError) -> Bool {
        let literalCount = try take(5, &input) + 257
        let distanceCount = try take(5, &input) + 1
        let codeCount = try take(4, &input) + 4
        var codeLengths = [Int](repeating: 0, count: 19)
        for index in 0..<codeCount { codeLengths[Self.codeOrder[index]] = try take(3, &input) }
        guard literalCount <= 286, distanceCount <= 30, let codes = HuffmanTable(codeLengths) else { return false }
        var lengths: [Int] = []
        while lengths.count < literalCount + distanceCount {
            guard let symbol = try symbol(codes, &input) else { return false }
            switch symbol {
            case 0...15: lengths.append(symbol)
            case 16:
                guard let last = lengths.last else { return false }
                lengths.append(contentsOf: repeatElement(last, count: try take(2, &input) + 3))
            case 17: lengths.append(contentsOf: repeatElement(0, count: try take(3, &input) + 3))
            default: lengths.append(contentsOf: repeatElement(0, count: try take(7, &input) + 11))
            }
        }
        guard lengths.count == literalCount + distanceCount,
            let literals = HuffmanTable(Array(lengths[..<literalCount])),
            let distances = HuffmanTable(Array(lengths[literalCount...]))
        else { return false }
        return try coded(literals, distances, &input)
    }

    private mutating func coded(
        _ literals: HuffmanTable, _ distances: HuffmanTable, _ input: inout ArchiveInput
    ) throws(FileTreeError) -> Bool {
        while count <= limit {
            guard let symbol = try symbol(literals, &input) else { return false }
            if symbol < 256 {
                append(UInt8(truncatingIfNeeded: symbol))
                continue
            }
            if symbol == 256 { return true }
            let index = symbol - 257
            guard index < Self.lengthBase.count else { return false }
            let lengthBits = index < 8 || index == 28 ? 0 : (index - 4) / 4
            let length = Self.lengthBase[index] + (try take(lengthBits, &input))
            guard let code = try self.symbol(distances, &input), code < Self.distanceBase.count else { return false }
            let distance = Self.distanceBase[code] + (try take(code < 4 ? 0 : (code - 2) / 2, &input))
            guard distance <= output.count else { return false }
            for _ in 0..<length { append(output[output.count - distance]) }
        }
        return false
    }

    // MARK: output

    private mutating func append(_ byte: UInt8) {
        output.append(byte)
        count += 1
        guard output.count == 2 * Self.windowByteCount else { return }
        flush()
        output.removeFirst(Self.windowByteCount)
        countedOutput = output.count
    }

    private mutating func flush() {
        let start = countedOutput
        checksum = output.withUnsafeBytes { bytes in
            Checksum32.crc32(UnsafeRawBufferPointer(rebasing: bytes[start...]), seed: checksum)
        }
        countedOutput = output.count
    }

    // MARK: bits

    private mutating func fill(_ wanted: Int, _ input: inout ArchiveInput) throws(FileTreeError) {
        while bitCount < wanted {
            if chunkPosition == chunk.count {
                let size = min(1 << 16, input.size - chunkEnd)
                // At the end this asks for a byte that is not there, which is the error to throw.
                chunk = try input.bytes(at: chunkEnd, count: max(size, 1))
                chunkEnd += chunk.count
                chunkPosition = 0
            }
            bits |= UInt64(chunk[chunkPosition]) << UInt64(bitCount)
            chunkPosition += 1
            bitCount += 8
        }
    }

    private mutating func take(_ wanted: Int, _ input: inout ArchiveInput) throws(FileTreeError) -> Int {
        try fill(wanted, &input)
        let value = Int(bits & (1 << UInt64(wanted) - 1))
        bits >>= UInt64(wanted)
        bitCount -= wanted
        return value
    }

    private mutating func symbol(_ table: HuffmanTable, _ input: inout ArchiveInput) throws(FileTreeError) -> Int? {
        // A code may lie in the last bits of the file: bits are asked for only as far as the code needs them.
        while true {
            let (symbol, length) = table.entry(Int(bits & 0x7fff))
            if length > 0, length <= bitCount {
                bits >>= UInt64(length)
                bitCount -= length
                return symbol
            }
            guard bitCount < 15 else { return nil }
            try fill(bitCount + 1, &input)
        }
    }

    private static let fixedLiterals = HuffmanTable(
        fixed: [(144, 8), (112, 9), (24, 7), (8, 8)].flatMap { [Int](repeating: $0.1, count: $0.0) })
    private static let fixedDistances = HuffmanTable(fixed: [Int](repeating: 5, count: 30))
}

/// A code of at most 15 bits as a table by the next 15 bits.
struct HuffmanTable {
    // Symbol << 4 | length; 0 where there is no code.
    private var table = [UInt16](repeating: 0, count: 1 << 15)

    /// Makes the table of the canonical code of these lengths; nil when they are too many for a code, or leave gaps in one of more
    /// than one symbol.
    init?(_ lengths: [Int]) {
        var codes = 0
        for length in lengths where length > 0 { codes += 1 << (15 - length) }
        let used = lengths.count { $0 > 0 }
        // No symbol at all, and a single one, are complete as they are (RFC 1951, 3.2.7).
        guard codes == 1 << 15 || used == 0 || (used == 1 && codes == 1 << 14) else { return nil }
        self.init(fixed: lengths)
    }

    /// Makes the table of lengths that are known to be sound.
    init(fixed lengths: [Int]) {
        var code = 0
        for length in 1...15 {
            for (symbol, own) in lengths.enumerated() where own == length {
                var reversed = 0
                for bit in 0..<length where code >> bit & 1 == 1 { reversed |= 1 << (length - 1 - bit) }
                for index in stride(from: reversed, to: 1 << 15, by: 1 << length) {
                    table[index] = UInt16(symbol << 4 | length)
                }
                code += 1
            }
            code <<= 1
        }
    }

    /// The symbol that begins with the lowest bits of `bits`, and its length; length 0 when there is none.
    func entry(_ bits: Int) -> (symbol: Int, length: Int) { (Int(table[bits] >> 4), Int(table[bits] & 15)) }
}
