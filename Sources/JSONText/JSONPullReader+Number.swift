/// A number literal taken apart while it is checked, so that its value costs no second pass.
struct NumberParts {
    /// The first byte of the literal; -1 for none.
    var start = -1
    /// All digits as one integer, without the point; meaningful when `isWhole`.
    var digits: UInt64 = 0
    /// The power of ten that `digits` is multiplied by.
    var exponent = 0
    var isNegative = false
    /// Whether the literal has neither point nor exponent.
    var isInteger = false
    /// Whether `digits` and `exponent` hold everything.
    var isWhole = false
}

extension JSONPullReader {
    /// The nearest binary64 of a number event, ties to even; nil when it is infinite. What is too small becomes zero.
    @inline(__always)
    public func double(_ range: Range<Int>) -> Double? {
        let parts = lastNumber
        if parts.start == range.lowerBound, parts.isWhole,
            let magnitude = DecimalFloat.nearest(digits: parts.digits, exponent: parts.exponent)
        {
            return parts.isNegative ? -magnitude : magnitude
        }
        return slowDouble(range)
    }

    /// The exact value of a number event that has neither point nor exponent; nil for `3.0`, `1e3` and what does not fit.
    public func int64(_ range: Range<Int>) -> Int64? {
        let parts = lastNumber
        guard parts.start == range.lowerBound else { return JSONNumber(unchecked: text(range)).int64 }
        guard parts.isInteger, parts.isWhole else { return nil }
        if parts.isNegative {
            return parts.digits <= UInt64(Int64.max) + 1 ? Int64(truncatingIfNeeded: 0 &- parts.digits) : nil
        }
        return Int64(exactly: parts.digits)
    }

    /// The value of a number event that is one of Python's three words; nil for every other. See `takesNotFinite`.
    public func notFinite(_ range: Range<Int>) -> Double? {
        switch byte(range.upperBound - 1) {
        case UInt8(ascii: "N"): .nan
        case UInt8(ascii: "y"): byte(range.lowerBound) == UInt8(ascii: "-") ? -.infinity : .infinity
        default: nil
        }
    }

    /// Reads with the standard library, which rounds correctly for any number of digits.
    @inline(never)
    private func slowDouble(_ range: Range<Int>) -> Double? {
        guard let value = Double(text(range)), value.isFinite else { return nil }
        return value
    }

    /// number = [ minus ] int [ frac ] [ exp ] (RFC 8259, section 6)
    @inline(__always)
    mutating func readNumber() throws(JSONError) -> Range<Int> {
        let first = position
        var index = first
        var parts = NumberParts()
        parts.start = first
        if byte(index) == UInt8(ascii: "-") {
            parts.isNegative = true
            index += 1
        }
        // More than 19 digits wrap around here and are found out by their count below.
        var digits: UInt64 = 0
        let whole = index
        while index < end, case let digit = byte(index) &- UInt8(ascii: "0"), digit < 10 {
            digits = digits &* 10 &+ UInt64(digit)
            index += 1
        }
        var count = index - whole
        guard count > 0 else {
            if takesNotFinite, parts.isNegative, let range = negativeInfinity() { return range }
            throw numberError(at: index, expected: "a digit")
        }
        if count > 1, byte(whole) == UInt8(ascii: "0") {
            throw error(.syntax("a number begins with a superfluous `0`"))
        }
        parts.isInteger = true
        if index < end, byte(index) == UInt8(ascii: ".") {
            index += 1
            let fraction = index
            while index < end, case let digit = byte(index) &- UInt8(ascii: "0"), digit < 10 {
                digits = digits &* 10 &+ UInt64(digit)
                index += 1
            }
            guard index > fraction else { throw numberError(at: index, expected: "a digit after `.`") }
            parts.exponent = fraction - index
            count += index - fraction
            parts.isInteger = false
        }
        if index < end, byte(index) | 0x20 == UInt8(ascii: "e") {
            parts.exponent += try readExponent(&index)
            parts.isInteger = false
        }
        if count > 19 { count -= leadingZeros(from: whole) }
        parts.digits = digits
        parts.isWhole = count <= 19
        lastNumber = parts
        position = index
        guard index - first <= limits.maxNumberLength else {
            throw error(.numberTooLong(limit: limits.maxNumberLength))
        }
        return first..<index
    }

    private func readExponent(_ index: inout Int) throws(JSONError) -> Int {
        index += 1
        var isNegative = false
        if index < end, byte(index) == UInt8(ascii: "-") || byte(index) == UInt8(ascii: "+") {
            isNegative = byte(index) == UInt8(ascii: "-")
            index += 1
        }
        let first = index
        var exponent = 0
        while index < end, case let digit = byte(index) &- UInt8(ascii: "0"), digit < 10 {
            // Beyond a million the value is zero or infinite whatever follows; the slow path decides which.
            if exponent < 1_000_000 { exponent = exponent * 10 + Int(digit) }
            index += 1
        }
        guard index > first else { throw numberError(at: index, expected: "a digit in the exponent") }
        return isNegative ? -exponent : exponent
    }

    private func leadingZeros(from whole: Int) -> Int {
        var index = whole
        var zeros = 0
        while index < end, byte(index) == UInt8(ascii: "0") || byte(index) == UInt8(ascii: ".") {
            if byte(index) == UInt8(ascii: "0") { zeros += 1 }
            index += 1
        }
        return zeros
    }

    @inline(never)
    private mutating func negativeInfinity() -> Range<Int>? {
        let first = position
        guard accept("-Infinity") else { return nil }
        lastNumber = NumberParts()
        return first..<position
    }

    private func numberError(at index: Int, expected: String) -> JSONError {
        guard index < end else { return error(.endsEarly, at: index) }
        var further = self
        further.position = index
        if further.accept("Infinity") { return error(.notFinite("-Infinity")) }
        return unexpected(expected, at: index)
    }
}
