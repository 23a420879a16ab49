import JSONText

/// The datatypes of Open Inference Protocol v2 (`specification/protocol/inference_rest.md`, "Tensor Data Types").
enum TensorDatatype: String, CaseIterable {
    case bool = "BOOL"
    case uint8 = "UINT8"
    case uint16 = "UINT16"
    case uint32 = "UINT32"
    case uint64 = "UINT64"
    case int8 = "INT8"
    case int16 = "INT16"
    case int32 = "INT32"
    case int64 = "INT64"
    case fp16 = "FP16"
    case fp32 = "FP32"
    case fp64 = "FP64"
    case bytes = "BYTES"

    /// The bytes of one element in binary tensor data; nil for BYTES, whose elements each say how long they are.
    var width: Int? {
        switch self {
        case .bool, .uint8, .int8: 1
        case .uint16, .int16, .fp16: 2
        case .uint32, .int32, .fp32: 4
        case .uint64, .int64, .fp64: 8
        case .bytes: nil
        }
    }

    /// The datatype in which a column of this type is described.
    init(_ type: CellType) {
        switch type {
        case .boolean: self = .bool
        case .integer: self = .int32
        case .long: self = .int64
        case .float: self = .fp32
        case .double: self = .fp64
        case .array(let items): self = TensorDatatype(items)
        case .string, .binary, .datetime, .any, .object, .map: self = .bytes
        }
    }

    /// The datatype of a NumPy type; BYTES for what has none of its own.
    init(dtype: String) {
        self =
            switch dtype {
            case "float16": .fp16
            case "float32": .fp32
            case "float64": .fp64
            case "bool": .bool
            default: TensorDatatype(rawValue: dtype.uppercased()) ?? .bytes
            }
    }

    /// NumPy's name of the type.
    var dtype: String {
        switch self {
        case .fp16: "float16"
        case .fp32: "float32"
        case .fp64: "float64"
        case .bytes: "str"
        default: rawValue.lowercased()
        }
    }

    /// The type of a column that takes every value of the datatype; UINT64 beyond 2^63 fits none.
    var cellType: CellType {
        switch self {
        case .bool: .boolean
        case .uint8, .uint16, .int8, .int16, .int32: .integer
        case .uint32, .uint64, .int64: .long
        case .fp16, .fp32: .float
        case .fp64: .double
        case .bytes: .string
        }
    }

    /// Whether a value of JSON is one of the datatype. `null` is, as a missing value: whether one may be missing says the column.
    func takes(_ event: JSONPullReader.Event, _ reader: JSONPullReader) -> Bool {
        switch (self, event) {
        case (_, .null), (.bool, .bool), (.bytes, .string): true
        case (.fp64, .number(let range)): reader.double(range) != nil
        case (.fp32, .number(let range)): reader.double(range).map { Float($0).isFinite } ?? false
        case (.fp16, .number(let range)): reader.double(range).map { Float16($0).isFinite } ?? false
        case (.uint64, .number(let range)):
            UInt64(reader.text(range)) != nil || takesInteger(0...Int64.max, range, reader)
        case (.uint8, .number(let range)): takesInteger(0...255, range, reader)
        case (.uint16, .number(let range)): takesInteger(0...65535, range, reader)
        case (.uint32, .number(let range)): takesInteger(0...4_294_967_295, range, reader)
        case (.int8, .number(let range)): takesInteger(-128...127, range, reader)
        case (.int16, .number(let range)): takesInteger(-32768...32767, range, reader)
        case (.int32, .number(let range)): takesInteger(-2_147_483_648...2_147_483_647, range, reader)
        case (.int64, .number(let range)): takesInteger(Int64.min...Int64.max, range, reader)
        default: false
        }
    }

    /// A number that the datatype would round: the value after that; nil when nothing changes.
    func rounded(_ range: Range<Int>, _ reader: JSONPullReader) -> Double? {
        guard self == .fp32 || self == .fp16, let value = reader.double(range) else { return nil }
        let nearest = self == .fp32 ? Double(Float(value)) : Double(Float16(value))
        return nearest == value ? nil : nearest
    }

    private func takesInteger(_ limits: ClosedRange<Int64>, _ range: Range<Int>, _ reader: JSONPullReader) -> Bool {
        if let value = reader.int64(range) { return limits.contains(value) }
        // `2.0` is a whole number; from 2^53 on a fraction may have been rounded away.
        guard reader.text(range).utf8.contains(where: { $0 == 46 || $0 | 32 == 101 }), let value = reader.double(range),
            abs(value) < 9_007_199_254_740_992, let whole = Int64(exactly: value)
        else { return false }
        return limits.contains(whole)
    }

    /// Appends one element of binary tensor data as JSON; NaN becomes `null`.
    ///
    /// - Parameter bytes: exactly `width` bytes, little-endian.
    /// - Returns: false for an infinity, which JSON cannot say, and for a BOOL other than 0 and 1.
    func append(_ bytes: UnsafeRawBufferPointer, to text: inout [UInt8]) -> Bool {
        func load<Value: FixedWidthInteger & BitwiseCopyable>(_ type: Value.Type) -> Value {
            Value(littleEndian: bytes.loadUnaligned(as: type))
        }
        func append(_ value: some BinaryInteger) -> Bool {
            text.append(contentsOf: String(value).utf8)
            return true
        }
        func append(_ value: Double) -> Bool {
            guard !value.isInfinite else { return false }
            text.append(contentsOf: (value.isNaN ? "null" : JSONNumber(value).text).utf8)
            return true
        }
        switch self {
        case .bool:
            guard bytes[0] <= 1 else { return false }
            text.append(contentsOf: (bytes[0] == 1 ? "true" : "false").utf8)
            return true
        case .uint8: return append(bytes[0])
        case .int8: return append(Int8(bitPattern: bytes[0]))
        case .uint16: return append(load(UInt16.self))
        case .int16: return append(load(Int16.self))
        case .uint32: return append(load(UInt32.self))
        case .int32: return append(load(Int32.self))
        case .uint64: return append(load(UInt64.self))
        case .int64: return append(load(Int64.self))
        case .fp16: return append(Double(Float16(bitPattern: load(UInt16.self))))
        case .fp32: return append(Double(Float(bitPattern: load(UInt32.self))))
        case .fp64: return append(Double(bitPattern: load(UInt64.self)))
        case .bytes: return false
        }
    }
}
