import JSONText

/// Reads scoring requests for one schema, straight from the bytes into a sink; keeps its memory from request to request.
///
/// Supported bodies: an object with exactly one of `dataframe_split`, `dataframe_records`, `inputs`, `instances`, beside it
/// `params`; other members are passed over, as MLflow does. In the form `bareJSON` also a list of records alone; in the form
/// `unified` the object itself is a record; in the form `csv` a table in CSV.
///
/// Every value must fit its column. What may be changed on the way, and what is refused although MLflow takes it, is told by
/// `Quirk` alone. Reading goes on after a value that does not fit, so that one refusal tells the first ten.
struct RequestDecoder {
    /// What a body held beside the rows.
    struct Result {
        var rows = 0
        /// Whether the request has the column, in schema order.
        var present: [Bool] = []
        /// The value of `params`; nil when there is none.
        var parameters: JSONValue?
    }

    let columns: [DecoderColumn]
    /// Their kinds, side by side for the inner loop.
    let kinds: [CellKind]
    let compatibility: Compatibility
    /// Whether a table without rows is for the model to judge.
    var takesNoRows = false
    let limits: Limits
    let jsonLimits: JSONLimits
    private let indices: [String: Int]
    let isNamed: Bool
    let isTensor: Bool

    // What is known of the request that is being read.
    var body = UnsafeRawBufferPointer(start: nil, count: 0)
    var place = Place.records
    /// Per column, the row after the last that was set.
    var nextRow: [Int]
    /// Per column, the first row that has no cell; -1 for none.
    var gap: [Int]
    /// Room for the cells that are read at once; those of a row as a rule.
    var plainCells = [JSONPlainCell](repeating: JSONPlainCell(), count: 64)
    /// Whether no column takes a value whose text the reader must still stand at.
    var takesPlainCells: Bool
    /// Names that the schema does not know, for messages.
    var extras: [String] = []
    /// For columns without names, the names that the first record gives them.
    var borrowed: [String: Int] = [:]
    /// For columns without names, the caller's names in the order of the columns.
    var givenNames: [String] = []
    /// In `dataframe_split`, the schema's column of each cell; -1 for one that is not wanted.
    var mapping: [Int] = []
    /// In `dataframe_split`, the last names that were right, for clients send the same ones each time.
    var knownNames = KnownNames()
    /// In `dataframe_split`, whether there are column names.
    var hasNames = false
    /// Where the tensors of Open Inference Protocol stand.
    var tensors = TensorPlaces()

    /// Columns of texts in which a missing field of CSV cannot be told from a null: their nulls are None, and not what is missing.
    var refusesMissingFields: Set<Int> = []
    /// What does not fit, so far.
    var problems = RequestProblems()
    /// In CSV, the line in which each row begins, and that of the row that is being read.
    var lines: [Int] = []
    var lineOfRow = 1

    /// The names of a table as they stood in its body, and what they came to.
    struct KnownNames {
        var text: [UInt8] = []
        var mapping: [Int] = []
        var givenNames: [String] = []
        var extras: [String] = []

        /// Longer ones are read each time.
        static let byteLimit = 1 << 16
    }

    /// Where the rows stand in the body.
    enum Place {
        case bare, records, split, inputs, instances, columnsOfInputs, columnsOfInstances, unified, csv, tensors
    }

    init(_ schema: RequestSchema, limits: Limits, compatibility: Compatibility) {
        self.compatibility = compatibility
        switch schema {
        case .columns(let specs):
            columns = specs.map { spec in
                let kind = CellKind(spec.type)
                let takesMissing =
                    switch kind {
                    case .float, .double, .string, .datetime: true
                    case .structured: !spec.required
                    case .boolean, .integer, .long, .binary, .tensor: false
                    }
                return DecoderColumn(
                    name: spec.name, kind: kind, type: spec.type, required: spec.required, takesMissing: takesMissing)
            }
            isTensor = false
        case .tensors(let specs):
            columns = specs.map {
                DecoderColumn(
                    name: $0.name, kind: .tensor, type: .any, required: true, takesMissing: false, dtype: $0.dtype,
                    shape: Array($0.shape.dropFirst()))
            }
            isTensor = true
        case .untyped:
            columns = []
            isTensor = false
        }
        kinds = columns.map(\.kind)
        takesPlainCells = columns.allSatisfy { $0.kind != .structured && $0.kind != .tensor }
        self.limits = limits
        jsonLimits = JSONLimits(maxDepth: limits.depth, maxBytes: limits.bodyBytes, maxNumberLength: limits.numberBytes)
        isNamed = columns.contains { $0.name != nil }
        nextRow = Array(repeating: 0, count: columns.count)
        gap = Array(repeating: -1, count: columns.count)
        var indices: [String: Int] = [:]
        for (index, column) in columns.enumerated() { if let name = column.name { indices[name] = index } }
        self.indices = indices
    }

    /// Reads a whole body into `sink`.
    ///
    /// - Throws: `RequestError` for the caller; `sink` is then of no use until the next call.
    mutating func decode<Sink: CellSink>(
        _ request: ScoringRequest, into sink: inout Sink
    ) throws(RequestError) -> Result {
        begin(request.body)
        sink.removeAll()
        var result = Result()
        if case .openInference(let tensors) = request.form {
            try decodeTensors(tensors, &sink, &result)
        } else if case .csv = request.form {
            place = .csv
            result.rows = try decodeCSV(&sink)
        } else {
            try decodeJSON(request, &sink, &result)
        }
        try finish(&sink, &result)
        return result
    }

    private mutating func decodeJSON<Sink: CellSink>(
        _ request: ScoringRequest, _ sink: inout Sink, _ result: inout Result
    ) throws(RequestError) {
        var reader = JSONPullReader(body, limits: jsonLimits)
        reader.takesNotFinite = compatibility.follows(.notFiniteToken)
        switch try reader.step() {
        case .beginArray where request.isBare:
            place = .bare
            result.rows = try decodeRecords(&reader, &sink)
        case .beginObject where request.form.isUnified:
            place = .unified
            try decodeUnified(&reader, &sink, &result)
        case .beginObject:
            try decodeEnvelope(&reader, &sink, &result)
        case .beginArray:
            throw .malformed("\(requiredFormat) Received a list.")
        case .null, .bool, .number, .string, .endArray, .endObject, .key, .endOfDocument:
            throw .malformed("\(requiredFormat) Received unexpected input type: a bare value.")
        }
        _ = try reader.step()
    }

    private mutating func begin(_ bytes: UnsafeRawBufferPointer) {
        body = bytes
        for index in nextRow.indices { nextRow[index] = 0 }
        for index in gap.indices { gap[index] = -1 }
        extras.removeAll(keepingCapacity: true)
        borrowed.removeAll(keepingCapacity: true)
        givenNames.removeAll(keepingCapacity: true)
        mapping.removeAll(keepingCapacity: true)
        problems.removeAll()
        lines.removeAll(keepingCapacity: true)
        hasNames = false
    }

    /// The schema's column called `name`.
    @inline(__always)
    func index(of name: String, hint: Int) -> Int? {
        if hint < columns.count, columns[hint].name == name { return hint }
        return isNamed ? indices[name] : borrowed[name]
    }

    // MARK: The end

    private mutating func finish<Sink: CellSink>(_ sink: inout Sink, _ result: inout Result) throws(RequestError) {
        var missing: [String] = []
        for index in columns.indices {
            let column = columns[index]
            let isPresent = nextRow[index] > 0 || mapping.contains(index)
            result.present.append(isPresent)
            if !isPresent {
                if column.required { missing.append(column.name ?? String(index)) }
                continue
            }
            guard !column.takesMissing else { continue }
            let row = gap[index] >= 0 ? gap[index] : nextRow[index]
            if row < result.rows {
                problems.add(
                    mismatch(row: row, column: index, expected: column.type.words, got: "nothing: the record lacks it"))
            }
        }
        if let error = problems.error { throw error }
        guard missing.isEmpty else { throw missingInputs(missing) }
        guard result.rows > 0 || takesNoRows else { throw .malformed("The request has no rows.") }
        sink.finish(rows: result.rows)
    }

    func checkRows(_ count: Int) throws(RequestError) {
        guard count <= limits.rows else {
            throw RequestError(
                .resourceExhausted, "The request has more than \(limits.rows) rows; send them in several requests.",
                status: 413)
        }
    }
}

extension JSONPullReader {
    /// `next`, with the error of a request.
    @inline(__always)
    mutating func step() throws(RequestError) -> Event {
        do { return try next() } catch { throw .notJSON(error) }
    }

    /// `skipValue`, with the error of a request.
    @discardableResult
    mutating func skip() throws(RequestError) -> Range<Int> {
        do { return try skipValue() } catch { throw .notJSON(error) }
    }

    /// The value that begins with `event`, with the error of a request.
    mutating func value(startingWith event: Event) throws(RequestError) -> JSONValue {
        do { return try JSONText.value(startingWith: event, &self) } catch { throw .notJSON(error) }
    }
}
