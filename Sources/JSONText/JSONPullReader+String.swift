extension JSONPullReader {
    /// Reads a string from its opening quote; gives "" when `decodesStrings` is off, after the same checks.
    mutating func readString() throws(JSONError) -> String {
        let first = position + 1
        var index = plainEnd(from: first)
        var isASCII = true
        var hasEscapes = false
        while true {
            guard index < end else { throw error(.endsEarly, at: end) }
            switch byte(index) {
            case UInt8(ascii: "\""):
                position = index + 1
                if !isASCII, let bad = invalidUTF8(first..<index) { throw error(.invalidUTF8, at: bad) }
                if hasEscapes { return try decodeEscapes(first..<index) }
                return decodesStrings ? text(first..<index) : ""
            case UInt8(ascii: "\\"):
                hasEscapes = true
                // The byte after a backslash is never the closing quote; which it is, is checked when decoding.
                index += 2
            case 0..<0x20:
                throw error(.syntax("a control character in a string is not escaped"), at: index)
            case 0x80...:
                isASCII = false
                index += 1
            default: index = plainEnd(from: index)
            }
        }
    }

    /// The index of the first byte that is not printable ASCII, or is a quote or a backslash; eight bytes at a time.
    @inline(__always)
    private func plainEnd(from first: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops = ones << 7
        var index = first
        while end - index >= 8 {
            let word = base.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let quote = word ^ (ones &* 0x22)
            let backslash = word ^ (ones &* 0x5c)
            let special = (quote &- ones) & ~quote | (backslash &- ones) & ~backslash | (word &- ones &* 0x20) | word
            if special & tops != 0 { break }
            index += 8
        }
        while index < end {
            let next = byte(index)
            if next < 0x20 || next >= 0x80 || next == 0x22 || next == 0x5c { break }
            index += 1
        }
        return index
    }

    private mutating func decodeEscapes(_ range: Range<Int>) throws(JSONError) -> String {
        scratch.removeAll(keepingCapacity: true)
        var index = range.lowerBound
        while index < range.upperBound {
            let next = byte(index)
            guard next == UInt8(ascii: "\\") else {
                scratch.append(next)
                index += 1
                continue
            }
            index += 1
            switch byte(index) {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): scratch.append(byte(index))
            case UInt8(ascii: "b"): scratch.append(0x08)
            case UInt8(ascii: "f"): scratch.append(0x0c)
            case UInt8(ascii: "n"): scratch.append(0x0a)
            case UInt8(ascii: "r"): scratch.append(0x0d)
            case UInt8(ascii: "t"): scratch.append(0x09)
            case UInt8(ascii: "u"):
                let scalar = try unicodeEscape(&index, limit: range.upperBound)
                scratch.append(contentsOf: UTF8.encode(scalar) ?? .init())
            default: throw unexpected("an escape (one of `\"\\/bfnrtu`)", at: index)
            }
            index += 1
        }
        return decodesStrings ? String(decoding: scratch, as: UTF8.self) : ""
    }

    /// Reads `uXXXX` at `index`, and the second half of a pair; leaves `index` at the last digit.
    private func unicodeEscape(_ index: inout Int, limit: Int) throws(JSONError) -> Unicode.Scalar {
        let place = index - 1
        let unit = try hexadecimalUnit(index + 1, limit: limit)
        index += 4
        if let scalar = Unicode.Scalar(unit) { return scalar }
        // Only surrogates are not scalars: a high one must be followed by a low one.
        guard unit < 0xdc00, index + 6 < limit, byte(index + 1) == UInt8(ascii: "\\"),
            byte(index + 2) == UInt8(ascii: "u")
        else { throw error(.loneSurrogate, at: place) }
        let second = try hexadecimalUnit(index + 3, limit: limit)
        guard (0xdc00...0xdfff).contains(second) else { throw error(.loneSurrogate, at: place) }
        index += 6
        let value = 0x10000 + (UInt32(unit) - 0xd800) << 10 + (UInt32(second) - 0xdc00)
        guard let scalar = Unicode.Scalar(value) else { throw error(.loneSurrogate, at: place) }
        return scalar
    }

    private func hexadecimalUnit(_ first: Int, limit: Int) throws(JSONError) -> UInt16 {
        var unit: UInt16 = 0
        for index in first..<first + 4 {
            guard index < limit else { throw error(.syntax("a `\\u` escape needs four hexadecimal digits"), at: index) }
            let digit: UInt8
            switch byte(index) {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte(index) - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte(index) - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte(index) - UInt8(ascii: "A") + 10
            default: throw error(.syntax("a `\\u` escape needs four hexadecimal digits"), at: index)
            }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }

    /// The offset of the first byte in `range` that is not well-formed UTF-8 (Unicode 15, table 3-7); nil when all is.
    private func invalidUTF8(_ range: Range<Int>) -> Int? {
        var index = range.lowerBound
        while index < range.upperBound {
            let lead = byte(index)
            if lead < 0x80 {
                index += 1
                continue
            }
            let second: ClosedRange<UInt8>
            let count: Int
            switch lead {
            case 0xc2...0xdf: (count, second) = (2, 0x80...0xbf)
            case 0xe0: (count, second) = (3, 0xa0...0xbf)
            case 0xe1...0xec, 0xee...0xef: (count, second) = (3, 0x80...0xbf)
            case 0xed: (count, second) = (3, 0x80...0x9f)
            case 0xf0: (count, second) = (4, 0x90...0xbf)
            case 0xf1...0xf3: (count, second) = (4, 0x80...0xbf)
            case 0xf4: (count, second) = (4, 0x80...0x8f)
            default: return index
            }
            guard range.upperBound - index >= count, second.contains(byte(index + 1)) else { return index }
            for tail in index + 2..<max(index + 2, index + count) where byte(tail) & 0xc0 != 0x80 { return index }
            index += count
        }
        return nil
    }
}
