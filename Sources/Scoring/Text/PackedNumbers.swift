/// Reads the numbers of a table that is written as text: five bits in each letter of base64url, the lowest first, and 32 added to all
/// letters of a number but its last.
struct PackedNumbers: Sequence, IteratorProtocol {
    private var rest: UnsafeBufferPointer<UInt8>.Iterator

    /// - Parameter text: one of the program's own tables.
    init(_ text: StaticString) {
        rest = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount).makeIterator()
    }

    mutating func next() -> Int? {
        var number = 0
        var shift = 0
        while let letter = rest.next() {
            let digit = Self.digit(letter)
            number |= (digit & 31) << shift
            shift += 5
            if digit < 32 { return number }
        }
        return nil
    }

    /// The next number, with its sign in the lowest bit.
    mutating func nextSigned() -> Int? {
        next().map { $0 & 1 == 0 ? $0 >> 1 : -(($0 + 1) >> 1) }
    }

    private static func digit(_ letter: UInt8) -> Int {
        switch letter {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): Int(letter - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): Int(letter - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(letter - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "-"): 62
        default: 63
        }
    }
}
