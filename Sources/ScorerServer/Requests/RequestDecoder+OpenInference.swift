import JSONText

// The tensors of Open Inference Protocol v2: each element is checked against its datatype and then, like a cell of any other
// form, against its column.
extension RequestDecoder {
    mutating func decodeTensors<Sink: CellSink>(
        _ request: OpenInferenceRequest, _ sink: inout Sink, _ result: inout Result
    ) throws(RequestError) {
        body = request.header
        place = .tensors
        tensors = TensorPlaces(columnCount: columns.count)
        result.parameters = request.parameters
        for input in request.inputs { tensors.add(input) }
        let rows = request.inputs[0].shape[0]
        try checkRows(rows)
        if !isNamed, !isTensor, request.inputs.count == 1, columns.count > 1 || request.inputs[0].shape.count == 2 {
            try decodeMatrix(request.inputs[0], &sink)
        } else {
            for (number, input) in request.inputs.enumerated() {
                guard input.shape[0] == rows else {
                    throw RequestError(
                        .invalidParameterValue,
                        "/inputs/\(number)/shape/0: expected \(rows), the rows of the first tensor, got \(input.shape[0])."
                    )
                }
                try decodeTensor(input, number, &sink)
            }
        }
        tensors.leaf = nil
        result.rows = rows
    }

    /// One tensor for all columns of a table without names.
    private mutating func decodeMatrix<Sink: CellSink>(
        _ input: OpenInferenceRequest.Input, _ sink: inout Sink
    ) throws(RequestError) {
        guard input.shape.count == 2, input.shape[1] == columns.count else {
            throw wrongShape(input, 0, expected: [-1, columns.count])
        }
        tensors.matrixWidth = columns.count
        try decodeElements(TensorCursor(input: input, number: 0, target: .matrix), &sink)
    }

    private mutating func decodeTensor<Sink: CellSink>(
        _ input: OpenInferenceRequest.Input, _ number: Int, _ sink: inout Sink
    ) throws(RequestError) {
        guard let column = column(of: input.name, count: tensors.inputs.count) else {
            let names = columns.indices.map { columns[$0].name ?? "input-\($0)" }
            throw RequestError(
                .invalidParameterValue,
                "/inputs/\(number)/name: the model has no input `\(quoted(input.name))`, it has \(pythonList(names)).")
        }
        tensors.inputOfColumn[column] = number
        let spec = columns[column]
        guard input.contentType != "base64" || spec.kind == .binary else {
            throw .unfit("/inputs/\(number)/parameters/content_type: `\(quoted(columnName(column)))` is not binary.")
        }
        var cursor = TensorCursor(input: input, number: number, target: .column(column))
        switch spec.kind {
        case .tensor:
            guard input.shape.count == spec.shape.count + 1,
                zip(input.shape.dropFirst(), spec.shape).allSatisfy({ $1 < 0 || $0 == $1 })
            else { throw wrongShape(input, number, expected: [-1] + spec.shape) }
            cursor.target = .tensor(column, TensorTarget(row: 0, column: column, elements: .init(dtype: spec.dtype)))
        case .structured:
            if input.shape.count > 1 {
                cursor.target = .array(column)
            } else if input.datatype == .bytes, spec.type != .any {
                cursor.target = .text(column)
            }
        default:
            guard input.rowCount == 1, input.shape.count <= 2 else { throw wrongShape(input, number, expected: [-1]) }
        }
        try decodeElements(cursor, &sink)
        if spec.kind == .tensor { nextRow[column] = input.shape[0] }
    }

    /// The column that a tensor is for. Without names, the tensors are `input-0` and so on; one alone may have any name.
    private func column(of name: String, count: Int) -> Int? {
        if isNamed { return index(of: name, hint: columns.count) }
        if columns.count == 1, count == 1 { return 0 }
        guard name.hasPrefix("input-"), let number = Int(name.dropFirst(6)), columns.indices.contains(number) else {
            return nil
        }
        return number
    }

    private func columnName(_ column: Int) -> String { columns[column].name ?? "input-\(column)" }

    private func wrongShape(
        _ input: OpenInferenceRequest.Input, _ number: Int, expected: [Int]
    ) -> RequestError {
        func words(_ shape: [Int]) -> String { "[" + shape.map(String.init).joined(separator: ", ") + "]" }
        return RequestError(
            .invalidParameterValue,
            "Failed to enforce schema. /inputs/\(number)/shape: expected \(words(expected)), got \(words(input.shape))."
        )
    }

    // MARK: Elements

    private mutating func decodeElements<Sink: CellSink>(
        _ cursor: consuming TensorCursor, _ sink: inout Sink
    ) throws(RequestError) {
        var cursor = cursor
        switch cursor.input.contents {
        case .none: throw .malformed("/inputs/\(cursor.number): expected a tensor with `data`.")
        case .binary(let bytes): try decodeBinary(bytes, &cursor, &sink)
        case .json(var reader):
            guard case .beginArray = try reader.step() else {
                throw .malformed("/inputs/\(cursor.number)/data: expected an array.")
            }
            let event = try reader.step()
            if case .beginArray = event { tensors.inputs[cursor.number].isNested = true }
            let levels = tensors.inputs[cursor.number].isNested ? cursor.input.shape : [cursor.input.count]
            try decodeLevel(levels[...], event, &reader, &cursor, &sink)
        }
    }

    /// The array whose first event is `event`: of `levels.first` elements, or arrays of the levels below.
    private mutating func decodeLevel<Sink: CellSink>(
        _ levels: ArraySlice<Int>, _ event: JSONPullReader.Event, _ reader: inout JSONPullReader,
        _ cursor: inout TensorCursor, _ sink: inout Sink
    ) throws(RequestError) {
        guard let length = levels.first else { return }
        var event = event
        var count = 0
        while event != .endArray {
            guard count < length else { throw wrongCount(cursor, levels, got: "more") }
            if levels.count > 1 {
                guard case .beginArray = event else {
                    throw .malformed("\(elementPointer(cursor)): expected an array, got \(event.words).")
                }
                try decodeLevel(levels.dropFirst(), try reader.step(), &reader, &cursor, &sink)
            } else {
                try element(event, &reader, &cursor, &sink)
            }
            count += 1
            event = try reader.step()
        }
        guard count == length else { throw wrongCount(cursor, levels, got: String(count)) }
    }

    private func elementPointer(_ cursor: TensorCursor) -> String {
        var places = tensors
        places.leaf = cursor.position
        return places.pointer(input: cursor.number, index: cursor.position)
    }

    private func wrongCount(_ cursor: TensorCursor, _ levels: ArraySlice<Int>, got: String) -> RequestError {
        let place = "/inputs/\(cursor.number)/data"
        let length = levels.first ?? 0
        guard tensors.inputs[cursor.number].isNested else {
            return .malformed("\(place): expected \(length) elements, as the shape says, got \(got).")
        }
        return .malformed(
            "\(place): expected arrays of \(length) at depth \(cursor.input.shape.count - levels.count + 1), got \(got)."
        )
    }

    /// Checks one element, and hands it over when its cell is complete.
    mutating func element<Sink: CellSink>(
        _ event: JSONPullReader.Event, _ reader: inout JSONPullReader, _ cursor: inout TensorCursor, _ sink: inout Sink
    ) throws(RequestError) {
        tensors.leaf = cursor.position
        guard cursor.input.datatype.takes(event, reader) else {
            throw .unfit(
                "\(elementPointer(cursor)): expected an element of \(cursor.input.datatype.rawValue), got \(words(event, reader))."
            )
        }
        if case .number(let range) = event, let value = cursor.input.datatype.rounded(range, reader) {
            // What a tensor of the datatype holds is this number, whatever its text said.
            let text = Array(JSONNumber(value).text.utf8)
            try withText(text) { (decoder, reader) throws(RequestError) in
                try decoder.place(try reader.step(), &reader, &cursor, &sink)
            }
        } else {
            try place(event, &reader, &cursor, &sink)
        }
        cursor.position += 1
    }

    private mutating func place<Sink: CellSink>(
        _ event: JSONPullReader.Event, _ reader: inout JSONPullReader, _ cursor: inout TensorCursor, _ sink: inout Sink
    ) throws(RequestError) {
        let width = cursor.input.rowCount
        switch cursor.target {
        case .column(let column):
            try cell(event, row: cursor.position, column: column, &reader, &sink)
        case .matrix:
            let (row, column) = cursor.position.quotientAndRemainder(dividingBy: width)
            try cell(event, row: row, column: column, &reader, &sink)
        case .text(let column):
            guard case .string(let text) = event else {
                return try cell(event, row: cursor.position, column: column, &reader, &sink)
            }
            try withText(Array(text.utf8)) { (decoder, reader) throws(RequestError) in
                try decoder.cell(try reader.step(), row: cursor.position, column: column, &reader, &sink)
                _ = try reader.step()
            }
        case .tensor(let column, var target):
            (target.row, target.position) = cursor.position.quotientAndRemainder(dividingBy: width)
            try tensorElement(event, &target, reader, &sink)
            guard !sink.takesTensorElements else { return }
            cursor.append(slice(reader.offset..<reader.position))
            guard target.position == width else { return }
            cursor.row.withUnsafeBytes { sink.set(json: $0, row: target.row, column: column) }
            cursor.row.removeAll(keepingCapacity: true)
        case .array(let column):
            cursor.append(slice(reader.offset..<reader.position))
            let (row, position) = cursor.position.quotientAndRemainder(dividingBy: width)
            guard position == width - 1 else { return }
            let text = cursor.row
            cursor.row.removeAll(keepingCapacity: true)
            try withText(text) { (decoder, reader) throws(RequestError) in
                try decoder.cell(try reader.step(), row: row, column: column, &reader, &sink)
            }
        }
    }

    /// Reads `text` as if it stood in the body.
    mutating func withText(
        _ text: [UInt8], _ work: (inout RequestDecoder, inout JSONPullReader) throws(RequestError) -> Void
    ) throws(RequestError) {
        let whole = body
        let limits = JSONLimits(
            maxDepth: jsonLimits.maxDepth, maxBytes: max(text.count, jsonLimits.maxBytes),
            maxNumberLength: jsonLimits.maxNumberLength)
        let outcome: Swift.Result<Void, RequestError> = text.withUnsafeBytes { bytes in
            body = bytes
            var reader = JSONPullReader(bytes, limits: limits)
            do throws(RequestError) { return .success(try work(&self, &reader)) } catch { return .failure(error) }
        }
        body = whole
        try outcome.get()
    }
}
