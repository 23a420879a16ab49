/// Collects bytes; numbers are written little-endian.
public struct ByteWriter: Sendable {
    /// What was written so far.
    public var bytes: [UInt8] = []

    /// An empty writer.
    public init() {}

    /// An empty writer with room for `capacity` bytes.
    public init(capacity: Int) { bytes.reserveCapacity(capacity) }

    /// The number of bytes written so far.
    public var count: Int { bytes.count }

    /// Appends one byte.
    public mutating func append(_ value: UInt8) { bytes.append(value) }
    /// Appends two bytes.
    public mutating func append(_ value: UInt16) { appendInteger(value) }
    /// Appends four bytes.
    public mutating func append(_ value: UInt32) { appendInteger(value) }
    /// Appends eight bytes.
    public mutating func append(_ value: UInt64) { appendInteger(value) }
    /// Appends a signed number as four bytes.
    public mutating func append(_ value: Int32) { appendInteger(value) }
    /// Appends a signed number as eight bytes.
    public mutating func append(_ value: Int64) { appendInteger(value) }
    /// Appends an IEEE 754 binary64.
    public mutating func append(_ value: Double) { appendInteger(value.bitPattern) }
    /// Appends an IEEE 754 binary32.
    public mutating func append(_ value: Float) { appendInteger(value.bitPattern) }
    /// Appends bytes as they are.
    public mutating func append(_ value: some Sequence<UInt8>) { bytes.append(contentsOf: value) }
    /// Appends the UTF-8 of a text, without a length or an end mark.
    public mutating func append(_ value: String) { bytes.append(contentsOf: value.utf8) }

    /// Appends a whole array of numbers, each little-endian.
    public mutating func append(_ values: [Double]) { for value in values { append(value) } }
    /// Appends a whole array of numbers, each little-endian.
    public mutating func append(_ values: [UInt32]) { for value in values { append(value) } }
    /// Appends a whole array of numbers, each little-endian.
    public mutating func append(_ values: [UInt64]) { for value in values { append(value) } }

    /// Appends zeros until the count is a multiple of `alignment`, which must be positive.
    public mutating func pad(toMultipleOf alignment: Int) {
        precondition(alignment > 0, "an alignment is positive")
        let excess = bytes.count % alignment
        if excess > 0 { bytes.append(contentsOf: repeatElement(0, count: alignment - excess)) }
    }

    @inline(__always)
    private mutating func appendInteger<Number: FixedWidthInteger>(_ value: Number) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
}
