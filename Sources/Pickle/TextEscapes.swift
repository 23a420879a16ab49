/// The escapes of the text opcodes of protocol 0, as CPython's codecs decode them.
enum TextEscapes {
    /// The UTF-8 of a line in Python's `raw-unicode-escape`: Latin-1 with `\uXXXX` and `\UXXXXXXXX`.
    static func rawUnicode(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            guard byte == UInt8(ascii: "\\"), index < bytes.count else {
                append(UInt32(byte), to: &result)
                continue
            }
            let kind = bytes[index]
            index += 1
            guard kind == UInt8(ascii: "u") || kind == UInt8(ascii: "U") else {
                result.append(byte)
                append(UInt32(kind), to: &result)
                continue
            }
            let count = kind == UInt8(ascii: "u") ? 4 : 8
            guard let value = hexadecimal(bytes, index, count), append(value, to: &result) else { return nil }
            index += count
        }
        return result
    }

    /// The bytes of a quoted Python 2 string without its quotes.
    static func string(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                continue
            }
            guard index < bytes.count else { return nil }
            let kind = bytes[index]
            index += 1
            if let plain = plainEscapes[kind] {
                result.append(plain)
            } else if kind == UInt8(ascii: "x") {
                guard let value = hexadecimal(bytes, index, 2) else { return nil }
                result.append(UInt8(value))
                index += 2
            } else if kind >= 0x30, kind <= 0x37 {
                var value = Int(kind - 0x30)
                var count = 1
                while count < 3, index < bytes.count, bytes[index] >= 0x30, bytes[index] <= 0x37 {
                    value = value * 8 + Int(bytes[index] - 0x30)
                    index += 1
                    count += 1
                }
                result.append(UInt8(truncatingIfNeeded: value))
            } else {
                result.append(byte)
                result.append(kind)
            }
        }
        return result
    }

    private static let plainEscapes: [UInt8: UInt8] = [
        0x5c: 0x5c, 0x27: 0x27, 0x22: 0x22, 0x61: 7, 0x62: 8, 0x66: 12, 0x6e: 10, 0x72: 13, 0x74: 9, 0x76: 11,
    ]

    private static func hexadecimal(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ count: Int) -> UInt32? {
        guard start + count <= bytes.count else { return nil }
        var value: UInt32 = 0
        for index in start..<start + count {
            guard let digit = Character(Unicode.Scalar(bytes[index])).hexDigitValue else { return nil }
            value = value &* 16 &+ UInt32(digit)
        }
        return value
    }

    @discardableResult
    private static func append(_ value: UInt32, to result: inout [UInt8]) -> Bool {
        guard let scalar = Unicode.Scalar(value) else { return false }
        result.append(contentsOf: Array(String(Character(scalar)).utf8))
        return true
    }
}
