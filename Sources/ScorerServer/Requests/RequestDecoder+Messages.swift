import Diagnostics
import JSONText

// What the caller is told.
extension RequestDecoder {
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
        case .unified: return key
        case .split:
            let position = column.flatMap { mapping.firstIndex(of: $0) }.map { "/\($0)" } ?? ""
            return "/dataframe_split/data" + number + position
        case .csv: return place(row: row ?? 0, column: column).words
        case .tensors: return tensors.pointer(row: row, column: column)
        }
    }

    /// Where a row or a cell stands.
    func place(row: Int, column: Int?) -> RequestProblem.Place {
        guard place == .csv else { return .pointer(pointer(row: row, column: column)) }
        let field = column.flatMap { mapping.firstIndex(of: $0) } ?? 0
        return .field(line: row < lines.count ? lines[row] : lineOfRow, field: field + 1)
    }

    func mismatch(
        _ row: Int, _ column: Int, _ event: JSONPullReader.Event, _ reader: JSONPullReader
    ) -> RequestError {
        guard problems.takesMore else { return .uncounted }
        return mismatch(row: row, column: column, expected: columns[column].type.words, got: words(event, reader))
    }

    func mismatch(
        row: Int, column: Int, inside: String = "", expected: String, got: String,
        code: RequestError.Code = .badRequest
    ) -> RequestError {
        guard problems.takesMore else { return .uncounted }
        let name = columns[column].name ?? String(column)
        let isNameless = columns[column].kind == .tensor && !isNamed
        var spot = place(row: row, column: isNameless ? nil : column)
        if case .pointer(let pointer) = spot { spot = .pointer(pointer + inside) }
        let problem = RequestProblem(
            place: spot, column: isNameless ? nil : quoted(name), expected: expected, got: got)
        let sentence = "\(spot.words): expected \(expected), got \(got)."
        guard columns[column].kind != .tensor else { return .mismatch(sentence, problem, code: code) }
        let type = columns[column].type.name
        return .mismatch("Failed to convert column \(quoted(name)) to type '\(type)'. \(sentence)", problem, code: code)
    }

    func dateTimeMismatch(
        _ text: String, _ row: Int, _ column: Int, _ event: JSONPullReader.Event, _ reader: JSONPullReader
    ) -> RequestError {
        mismatch(
            row: row, column: column, expected: columns[column].type.words, got: words(event, reader),
            code: hasZone(text) ? .invalidParameterValue : .badRequest)
    }

    func missingInputs(_ names: [String]) -> RequestError {
        guard !names.isEmpty else {
            return RequestError(
                .invalidParameterValue,
                "Failed to enforce schema. \(pointer(row: nil)): the rows have no names, and the model's columns have.")
        }
        let extra = extras.isEmpty ? "" : " Note that there were extra inputs: \(pythonList(extras))."
        return RequestError(
            .invalidParameterValue,
            "Failed to enforce schema. Model is missing inputs \(pythonList(names)).\(extra) \(whereRowsAre)"
        )
    }

    private var whereRowsAre: String {
        switch place {
        case .csv: "The names are in line 1."
        case .unified: "The body is one row."
        default: "The rows are at `\(pointer(row: nil))`."
        }
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

/// A name as one step of a JSON pointer, fit for a message.
func escapedForPointer(_ name: String) -> String {
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
