import JSONText

// `dataframe_split`: rows by position.
extension RequestDecoder {
    mutating func decodeSplit<Sink: CellSink>(
        _ reader: inout JSONPullReader, _ sink: inout Sink
    ) throws(RequestError) -> Int {
        let event = try reader.step()
        guard case .beginObject = event else {
            throw .malformed("Dataframe split format must be a dictionary. Got \(event.pythonWords).")
        }
        var names: (all: [String]?, text: Range<Int>)?
        var areKnown = false
        var rows: Int?
        var indexCount: Int?
        var postponed: JSONPullReader?
        var keys = JSONKeys()
        while case .key(let key) = try reader.step() {
            guard keys.insert(key) else { throw .notJSON(reader.error(.duplicateKey(key))) }
            switch key {
            case "columns" where reader.skip(known: knownNames.text):
                areKnown = true
                takeKnownNames()
            case "columns":
                names = try decodeNames(&reader)
            case "index":
                indexCount = try countIndex(&reader)
            case "data" where names?.all != nil || areKnown:
                if !areKnown { try mapColumns(names) }
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
        if rows == nil {
            guard var again = postponed else {
                throw .malformed(
                    "Dataframe split format must have 'data' field and optionally 'columns' and 'index' fields.")
            }
            if !areKnown { try mapColumns(names) }
            rows = try decodeData(&again, &sink)
        }
        guard let rows, rows == indexCount ?? rows else {
            throw .malformed(
                "Provided dataframe_split field is not a valid dataframe representation in 'split' format."
                    + " /dataframe_split/index: Length of values (\(rows ?? 0)) does not match length of index (\(indexCount ?? 0))."
            )
        }
        return rows
    }

    /// The labels of the rows mean nothing to a model, but there must be one for each.
    private func countIndex(_ reader: inout JSONPullReader) throws(RequestError) -> Int? {
        switch try reader.step() {
        case .null: return nil
        case .beginArray:
            var count = 0
            while true {
                let event = try reader.step()
                if case .endArray = event { return count }
                try skip(event, &reader)
                count += 1
            }
        default: throw .malformed("/dataframe_split/index: expected an array.")
        }
    }

    /// The names, nil for `null`, and where they stand in the body.
    private func decodeNames(
        _ reader: inout JSONPullReader
    ) throws(RequestError) -> (all: [String]?, text: Range<Int>) {
        let event = try reader.step()
        let start = reader.offset
        if case .null = event { return (nil, start..<start) }
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
            case .endArray: return (names, start..<reader.position)
            case .null, .bool, .beginArray, .beginObject, .endObject, .key, .endOfDocument:
                throw .malformed("/dataframe_split/columns/\(names.count): expected a name.")
            }
        }
    }

    /// Decides which cell of a row belongs to which column.
    private mutating func mapColumns(_ given: (all: [String]?, text: Range<Int>)?) throws(RequestError) {
        guard !isTensor || isNamed else { return }
        hasNames = given?.all != nil
        guard let given, let names = given.all else {
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
        guard given.text.count <= KnownNames.byteLimit else { return }
        knownNames = KnownNames(
            text: Array(slice(given.text)), mapping: mapping, givenNames: givenNames, extras: extras)
    }

    private mutating func takeKnownNames() {
        hasNames = true
        mapping = knownNames.mapping
        givenNames = knownNames.givenNames
        extras = knownNames.extras
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
            if isTensor, !isNamed {
                try cell(event, row: row, column: 0, &reader, &sink)
            } else {
                try decodeRow(event, row, &reader, &sink)
            }
            row += 1
        }
    }

    /// A row of `data`: an array, or a bare value when there is one column.
    mutating func decodeRow<Sink: CellSink>(
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
            if takesPlainCells { try decodePlainCells(&position, row, &reader, &sink) }
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

    func wrongWidth(_ row: Int, _ count: Int? = nil) -> RequestError {
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
    mutating func refusePositions(_ reader: inout JSONPullReader) throws(RequestError) {
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
}
