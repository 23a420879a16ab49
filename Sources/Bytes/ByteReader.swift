/// A cursor over a region. Every read is checked against the end; offsets are those of the region.
///
/// Integers and floats are little-endian unless the name says otherwise.
public struct ByteReader: Sendable {
    /// What is read.
    public let region: ByteRegion
    /// The offset in the region after the last byte that may be read.
    public let end: Int
    /// The first offset that may be sought.
    public let start: Int
    /// The offset in the region of the next byte.
    public private(set) var offset: Int

    /// A reader of `range` of `region`, by default all of it; the range must lie within the region.
    public init(_ region: ByteRegion, range: Range<Int>? = nil) {
        let range = range ?? region.range
        precondition(range.lowerBound >= 0 && range.upperBound <= region.count, "byte range out of bounds")
        self.region = region
        start = range.lowerBound
        offset = range.lowerBound
        end = range.upperBound
    }

    /// The number of bytes left.
    public var remaining: Int { end - offset }

    /// Whether all bytes were read.
    public var isAtEnd: Bool { offset == end }

    /// Reads one byte.
    public mutating func readUInt8() throws(ByteReaderError) -> UInt8 { try readInteger() }
    /// Reads two bytes.
    public mutating func readUInt16() throws(ByteReaderError) -> UInt16 { try readInteger() }
    /// Reads four bytes.
    public mutating func readUInt32() throws(ByteReaderError) -> UInt32 { try readInteger() }
    /// Reads eight bytes.
    public mutating func readUInt64() throws(ByteReaderError) -> UInt64 { try readInteger() }
    /// Reads a signed number of one byte.
    public mutating func readInt8() throws(ByteReaderError) -> Int8 { try readInteger() }
    /// Reads a signed number of two bytes.
    public mutating func readInt16() throws(ByteReaderError) -> Int16 { try readInteger() }
    /// Reads a signed number of four bytes.
    public mutating func readInt32() throws(ByteReaderError) -> Int32 { try readInteger() }
    /// Reads a signed number of eight bytes.
    public mutating func readInt64() throws(ByteReaderError) -> Int64 { try readInteger() }
    /// Reads an IEEE 754 binary32.
    public mutating func readFloat32() throws(ByteReaderError) -> Float { Float(bitPattern: try readInteger()) }
    /// Reads an IEEE 754 binary64.
    public mutating func readFloat64() throws(ByteReaderError) -> Double { Double(bitPattern: try readInteger()) }
    /// Reads two bytes, the most significant first.
    public mutating func readUInt16BigEndian() throws(ByteReaderError) -> UInt16 { try readUInt16().byteSwapped }
    /// Reads four bytes, the most significant first.
    public mutating func readUInt32BigEndian() throws(ByteReaderError) -> UInt32 { try readUInt32().byteSwapped }
    /// Reads eight bytes, the most significant first.
    public mutating func readUInt64BigEndian() throws(ByteReaderError) -> UInt64 { try readUInt64().byteSwapped }
    /// Reads an IEEE 754 binary64, the most significant byte first (pickle's `BINFLOAT`).
    public mutating func readFloat64BigEndian() throws(ByteReaderError) -> Double {
        Double(bitPattern: try readUInt64BigEndian())
    }

    /// Reads an integer of any fixed width, little-endian.
    @inline(__always)
    private mutating func readInteger<Number: FixedWidthInteger>() throws(ByteReaderError) -> Number {
        let size = MemoryLayout<Number>.size
        try require(size)
        let number = region.base.loadUnaligned(fromByteOffset: offset, as: Number.self)
        offset += size
        return Number(littleEndian: number)
    }

    /// Passes over `count` bytes and gives their range in the region, without a copy.
    ///
    /// - Parameter count: as read from the bytes: a negative or too large number is an error, not a trap.
    public mutating func readBytes(_ count: Int) throws(ByteReaderError) -> Range<Int> {
        try require(count)
        let range = offset..<offset + count
        offset += count
        return range
    }

    /// Reads up to and including the next line feed and gives the range before it.
    ///
    /// - Throws: when there is no line feed in the next `limit` bytes after the line, or before the end.
    public mutating func readLine(limit: Int) throws(ByteReaderError) -> Range<Int> {
        let window = min(remaining, limit < Int.max ? limit + 1 : limit)
        var index = offset
        let stop = offset + window
        while index < stop, region.base.load(fromByteOffset: index, as: UInt8.self) != 0x0a { index += 1 }
        guard index < stop else {
            throw ByteReaderError(
                reason: window < remaining ? .lineTooLong(limit: limit) : .noLineFeed, offset: offset,
                needed: window + 1, available: remaining)
        }
        let range = offset..<index
        offset = index + 1
        return range
    }

    /// The next byte without reading it; nil at the end.
    public var next: UInt8? { offset < end ? region.base.load(fromByteOffset: offset, as: UInt8.self) : nil }

    /// Passes over `count` bytes.
    public mutating func skip(_ count: Int) throws(ByteReaderError) { _ = try readBytes(count) }

    /// Goes to `target`, an offset in the region within the reader's range (its end included).
    public mutating func seek(to target: Int) throws(ByteReaderError) {
        guard target >= start, target <= end else {
            throw ByteReaderError(reason: .outOfRange(target: target), offset: offset, needed: 0, available: remaining)
        }
        offset = target
    }

    @inline(__always)
    private func require(_ count: Int) throws(ByteReaderError) {
        guard count >= 0, count <= end - offset else {
            throw ByteReaderError(reason: .endOfBytes, offset: offset, needed: count, available: end - offset)
        }
    }
}
