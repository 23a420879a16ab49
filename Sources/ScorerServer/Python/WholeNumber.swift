/// The exact value of whole numbers, of which a binary64 may have lost the last digits.
enum WholeNumber {
    /// From here on a binary64 does not hold every whole number.
    private static let wholeLimit = 9_007_199_254_740_992.0

    /// The whole number whose nearest binary64 is `value`; `literal` is a sign or none and digits, and fits 64 bits.
    @inline(__always)
    static func int64(_ value: Double, _ literal: UnsafeRawBufferPointer) -> Int64 {
        abs(value) < wholeLimit ? Int64(value) : digits(literal)
    }

    private static func digits(_ literal: UnsafeRawBufferPointer) -> Int64 {
        var number: UInt64 = 0
        for byte in literal where byte != UInt8(ascii: "-") {
            number = number &* 10 &+ UInt64(byte &- UInt8(ascii: "0"))
        }
        return Int64(truncatingIfNeeded: literal.first == UInt8(ascii: "-") ? 0 &- number : number)
    }
}
