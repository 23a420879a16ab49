import JSONText

/// Writes the JSON of a columnar answer, byte for byte as Python's `json.dumps` writes the lists and records: `", "` and `": "`,
/// floats by `repr`, a float32 by the binary64 that it equals; what is not finite is `null`, or Python's word where that is asked
/// for.
///
/// The head is `{"layout": "array"}` with one column, or `{"layout": "records", "keys": [key, …]}` with one for each key.
struct AnswerText {
    /// The longest text that is written.
    static let byteLimit = 1 << 30
    /// The most that one number takes: `-2.2250738585072014e-308`, and what separates it from the next.
    private static let numberBytes = 26

    private let payload: ColumnarPayload
    private let bytes: UnsafeRawBufferPointer
    private let writesNotFinite: Bool
    /// `{"key": ` and `, "key": ` of each column; nil for an array.
    private var keys: [[UInt8]]?
    private var output: [UInt8] = []

    /// The text of an answer; nil when the payload is damaged.
    static func make(_ bytes: UnsafeRawBufferPointer, writesNotFinite: Bool = false) -> [UInt8]? {
        guard let payload = ColumnarPayload(bytes), var writer = AnswerText(payload, bytes, writesNotFinite) else {
            return nil
        }
        writer.write()
        return writer.output
    }

    private init?(_ payload: ColumnarPayload, _ bytes: UnsafeRawBufferPointer, _ writesNotFinite: Bool) {
        self.payload = payload
        self.writesNotFinite = writesNotFinite
        self.bytes = bytes
        let head = Array(bytes[payload.head])
        guard payload.parameters.isEmpty, !payload.columns.isEmpty, let document = try? JSONText.parse(head),
            payload.columns.allSatisfy({ $0.validity == nil && $0.encoding.isNumber })
        else { return nil }
        var size = 2
        switch document["layout"]?.stringValue {
        case "array":
            let shape = payload.columns[0].shape
            // An empty dimension would make a long text of no numbers.
            guard payload.columns.count == 1, payload.rows > 0, !shape.contains(0) else { return nil }
            let count = payload.columns[0].cells.count / (payload.columns[0].encoding.width ?? 1)
            size += count * (Self.numberBytes + 4 * shape.count)
        case "records":
            let names = document["keys"]?.arrayValue?.compactMap(\.stringValue) ?? []
            guard names.count == payload.columns.count, payload.columns.allSatisfy(\.shape.isEmpty) else { return nil }
            var keys: [[UInt8]] = []
            for (index, name) in names.enumerated() {
                var text = Array((index == 0 ? "{" : ", ").utf8)
                JSONWriter.appendString(name, isASCII: true, to: &text)
                text.append(contentsOf: ": ".utf8)
                keys.append(text)
            }
            let width = keys.reduce(4) { $0 + $1.count + Self.numberBytes }
            guard width <= Self.byteLimit else { return nil }
            // At most 2^30 by 2^30.
            size += payload.rows * width
            self.keys = keys
        default: return nil
        }
        guard size <= Self.byteLimit else { return nil }
        output.reserveCapacity(min(size, 1 << 20))
    }

    private mutating func write() {
        output.append(UInt8(ascii: "["))
        for row in 0..<payload.rows {
            if row > 0 { separate() }
            if let keys {
                for (column, key) in zip(payload.columns, keys) {
                    output.append(contentsOf: key)
                    writeNumber(column, row)
                }
                output.append(UInt8(ascii: "}"))
            } else {
                let column = payload.columns[0]
                let stride = column.shape.reduce(1, *)
                writePart(column, dimension: 0, first: row * stride, stride: stride)
            }
        }
        output.append(UInt8(ascii: "]"))
    }

    private mutating func writePart(_ column: ColumnarPayload.Column, dimension: Int, first: Int, stride: Int) {
        guard dimension < column.shape.count else { return writeNumber(column, first) }
        let inner = stride / column.shape[dimension]
        output.append(UInt8(ascii: "["))
        for index in 0..<column.shape[dimension] {
            if index > 0 { separate() }
            writePart(column, dimension: dimension + 1, first: first + index * inner, stride: inner)
        }
        output.append(UInt8(ascii: "]"))
    }

    private mutating func separate() {
        output.append(UInt8(ascii: ","))
        output.append(UInt8(ascii: " "))
    }

    @inline(__always)
    private mutating func writeNumber(_ column: ColumnarPayload.Column, _ index: Int) {
        func load<Number: FixedWidthInteger>(_ type: Number.Type) -> Number {
            let place = column.cells.lowerBound + index * MemoryLayout<Number>.size
            return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: type))
        }
        switch column.encoding {
        case .float64: writeFloat(Double(bitPattern: load(UInt64.self)))
        case .float32: writeFloat(Double(Float(bitPattern: load(UInt32.self))))
        case .int64: writeInteger(load(Int64.self))
        case .int32: writeInteger(load(Int32.self))
        case .int16: writeInteger(load(Int16.self))
        case .int8: writeInteger(load(Int8.self))
        case .uint64: writeInteger(load(UInt64.self))
        case .uint32: writeInteger(load(UInt32.self))
        case .uint16: writeInteger(load(UInt16.self))
        case .uint8: writeInteger(load(UInt8.self))
        case .bool: output.append(contentsOf: (load(UInt8.self) == 0 ? "false" : "true").utf8)
        case .text, .datetime, .json: break
        }
    }

    private mutating func writeFloat(_ value: Double) {
        guard value.isFinite else {
            let word = value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity"
            return output.append(contentsOf: (writesNotFinite ? word : "null").utf8)
        }
        appendPythonRepr(value, to: &output)
    }

    private mutating func writeInteger<Number: FixedWidthInteger>(_ value: Number) {
        if value < 0 { output.append(UInt8(ascii: "-")) }
        let start = output.count
        var rest = UInt64(value.magnitude)
        repeat {
            output.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        output[start...].reverse()
    }
}

extension ColumnEncoding {
    /// Whether an answer may have it.
    fileprivate var isNumber: Bool {
        switch self {
        case .text, .datetime, .json: false
        default: true
        }
    }
}
