import Glibc

/// Random bytes for identifiers: one call of the kernel for many requests. Belongs to one thread.
struct RandomPool {
    private var bytes = [UInt8](repeating: 0, count: 4096)
    private var used = 4096

    /// Writes 32 random hexadecimal digits.
    mutating func write(to writer: inout TextWriter) {
        if used + 16 > bytes.count { refill() }
        for index in used..<(used + 16) {
            writer.append(RandomPool.digit(bytes[index] >> 4))
            writer.append(RandomPool.digit(bytes[index] & 15))
        }
        used += 16
    }

    /// Appends `count` random bytes as hexadecimal digits.
    mutating func appendHexadecimal(_ count: Int, to text: inout [UInt8]) {
        for _ in 0..<count {
            let byte = next()
            text.append(RandomPool.digit(byte >> 4))
            text.append(RandomPool.digit(byte & 15))
        }
    }

    /// A number from 0 up to and without 1.
    mutating func fraction() -> Double {
        var bits: UInt64 = 0
        for _ in 0..<8 { bits = bits << 8 | UInt64(next()) }
        return Double(bits >> 11) / Double(1 << 53 as UInt64)
    }

    private mutating func next() -> UInt8 {
        if used == bytes.count { refill() }
        used += 1
        return bytes[used - 1]
    }

    private mutating func refill() {
        used = 0
        // At most 256 bytes a call (getentropy(3)).
        for start in stride(from: 0, to: bytes.count, by: 256) {
            let status = bytes.withUnsafeMutableBytes { buffer in
                buffer.baseAddress.map { getentropy($0 + start, 256) } ?? -1
            }
            if status == 0 { continue }
            // Kernels before 3.17, and sandboxes that forbid the call.
            var generator = SystemRandomNumberGenerator()
            for index in start..<(start + 256) { bytes[index] = UInt8(truncatingIfNeeded: generator.next()) }
        }
    }

    @inline(__always)
    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
