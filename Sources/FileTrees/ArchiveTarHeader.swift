/// One block of 512 bytes that begins a member of a tar archive (POSIX.1-1988 `ustar`, GNU tar's `tar.h`).
struct TarHeader {
    static let byteCount = 512

    enum Dialect: Sendable {
        /// Without a magic: Unix version 7.
        case old
        /// POSIX, with a prefix before the name.
        case ustar
        /// GNU tar, whose names have no prefix.
        case gnu
    }

    let bytes: [UInt8]

    /// Whether `block` begins with 512 bytes that have the checksum of a header.
    static func isHeader(_ block: [UInt8]) -> Bool {
        guard block.count >= byteCount else { return false }
        let header = TarHeader(bytes: Array(block[..<byteCount]))
        return header.octal(148..<156) == header.sum && header.bytes[0] != 0
    }

    /// Whether the checksum is right.
    var hasRightChecksum: Bool { octal(148..<156) == sum }

    /// nil for a magic that is none of theirs.
    var dialect: Dialect? {
        let magic = bytes[257..<265]
        if magic.elementsEqual("ustar\u{0}00".utf8) { return .ustar }
        if magic.elementsEqual("ustar  \u{0}".utf8) { return .gnu }
        return magic.allSatisfy { $0 == 0 } ? .old : nil
    }

    /// The letter that says what the member is.
    var type: UInt8 { bytes[156] }

    /// The name with its prefix, in bytes.
    var name: [UInt8] {
        let name = text(0..<100)
        guard dialect == .ustar else { return name }
        let prefix = text(345..<500)
        return prefix.isEmpty ? name : prefix + [UInt8(ascii: "/")] + name
    }

    /// Bytes of the member; nil when the field is no number.
    var size: Int? {
        guard bytes[124] & 0x80 != 0 else { return octal(124..<136) }
        // Base 256, as GNU tar writes what does not fit in octal; here only what is positive and fits in 63 bits.
        guard bytes[124] == 0x80, bytes[125..<128].allSatisfy({ $0 == 0 }), bytes[128] < 0x80 else { return nil }
        return bytes[128..<136].reduce(0) { $0 << 8 | Int($1) }
    }

    /// The permission bits; nil when the field is no number.
    var mode: Int? { octal(100..<108) }

    private var sum: Int {
        var sum = 0
        for (index, byte) in bytes.enumerated() { sum += 148..<156 ~= index ? 0x20 : Int(byte) }
        return sum
    }

    private func text(_ range: Range<Int>) -> [UInt8] { Array(bytes[range].prefix { $0 != 0 }) }

    /// Digits with blanks before and blanks or zero bytes after them; nil for anything else.
    private func octal(_ range: Range<Int>) -> Int? {
        var value = 0
        var rest = bytes[range].drop { $0 == 0x20 }
        guard let first = rest.first, UInt8(ascii: "0")...UInt8(ascii: "7") ~= first else { return nil }
        while let byte = rest.first, UInt8(ascii: "0")...UInt8(ascii: "7") ~= byte {
            value = value << 3 | Int(byte & 7)
            rest = rest.dropFirst()
        }
        return rest.allSatisfy { $0 == 0 || $0 == 0x20 } ? value : nil
    }
}
