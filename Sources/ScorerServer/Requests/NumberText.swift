/// Numbers that come as text: in JSON strings and in the fields of CSV.
///
/// Supported: what Python's `int()` and `float()` read in ASCII, `nan`, `inf` and `infinity` in any case among it. Unsupported:
/// hexadecimal, separators of thousands, decimal commas, other digits than 0 to 9. White space around a number and `_` between
/// its digits are another question, which `allowing` answers.
///
///     integer = [ sign ] digits
///     float = [ sign ] ( digits [ "." [ digits ] ] | "." digits ) [ ( "e" | "E" ) [ sign ] digits ] | [ sign ] word
struct NumberText {
    /// What may stand beside the digits.
    struct Extras: OptionSet {
        let rawValue: Int
        static let spaces = Extras(rawValue: 1)
        static let underscores = Extras(rawValue: 2)
    }

    private var digits: [UInt8] = []
    private var isInteger = true

    /// nil when `text` is no number; no limit but that of the text.
    init?(_ text: UnsafeRawBufferPointer, allowing extras: Extras) {
        var range = 0..<text.count
        if extras.contains(.spaces) {
            while let first = range.first, isSpace(text[first]) { range.removeFirst() }
            while let last = range.last, isSpace(text[last]) { range.removeLast() }
        }
        digits.reserveCapacity(range.count)
        var index = range.lowerBound
        func take(_ byte: UInt8) { digits.append(byte) }
        if index < range.upperBound, text[index] == UInt8(ascii: "+") || text[index] == UInt8(ascii: "-") {
            if text[index] == UInt8(ascii: "-") { take(text[index]) }
            index += 1
        }
        guard index < range.upperBound else { return nil }
        if let word = Self.word(text, index..<range.upperBound) {
            isInteger = false
            digits.append(contentsOf: word)
            return
        }
        let allowsUnderscores = extras.contains(.underscores)
        func run() -> Int? {
            var count = 0
            while index < range.upperBound {
                if text[index] &- UInt8(ascii: "0") < 10 {
                    take(text[index])
                    count += 1
                } else if text[index] == UInt8(ascii: "_"), allowsUnderscores {
                    // Between two digits only.
                    guard count > 0, index + 1 < range.upperBound, text[index + 1] &- UInt8(ascii: "0") < 10 else {
                        return nil
                    }
                } else {
                    break
                }
                index += 1
            }
            return count
        }
        guard var count = run() else { return nil }
        if index < range.upperBound, text[index] == UInt8(ascii: ".") {
            isInteger = false
            if count == 0 { take(UInt8(ascii: "0")) }
            take(UInt8(ascii: "."))
            index += 1
            guard let fraction = run() else { return nil }
            if fraction == 0 { take(UInt8(ascii: "0")) }
            count += fraction
        }
        guard count > 0 else { return nil }
        if index < range.upperBound, text[index] | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            take(UInt8(ascii: "e"))
            index += 1
            if index < range.upperBound, text[index] == UInt8(ascii: "+") || text[index] == UInt8(ascii: "-") {
                take(text[index])
                index += 1
            }
            guard let exponent = run(), exponent > 0 else { return nil }
        }
        guard index == range.upperBound else { return nil }
    }

    /// The nearest binary64; nil when the digits stand for more than that holds.
    var double: Double? {
        let text = String(decoding: digits, as: UTF8.self)
        guard let value = Double(text) else { return nil }
        let isWord = text.utf8.last.map { $0 | 0x20 > UInt8(ascii: "a") } ?? false
        return value.isFinite || isWord ? value : nil
    }

    /// The value when there is neither point nor exponent and 64 bits hold it.
    var int64: Int64? { isInteger ? Int64(String(decoding: digits, as: UTF8.self)) : nil }

    private static func word(_ text: UnsafeRawBufferPointer, _ range: Range<Int>) -> [UInt8]? {
        guard range.count <= 8, text[range.lowerBound] | 0x20 > UInt8(ascii: "a") else { return nil }
        switch String(decoding: text[range].map { $0 | 0x20 }, as: UTF8.self) {
        case "nan": return Array("nan".utf8)
        case "inf", "infinity": return Array("inf".utf8)
        default: return nil
        }
    }
}

/// What Python and pandas take for white space around a number, in ASCII.
private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
