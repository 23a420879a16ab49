import JSONText

// A table in CSV, read with the types of the schema.
extension RequestDecoder {
    /// Reads the whole body.
    ///
    /// - Returns: the number of rows.
    mutating func decodeCSV<Sink: CellSink>(_ sink: inout Sink) throws(RequestError) -> Int {
        guard !isTensor else { throw .notCSV("the model takes a tensor, which CSV cannot hold; send JSON") }
        if let bad = firstInvalidUTF8(body) { throw .notCSV("byte \(bad) is not UTF-8") }
        var reader = CSVReader(body)
        guard reader.nextRecord() else { throw .notCSV("there are no columns: the text is empty") }
        var names: [String] = []
        while !reader.isAtEndOfRecord {
            names.append(try reader.readField { String(decoding: $0, as: UTF8.self) })
            guard names.count <= limits.columns else {
                throw .notCSV("line 1 has more than \(limits.columns) columns")
            }
        }
        try mapCSVColumns(names)
        var row = 0
        while true {
            lineOfRow = reader.line
            guard reader.nextRecord() else { break }
            lineOfRow = reader.line
            try checkRows(row + 1)
            lines.append(lineOfRow)
            try decodeCSVRow(row, &reader, &sink)
            row += 1
        }
        return row
    }

    /// Checks that `bytes` are CSV, of a width that is kept.
    ///
    /// - Returns: the number of rows.
    func checkCSV(_ bytes: UnsafeRawBufferPointer) throws(RequestError) -> Int {
        if let bad = firstInvalidUTF8(bytes) { throw .notCSV("byte \(bad) is not UTF-8") }
        var reader = CSVReader(bytes)
        var width: Int?
        var rows = 0
        while reader.nextRecord() {
            let line = reader.line
            var count = 0
            while !reader.isAtEndOfRecord {
                try reader.readField { _ in }
                count += 1
            }
            guard count == width ?? count || compatibility.follows(.shortLine) && count < width ?? 0 else {
                throw .notCSV("line \(line) has \(count) fields, and line 1 has \(width ?? 0)")
            }
            if width == nil { width = count } else { rows += 1 }
            guard count <= limits.columns else { throw .notCSV("line 1 has more than \(limits.columns) columns") }
            try checkRows(rows)
        }
        guard width != nil else { throw .notCSV("there are no columns: the text is empty") }
        return rows
    }

    private mutating func mapCSVColumns(_ names: [String]) throws(RequestError) {
        var seen: Set<String> = []
        for name in names where !seen.insert(name).inserted {
            throw .notCSV("line 1 has the column `\(quoted(name))` twice")
        }
        hasNames = true
        guard isNamed || names.count >= columns.count else {
            throw RequestError(
                .invalidParameterValue,
                "Model inference is missing inputs: it takes \(columns.count) columns, line 1 has \(names.count).")
        }
        if !isNamed { givenNames = Array(names.prefix(columns.count)) }
        for (position, name) in names.enumerated() {
            let index = isNamed ? index(of: name, hint: position) : position < columns.count ? position : nil
            // What `to_csv` writes for an index has no name; pandas calls it so.
            if index == nil, extras.count < 20 { extras.append(name.isEmpty ? "Unnamed: \(position)" : name) }
            if let index, !columns[index].kind.canStandInCSV {
                let type = columns[index].type.name
                throw .notCSV("the column `\(quoted(name))` is of type \(type), which is not read from CSV; send JSON")
            }
            mapping.append(index ?? -1)
        }
        let missing = columns.indices.filter { columns[$0].required && !mapping.contains($0) }
        guard missing.isEmpty else { throw missingInputs(missing.map { columns[$0].name ?? String($0) }) }
    }

    private mutating func decodeCSVRow<Sink: CellSink>(
        _ row: Int, _ reader: inout CSVReader, _ sink: inout Sink
    ) throws(RequestError) {
        var position = 0
        while !reader.isAtEndOfRecord {
            guard position < mapping.count else {
                throw .notCSV("line \(lineOfRow) has more fields than the \(mapping.count) of line 1")
            }
            let column = mapping[position]
            if column < 0 {
                try reader.readField { _ in }
            } else {
                try reader.readField { setCSVCell($0, row, column, &sink) }
            }
            position += 1
        }
        guard position < mapping.count else { return }
        guard compatibility.follows(.shortLine) else {
            throw .notCSV("line \(lineOfRow) has \(position) fields, and line 1 has \(mapping.count)")
        }
        for column in mapping[position...] where column >= 0 {
            setCSVCell(UnsafeRawBufferPointer(start: nil, count: 0), row, column, &sink)
        }
    }

    private mutating func setCSVCell<Sink: CellSink>(
        _ field: UnsafeRawBufferPointer, _ row: Int, _ column: Int, _ sink: inout Sink
    ) {
        nextRow[column] = row + 1
        let fits: Bool
        if MissingText.contains(field) {
            fits = columns[column].takesMissing && !refusesMissingFields.contains(column)
            if fits { sink.setMissing(row: row, column: column) }
        } else {
            fits = setPresent(field, row, column, &sink)
        }
        guard !fits else { return }
        guard problems.takesMore else { return problems.add(nil) }
        let text =
            field.isEmpty ? "an empty field" : "`\(quoted(String(String(decoding: field, as: UTF8.self).prefix(40))))`"
        problems.add(mismatch(row: row, column: column, expected: columns[column].type.words, got: text))
    }

    private mutating func setPresent<Sink: CellSink>(
        _ field: UnsafeRawBufferPointer, _ row: Int, _ column: Int, _ sink: inout Sink
    ) -> Bool {
        switch columns[column].kind {
        case .float, .double, .integer, .long:
            if setNumber(field, allowing: .spaces, row, column, &sink) { return true }
            if columns[column].kind == .integer || columns[column].kind == .long,
                setWhole(field, row, column, &sink)
            {
                return true
            }
            return setBoolean(field, row, column, &sink)
        case .boolean: return setBoolean(field, row, column, &sink)
        case .string:
            sink.set(String(decoding: field, as: UTF8.self), row: row, column: column)
            return true
        case .binary:
            let text = String(decoding: field, as: UTF8.self)
            guard isBase64(text) else { return false }
            sink.set(text, row: row, column: column)
            return true
        case .datetime, .structured, .tensor: return false
        }
    }

    /// `2.0` for an integer, as pandas takes it when nothing is lost.
    private func setWhole<Sink: CellSink>(
        _ field: UnsafeRawBufferPointer, _ row: Int, _ column: Int, _ sink: inout Sink
    ) -> Bool {
        guard field.count <= limits.numberBytes, let value = NumberText(field, allowing: .spaces)?.double,
            abs(value) < 9_007_199_254_740_992, let whole = Int64(exactly: value),
            columns[column].kind == .long || Int32(exactly: whole) != nil
        else { return false }
        set(whole, row, column, &sink)
        return true
    }

    /// The words that pandas knows, and as in JSON also 0 and 1.
    private func setBoolean<Sink: CellSink>(
        _ field: UnsafeRawBufferPointer, _ row: Int, _ column: Int, _ sink: inout Sink
    ) -> Bool {
        guard field.count <= 5 else { return false }
        switch String(decoding: field, as: UTF8.self) {
        case "True", "TRUE", "true", "1": set(true, row, column, &sink)
        case "False", "FALSE", "false", "0": set(false, row, column, &sink)
        default: return false
        }
        return true
    }
}

extension CellKind {
    /// Whether MLflow reads the type from CSV.
    fileprivate var canStandInCSV: Bool {
        switch self {
        case .boolean, .integer, .long, .float, .double, .string, .binary: true
        case .datetime, .structured, .tensor: false
        }
    }
}

extension CSVReader {
    /// `field`, with the error of a request.
    @discardableResult
    fileprivate mutating func readField<Value>(
        _ use: (UnsafeRawBufferPointer) -> Value
    ) throws(RequestError) -> Value {
        do { return try field(use) } catch { throw .notCSV("\(error.reason), line \(error.line)") }
    }
}

extension RequestError {
    /// The body is not CSV that the model takes.
    static func notCSV(_ reason: String) -> RequestError {
        RequestError(
            .badRequest,
            "Failed to parse input as a Pandas DataFrame. Ensure that the input is a valid CSV-formatted Pandas DataFrame"
                + " produced using the `pandas.DataFrame.to_csv()` method. Error: \(reason).")
    }
}

/// The offset of the first byte that does not belong to well-formed UTF-8; nil when all do.
func firstInvalidUTF8(_ bytes: UnsafeRawBufferPointer) -> Int? {
    // Mostly ASCII: eight bytes at a time.
    var index = 0
    while bytes.count - index >= 8,
        bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
    {
        index += 8
    }
    var decoder = UTF8.ForwardParser()
    var rest = bytes[index...].makeIterator()
    while true {
        switch decoder.parseScalar(from: &rest) {
        case .valid(let scalar): index += scalar.count
        case .emptyInput: return nil
        case .error: return index
        }
    }
}
