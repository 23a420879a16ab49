/// Cyclic redundancy checks of 32 bits, reflected, with initial and final complement.
public enum Checksum32 {
    private static let ethernet = tables(0xedb8_8320)
    private static let castagnoli = tables(0x82f6_3b78)

    /// Eight tables of 256 words: `tables[k * 256 + b]` is the effect of byte `b` followed by `k` zero bytes ("slicing by 8").
    private static func tables(_ polynomial: UInt32) -> [UInt32] {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var word = UInt32(byte)
            for _ in 0..<8 { word = word & 1 == 1 ? word >> 1 ^ polynomial : word >> 1 }
            tables[byte] = word
        }
        for index in 256..<8 * 256 {
            let previous = tables[index - 256]
            tables[index] = previous >> 8 ^ tables[Int(previous & 255)]
        }
        return tables
    }

    /// The CRC-32 of Ethernet, zip and PNG (polynomial 0xEDB88320) of `bytes`, continuing from `seed`: the checksum of what came
    /// before.
    public static func crc32(_ bytes: UnsafeRawBufferPointer, seed: UInt32 = 0) -> UInt32 {
        checksum(bytes, seed, ethernet)
    }

    /// The CRC-32 of an array.
    public static func crc32(_ bytes: [UInt8], seed: UInt32 = 0) -> UInt32 {
        bytes.withUnsafeBytes { crc32($0, seed: seed) }
    }

    /// The CRC-32C of Castagnoli (RFC 3720, appendix B.4; polynomial 0x82F63B78) of `bytes`, continuing from `seed`.
    public static func crc32c(_ bytes: UnsafeRawBufferPointer, seed: UInt32 = 0) -> UInt32 {
        checksum(bytes, seed, castagnoli)
    }

    private static func checksum(_ bytes: UnsafeRawBufferPointer, _ seed: UInt32, _ tables: [UInt32]) -> UInt32 {
        guard let start = bytes.baseAddress else { return seed }
        return tables.withUnsafeBufferPointer { table in
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
