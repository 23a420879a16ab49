import JSONText

/// One column of a request frame while it is being filled, row by row.
struct FrameColumn {
    private let kind: CellKind
    /// How the cells are written; may become `.json` when they do not fit what was planned.
    private(set) var encoding: ColumnEncoding
    private let planned: ColumnEncoding
    /// The rows that are set.
    private(set) var count = 0
    private(set) var hasMissing = false
    /// The lengths of a tensor's rows.
    private(set) var shape: [Int] = []
    private var cells: [UInt8] = []
    /// For text, the ends of the cells; the bytes are in `cells`.
    private var ends: [UInt32] = []
    /// The cells as JSON, for what is sent as such, or perhaps must be.
    private var json: [UInt8] = []
    /// A bit for each row, from the first missing cell on.
    private var validity: [UInt8] = []
    private var isNextMissing = false

    init(_ column: DecoderColumn) {
        kind = column.kind
        planned =
            switch column.kind {
            case .boolean: .bool
            case .integer: .int32
            case .long: .int64
            case .float: .float32
            case .double: .float64
            case .string, .binary: .text
            case .datetime: .datetime
            case .structured: .json
            case .tensor: ColumnEncoding(dtype: column.dtype) ?? .json
            }
        encoding = planned
    }

    /// A column of one cell: the bytes of a file.
    init(file bytes: UnsafeRawBufferPointer) {
        kind = .tensor
        planned = .uint8
        encoding = .uint8
        shape = [bytes.count]
        cells = Array(bytes)
        count = 1
    }

    mutating func removeAll() {
        count = 0
        hasMissing = false
        encoding = planned
        shape = []
        ends.removeAll(keepingCapacity: ends.capacity < 1 << 18)
        validity.removeAll(keepingCapacity: validity.capacity < 1 << 18)
        cells.removeAll(keepingCapacity: cells.capacity < 1 << 20)
        json.removeAll(keepingCapacity: json.capacity < 1 << 20)
    }

    // MARK: Cells

    @inline(__always)
    mutating func set(_ value: Double, literal: UnsafeRawBufferPointer, row: Int) {
        if count < row { fill(to: row) }
        switch kind {
        // Python reads `-0` as the whole number 0.
        case .double: append((value == 0 && literal.count == 2 ? 0 : value).bitPattern)
        case .float: append(Float(value == 0 && literal.count == 2 ? 0 : value).bitPattern)
        case .long: append(WholeNumber.int64(value, literal))
        case .integer: append(Int32(truncatingIfNeeded: WholeNumber.int64(value, literal)))
        case .boolean: cells.append(value == 0 ? 0 : 1)
        case .string, .binary, .datetime, .structured, .tensor: return
        }
        didSet()
    }

    mutating func set(_ text: String, row: Int) {
        fill(to: row)
        if kind == .datetime {
            let time = nanoseconds(text)
            if time == nil { sendAsJSON() }
            append(time ?? .min)
            separate()
            JSONWriter.appendString(text, isASCII: false, to: &json)
        } else {
            cells.append(contentsOf: text.utf8)
            ends.append(UInt32(truncatingIfNeeded: cells.count))
        }
        didSet()
    }

    mutating func set(json text: UnsafeRawBufferPointer, row: Int) {
        fill(to: row)
        separate()
        json.append(contentsOf: text)
        if kind == .datetime {
            append(WholeNumber.int64(.infinity, text))
        } else if encoding != .json {
            var reader = TensorReader(text, encoding: encoding, expected: count == 0 ? nil : shape)
            if reader.read(into: &cells) { shape = reader.lengths } else { sendAsJSON() }
        }
        didSet()
    }

    mutating func setMissing(row: Int) {
        fill(to: row)
        appendMissing()
    }

    /// Makes the rows before `row` that have no cell missing ones.
    mutating func fill(to row: Int) { while count < row { appendMissing() } }

    private mutating func appendMissing() {
        switch kind {
        case .double: append(Double.nan.bitPattern)
        case .float: append(Float.nan.bitPattern)
        case .datetime:
            append(Int64.min)
            separate()
            json.append(contentsOf: "null".utf8)
        case .structured, .tensor:
            separate()
            json.append(contentsOf: "null".utf8)
            sendAsJSON()
        case .string, .binary:
            markMissing()
            ends.append(UInt32(truncatingIfNeeded: cells.count))
        case .boolean, .integer, .long:
            markMissing()
            cells.append(contentsOf: repeatElement(0, count: encoding.width ?? 0))
        }
        didSet()
    }

    private mutating func sendAsJSON() {
        encoding = .json
        shape = []
    }

    private mutating func separate() { if count > 0 { json.append(UInt8(ascii: ",")) } }

    private mutating func didSet() {
        if hasMissing {
            if count & 7 == 0, validity.count == count / 8 { validity.append(0) }
            if !isNextMissing { validity[count / 8] |= 1 << UInt8(count & 7) }
            isNextMissing = false
        }
        count += 1
    }

    private mutating func markMissing() {
        isNextMissing = true
        guard !hasMissing else { return }
        hasMissing = true
        validity = Array(repeating: 0xff, count: count / 8)
        if count & 7 > 0 { validity.append(1 << UInt8(count & 7) - 1) }
    }

    private mutating func append<Number: FixedWidthInteger>(_ number: Number) {
        withUnsafeBytes(of: number.littleEndian) { cells.append(contentsOf: $0) }
    }

    // MARK: Writing

    /// The bytes of the column in the payload.
    func byteCount(rows: Int) -> Int {
        let bitmap = hasMissing ? ColumnarPayload.bitmapBytes(rows: rows) : 0
        switch encoding {
        case .json: return json.count + 2
        case .text: return bitmap + 4 * (rows + 1) + cells.count
        default: return bitmap + cells.count
        }
    }

    func append(to bytes: inout [UInt8], rows: Int) {
        if hasMissing {
            bytes.append(contentsOf: validity)
            bytes.append(contentsOf: repeatElement(0, count: ColumnarPayload.bitmapBytes(rows: rows) - validity.count))
        }
        switch encoding {
        case .json:
            bytes.append(UInt8(ascii: "["))
            bytes.append(contentsOf: json)
            bytes.append(UInt8(ascii: "]"))
        case .text:
            bytes.append(contentsOf: [0, 0, 0, 0])
            ends.withUnsafeBytes { bytes.append(contentsOf: $0) }
            bytes.append(contentsOf: cells)
        default: bytes.append(contentsOf: cells)
        }
    }
}
