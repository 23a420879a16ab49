/// Classes of characters (RFC 9110, section 5.6.2; RFC 3986, appendix A), and the search for the end of a line.
enum HTTPSyntax {
    /// A character of a token: of a method or of a field's name.
    static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, 33, 35...39, 42, 43, 45, 46, 94...96, 124, 126: true
        default: false
        }
    }

    /// A character of a URI without a fragment. `%` must begin an escape, which is checked apart.
    static func isURI(_ byte: UInt8) -> Bool {
        switch byte {
        case 33, 36...59, 61, 63...91, 93, 95, 97...122, 126: true
        default: false
        }
    }

    static func isHexadecimal(_ byte: UInt8) -> Bool { hexadecimal(byte) != nil }

    static func hexadecimal(_ byte: UInt8) -> Int? {
        switch byte {
        case 48...57: Int(byte) - 48
        case 65...70: Int(byte) - 55
        case 97...102: Int(byte) - 87
        default: nil
        }
    }

    /// `host [ ":" port ]` (RFC 9110, section 7.2), the host as a name, an IPv4 address or an IPv6 address in brackets; not empty.
    static func isAuthority(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let first = bytes.first else { return false }
        var host = bytes.count
        if first == UInt8(ascii: "[") {
            guard let end = bytes.firstIndex(of: UInt8(ascii: "]")), end > 1 else { return false }
            guard bytes[1..<end].allSatisfy({ isHexadecimal($0) || $0 == 58 || $0 == 46 }) else { return false }
            host = end + 1
        } else {
            host = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.count
            guard host > 0, bytes[..<host].allSatisfy(isHost) else { return false }
        }
        guard host < bytes.count else { return true }
        return bytes[host] == 58 && bytes.count - host <= 6 && bytes[(host + 1)...].allSatisfy { 48...57 ~= $0 }
    }

    /// Letters, digits, `-._~`, the sub-delimiters and `%`.
    private static func isHost(_ byte: UInt8) -> Bool {
        isURI(byte) && byte != 47 && byte != 58 && !(63...64 ~= byte) && byte != 91 && byte != 93
    }

    /// The first index from `start` of a control character, DEL among them; the count when there is none. Eight bytes at a time.
    static func firstControl(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops = ones << 7
        var index = start
        while bytes.count - index >= 8 {
            let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let delete = word ^ (ones &* 0x7f)
            // Borrows go upwards only, so the lowest mark is always a true one.
            let marks = ((word &- ones &* 0x20) & ~word | (delete &- ones) & ~delete) & tops
            if marks != 0 { return index + UInt64(littleEndian: marks).trailingZeroBitCount / 8 }
            index += 8
        }
        while index < bytes.count, bytes[index] >= 0x20, bytes[index] != 0x7f { index += 1 }
        return index
    }
}
