import JSONText

/// Reads one row of a tensor, which the decoder has checked, from its JSON text into binary elements, row-major.
struct TensorReader {
    /// The lengths of the row's dimensions, outermost first.
    private(set) var lengths: [Int] = []
    private let encoding: ColumnEncoding
    private let expected: [Int]?
    private let text: UnsafeRawBufferPointer
    private var reader: JSONPullReader

    /// - Parameter expected: the lengths of the rows before; nil for the first one.
    init(_ text: UnsafeRawBufferPointer, encoding: ColumnEncoding, expected: [Int]?) {
        self.text = text
        self.encoding = encoding
        self.expected = expected
        reader = JSONPullReader(text, limits: .document)
    }

    /// Appends the elements; false when the row is not as the others, or has a length of 0, or an element that the encoding cannot hold.
    mutating func read(into cells: inout [UInt8]) -> Bool {
        guard let event = try? reader.next(), part(event, dimension: 0, &cells) else { return false }
        return expected.map { $0 == lengths } ?? true
    }

    private mutating func part(_ event: JSONPullReader.Event, dimension: Int, _ cells: inout [UInt8]) -> Bool {
        guard case .beginArray = event else {
            return dimension == lengths.count && element(event, &cells)
        }
        let isFirst = dimension == lengths.count
        if isFirst { lengths.append(0) }
        var count = 0
        while let event = try? reader.next() {
            if case .endArray = event {
                if isFirst { lengths[dimension] = count }
                return count > 0 && lengths[dimension] == count
            }
            // A row of arrays and elements beside each other has no shape.
            if isFirst, count > 0, case .beginArray = event, lengths.count == dimension + 1 { return false }
            guard part(event, dimension: dimension + 1, &cells) else { return false }
            count += 1
        }
        return false
    }

    private func element(_ event: JSONPullReader.Event, _ cells: inout [UInt8]) -> Bool {
        switch event {
        case .number(let range): return number(range, &cells)
        case .bool(let value): return append(value ? 1 : 0, &cells)
        case .null where encoding == .float64 || encoding == .float32: return append(.nan, &cells)
        default: return false
        }
    }

    private func number(_ range: Range<Int>, _ cells: inout [UInt8]) -> Bool {
        guard let value = reader.double(range) else { return false }
        switch encoding {
        case .int64:
            if let whole = reader.int64(range) {
                write(whole, &cells)
                return true
            }
        case .uint64:
            if let whole = UInt64(reader.text(range)) {
                write(whole, &cells)
                return true
            }
        default: break
        }
        // Python reads `-0` as the whole number 0.
        return append(value == 0 && range.count == 2 ? 0 : value, &cells)
    }

    private func append(_ value: Double, _ cells: inout [UInt8]) -> Bool {
        switch encoding {
        case .float64: write(value.bitPattern, &cells)
        case .float32: write(Float(value).bitPattern, &cells)
        case .bool:
            guard value == 0 || value == 1 else { return false }
            cells.append(value == 0 ? 0 : 1)
        case .int64: return writeExactly(Int64(exactly: value), &cells)
        case .int32: return writeExactly(Int32(exactly: value), &cells)
        case .int16: return writeExactly(Int16(exactly: value), &cells)
        case .int8: return writeExactly(Int8(exactly: value), &cells)
        case .uint64: return writeExactly(UInt64(exactly: value), &cells)
        case .uint32: return writeExactly(UInt32(exactly: value), &cells)
        case .uint16: return writeExactly(UInt16(exactly: value), &cells)
        case .uint8: return writeExactly(UInt8(exactly: value), &cells)
        case .text, .datetime, .json: return false
        }
        return true
    }

    private func writeExactly<Number: FixedWidthInteger>(_ value: Number?, _ cells: inout [UInt8]) -> Bool {
        guard let value else { return false }
        write(value, &cells)
        return true
    }

    private func write<Number: FixedWidthInteger>(_ number: Number, _ cells: inout [UInt8]) {
        withUnsafeBytes(of: number.littleEndian) { cells.append(contentsOf: $0) }
    }
}
