/// How the cells of one column stand in a columnar payload. All numbers are little-endian.
enum ColumnEncoding: UInt16 {
    case float64 = 1
    case float32 = 2
    case int64 = 3
    case int32 = 4
    /// One byte a cell: 0 or 1.
    case bool = 5
    /// rows + 1 offsets (uint32, ascending from 0), then the UTF-8 that they cut.
    case text = 6
    /// Nanoseconds since 1970 (int64); the least one is a missing time.
    case datetime = 7
    /// The JSON text of an array with one element a row.
    case json = 8
    case int16 = 9
    case int8 = 10
    case uint64 = 11
    case uint32 = 12
    case uint16 = 13
    case uint8 = 14

    /// The bytes of one cell; nil for the encodings whose cells differ in size.
    var width: Int? {
        switch self {
        case .float64, .int64, .uint64, .datetime: 8
        case .float32, .int32, .uint32: 4
        case .int16, .uint16: 2
        case .bool, .int8, .uint8: 1
        case .text, .json: nil
        }
    }

    /// What the column's place in the payload is a multiple of, so that columns of one type lie side by side.
    func alignment(hasValidity: Bool) -> Int { hasValidity ? 8 : width ?? (self == .text ? 4 : 1) }

    /// The encoding of the elements of a tensor of this NumPy type; nil when they travel as JSON.
    init?(dtype: String) {
        switch dtype {
        // NumPy makes the half from the double, as it does from a Python float.
        case "float64", "float16": self = .float64
        case "float32": self = .float32
        case "int64": self = .int64
        case "int32": self = .int32
        case "int16": self = .int16
        case "int8": self = .int8
        case "uint64": self = .uint64
        case "uint32": self = .uint32
        case "uint16": self = .uint16
        case "uint8": self = .uint8
        case "bool": self = .bool
        default: return nil
        }
    }
}
