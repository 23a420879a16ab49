import Bytes

/// The lines of a text, one after the other, as ranges of bytes.
struct TextLines {
    let region: ByteRegion
    /// Where the next line begins.
    private(set) var offset: Int
    /// The number of the line that was read last, from 1.
    private(set) var number = 0
    private let end: Int

    init(_ region: ByteRegion, _ range: Range<Int>) {
        self.region = region
        offset = range.lowerBound
        end = range.upperBound
    }

    /// The next line without its line feed; nil at the end.
    mutating func next() -> Range<Int>? {
        guard offset < end else { return nil }
        let start = offset
        var index = start
        while index < end, region[index] != UInt8(ascii: "\n") { index += 1 }
        offset = index < end ? index + 1 : end
        number += 1
        return start..<index
    }

    /// Passes over empty lines.
    mutating func skipEmpty() {
        while offset < end, region[offset] == UInt8(ascii: "\n") {
            offset += 1
            number += 1
        }
    }

    /// The next line's first byte; nil at the end.
    var nextByte: UInt8? { offset < end ? region[offset] : nil }

    /// The text of a range; broken UTF-8 is replaced, and equals no key then.
    func text(_ range: Range<Int>) -> String { String(decoding: region.slice(range), as: UTF8.self) }

    /// Whether the range begins with the ASCII text.
    func hasPrefix(_ prefix: String, _ range: Range<Int>) -> Bool {
        range.count >= prefix.utf8.count
            && region.slice(range.lowerBound..<range.lowerBound + prefix.utf8.count).elementsEqual(prefix.utf8)
    }

    /// The words of a range, which are separated by blanks.
    func words(_ range: Range<Int>) -> [Range<Int>] {
        var result: [Range<Int>] = []
        var start: Int?
        for index in range {
            if region[index] == UInt8(ascii: " ") {
                if let first = start { result.append(first..<index) }
                start = nil
            } else if start == nil {
                start = index
            }
        }
        if let first = start { result.append(first..<range.upperBound) }
        return result
    }

    /// A whole number of at most 18 digits; nil when it is none.
    func integer(_ range: Range<Int>) -> Int? {
        var index = range.lowerBound
        let isNegative = index < range.upperBound && region[index] == UInt8(ascii: "-")
        if isNegative { index += 1 }
        guard index < range.upperBound, range.upperBound - index <= 18 else { return nil }
        var value = 0
        while index < range.upperBound {
            let digit = region[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            value = value * 10 + Int(digit)
            index += 1
        }
        return isNegative ? -value : value
    }

    /// The nearest float64 of a decimal number; nil when it is none or not finite.
    func number(_ range: Range<Int>) -> Double? {
        guard range.count <= 64 else { return nil }
        // Swift's conversion takes names and hexadecimal digits too.
        let isDecimal = region.slice(range).allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
                UInt8(ascii: "e"):
                true
            default: false
            }
        }
        guard isDecimal, let value = Double(text(range)), value.isFinite else { return nil }
        return value
    }

    /// An infinite number, as C writes it; nil when it is something else.
    func infinity(_ range: Range<Int>) -> Double? {
        switch range.count <= 4 ? text(range) : "" {
        case "inf": .infinity
        case "-inf": -.infinity
        default: nil
        }
    }

    /// An error at the line that was read last.
    func malformed(_ reason: String) -> BoostersError {
        BoostersError(offset >= end ? .truncated : .malformed, reason, line: max(1, number))
    }
}
