import JSONText

/// The parts of a request for a model without a schema.
struct RawRequest {
    /// `dataframe_split`, `dataframe_records`, `inputs`, `instances` or `unified`.
    private(set) var form = ""
    /// The JSON text of its value.
    private(set) var data = UnsafeRawBufferPointer(start: nil, count: 0)
    /// How many rows it has, as far as that can be said without the model.
    private(set) var rows: Int?
    private(set) var parameters: JSONValue?
    private let scoring: ScoringRequest
    private let body: UnsafeRawBufferPointer
    private var reader: JSONPullReader

    init(_ scoring: ScoringRequest, limits: JSONLimits) {
        self.scoring = scoring
        body = scoring.body
        reader = JSONPullReader(body, limits: limits)
        reader.takesNotFinite = true
    }

    /// Reads the body; keys must not repeat anywhere, because Python would take the last one without a word.
    mutating func read() throws(RequestError) {
        let first = try reader.step()
        switch first {
        case .beginArray where scoring.isBare:
            form = "dataframe_records"
            let start = reader.offset
            rows = try readArray()
            data = UnsafeRawBufferPointer(rebasing: body[start..<reader.position])
        case .beginObject where scoring.form.isUnified:
            form = "unified"
            let start = reader.offset
            parameters = try reader.value(startingWith: first)
            data = UnsafeRawBufferPointer(rebasing: body[start..<reader.position])
            rows = 1
        case .beginObject:
            try readEnvelope()
        case .beginArray:
            throw .malformed("\(requiredFormat) Received a list.")
        case .null, .bool, .number, .string, .endArray, .endObject, .key, .endOfDocument:
            throw .malformed("\(requiredFormat) Received unexpected input type: a bare value.")
        }
        _ = try reader.step()
    }

    private mutating func readEnvelope() throws(RequestError) {
        var keys = JSONKeys()
        while case .key(let key) = try reader.step() {
            guard keys.insert(key) else { throw .notJSON(reader.error(.duplicateKey(key))) }
            switch key {
            case "dataframe_split", "dataframe_records", "inputs", "instances":
                guard form.isEmpty else {
                    throw RequestError(
                        .badRequest, "\(requiredFormat) Received dictionary with input fields: ['\(form)', '\(key)'].")
                }
                form = key
                try readData()
            case "params": parameters = try reader.value(startingWith: try reader.step())
            default: try reader.skip()
            }
        }
        guard !form.isEmpty else {
            throw RequestError(.badRequest, "\(requiredFormat) Received dictionary with input fields: [].")
        }
    }

    private mutating func readData() throws(RequestError) {
        let event = try reader.step()
        let start = reader.offset
        switch (form, event) {
        case ("dataframe_split", .beginObject): try readSplit()
        case ("dataframe_split", _):
            throw .malformed("Dataframe split format must be a dictionary. Got \(event.pythonWords).")
        case ("dataframe_records", .beginArray), ("inputs", .beginArray), ("instances", .beginArray):
            rows = try readArray()
        case ("dataframe_records", _):
            throw .malformed("Dataframe records format must be a list of records. Got \(event.pythonWords).")
        default: try walk(event)
        }
        data = UnsafeRawBufferPointer(rebasing: body[start..<reader.position])
    }

    private mutating func readSplit() throws(RequestError) {
        var keys = JSONKeys()
        while case .key(let key) = try reader.step() {
            guard keys.insert(key) else { throw .notJSON(reader.error(.duplicateKey(key))) }
            let event = try reader.step()
            switch (key, event) {
            case ("data", .beginArray): rows = try readArray()
            case ("columns", _), ("index", _): try walk(event)
            default:
                throw .malformed(
                    "Dataframe split format must have 'data' field and optionally 'columns' and 'index' fields."
                        + " Got '\(quoted(key))' with \(event.words).")
            }
        }
        guard rows != nil else {
            throw .malformed(
                "Dataframe split format must have 'data' field and optionally 'columns' and 'index' fields.")
        }
    }

    /// Reads the rest of an array, and counts its elements.
    private mutating func readArray() throws(RequestError) -> Int {
        var count = 0
        while true {
            let event = try reader.step()
            if case .endArray = event { return count }
            try walk(event)
            count += 1
        }
    }

    /// Reads the rest of a value; the reader bounds the depth.
    private mutating func walk(_ event: JSONPullReader.Event) throws(RequestError) {
        if case .beginArray = event { _ = try readArray() }
        guard case .beginObject = event else { return }
        var keys = JSONKeys()
        while case .key(let key) = try reader.step() {
            guard keys.insert(key) else { throw .notJSON(reader.error(.duplicateKey(key))) }
            try walk(try reader.step())
        }
    }
}
