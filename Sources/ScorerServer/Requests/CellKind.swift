/// What the decoder does with a cell: `CellType` without its insides, small enough for the inner loop.
enum CellKind: UInt8 {
    case boolean, integer, long, float, double, string, binary, datetime, structured, tensor

    init(_ type: CellType) {
        switch type {
        case .boolean: self = .boolean
        case .integer: self = .integer
        case .long: self = .long
        case .float: self = .float
        case .double: self = .double
        case .string: self = .string
        case .binary: self = .binary
        case .datetime: self = .datetime
        case .any, .array, .object, .map: self = .structured
        }
    }
}

/// One column as the decoder sees it.
struct DecoderColumn {
    var name: String?
    var kind: CellKind
    var type: CellType
    var required: Bool
    /// Whether a cell may be null or left out of a record.
    var takesMissing: Bool
    /// For a tensor: the elements' type and the lengths after the first.
    var dtype = ""
    var shape: [Int] = []
}

/// The elements that a NumPy type takes.
enum ElementKind {
    /// With what becomes infinite, or the range.
    case number(below: Double), integer(ClosedRange<Double>)
    case boolean, string, any

    /// Whether a number is one of the type; infinite is only what was.
    func takes(_ value: Double) -> Bool {
        switch self {
        case .number(let limit): abs(value) < limit || !value.isFinite
        case .any: true
        case .integer(let limits): limits.contains(value) && value == value.rounded()
        case .boolean, .string: false
        }
    }

    init(dtype: String) {
        switch dtype {
        // Half a unit of the last place beyond the largest rounds to infinity.
        case "float16": self = .number(below: 65520)
        case "float32": self = .number(below: 0x1.ffffffp127)
        case "float64": self = .number(below: .infinity)
        case "int8": self = .integer(-128...127)
        case "int16": self = .integer(-32768...32767)
        case "int32": self = .integer(-2_147_483_648...2_147_483_647)
        case "int64": self = .integer(-9_223_372_036_854_775_808...9_223_372_036_854_774_784)
        case "uint8": self = .integer(0...255)
        case "uint16": self = .integer(0...65535)
        case "uint32": self = .integer(0...4_294_967_295)
        case "uint64": self = .integer(0...18_446_744_073_709_549_568)
        case "bool": self = .boolean
        case "str", "object": self = dtype == "str" ? .string : .any
        default: self = .any
        }
    }
}

/// Whether `text` is a date, or a date and a time, as ISO 8601 has it, without a zone: `2024-01-02`, `2024-01-02T03:04:05.678`.
func isDateTime(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    func digits(_ range: Range<Int>) -> Int? {
        guard range.upperBound <= bytes.count else { return nil }
        var number = 0
        for byte in bytes[range] {
            guard byte >= 48, byte <= 57 else { return nil }
            number = number * 10 + Int(byte - 48)
        }
        return number
    }
    func has(_ byte: UInt8, at index: Int) -> Bool { index < bytes.count && bytes[index] == byte }
    guard let year = digits(0..<4), has(45, at: 4), let month = digits(5..<7), has(45, at: 7), let day = digits(8..<10),
        (1...12).contains(month), day >= 1, day <= dayCount(ofMonth: month, year: year)
    else { return false }
    if bytes.count == 10 { return true }
    guard has(84, at: 10) || has(32, at: 10), let hour = digits(11..<13), hour < 24, has(58, at: 13),
        let minute = digits(14..<16), minute < 60
    else { return false }
    if bytes.count == 16 { return true }
    guard has(58, at: 16), let second = digits(17..<19), second < 60 else { return false }
    if bytes.count == 19 { return true }
    return has(46, at: 19) && (21...29).contains(bytes.count) && digits(20..<bytes.count) != nil
}

/// Whether `text` is a date and time that goes on with a zone.
func hasZone(_ text: String) -> Bool {
    guard text.utf8.count > 16, let last = text.utf8.last else { return false }
    return last | 0x20 == UInt8(ascii: "z") || text.utf8.dropFirst(16).contains { $0 == 43 || $0 == 45 }
}

/// Whether `text` is base64 (RFC 4648, section 4) with its padding; line breaks may stand anywhere, as in MIME.
func isBase64(_ text: String) -> Bool {
    var count = 0
    var padding = 0
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "\n"), UInt8(ascii: "\r"): continue
        case UInt8(ascii: "="): padding += 1
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
            guard padding == 0 else { return false }
        default: return false
        }
        count += 1
    }
    return count % 4 == 0 && padding <= 2
}

/// In the Gregorian calendar, also before it was one.
private func dayCount(ofMonth month: Int, year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
}
