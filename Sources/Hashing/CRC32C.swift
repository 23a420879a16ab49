/// The CRC-32 of Castagnoli over bytes that arrive in pieces (RFC 3720, appendix B.4): polynomial 0x82F63B78 reflected,
/// initial and final complement. Google Cloud Storage gives it for every object.
public struct CRC32C: Sendable {
    /// Eight tables of 256 words: `tables[k * 256 + b]` is the effect of byte `b` followed by `k` zero bytes ("slicing
    /// by 8").
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var word = UInt32(byte)
            for _ in 0..<8 { word = word & 1 == 1 ? word >> 1 ^ 0x82f6_3b78 : word >> 1 }
            tables[byte] = word
        }
        for index in 256..<8 * 256 {
            let previous = tables[index - 256]
            tables[index] = previous >> 8 ^ tables[Int(previous & 255)]
        }
        return tables
    }()

    /// The checksum of all bytes so far; 0 before the first.
    public private(set) var value: UInt32 = 0

    /// Starts with no bytes.
    public init() {}

    /// Appends `bytes`; an empty buffer changes nothing.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        let seed = value
        value = Self.tables.withUnsafeBufferPointer { table in
            var crc = ~seed
            var offset = 0
            while offset + 8 <= bytes.count {
                let word = UInt64(littleEndian: start.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                let mixed = word ^ UInt64(crc)
                let low =
                    table[7 * 256 + Int(mixed & 255)] ^ table[6 * 256 + Int(mixed >> 8 & 255)]
                    ^ table[5 * 256 + Int(mixed >> 16 & 255)] ^ table[4 * 256 + Int(mixed >> 24 & 255)]
                let high =
                    table[3 * 256 + Int(mixed >> 32 & 255)] ^ table[2 * 256 + Int(mixed >> 40 & 255)]
                    ^ table[256 + Int(mixed >> 48 & 255)] ^ table[Int(mixed >> 56)]
                crc = low ^ high
                offset += 8
            }
            while offset < bytes.count {
                crc = crc >> 8 ^ table[Int((crc ^ UInt32(bytes[offset])) & 255)]
                offset += 1
            }
            return ~crc
        }
    }
}
