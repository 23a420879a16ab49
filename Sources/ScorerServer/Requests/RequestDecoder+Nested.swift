import JSONText

/// Where a value stands inside a cell.
struct Nesting {
    var row: Int
    var column: Int
    /// The rest of the JSON pointer.
    var path = ""

    /// Whether it is an element of an array, or a value of a map.
    var isInArray = false
    var isInMap = false

    func inside(_ step: String, ofArray: Bool = false, ofMap: Bool = false) -> Nesting {
        Nesting(row: row, column: column, path: path + "/" + step, isInArray: ofArray, isInMap: ofMap)
    }
}

// Cells that are arrays, objects, maps and tensors.
extension RequestDecoder {
    /// Reads the value that begins with `event` to its end and checks it against `type`. The reader bounds the depth.
    func check(
        _ event: JSONPullReader.Event, _ type: CellType, _ reader: inout JSONPullReader, _ place: Nesting
    ) throws(RequestError) {
        switch (type, event) {
        case (.any, _):
            // Python would let the last of two equal keys win.
            _ = try reader.value(startingWith: event)
        case (.double, .number(let range)), (.float, .number(let range)):
            // In arrays a whole number is taken (`wholeNumbersInArray`), alone MLflow takes 0 and 1 only (`wholeNumberInMap`).
            let isWhole = reader.int64(range) != nil && !place.isInArray && !place.path.isEmpty
            guard fits(event, type, reader), !isWhole || (0...1).contains(reader.int64(range) ?? 2) else {
                throw mismatch(
                    row: place.row, column: place.column, inside: place.path,
                    expected: "\(type.words) with a point or exponent, as `5.0`", got: words(event, reader))
            }
        case (.array(let items), .beginArray):
            var index = 0
            while true {
                let event = try reader.step()
                if case .endArray = event { return }
                try check(event, items, &reader, place.inside(String(index), ofArray: true))
                index += 1
            }
        case (.map(let values), .beginObject):
            var keys = JSONKeys()
            while case .key(let key) = try reader.step() {
                guard keys.insert(key) else { throw .notJSON(reader.error(.duplicateKey(key))) }
                try check(try reader.step(), values, &reader, place.inside(escapedForPointer(key), ofMap: true))
            }
        case (.object(let properties), .beginObject):
            try checkObject(properties, &reader, place)
        case (_, .null) where place.isInMap && columns[place.column].takesMissing,
            (.double, .null) where place.isInArray, (.float, .null) where place.isInArray:
            return
        case (.array, .null), (.object, .null), (.map, .null):
            guard !place.path.isEmpty || columns[place.column].takesMissing else { fallthrough }
        default:
            guard fits(event, type, reader) else {
                throw mismatch(
                    row: place.row, column: place.column, inside: place.path, expected: type.words,
                    got: words(event, reader))
            }
        }
    }

    private func checkObject(
        _ properties: [CellType.Property], _ reader: inout JSONPullReader, _ place: Nesting
    ) throws(RequestError) {
        var keys = JSONKeys()
        var seen: Set<String> = []
        var count = 0
        while case .key(let key) = try reader.step() {
            count += 1
            guard keys.insert(key) else { throw .notJSON(reader.error(.duplicateKey(key))) }
            guard let property = properties.first(where: { $0.name == key }) else {
                throw mismatch(
                    row: place.row, column: place.column, inside: place.path, expected: "the declared properties only",
                    got: "the property `\(quoted(key))`")
            }
            let event = try reader.step()
            if case .null = event, !property.required { continue }
            seen.insert(key)
            try check(event, property.type, &reader, place.inside(escapedForPointer(key)))
        }
        // Of an optional column, MLflow takes the empty object for none.
        if count == 0, place.path.isEmpty, columns[place.column].takesMissing { return }
        for property in properties where property.required && !seen.contains(property.name) {
            throw mismatch(
                row: place.row, column: place.column, inside: place.path,
                expected: "the property `\(quoted(property.name))`", got: "an object without it")
        }
    }

    private func fits(_ event: JSONPullReader.Event, _ type: CellType, _ reader: JSONPullReader) -> Bool {
        switch (type, event) {
        case (.boolean, .bool), (.string, .string): true
        case (.binary, .string(let text)): isBase64(text)
        case (.integer, .number(let range)): reader.int64(range).flatMap { Int32(exactly: $0) } != nil
        case (.long, .number(let range)): reader.int64(range) != nil
        case (.float, .number(let range)):
            reader.double(range).map { Float($0).isFinite } ?? (reader.notFinite(range) != nil)
        case (.double, .number(let range)): reader.double(range) != nil || reader.notFinite(range) != nil
        case (.datetime, .string(let text)): isDateTime(text)
        default: false
        }
    }

    // MARK: Tensors

    /// One row of a tensor: an array of the declared lengths, or a single element.
    mutating func tensorCell<Sink: CellSink>(
        _ event: JSONPullReader.Event, _ row: Int, _ column: Int, _ reader: inout JSONPullReader, _ sink: inout Sink
    ) throws(RequestError) {
        let start = reader.offset
        var target = TensorTarget(row: row, column: column, elements: ElementKind(dtype: columns[column].dtype))
        try tensorPart(event, &target, dimension: 0, &reader, &sink)
        if !sink.takesTensorElements { sink.set(json: slice(start..<reader.position), row: row, column: column) }
    }

    private mutating func tensorPart<Sink: CellSink>(
        _ event: JSONPullReader.Event, _ target: inout TensorTarget, dimension: Int, _ reader: inout JSONPullReader,
        _ sink: inout Sink
    ) throws(RequestError) {
        let shape = columns[target.column].shape
        guard dimension < shape.count else { return try tensorElement(event, &target, reader, &sink) }
        guard case .beginArray = event else { throw wrongShape(target, got: event.words) }
        var count = 0
        while true {
            let event = try reader.step()
            if case .endArray = event { break }
            try tensorPart(event, &target, dimension: dimension + 1, &reader, &sink)
            count += 1
        }
        // Inner lengths are known first.
        while target.lengths.count <= dimension { target.lengths.append(-1) }
        if target.lengths[dimension] < 0 { target.lengths[dimension] = count }
        guard shape[dimension] < 0 ? target.lengths[dimension] == count : shape[dimension] == count else {
            throw wrongShape(target, got: "an array of \(count)")
        }
    }

    func tensorElement<Sink: CellSink>(
        _ event: JSONPullReader.Event, _ target: inout TensorTarget, _ reader: JSONPullReader, _ sink: inout Sink
    ) throws(RequestError) {
        if case .beginArray = event { throw wrongShape(target, got: "an array more") }
        var value: Double?
        var fits = false
        switch (target.elements, event) {
        case (.number, .number(let range)):
            value = reader.double(range) ?? reader.notFinite(range)
            fits = value.map { target.elements.takes($0) } ?? false
            // From 2^53 on the float64 says neither the last digits nor on which side of a limit the number is.
            if let value, abs(value) >= 9_007_199_254_740_992, case .integer(let limits) = target.elements {
                fits = limits.lowerBound < 0 ? reader.int64(range) != nil : UInt64(reader.text(range)) != nil
            }
        case (.number, .string(let text)):
            value = number(text)?.double
            fits = value.map { target.elements.takes($0) } ?? false
        case (.integer, .string(let text)):
            value = number(text)?.int64.map(Double.init)
            fits = value.map { target.elements.takes($0) } ?? false
        case (.number, .null):
            value = .nan
            fits = true
        case (.integer, .number(let range)):
            value = reader.double(range)
            fits = value.map { target.elements.takes($0) } ?? false
        case (.number, .bool(let bool)), (.integer, .bool(let bool)), (.boolean, .bool(let bool)):
            value = bool ? 1 : 0
            fits = true
        case (.string, .string), (.any, .string), (.any, .number), (.any, .bool), (.any, .null): fits = true
        default: break
        }
        guard fits else {
            let expected = "an element of type \(columns[target.column].dtype)"
            throw mismatch(
                row: target.row, column: target.column, inside: place(of: target), expected: expected,
                got: words(event, reader))
        }
        if sink.takesTensorElements {
            let literal = UnsafeRawBufferPointer(start: nil, count: 0)
            sink.set(value ?? .nan, literal: literal, row: target.row, column: target.position)
        }
        target.position += 1
    }

    /// The rest of the pointer to the element that is being read; empty while a length that it depends on is not known.
    private func place(of target: TensorTarget) -> String {
        // Tensors of Open Inference Protocol know their element.
        if case .tensors = place { return "" }
        var rest = target.position
        var steps: [Int] = []
        for (dimension, declared) in columns[target.column].shape.enumerated().reversed() where dimension > 0 {
            let length =
                declared >= 0 ? declared : dimension < target.lengths.count ? max(0, target.lengths[dimension]) : 0
            guard length > 0 else { return "" }
            steps.append(rest % length)
            rest /= length
        }
        if !columns[target.column].shape.isEmpty { steps.append(rest) }
        return steps.reversed().map { "/\($0)" }.joined()
    }

    private func wrongShape(_ target: TensorTarget, got: String) -> RequestError {
        let shape = ([-1] + columns[target.column].shape).map(String.init).joined(separator: ", ")
        let pointer = pointer(row: target.row, column: isNamed ? target.column : nil)
        var error = RequestError(
            .invalidParameterValue,
            "Failed to enforce schema. \(pointer): Shape of input does not match expected shape (\(shape)): got \(got)."
        )
        error.details = [
            RequestProblem(
                place: .pointer(pointer), column: columns[target.column].name.map(quoted),
                expected: "rows of the shape (\(shape))", got: got)
        ]
        return error
    }

    private func number(_ text: String) -> NumberText? {
        let extras: NumberText.Extras = compatibility.follows(.paddedText) ? [.spaces, .underscores] : []
        var text = text
        return text.withUTF8 { NumberText(UnsafeRawBufferPointer($0), allowing: extras) }
    }

    /// A record for a nameless tensor: its values, in the order of the first record, are the row.
    mutating func decodeTensorRecord<Sink: CellSink>(
        _ row: Int, _ reader: inout JSONPullReader, _ sink: inout Sink
    ) throws(RequestError) {
        guard columns[0].shape.count == 1, place == .records || place == .bare else {
            throw RequestError(
                .invalidParameterValue,
                "Failed to enforce schema. \(pointer(row: row)): expected an array, got an object.")
        }
        var values: [[UInt8]?] = Array(repeating: nil, count: borrowed.count)
        while case .key(let name) = try reader.step() {
            if row == 0, borrowed[name] == nil {
                borrowed[name] = values.count
                values.append(nil)
            }
            let range = try reader.skip()
            guard let position = borrowed[name] else {
                throw wrongShape(TensorTarget(row: row, column: 0), got: "another record")
            }
            guard values[position] == nil else { throw .notJSON(reader.error(.duplicateKey(name))) }
            values[position] = Array(slice(range))
        }
        var joined = Array("[".utf8)
        for (position, value) in values.enumerated() {
            guard let value else { throw wrongShape(TensorTarget(row: row, column: 0), got: "another record") }
            if position > 0 { joined.append(UInt8(ascii: ",")) }
            joined.append(contentsOf: value)
        }
        joined.append(UInt8(ascii: "]"))
        // The row is read as if it had come as an array; `body` must be what its reader reads.
        let whole = body
        let outcome: Swift.Result<Void, RequestError> = joined.withUnsafeBytes { bytes in
            body = bytes
            var inner = JSONPullReader(bytes, limits: jsonLimits)
            inner.takesNotFinite = true
            do throws(RequestError) {
                try cell(try inner.step(), row: row, column: 0, &inner, &sink)
                return .success(())
            } catch { return .failure(error) }
        }
        body = whole
        try outcome.get()
    }
}

/// The row of a tensor that is being read.
struct TensorTarget {
    var row: Int
    var column: Int
    var elements = ElementKind.any
    /// The number of elements read.
    var position = 0
    /// The lengths found, outermost first; -1 where none is yet.
    var lengths: [Int] = []
}
