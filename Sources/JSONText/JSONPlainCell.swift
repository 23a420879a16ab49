/// An element of an array as most tables have them: a number of at most 19 digits, or a text of printable ASCII without escapes.
public struct JSONPlainCell: Sendable {
    /// What the element is.
    public enum Kind: Sendable {
        /// A number without point and exponent that 64 bits hold; also in `integer`.
        case integer
        /// A number with a point.
        case number
        /// A text.
        case text
    }

    /// What it is.
    public internal(set) var kind = Kind.text
    /// Where the number, or the text without its quotes, begins and ends in the region or buffer.
    public internal(set) var start = 0
    /// The first byte after it.
    public internal(set) var end = 0
    /// The number as the nearest binary64, ties to even.
    public internal(set) var double = 0.0
    /// The number, when it is an `integer`.
    public internal(set) var integer: Int64 = 0

    /// The first byte and the one after the last.
    public var range: Range<Int> { start..<end }

    /// Room for one element.
    public init() {}
}

extension JSONPullReader {
    /// Inside an array, reads as many of its next elements as are plain, in one go and without an event for each.
    ///
    /// What is not plain (`null`, a nested array, a longer number, another text, anything that is wrong) is left for `next`, as is
    /// the end of the array. Nothing is read when the reader does not stand in an array.
    ///
    /// - Returns: how many were put into `cells`, which bounds them.
    public mutating func plainCells(into cells: inout [JSONPlainCell]) -> Int {
        guard depth > 0, !isInObject, state == .firstElement || state == .afterValue else { return 0 }
        var scanner = PlainScanner(self)
        let count = cells.withUnsafeMutableBufferPointer { scanner.scan(into: $0, isFirst: state == .firstElement) }
        guard count > 0 else { return 0 }
        position = scanner.end
        offset = position
        state = .afterValue
        return count
    }
}

/// Reads plain elements with all that it needs in registers.
private struct PlainScanner {
    private let base: UnsafeRawPointer
    private let limit: Int
    private let maxNumberLength: Int
    private var index: Int
    /// The end of the last element that was read.
    private(set) var end: Int

    init(_ reader: JSONPullReader) {
        base = reader.base
        limit = reader.end
        maxNumberLength = reader.limits.maxNumberLength
        index = reader.position
        end = index
    }

    @inline(__always)
    private func byte(_ index: Int) -> UInt8 { base.load(fromByteOffset: index, as: UInt8.self) }

    mutating func scan(into cells: UnsafeMutableBufferPointer<JSONPlainCell>, isFirst: Bool) -> Int {
        guard var cell = cells.baseAddress else { return 0 }
        var isFirst = isFirst
        var count = 0
        while count < cells.count {
            skipSpace()
            if !isFirst {
                guard index < limit, byte(index) == UInt8(ascii: ",") else { return count }
                index += 1
                skipSpace()
            }
            guard index < limit else { return count }
            let isPlain = byte(index) == UInt8(ascii: "\"") ? readText(into: cell) : readNumber(into: cell)
            guard isPlain else { return count }
            end = index
            isFirst = false
            cell += 1
            count += 1
        }
        return count
    }

    @inline(__always)
    private mutating func skipSpace() {
        while index < limit {
            let next = byte(index)
            guard next <= 0x20, next == 0x20 || next == 0x0a || next == 0x0d || next == 0x09 else { return }
            index += 1
        }
    }

    /// Up to the first quote, when nothing but printable ASCII comes before it.
    @inline(__always)
    private mutating func readText(into cell: UnsafeMutablePointer<JSONPlainCell>) -> Bool {
        let first = index + 1
        var next = first
        let ones: UInt64 = 0x0101_0101_0101_0101
        while limit - next >= 8 {
            let word = base.loadUnaligned(fromByteOffset: next, as: UInt64.self).littleEndian
            let quote = word ^ (ones &* 0x22)
            let backslash = word ^ (ones &* 0x5c)
            // The lowest of these bits is right, which borrows can only spoil above it.
            let special =
                ((quote &- ones) & ~quote | (backslash &- ones) & ~backslash | (word &- ones &* 0x20) | word)
                & (ones << 7)
            guard special == 0 else {
                next += special.trailingZeroBitCount >> 3
                break
            }
            next += 8
        }
        while next < limit {
            let found = byte(next)
            if found == UInt8(ascii: "\"") { break }
            guard found >= 0x20, found < 0x80, found != UInt8(ascii: "\\") else { return false }
            next += 1
        }
        guard next < limit else { return false }
        cell.pointee.kind = .text
        cell.pointee.start = first
        cell.pointee.end = next
        index = next + 1
        return true
    }

    /// number = [ minus ] int [ "." 1*DIGIT ] (RFC 8259, section 6), of at most 19 digits and not followed by more of a number.
    @inline(__always)
    private mutating func readNumber(into cell: UnsafeMutablePointer<JSONPlainCell>) -> Bool {
        let first = index
        var next = first
        let isNegative = byte(next) == UInt8(ascii: "-")
        if isNegative { next += 1 }
        let whole = next
        var digits: UInt64 = 0
        while next < limit, case let digit = byte(next) &- UInt8(ascii: "0"), digit < 10 {
            digits = digits &* 10 &+ UInt64(digit)
            next += 1
        }
        var count = next - whole
        guard count == 1 || count > 1 && byte(whole) != UInt8(ascii: "0") else { return false }
        var exponent = 0
        if next < limit, byte(next) == UInt8(ascii: ".") {
            next += 1
            let fraction = next
            while next < limit, case let digit = byte(next) &- UInt8(ascii: "0"), digit < 10 {
                digits = digits &* 10 &+ UInt64(digit)
                next += 1
            }
            exponent = fraction - next
            guard exponent < 0 else { return false }
            count -= exponent
        }
        // 19 digits cannot wrap around.
        guard count <= 19, next < limit, byte(next) | 0x20 != UInt8(ascii: "e"), next - first <= maxNumberLength,
            let magnitude = DecimalFloat.nearest(digits: digits, exponent: exponent)
        else { return false }
        cell.pointee.kind = .number
        if exponent == 0 {
            guard digits <= UInt64(Int64.max) else { return false }
            cell.pointee.kind = .integer
            let value = Int64(truncatingIfNeeded: digits)
            cell.pointee.integer = isNegative ? 0 &- value : value
        }
        cell.pointee.double = isNegative ? -magnitude : magnitude
        cell.pointee.start = first
        cell.pointee.end = next
        index = next
        return true
    }
}
