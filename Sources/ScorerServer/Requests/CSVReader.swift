/// Reads CSV field by field, as pandas' `read_csv` does with its defaults, from a buffer that the caller keeps valid.
///
/// Supported: commas, records that end with LF, CR LF or CR, fields in double quotes that hold any of these and doubled quotes,
/// a byte order mark, lines that are empty or hold nothing but spaces and tabs (passed over). Refused: text after a closing quote,
/// a quoted field that does not end. A quote inside a field that does not begin with one stands for itself.
///
///     record = field *( "," field ) end
///     field = quoted | *( any byte but "," LF CR )
///     quoted = DQUOTE *( any byte but DQUOTE | DQUOTE DQUOTE ) DQUOTE
struct CSVReader {
    /// What the reader cannot read, with the line in which it stands.
    struct Failure: Error, Equatable {
        var line: Int
        var reason: String
    }

    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    /// The line of the next byte, from 1.
    private(set) var line = 1
    /// Whether the last field ended its record.
    private(set) var isAtEndOfRecord = true
    private var scratch: [UInt8] = []

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        if bytes.count >= 3, bytes[0] == 0xef, bytes[1] == 0xbb, bytes[2] == 0xbf { position = 3 }
    }

    /// Goes to the next record; false at the end.
    mutating func nextRecord() -> Bool {
        while position < bytes.count {
            var index = position
            while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x09 { index += 1 }
            guard index == bytes.count || isLineEnd(bytes[index]) else {
                isAtEndOfRecord = false
                return true
            }
            position = index
            if index < bytes.count { passLineEnd() }
        }
        return false
    }

    /// The next field of the record; valid during `use` only.
    mutating func field<Value>(
        _ use: (UnsafeRawBufferPointer) -> Value
    ) throws(Failure) -> Value {
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
            let start = position
            while position < bytes.count, bytes[position] != UInt8(ascii: ","), !isLineEnd(bytes[position]) {
                position += 1
            }
            let value = use(UnsafeRawBufferPointer(rebasing: bytes[start..<position]))
            endField()
            return value
        }
        let start = position + 1
        var hasDoubled = false
        let first = line
        position = start
        scratch.removeAll(keepingCapacity: true)
        while true {
            guard position < bytes.count else { throw Failure(line: first, reason: "a quoted field has no end") }
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                guard position + 1 < bytes.count, bytes[position + 1] == byte else { break }
                if !hasDoubled { scratch.append(contentsOf: bytes[start..<position]) }
                hasDoubled = true
                position += 1
            } else if byte == 0x0a || byte == 0x0d && !(position + 1 < bytes.count && bytes[position + 1] == 0x0a) {
                line += 1
            }
            if hasDoubled { scratch.append(byte) }
            position += 1
        }
        let end = position
        position += 1
        guard position == bytes.count || bytes[position] == UInt8(ascii: ",") || isLineEnd(bytes[position]) else {
            throw Failure(line: line, reason: "text follows the closing quote of a field")
        }
        let value =
            hasDoubled
            ? scratch.withUnsafeBytes(use) : use(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
        endField()
        return value
    }

    private func isLineEnd(_ byte: UInt8) -> Bool { byte == 0x0a || byte == 0x0d }

    private mutating func passLineEnd() {
        if bytes[position] == 0x0d, position + 1 < bytes.count, bytes[position + 1] == 0x0a { position += 1 }
        position += 1
        line += 1
    }

    private mutating func endField() {
        guard position < bytes.count else { return isAtEndOfRecord = true }
        if bytes[position] == UInt8(ascii: ",") {
            position += 1
        } else {
            passLineEnd()
            isAtEndOfRecord = true
        }
    }
}

/// The fields that pandas takes for missing: `STR_NA_VALUES` of `pandas/_libs/parsers.pyx`, 2.0 to 3.1 (`None` since 2.0).
enum MissingText {
    private static let texts: Set<String> = [
        "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
        "NULL", "NaN", "None", "n/a", "nan", "null",
    ]

    static func contains(_ field: UnsafeRawBufferPointer) -> Bool {
        guard let first = field.first else { return true }
        switch first {
        case UInt8(ascii: "#"), UInt8(ascii: "-"), UInt8(ascii: "1"), UInt8(ascii: "<"), UInt8(ascii: "N"),
            UInt8(ascii: "n"):
            return field.count <= 8 && texts.contains(String(decoding: field, as: UTF8.self))
        default: return false
        }
    }
}
