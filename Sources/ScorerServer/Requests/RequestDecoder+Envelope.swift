import JSONText

// The object around the rows.
extension RequestDecoder {
    mutating func decodeEnvelope<Sink: CellSink>(
        _ reader: inout JSONPullReader, _ sink: inout Sink, _ result: inout Result
    ) throws(RequestError) {
        var keys = JSONKeys()
        var form: String?
        while case .key(let key) = try reader.step() {
            guard keys.insert(key) else { throw .notJSON(reader.error(.duplicateKey(key))) }
            switch key {
            case "dataframe_split", "dataframe_records", "inputs", "instances":
                if let form {
                    throw RequestError(
                        .badRequest, "\(requiredFormat) Received dictionary with input fields: ['\(form)', '\(key)'].")
                }
                form = key
                result.rows = try decodeForm(key, &reader, &sink)
            case "params":
                result.parameters = try reader.value(startingWith: try reader.step())
            default: try reader.skip()
            }
        }
        guard form != nil else {
            throw RequestError(.badRequest, "\(requiredFormat) Received dictionary with input fields: [].")
        }
    }

    /// The object is one record; what is no column of it may be a parameter.
    mutating func decodeUnified<Sink: CellSink>(
        _ reader: inout JSONPullReader, _ sink: inout Sink, _ result: inout Result
    ) throws(RequestError) {
        guard !isTensor else {
            throw RequestError(
                .invalidParameterValue,
                "Failed to enforce schema. The model takes a tensor, got an object with `messages`, `prompt` or `input`."
            )
        }
        var keys = JSONKeys()
        var others = JSONObject()
        while case .key(let key) = try reader.step() {
            guard keys.insert(key) else { throw .notJSON(reader.error(.duplicateKey(key))) }
            if isNamed, let column = index(of: key, hint: columns.count) {
                try cell(try reader.step(), row: 0, column: column, &reader, &sink)
            } else {
                if extras.count < 20 { extras.append(key) }
                others[key] = try reader.value(startingWith: try reader.step())
            }
        }
        guard isNamed || columns.isEmpty else { throw missingInputs(columns.indices.map(String.init)) }
        result.parameters = .object(others)
        result.rows = 1
    }

    private mutating func decodeForm<Sink: CellSink>(
        _ form: String, _ reader: inout JSONPullReader, _ sink: inout Sink
    ) throws(RequestError) -> Int {
        switch form {
        case "dataframe_split":
            place = .split
            return try decodeSplit(&reader, &sink)
        case "dataframe_records":
            place = .records
            let event = try reader.step()
            guard case .beginArray = event else {
                throw .malformed("Dataframe records format must be a list of records. Got \(event.pythonWords).")
            }
            return try decodeRecords(&reader, &sink)
        default:
            place = form == "inputs" ? .inputs : .instances
            return try decodeInputs(&reader, &sink)
        }
    }
}

/// What MLflow's server says of a body that has none, or several, of the four members.
let requiredFormat =
    "The input must be a JSON dictionary with exactly one of the input fields"
    + " {'dataframe_split', 'dataframe_records', 'instances', 'inputs'}."

extension JSONPullReader.Event {
    /// What MLflow's messages call the value.
    var pythonWords: String {
        switch self {
        case .null: "type <class 'NoneType'>"
        case .bool: "type <class 'bool'>"
        case .number: "type <class 'float'>"
        case .string, .key: "type <class 'str'>"
        case .beginArray, .endArray: "list"
        case .beginObject, .endObject: "dictionary"
        case .endOfDocument: "nothing"
        }
    }
}
