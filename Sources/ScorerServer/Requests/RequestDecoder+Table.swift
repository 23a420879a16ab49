import JSONText

// The four forms of a table.
extension RequestDecoder {
    // MARK: dataframe_split

    mutating func decodeSplit<Sink: CellSink>(
        _ reader: inout JSONPullReader, _ sink: inout Sink
    ) throws(RequestError) -> Int {
        let event = try reader.step()
        guard case .beginObject = event else {
            throw .malformed("Dataframe split format must be a dictionary. Got \(event.pythonWords).")
        }
        var names: [String]?
        var rows: Int?
        var postponed: JSONPullReader?
        var keys = JSONKeys()
        while case .key(let key) = try reader.step() {
            guard keys.insert(key) else { throw .notJSON(reader.error(.duplicateKey(key))) }
            switch key {
            case "columns":
                names = try decodeNames(&reader)
            case "index":
                try reader.skip()
            case "data" where names != nil:
                try mapColumns(names)
                rows = try decodeData(&reader, &sink)
            case "data":
                // The names may still come; then the data is read again from here.
                postponed = reader
                try reader.skip()
            default:
                throw .malformed(
                    "Dataframe split format must have 'data' field and optionally 'columns' and 'index' fields."
                        + " Got '\(key)'.")
            }
        }
        if let rows { return rows }
        guard var again = postponed else {
            throw .malformed(
                "Dataframe split format must have 'data' field and optionally 'columns' and 'index' fields.")
        }
        try mapColumns(names)
        return try decodeData(&again, &sink)
    }

    private func decodeNames(_ reader: inout JSONPullReader) throws(RequestError) -> [String]? {
        let event = try reader.step()
        if case .null = event { return nil }
        guard case .beginArray = event else {
            throw .malformed("/dataframe_split/columns: expected an array of names.")
        }
        var names: [String] = []
        while true {
            guard names.count <= limits.columns else {
                throw .malformed("/dataframe_split/columns: there are more than \(limits.columns) names.")
            }
            switch try reader.step() {
            case .string(let name): names.append(name)
            case .number(let range): names.append(reader.text(range))
            case .endArray: return names
            case .null, .bool, .beginArray, .beginObject, .endObject, .key, .endOfDocument:
                throw .malformed("/dataframe_split/columns/\(names.count): expected a name.")
            }
        }
    }

    /// Decides which cell of a row belongs to which column.
    private mutating func mapColumns(_ names: [String]?) throws(RequestError) {
        guard !isTensor else { return }
        hasNames = names != nil
        guard let names else {
            // By position; how many there are shows in the first row.
            mapping = isNamed ? [] : Array(columns.indices)
            return
        }
        guard Set(names).count == names.count else {
            let twice = names.first { name in names.count { $0 == name } > 1 } ?? ""
            throw RequestError(
                .invalidParameterValue, "/dataframe_split/columns: the column `\(quoted(twice))` appears twice.")
        }
        if !isNamed { givenNames = Array(names.prefix(columns.count)) }
        for (position, name) in names.enumerated() {
            let index = isNamed ? index(of: name, hint: position) : position < columns.count ? position : nil
            if index == nil { extras.append(name) }
            mapping.append(index ?? -1)
        }
        let missing = columns.indices.filter { columns[$0].required && !mapping.contains($0) }
        guard missing.isEmpty else { throw missingInputs(missing.map { columns[$0].name ?? String($0) }) }
    }

    private mutating func decodeData<Sink: CellSink>(
        _ reader: inout JSONPullReader, _ sink: inout Sink
    ) throws(RequestError) -> Int {
        guard case .beginArray = try reader.step() else {
            throw .malformed("/dataframe_split/data: expected an array of rows.")
        }
        var row = 0
        while true {
            let event = try reader.step()
            if case .endArray = event { return row }
            try checkRows(row + 1)
            if isTensor {
                try cell(event, row: row, column: 0, &reader, &sink)
            } else {
                try decodeRow(event, row, &reader, &sink)
            }
            row += 1
        }
    }

    /// A row of `data`: an array, or a bare value when there is one column.
    private mutating func decodeRow<Sink: CellSink>(
        _ event: JSONPullReader.Event, _ row: Int, _ reader: inout JSONPullReader, _ sink: inout Sink
    ) throws(RequestError) {
        guard case .beginArray = event else {
            guard mapping.count == 1, mapping[0] >= 0 else {
                throw .malformed("\(pointer(row: row)): expected a row, an array of \(mapping.count) values.")
            }
            return try cell(event, row: row, column: mapping[0], &reader, &sink)
        }
        if mapping.isEmpty, isNamed { try refusePositions(&reader) }
        var position = 0
        while true {
            let event = try reader.step()
            if case .endArray = event { break }
            // Beyond a schema without names, MLflow drops what is left.
            guard position < mapping.count || !hasNames else { throw wrongWidth(row) }
            let column = position < mapping.count ? mapping[position] : -1
            if column < 0 {
                try skip(event, &reader)
            } else {
                try cell(event, row: row, column: column, &reader, &sink)
            }
            position += 1
        }
        guard position >= mapping.count else { throw wrongWidth(row, position) }
    }

    private func wrongWidth(_ row: Int, _ count: Int? = nil) -> RequestError {
        let got = count.map { "\($0) columns" } ?? "more columns"
        guard hasNames else {
            return RequestError(
                .invalidParameterValue,
                "\(pointer(row: row)): Model inference is missing inputs: it takes \(mapping.count) columns, got \(got)."
            )
        }
        return .malformed(
            "Provided dataframe_split field is not a valid dataframe representation in 'split' format."
                + " \(pointer(row: row)): \(mapping.count) columns passed, passed data had \(got).")
    }

    /// The rows have no names, but the schema has: says what MLflow says, with positions as the extra names.
    private mutating func refusePositions(_ reader: inout JSONPullReader) throws(RequestError) {
        var position = 0
        while true {
            let event = try reader.step()
            if case .endArray = event { break }
            try skip(event, &reader)
            if position < 20 { extras.append(String(position)) }
            position += 1
        }
        throw missingInputs(columns.filter(\.required).compactMap(\.name))
    }

    // MARK: dataframe_records and lists of records

    /// The reader stands after the `[`.
    mutating func decodeRecords<Sink: CellSink>(
        _ reader: inout JSONPullReader, _ sink: inout Sink
    ) throws(RequestError) -> Int {
        var row = 0
        while true {
            let event = try reader.step()
            if case .endArray = event { return row }
            try checkRows(row + 1)
            try decodeRecord(event, row, &reader, &sink)
            row += 1
        }
    }

    private mutating func decodeRecord<Sink: CellSink>(
        _ event: JSONPullReader.Event, _ row: Int, _ reader: inout JSONPullReader, _ sink: inout Sink
    ) throws(RequestError) {
        switch event {
        case .beginObject where isTensor && !isNamed:
            try decodeTensorRecord(row, &reader, &sink)
        case .beginObject:
            try decodeMembers(row, &reader, &sink)
        case .beginArray where !isNamed && !isTensor:
            if place == .inputs || place == .instances { try checkArrayType() }
            mapping = Array(columns.indices)
            try decodeRow(event, row, &reader, &sink)
        case .beginArray where isNamed && !isTensor:
            try refusePositions(&reader)
        case .beginArray where isTensor && !isNamed:
            try cell(event, row: row, column: 0, &reader, &sink)
        default:
            if isNamed, columns.count == 1, place == .inputs || place == .instances {
                return try cell(event, row: row, column: 0, &reader, &sink)
            }
            if !isNamed, columns.count == 1 { return try cell(event, row: row, column: 0, &reader, &sink) }
            if isNamed {
                extras.append("0")
                throw missingInputs(columns.filter(\.required).compactMap(\.name))
            }
            throw .malformed("\(pointer(row: row)): expected a record, got \(event.words).")
        }
    }

    /// MLflow makes one array of the rows, of the first column's type, and the others must follow from it (`mixedArray`).
    private func checkArrayType() throws(RequestError) {
        guard let first = columns.first, compatibility.follows(.mixedArray) else { return }
        for (position, column) in columns.enumerated().dropFirst() {
            let follows =
                switch (first.kind, column.kind) {
                case (.integer, .long), (.integer, .double), (.float, .double): true
                default: first.type == column.type
                }
            guard !follows else { continue }
            throw RequestError(
                .invalidParameterValue,
                "Failed to enforce schema. \(pointer(row: nil)): Incompatible input types for column \(position): the rows of an"
                    + " array have one type, \(first.type.name), and the column is \(column.type.name); send `dataframe_split`."
            )
        }
    }

    private mutating func decodeMembers<Sink: CellSink>(
        _ row: Int, _ reader: inout JSONPullReader, _ sink: inout Sink
    ) throws(RequestError) {
        var hint = 0
        while case .key(let name) = try reader.step() {
            if !isNamed, row == 0, borrowed[name] == nil, borrowed.count < columns.count {
                borrowed[name] = borrowed.count
                givenNames.append(name)
            }
            guard let column = index(of: name, hint: hint) else {
                if extras.count < 20, !extras.contains(name) { extras.append(name) }
                try reader.skip()
                continue
            }
            guard nextRow[column] <= row else { throw .notJSON(reader.error(.duplicateKey(name))) }
            try cell(try reader.step(), row: row, column: column, &reader, &sink)
            hint = column + 1
        }
    }

    // MARK: inputs and instances

    mutating func decodeInputs<Sink: CellSink>(
        _ reader: inout JSONPullReader, _ sink: inout Sink
    ) throws(RequestError) -> Int {
        let event = try reader.step()
        switch event {
        case .beginArray:
            return try decodeRecords(&reader, &sink)
        case .beginObject where isNamed:
            place = place == .inputs ? .columnsOfInputs : .columnsOfInstances
            return try decodeColumns(&reader, &sink)
        case .beginObject:
            throw .malformed(
                "Failed to parse input data. This model contains an un-named model signature which expects a single"
                    + " n-dimensional array, got an object.")
        default:
            throw RequestError(
                .invalidParameterValue, "\(pointer(row: nil)): expected an array or an object, got \(event.words).")
        }
    }

    private mutating func decodeColumns<Sink: CellSink>(
        _ reader: inout JSONPullReader, _ sink: inout Sink
    ) throws(RequestError) -> Int {
        var rows: Int?
        while case .key(let name) = try reader.step() {
            guard let column = index(of: name, hint: columns.count) else {
                if extras.count < 20 { extras.append(name) }
                try reader.skip()
                continue
            }
            guard nextRow[column] == 0 else { throw .notJSON(reader.error(.duplicateKey(name))) }
            let count = try decodeColumn(column, &reader, &sink)
            guard count == rows ?? count else {
                throw .malformed("The length of values for each input/column name are not the same: `\(quoted(name))`.")
            }
            rows = count
        }
        return rows ?? 0
    }

    private mutating func decodeColumn<Sink: CellSink>(
        _ column: Int, _ reader: inout JSONPullReader, _ sink: inout Sink
    ) throws(RequestError) -> Int {
        let event = try reader.step()
        guard case .beginArray = event else {
            try cell(event, row: 0, column: column, &reader, &sink)
            return 1
        }
        var row = 0
        while true {
            let event = try reader.step()
            if case .endArray = event { return row }
            try checkRows(row + 1)
            try cell(event, row: row, column: column, &reader, &sink)
            row += 1
        }
    }

    /// Passes over the value that begins with `event`.
    func skip(_ event: JSONPullReader.Event, _ reader: inout JSONPullReader) throws(RequestError) {
        do { try reader.skipRest(of: event) } catch { throw .notJSON(error) }
    }
}
