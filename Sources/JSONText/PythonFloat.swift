/// The text of a binary64 as CPython's `repr(float)` gives it (`Python/pystrtod.c`, format code `r`): the shortest digits that
/// read back the same, with an exponent of at least two digits below 1e-4 and from 1e16; `nan`, `inf`, `-inf`.
public func pythonRepr(_ value: Double) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(24)
    appendPythonRepr(value, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
}

/// Appends `pythonRepr(value)`.
public func appendPythonRepr(_ value: Double, to bytes: inout [UInt8]) {
    guard value.isFinite else {
        bytes.append(contentsOf: (value.isNaN ? "nan" : value < 0 ? "-inf" : "inf").utf8)
        return
    }
    if value.sign == .minus { bytes.append(UInt8(ascii: "-")) }
    let magnitude = value.magnitude
    if magnitude < 1e15, magnitude == magnitude.rounded(.towardZero) {
        appendDecimal(UInt64(magnitude), to: &bytes)
        bytes.append(UInt8(ascii: "."))
        bytes.append(UInt8(ascii: "0"))
        return
    }
    // Swift's description has the same shortest digits, but its own rules for the exponent.
    var text = magnitude.description
    text.withUTF8 { appendPythonForm($0, to: &bytes) }
}

private func appendDecimal(_ value: UInt64, to bytes: inout [UInt8]) {
    let start = bytes.count
    var rest = value
    repeat {
        bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
        rest /= 10
    } while rest > 0
    bytes[start...].reverse()
}

/// Rewrites `text`, which is digits with at most one point and at most one `e` with a signed exponent.
private func appendPythonForm(_ text: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
    // Two times 32: at most 17 digits with the zeros and signs around them.
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { room in
        let digits = UnsafeMutableBufferPointer(rebasing: room[..<32])
        let decimal = significantDigits(text, into: digits)
        var form = TextRoom(bytes: UnsafeMutableBufferPointer(rebasing: room[32...]))
        if decimal.point > -4, decimal.point <= 16 {
            form.appendFixed(digits, decimal.count, point: decimal.point)
        } else {
            form.appendScientific(digits, decimal.count, exponent: decimal.point - 1)
        }
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: form.bytes[..<form.count]))
    }
}

/// Copies the digits without leading and trailing zeros; the value is 0.DIGITS x 10^`point`.
private func significantDigits(
    _ text: UnsafeBufferPointer<UInt8>, into digits: UnsafeMutableBufferPointer<UInt8>
) -> (count: Int, point: Int) {
    var count = 0
    var point = 0
    var isFraction = false
    var index = 0
    while index < text.count, text[index] != UInt8(ascii: "e") {
        let character = text[index]
        index += 1
        if character == UInt8(ascii: ".") {
            isFraction = true
        } else if count == 0, character == UInt8(ascii: "0") {
            if isFraction { point -= 1 }
        } else {
            digits[count] = character
            count += 1
            if !isFraction { point += 1 }
        }
    }
    while count > 1, digits[count - 1] == UInt8(ascii: "0") { count -= 1 }
    guard index < text.count else { return (count, point) }
    let isNegative = text[index + 1] == UInt8(ascii: "-")
    var exponent = 0
    for character in text[(index + 2)...] { exponent = exponent * 10 + Int(character - UInt8(ascii: "0")) }
    return (count, isNegative ? point - exponent : point + exponent)
}

/// A small text that is put together on the stack.
private struct TextRoom {
    let bytes: UnsafeMutableBufferPointer<UInt8>
    var count = 0

    mutating func append(_ character: UInt8) {
        bytes[count] = character
        count += 1
    }

    mutating func appendFixed(_ digits: UnsafeMutableBufferPointer<UInt8>, _ digitCount: Int, point: Int) {
        for position in min(0, point - 1)..<max(digitCount, point + 1) {
            let isDigit = position >= 0 && position < digitCount
            if position == point { append(UInt8(ascii: ".")) }
            append(isDigit ? digits[position] : UInt8(ascii: "0"))
        }
    }

    mutating func appendScientific(_ digits: UnsafeMutableBufferPointer<UInt8>, _ digitCount: Int, exponent: Int) {
        for position in 0..<digitCount {
            if position == 1 { append(UInt8(ascii: ".")) }
            append(digits[position])
        }
        append(UInt8(ascii: "e"))
        append(exponent < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
        let magnitude = exponent.magnitude
        if magnitude >= 100 { append(UInt8(ascii: "0") + UInt8(magnitude / 100)) }
        append(UInt8(ascii: "0") + UInt8(magnitude / 10 % 10))
        append(UInt8(ascii: "0") + UInt8(magnitude % 10))
    }
}
