import JSONText

// One cell: does it fit its column?
extension RequestDecoder {
    /// Checks the value that begins with `event` and hands it to the sink.
    @inline(__always)
    mutating func cell<Sink: CellSink>(
        _ event: JSONPullReader.Event, row: Int, column: Int, _ reader: inout JSONPullReader, _ sink: inout Sink
    ) throws(RequestError) {
        note(row, column)
        switch (kinds[column], event) {
        case (.double, .number(let range)):
            guard let value = reader.double(range) else { return try rareCell(event, row, column, &reader, &sink) }
            sink.set(value, literal: text(range), row: row, column: column)
        case (.float, .number(let range)):
            guard let value = reader.double(range), Float(value).isFinite else {
                return try rareCell(event, row, column, &reader, &sink)
            }
            sink.set(value, literal: text(range), row: row, column: column)
        case (.string, .string(let text)):
            sink.set(text, row: row, column: column)
        case (.integer, .number(let range)):
            guard let value = integer(range, reader), let narrow = Int32(exactly: value) else {
                return try rareCell(event, row, column, &reader, &sink)
            }
            set(Int64(narrow), range, row, column, &sink)
        case (.long, .number(let range)):
            guard let value = integer(range, reader) else { return try rareCell(event, row, column, &reader, &sink) }
            set(value, range, row, column, &sink)
        case (.boolean, .bool(let value)), (.double, .bool(let value)), (.float, .bool(let value)),
            (.integer, .bool(let value)), (.long, .bool(let value)):
            set(value, row, column, &sink)
        default:
            try rareCell(event, row, column, &reader, &sink)
        }
    }

    /// Notes that the column has a cell in this row, and whether one was left out before.
    @inline(__always)
    mutating func note(_ row: Int, _ column: Int) {
        if nextRow[column] != row, gap[column] < 0, nextRow[column] < row { gap[column] = nextRow[column] }
        nextRow[column] = row + 1
    }

    /// Every cell but the frequent ones; what does not fit is noted, and reading goes on after it.
    @inline(never)
    private mutating func rareCell<Sink: CellSink>(
        _ event: JSONPullReader.Event, _ row: Int, _ column: Int, _ reader: inout JSONPullReader, _ sink: inout Sink
    ) throws(RequestError) {
        let depth = event == .beginArray || event == .beginObject ? reader.depth - 1 : reader.depth
        do throws(RequestError) {
            try checkedCell(event, row, column, &reader, &sink)
        } catch {
            // What is no matter of this one value ends the request.
            guard !error.details.isEmpty else { throw error }
            problems.add(error)
            while reader.depth > depth { _ = try reader.step() }
        }
    }

    private mutating func checkedCell<Sink: CellSink>(
        _ event: JSONPullReader.Event, _ row: Int, _ column: Int, _ reader: inout JSONPullReader, _ sink: inout Sink
    ) throws(RequestError) {
        switch (columns[column].kind, event) {
        case (_, .null) where columns[column].takesMissing:
            sink.setMissing(row: row, column: column)
        case (.double, .number(let range)), (.float, .number(let range)):
            guard let value = reader.notFinite(range) else { throw mismatch(row, column, event, reader) }
            sink.set(value, literal: text(range), row: row, column: column)
        case (.double, .string(let value)), (.float, .string(let value)), (.integer, .string(let value)),
            (.long, .string(let value)):
            guard setNumber(value, row, column, &sink) else { throw mismatch(row, column, event, reader) }
        case (.boolean, .number(let range)):
            guard let value = reader.double(range), value == 0 || value == 1 else {
                throw mismatch(row, column, event, reader)
            }
            set(value == 1, row, column, &sink)
        case (.binary, .string(let value)):
            guard isBase64(value) else { throw mismatch(row, column, event, reader) }
            sink.set(value, row: row, column: column)
        case (.datetime, .string(let value)):
            if value.isEmpty, compatibility.follows(.emptyDateTime) {
                return sink.setMissing(row: row, column: column)
            }
            guard isDateTime(value) else { throw dateTimeMismatch(value, row, column, event, reader) }
            sink.set(value, row: row, column: column)
        case (.datetime, .number(let range)):
            // Nanoseconds since 1970, as MLflow takes them.
            guard reader.int64(range) != nil else { throw mismatch(row, column, event, reader) }
            sink.set(json: text(range), row: row, column: column)
        case (.structured, _):
            let start = reader.offset
            try check(event, columns[column].type, &reader, Nesting(row: row, column: column))
            sink.set(json: slice(start..<reader.position), row: row, column: column)
        case (.tensor, _):
            try tensorCell(event, row, column, &reader, &sink)
        default:
            throw mismatch(row, column, event, reader)
        }
    }

    /// Reads a number that came as text; false when it is none, or none of the column's type.
    func setNumber<Sink: CellSink>(_ text: String, _ row: Int, _ column: Int, _ sink: inout Sink) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            let extras: NumberText.Extras = compatibility.follows(.paddedText) ? [.spaces, .underscores] : []
            return setNumber(UnsafeRawBufferPointer(bytes), allowing: extras, row, column, &sink)
        }
    }

    func setNumber<Sink: CellSink>(
        _ text: UnsafeRawBufferPointer, allowing extras: NumberText.Extras, _ row: Int, _ column: Int,
        _ sink: inout Sink
    ) -> Bool {
        guard text.count <= limits.numberBytes, let number = NumberText(text, allowing: extras) else { return false }
        switch columns[column].kind {
        case .integer, .long:
            guard let value = number.int64, columns[column].kind == .long || Int32(exactly: value) != nil else {
                return false
            }
            set(value, row, column, &sink)
            return true
        default:
            guard let value = number.double, columns[column].kind == .double || !value.isFinite || Float(value).isFinite
            else { return false }
            set(value, row, column, &sink)
            return true
        }
    }

    /// Hands over a number that does not stand in the body as JSON has it.
    private func set<Sink: CellSink>(_ value: Double, _ row: Int, _ column: Int, _ sink: inout Sink) {
        var literal = JSONNumber(value).text
        literal.withUTF8 { sink.set(value, literal: UnsafeRawBufferPointer($0), row: row, column: column) }
    }

    func set<Sink: CellSink>(_ value: Int64, _ row: Int, _ column: Int, _ sink: inout Sink) {
        var digits = String(value)
        digits.withUTF8 {
            sink.set(Double(value), literal: UnsafeRawBufferPointer($0), row: row, column: column)
        }
    }

    func set<Sink: CellSink>(_ value: Bool, _ row: Int, _ column: Int, _ sink: inout Sink) {
        let isBoolean = columns[column].kind == .boolean
        let literal: StaticString = isBoolean ? (value ? "true" : "false") : (value ? "1" : "0")
        let bytes = UnsafeRawBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount)
        sink.set(value ? 1 : 0, literal: bytes, row: row, column: column)
    }

    /// A whole number keeps its digits; `2.0` and `2e0` become `2`.
    private func set<Sink: CellSink>(
        _ value: Int64, _ range: Range<Int>, _ row: Int, _ column: Int, _ sink: inout Sink
    ) {
        let literal = text(range)
        if !literal.contains(where: { $0 == 46 || $0 | 32 == 101 }) {
            return sink.set(Double(value), literal: literal, row: row, column: column)
        }
        set(value, row, column, &sink)
    }

    private func integer(_ range: Range<Int>, _ reader: JSONPullReader) -> Int64? {
        if let value = reader.int64(range) { return value }
        guard text(range).contains(where: { $0 == 46 || $0 | 32 == 101 }), let value = reader.double(range) else {
            return nil
        }
        // From 2^53 on a fraction, or a last digit, may have been rounded away.
        return abs(value) < 9_007_199_254_740_992 ? Int64(exactly: value) : nil
    }

    @inline(__always)
    private func text(_ range: Range<Int>) -> UnsafeRawBufferPointer { slice(range) }

    @inline(__always)
    func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: body[range]) }
}
