/// MurmurHash3 by A. Appleby, the variant `x86_32` with seed 0.
enum MurmurHash3 {
    static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        var hash: UInt32 = 0
        let whole = bytes.count / 4 * 4
        for start in stride(from: 0, to: whole, by: 4) {
            let word = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self))
            hash ^= mixed(word)
            hash = rotated(hash, 13) &* 5 &+ 0xE654_6B64
        }
        var rest: UInt32 = 0
        for index in (whole..<bytes.count).reversed() { rest = rest << 8 | UInt32(bytes[index]) }
        hash ^= mixed(rest)
        hash ^= UInt32(truncatingIfNeeded: bytes.count)
        hash = (hash ^ hash >> 16) &* 0x85EB_CA6B
        hash = (hash ^ hash >> 13) &* 0xC2B2_AE35
        return hash ^ hash >> 16
    }

    private static func mixed(_ word: UInt32) -> UInt32 { rotated(word &* 0xCC9E_2D51, 15) &* 0x1B87_3593 }

    private static func rotated(_ word: UInt32, _ count: UInt32) -> UInt32 { word << count | word >> (32 - count) }
}
