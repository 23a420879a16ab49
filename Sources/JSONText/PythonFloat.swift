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

/// `text` is digits with at most one point and at most one `e` with a signed exponent.
private func appendPythonForm(_ text: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
    let zero = UInt8(ascii: "0")
    let mark = text.firstIndex(of: UInt8(ascii: "e")) ?? text.count
    let point = text[..<mark].firstIndex(of: UInt8(ascii: ".")) ?? mark
    var exponent = 0
    var negative = false
    for character in text[mark...].dropFirst() {
        switch character {
        case UInt8(ascii: "-"): negative = true
        case UInt8(ascii: "+"): continue
        default: exponent = exponent * 10 + Int(character - zero)
        }
    }
    // The digits without leading and trailing zeros; the value is 0.DIGITS x 10^decimalPoint.
    var first = 0
    while first < mark, text[first] == zero || first == point { first += 1 }
    var last = mark
    while last > first, text[last - 1] == zero || last - 1 == point { last -= 1 }
    let decimalPoint = (negative ? -exponent : exponent) + (first < point ? point - first : point - first + 1)
    let digits = text[first..<last].lazy.filter { $0 != UInt8(ascii: ".") }
    let count = point > first && point < last ? last - first - 1 : last - first

    if decimalPoint > -4, decimalPoint <= 16 {
        if decimalPoint <= 0 {
            bytes.append(zero)
            bytes.append(UInt8(ascii: "."))
            bytes.append(contentsOf: repeatElement(zero, count: -decimalPoint))
            bytes.append(contentsOf: digits)
            return
        }
        var position = 0
        for digit in digits {
            if position == decimalPoint { bytes.append(UInt8(ascii: ".")) }
            bytes.append(digit)
            position += 1
        }
        if count <= decimalPoint {
            bytes.append(contentsOf: repeatElement(zero, count: decimalPoint - count))
            bytes.append(UInt8(ascii: "."))
            bytes.append(zero)
        }
        return
    }
    var position = 0
    for digit in digits {
        if position == 1 { bytes.append(UInt8(ascii: ".")) }
        bytes.append(digit)
        position += 1
    }
    let power = decimalPoint - 1
    bytes.append(UInt8(ascii: "e"))
    bytes.append(power < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
    if power.magnitude < 10 { bytes.append(zero) }
    appendDecimal(UInt64(power.magnitude), to: &bytes)
}
