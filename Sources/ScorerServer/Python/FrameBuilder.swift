import JSONText

/// Makes a request frame from the body of a scoring request.
///
/// With a schema a columnar payload: its head is `{"form": "frame"|"tensor", "columns": [name, …]|null, "types": [type, …]}`, every
/// value checked. Without one `{"form": "raw", "key", "data", "params"}` with the caller's own JSON, or text of CSV, in which only
/// the form, the keys and the limits were checked: the model decides, as in MLflow. A Parquet file is a columnar payload of one cell, its
/// bytes; its head is `{"form": "parquet", "bound", "row_limit", "column_limit"}`, and the worker checks the table. Each has `"not_finite": true` when the answer
/// may have NaN and the infinities.
struct FrameBuilder {
    struct Frame {
        /// The frame with room for its header.
        var bytes: [UInt8]
        var isColumnar: Bool
        /// Whether the answer has `NaN` and the infinities as Python writes them, and not null.
        var takesNotFinite = false
        var rows: Int?
    }

    private var decoder: RequestDecoder
    private var sink: FrameSink
    private let isUntyped: Bool
    private let hasTypeHint: Bool
    private let parameters: ParameterChecker

    init(_ configuration: ServingConfiguration, limits: Limits) {
        self.init(
            schema: configuration.isSchemaBinding ? configuration.schema : nil, parameters: configuration.parameters,
            limits: limits, compatibility: configuration.compatibility, hasTypeHint: configuration.hasTypeHint)
    }

    init(
        schema: RequestSchema?, parameters: [ServingConfiguration.Parameter], limits: Limits,
        compatibility: Compatibility, hasTypeHint: Bool = false
    ) {
        decoder = RequestDecoder(schema ?? .untyped, limits: limits, compatibility: compatibility)
        // MLflow leaves it to the model what to do with no rows; every converted model refuses them.
        decoder.takesNoRows = true
        sink = FrameSink(decoder.columns)
        isUntyped = schema == nil
        self.hasTypeHint = hasTypeHint
        self.parameters = ParameterChecker(declared: parameters)
    }

    /// - Throws: `RequestError` for the caller.
    mutating func frame(for scoring: ScoringRequest) throws(RequestError) -> Frame {
        if isUntyped, case .openInference(let tensors) = scoring.form {
            var typed = FrameBuilder(
                schema: tensors.schema, parameters: parameters.declared, limits: decoder.limits,
                compatibility: decoder.compatibility)
            return try typed.frame(for: scoring)
        }
        if case .parquet = scoring.form { return try parquetFrame(for: scoring) }
        guard !isUntyped else { return try rawFrame(for: scoring) }
        let request = try decoder.decode(scoring, into: &sink)
        let checked = try parameters.check(request.parameters)
        let columns = decoder.columns.indices.filter { request.present[$0] }.map { index in
            var column = sink.columns[index]
            column.fill(to: request.rows)
            return column
        }
        let size = columns.reduce(0) { $0 + $1.byteCount(rows: request.rows) + 32 }
        let head = head(for: request.present, scoring)
        let given = checked.map { JSONWriter.bytes(.object($0), style: .compact) } ?? []
        let writer = ColumnarWriter(
            reserved: WorkerFrame.headerBytes, capacity: size + head.count + given.count + 64, head: head,
            parameters: given, columns: columns, rows: request.rows)
        return Frame(
            bytes: writer.bytes, isColumnar: true, takesNotFinite: scoring.takesNotFinite, rows: request.rows)
    }

    private func head(for present: [Bool], _ scoring: ScoringRequest) -> [UInt8] {
        let indices = decoder.columns.indices.filter { present[$0] }
        var bytes = Array((decoder.isTensor ? "{\"form\":\"tensor\"" : "{\"form\":\"frame\"").utf8)
        bytes.append(contentsOf: ",\"columns\":".utf8)
        JSONWriter.append(names(indices), style: .compact, to: &bytes)
        bytes.append(contentsOf: ",\"types\":".utf8)
        let types = indices.map { index -> JSONValue in
            // Texts of CSV are what `read_csv` makes of them, which differs from a list in what is missing.
            if scoring.form.isCSV, decoder.isNamed, decoder.columns[index].type == .string { return "csv_string" }
            return decoder.isTensor ? .string(decoder.columns[index].dtype) : decoder.columns[index].type.json
        }
        JSONWriter.append(.array(types), style: .compact, to: &bytes)
        if scoring.takesNotFinite { bytes.append(contentsOf: Self.notFinite) }
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    /// The columns' names: the schema's, else the caller's, else none.
    private func names(_ present: [Int]) -> JSONValue {
        if decoder.isNamed { return .array(present.map { .optional(decoder.columns[$0].name) }) }
        guard !decoder.isTensor, decoder.givenNames.count == present.count else { return .null }
        return .array(decoder.givenNames.map(JSONValue.string))
    }

    /// The file as it is, for pandas; whether its table fits is for the worker to check, which is told what binds it.
    private func parquetFrame(for scoring: ScoringRequest) throws(RequestError) -> Frame {
        guard !hasTypeHint else {
            throw RequestError(
                .badRequest,
                "Failed to parse input as a Pandas DataFrame. The model's type hint takes `inputs`; send JSON.")
        }
        let limits = decoder.limits
        var head = Array(
            ("{\"form\":\"parquet\",\"bound\":\(!isUntyped),\"row_limit\":\(limits.rows)"
                + ",\"column_limit\":\(limits.columns)").utf8)
        if scoring.takesNotFinite { head.append(contentsOf: Self.notFinite) }
        head.append(UInt8(ascii: "}"))
        let given = try parameters.check(nil).map { JSONWriter.bytes(.object($0), style: .compact) } ?? []
        let writer = ColumnarWriter(
            reserved: WorkerFrame.headerBytes, capacity: scoring.body.count + head.count + given.count + 256,
            head: head, parameters: given, columns: [FrameColumn(file: scoring.body)], rows: 1)
        return Frame(bytes: writer.bytes, isColumnar: true, takesNotFinite: scoring.takesNotFinite)
    }

    private static let notFinite = Array(",\"not_finite\":true".utf8)

    private func rawFrame(for scoring: ScoringRequest) throws(RequestError) -> Frame {
        if scoring.form.isCSV { return try csvFrame(for: scoring) }
        var raw = RawRequest(scoring, limits: decoder.jsonLimits)
        try raw.read()
        guard !hasTypeHint || raw.form == "inputs" || raw.form == "unified" else {
            throw RequestError(
                .invalidParameterValue,
                "Request payload must be a dictionary with 'inputs' key when the model contains a valid type hint."
                    + " Found keys in payload: ['\(raw.form)'].")
        }
        if let rows = raw.rows { try decoder.checkRows(rows) }
        let checked = try parameters.check(raw.parameters)
        var bytes = rawBytes(key: hasTypeHint ? "hinted" : raw.form, capacity: raw.data.count)
        bytes.append(contentsOf: raw.data)
        return finished(bytes, scoring, checked, rows: raw.rows)
    }

    /// The text as it is, for `read_csv`; here it is only checked to be CSV.
    private func csvFrame(for scoring: ScoringRequest) throws(RequestError) -> Frame {
        guard !hasTypeHint else { throw .notCSV("the model's type hint takes `inputs`; send JSON") }
        let rows = try decoder.checkCSV(scoring.body)
        var bytes = rawBytes(key: "csv", capacity: scoring.body.count)
        JSONWriter.appendString(String(decoding: scoring.body, as: UTF8.self), isASCII: false, to: &bytes)
        return finished(bytes, scoring, try parameters.check(nil), rows: rows)
    }

    /// The frame up to the value of `data`.
    private func rawBytes(key: String, capacity: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(WorkerFrame.headerBytes + capacity + 128)
        bytes.append(contentsOf: repeatElement(0, count: WorkerFrame.headerBytes))
        bytes.append(contentsOf: "{\"form\":\"raw\",\"key\":\"\(key)\",\"data\":".utf8)
        return bytes
    }

    private func finished(
        _ start: consuming [UInt8], _ scoring: ScoringRequest, _ parameters: JSONObject?, rows: Int?
    ) -> Frame {
        var bytes = start
        if scoring.takesNotFinite { bytes.append(contentsOf: Self.notFinite) }
        if let parameters {
            bytes.append(contentsOf: ",\"params\":".utf8)
            JSONWriter.append(.object(parameters), style: .compact, to: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
        return Frame(bytes: bytes, isColumnar: false, takesNotFinite: scoring.takesNotFinite, rows: rows)
    }
}
