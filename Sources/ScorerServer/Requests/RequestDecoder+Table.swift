import JSONText

// Records, and the columns of `inputs` and `instances`.
extension RequestDecoder {
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
        case .beginObject where isTensor && isNamed && place == .inputs:
            // MLflow wants one array a tensor here; `instances` takes records.
            throw missingInputs(columns.compactMap(\.name))
        case .beginObject where isTensor && !isNamed:
            try decodeTensorRecord(row, &reader, &sink)
        case .beginObject:
            try decodeMembers(row, &reader, &sink)
        case .beginArray where !isNamed && !isTensor:
            if place == .inputs || place == .instances { try checkArrayType() }
            mapping = Array(columns.indices)
            try decodeRow(event, row, &reader, &sink)
        case .beginArray where isNamed && !isTensor && row == 0:
            try refusePositions(&reader)
        case .beginArray where isTensor && !isNamed:
            try cell(event, row: row, column: 0, &reader, &sink)
        default:
            if isNamed, columns.count == 1, place == .inputs || place == .instances {
                return try cell(event, row: row, column: 0, &reader, &sink)
            }
            if !isNamed, columns.count == 1 { return try cell(event, row: row, column: 0, &reader, &sink) }
            if isNamed, row == 0 {
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
            let isText = if case .string = event { true } else { false }
            throw RequestError(
                isTensor && isText ? .badRequest : .invalidParameterValue,
                "\(pointer(row: nil)): expected an array or an object, got \(event.words).")
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
                if let error = problems.error { throw error }
                // MLflow looks at the lengths of `instances` itself, and leaves those of `inputs` to the schema.
                throw RequestError(
                    place == .columnsOfInputs ? .invalidParameterValue : .badRequest,
                    "Invalid input. The length of values for each input/column name are not the same: `\(quoted(name))`."
                )
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
            guard !isTensor else {
                throw RequestError(
                    .invalidParameterValue,
                    "Failed to enforce schema. \(pointer(row: nil, column: column)): Shape of input () does not match expected"
                        + " shape: expected an array, got \(event.words).")
            }
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
