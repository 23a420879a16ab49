/// A number as it stands in the text, so that nothing is lost before the reader of it decides what it needs.
///
/// Two numbers are equal when their texts are: `1` and `1.0` differ.
public struct JSONNumber: Sendable, Hashable {
    /// The literal: `-0`, `3.0`, `1e-05`.
    public let text: String

    /// A whole number.
    public init(_ value: Int) { text = String(value) }

    /// The shortest text that reads back as `value`, in the manner of Python: `1.0`, `1e-05`.
    ///
    /// A value that is not finite gives `NaN`, `Infinity` or `-Infinity` as Python's `json.dumps` does; these are not JSON and
    /// their `double` is nil.
    public init(_ value: Double) {
        text = value.isFinite ? pythonRepr(value) : value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity"
    }

    /// A literal; nil when it is not a number of RFC 8259.
    public init?(text: String) {
        let region = Array(text.utf8)
        let isNumber = region.withUnsafeBytes { bytes in
            var reader = JSONPullReader(bytes, limits: JSONLimits(maxNumberLength: .max))
            guard case .number(let range)? = try? reader.next() else { return false }
            return range == 0..<bytes.count
        }
        guard isNumber else { return nil }
        self.text = text
    }

    init(unchecked text: String) { self.text = text }

    /// Whether the literal has neither a fraction nor an exponent: `3.0` is not an integer.
    public var isInteger: Bool {
        text.utf8.allSatisfy { $0 == UInt8(ascii: "-") || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
    }

    /// The exact value of an integer literal; nil for `3.0`, `1e3`, and what does not fit.
    public var int64: Int64? { isInteger ? Int64(text) : nil }

    /// The nearest binary64, ties to even; nil when that is infinite. What is too small becomes zero.
    public var double: Double? {
        guard let value = Double(text), value.isFinite else { return nil }
        return value
    }
}
