import Diagnostics
import JSONText

// One cell: does it fit its column?
extension RequestDecoder {
    /// Checks the value that begins with `event` and hands it to the sink.
    @inline(__always)
    mutating func cell<Sink: CellSink>(
        _ event: JSONPullReader.Event, row: Int, column: Int, _ reader: inout JSONPullReader, _ sink: inout Sink
    ) throws(RequestError) {
        if nextRow[column] != row, gap[column] < 0, nextRow[column] < row { gap[column] = nextRow[column] }
        nextRow[column] = row + 1
        switch (columns[column].kind, event) {
        case (.double, .number(let range)):
            guard let value = reader.double(range) else { throw mismatch(row, column, event, reader) }
            sink.set(value, literal: text(range), row: row, column: column)
        case (.float, .number(let range)):
            guard let value = reader.double(range), Float(value).isFinite else {
                throw mismatch(row, column, event, reader)
            }
            sink.set(value, literal: text(range), row: row, column: column)
        case (.string, .string(let text)):
            sink.set(text, row: row, column: column)
        case (.integer, .number(let range)):
            guard let value = integer(range, reader), let narrow = Int32(exactly: value) else {
                throw mismatch(row, column, event, reader)
            }
            set(Int64(narrow), range, row, column, &sink)
        case (.long, .number(let range)):
            guard let value = integer(range, reader) else { throw mismatch(row, column, event, reader) }
            set(value, range, row, column, &sink)
        case (.boolean, .bool(let value)), (.double, .bool(let value)), (.float, .bool(let value)),
            (.integer, .bool(let value)), (.long, .bool(let value)):
            set(value, row, column, &sink)
        default:
            try rareCell(event, row, column, &reader, &sink)
        }
    }

    private mutating func rareCell<Sink: CellSink>(
        _ event: JSONPullReader.Event, _ row: Int, _ column: Int, _ reader: inout JSONPullReader, _ sink: inout Sink
    ) throws(RequestError) {
        switch (columns[column].kind, event) {
        case (_, .null) where columns[column].takesMissing:
            sink.setMissing(row: row, column: column)
        case (.boolean, .number(let range)):
            guard let value = reader.double(range), value == 0 || value == 1 else {
                throw mismatch(row, column, event, reader)
            }
            set(value == 1, row, column, &sink)
        case (.binary, .string(let value)):
            sink.set(value, row: row, column: column)
        case (.datetime, .string(let value)):
            guard isDateTime(value) else { throw mismatch(row, column, event, reader) }
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

    private func set<Sink: CellSink>(_ value: Bool, _ row: Int, _ column: Int, _ sink: inout Sink) {
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
        var digits = String(value)
        digits.withUTF8 {
            sink.set(Double(value), literal: UnsafeRawBufferPointer($0), row: row, column: column)
        }
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

    // MARK: Messages

    /// The JSON pointer (RFC 6901) of a row or of a cell.
    func pointer(row: Int?, column: Int? = nil) -> String {
        let name = column.flatMap { columns[$0].name } ?? column.map(String.init)
        let key = name.map { "/" + escapedForPointer($0) } ?? ""
        let number = row.map { "/\($0)" } ?? ""
        switch place {
        case .bare: return number + key
        case .records: return "/dataframe_records" + number + key
        case .inputs: return "/inputs" + number + key
        case .instances: return "/instances" + number + key
        case .columnsOfInputs: return "/inputs" + key + number
        case .columnsOfInstances: return "/instances" + key + number
        case .split:
            let position = column.flatMap { mapping.firstIndex(of: $0) }.map { "/\($0)" } ?? ""
            return "/dataframe_split/data" + number + position
        }
    }

    func mismatch(
        _ row: Int, _ column: Int, _ event: JSONPullReader.Event, _ reader: JSONPullReader
    ) -> RequestError {
        mismatch(row: row, column: column, expected: columns[column].type.words, got: words(event, reader))
    }

    func mismatch(row: Int, column: Int, inside: String = "", expected: String, got: String) -> RequestError {
        let name = columns[column].name ?? String(column)
        if columns[column].kind == .tensor {
            return .mismatch(
                "\(pointer(row: row, column: isNamed ? column : nil))\(inside): expected \(expected), got \(got).")
        }
        let type = columns[column].type.name
        let place = pointer(row: row, column: column) + inside
        return .mismatch(
            "Failed to convert column \(quoted(name)) to type '\(type)'. \(place): expected \(expected), got \(got).")
    }

    func missingInputs(_ names: [String]) -> RequestError {
        let extra = extras.isEmpty ? "" : " Note that there were extra inputs: \(pythonList(extras))."
        return RequestError(
            .invalidParameterValue,
            "Failed to enforce schema. Model is missing inputs \(pythonList(names)).\(extra) The rows are at `\(pointer(row: nil))`."
        )
    }

    /// The value that was found, short enough for a message.
    func words(_ event: JSONPullReader.Event, _ reader: JSONPullReader) -> String {
        switch event {
        case .number(let range): quoted(String(reader.text(range).prefix(40)))
        case .string(let text): "the string \"\(quoted(String(text.prefix(40))))\""
        default: event.words
        }
    }
}

extension JSONPullReader.Event {
    /// The kind of the value, for messages.
    var words: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .number: "a number"
        case .string, .key: "a string"
        case .beginArray, .endArray: "an array"
        case .beginObject, .endObject: "an object"
        case .endOfDocument: "nothing"
        }
    }
}

/// Words of the caller in a message: without control characters, not too long.
func quoted(_ text: String) -> String { escaped(text, limit: 120) }

/// A list of names as Python prints it, as MLflow's messages have it.
func pythonList(_ names: [String]) -> String {
    "[" + names.prefix(50).map { "'\(quoted($0))'" }.joined(separator: ", ") + (names.count > 50 ? ", …]" : "]")
}

private func escapedForPointer(_ name: String) -> String {
    var text = ""
    for character in name.unicodeScalars {
        switch character {
        case "~": text += "~0"
        case "/": text += "~1"
        default: text.unicodeScalars.append(character)
        }
    }
    return quoted(text)
}
