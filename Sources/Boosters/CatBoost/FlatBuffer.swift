import Bytes

/// Reads tables of FlatBuffers, every step checked against the end.
///
/// Whatever is copied out of the buffer counts against `budget`: in an honest buffer nothing is stored twice, and a hostile one
/// could name the same bytes often. Source: the FlatBuffers internals document, 24.3.
struct FlatBuffer {
    private var reader: ByteReader
    private let range: Range<Int>
    /// Bytes that may still be copied.
    private var budget: Int

    /// A table: where it is, and where its list of fields is.
    struct Table {
        fileprivate let position: Int
        fileprivate let fields: Int
        fileprivate let fieldCount: Int
    }

    /// - Parameter range: where the buffer lies in `region`.
    init(_ region: ByteRegion, range: Range<Int>) {
        reader = ByteReader(region, range: range)
        self.range = range
        budget = 2 * range.count
    }

    /// The table that the buffer begins with.
    mutating func root() throws(BoostersError) -> Table { try table(at: target(of: range.lowerBound)) }

    /// A whole number of four bytes.
    mutating func int32(_ field: Int, of table: Table, default value: Int = 0) throws(BoostersError) -> Int {
        guard let place = try place(field, table) else { return value }
        return Int(try read(at: place) { reader throws(ByteReaderError) in try reader.readInt32() })
    }

    /// A byte: a truth value or a number of an enumeration.
    mutating func byte(_ field: Int, of table: Table) throws(BoostersError) -> UInt8 {
        guard let place = try place(field, table) else { return 0 }
        return try read(at: place) { reader throws(ByteReaderError) in try reader.readUInt8() }
    }

    /// A float64.
    mutating func float64(_ field: Int, of table: Table, default value: Double) throws(BoostersError) -> Double {
        guard let place = try place(field, table) else { return value }
        return try read(at: place) { reader throws(ByteReaderError) in try reader.readFloat64() }
    }

    /// A text; nil when there is none.
    mutating func text(_ field: Int, of table: Table) throws(BoostersError) -> String? {
        guard let bytes = try vector(field, table, stride: 1) else { return nil }
        guard let text = reader.region.string(bytes) else {
            throw BoostersError(.malformed, "a text in it is not UTF-8", offset: bytes.lowerBound)
        }
        return text
    }

    /// Numbers, each read by `read`; empty when there are none.
    mutating func numbers<Number>(
        _ field: Int, of table: Table, _ next: (inout ByteReader) throws(ByteReaderError) -> Number
    ) throws(BoostersError) -> [Number] {
        guard let bytes = try vector(field, table, stride: MemoryLayout<Number>.size) else { return [] }
        let count = bytes.count / MemoryLayout<Number>.size
        return try read(at: bytes.lowerBound) { reader throws(ByteReaderError) in
            var numbers: [Number] = []
            numbers.reserveCapacity(count)
            for _ in 0..<count { numbers.append(try next(&reader)) }
            return numbers
        }
    }

    /// The number of elements of a list, whatever they are.
    mutating func count(_ field: Int, of table: Table) throws(BoostersError) -> Int {
        guard let place = try place(field, table) else { return 0 }
        let start = try target(of: place)
        return Int(try read(at: start) { reader throws(ByteReaderError) in try reader.readUInt32() })
    }

    /// A table inside of `table`; nil when there is none.
    mutating func table(_ field: Int, of table: Table) throws(BoostersError) -> Table? {
        guard let place = try place(field, table) else { return nil }
        return try self.table(at: target(of: place))
    }

    /// A list of tables.
    mutating func tables(_ field: Int, of table: Table) throws(BoostersError) -> [Table] {
        guard let offsets = try vector(field, table, stride: 4) else { return [] }
        var tables: [Table] = []
        for place in stride(from: offsets.lowerBound, to: offsets.upperBound, by: 4) {
            tables.append(try self.table(at: target(of: place)))
        }
        return tables
    }

    // MARK: Places

    private mutating func table(at position: Int) throws(BoostersError) -> Table {
        let back = Int(try read(at: position) { reader throws(ByteReaderError) in try reader.readInt32() })
        let fields = position - back
        let size = Int(try read(at: fields) { reader throws(ByteReaderError) in try reader.readUInt16() })
        guard size >= 4, size % 2 == 0, fields + size <= range.upperBound else {
            throw BoostersError(.malformed, "a list of fields in it is not sound", offset: position)
        }
        return Table(position: position, fields: fields, fieldCount: (size - 4) / 2)
    }

    /// Where the value of a field is; nil when the table leaves it out.
    private mutating func place(_ field: Int, _ table: Table) throws(BoostersError) -> Int? {
        guard field < table.fieldCount else { return nil }
        let offset = try read(at: table.fields + 4 + 2 * field) { reader throws(ByteReaderError) in
            try reader.readUInt16()
        }
        return offset == 0 ? nil : table.position + Int(offset)
    }

    /// What the offset at `place` points to.
    private mutating func target(of place: Int) throws(BoostersError) -> Int {
        place + Int(try read(at: place) { reader throws(ByteReaderError) in try reader.readUInt32() })
    }

    /// The bytes of a list whose elements take `stride` bytes.
    private mutating func vector(
        _ field: Int, _ table: Table, stride: Int
    ) throws(BoostersError) -> Range<Int>? {
        guard let place = try place(field, table) else { return nil }
        let start = try target(of: place)
        let count = Int(try read(at: start) { reader throws(ByteReaderError) in try reader.readUInt32() })
        guard count <= (range.upperBound - start - 4) / stride else {
            throw BoostersError(.truncated, "a list of \(count) values goes beyond its end", offset: start)
        }
        budget -= count * stride
        guard budget >= 0 else {
            throw BoostersError(.malformed, "its parts lie upon each other", offset: start)
        }
        return start + 4..<start + 4 + count * stride
    }

    private mutating func read<Value>(
        at offset: Int, _ body: (inout ByteReader) throws(ByteReaderError) -> Value
    ) throws(BoostersError) -> Value {
        do throws(ByteReaderError) {
            try reader.seek(to: offset)
            return try body(&reader)
        } catch {
            throw BoostersError(.truncated, "an offset in it points beyond its end", offset: error.offset)
        }
    }
}
