import JSONText

/// Makes the payload of a request frame from the body of a scoring request.
///
/// With a schema, `{"form": "frame"|"tensor", "rows", "columns", "types", "data": [column, …], "params"}`, every value checked.
/// Without one, `{"form": "raw", "key", "data", "params"}` with the caller's own JSON, in which only the form, the keys and the
/// limits were checked: the model decides, as in MLflow.
struct FrameBuilder {
    struct Payload {
        var bytes: [UInt8]
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
        sink = FrameSink(columnCount: decoder.columns.count)
        isUntyped = schema == nil
        self.hasTypeHint = hasTypeHint
        self.parameters = ParameterChecker(declared: parameters)
    }

    /// - Throws: `RequestError` for the caller.
    mutating func payload(for scoring: ScoringRequest) throws(RequestError) -> Payload {
        if isUntyped, case .openInference(let tensors) = scoring.form {
            var typed = FrameBuilder(
                schema: tensors.schema, parameters: parameters.declared, limits: decoder.limits,
                compatibility: decoder.compatibility)
            return try typed.payload(for: scoring)
        }
        guard !isUntyped else { return try rawPayload(for: scoring) }
        let request = try decoder.decode(scoring, into: &sink)
        let checked = try parameters.check(request.parameters)
        let present = decoder.columns.indices.filter { request.present[$0] }
        var bytes = Array((decoder.isTensor ? "{\"form\":\"tensor\"" : "{\"form\":\"frame\"").utf8)
        bytes.append(contentsOf: ",\"rows\":\(request.rows),\"columns\":".utf8)
        JSONWriter.append(names(present), style: .compact, to: &bytes)
        bytes.append(contentsOf: ",\"types\":".utf8)
        let types = present.map { index -> JSONValue in
            // Texts of CSV are what `read_csv` makes of them, which differs from a list in what is missing.
            if scoring.form.isCSV, decoder.isNamed, decoder.columns[index].type == .string { return "csv_string" }
            return decoder.isTensor ? .string(decoder.columns[index].dtype) : decoder.columns[index].type.json
        }
        JSONWriter.append(.array(types), style: .compact, to: &bytes)
        bytes.append(contentsOf: ",\"data\":".utf8)
        if decoder.isTensor, !decoder.isNamed {
            sink.appendColumn(0, to: &bytes)
        } else {
            bytes.append(UInt8(ascii: "["))
            for (position, column) in present.enumerated() {
                if position > 0 { bytes.append(UInt8(ascii: ",")) }
                sink.appendColumn(column, to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        }
        finish(scoring, checked, to: &bytes)
        return Payload(bytes: bytes, rows: request.rows)
    }

    /// The columns' names: the schema's, else the caller's, else none.
    private func names(_ present: [Int]) -> JSONValue {
        if decoder.isNamed { return .array(present.map { .optional(decoder.columns[$0].name) }) }
        guard !decoder.isTensor, decoder.givenNames.count == present.count else { return .null }
        return .array(decoder.givenNames.map(JSONValue.string))
    }

    private func rawPayload(for scoring: ScoringRequest) throws(RequestError) -> Payload {
        if scoring.form.isCSV { return try csvPayload(for: scoring) }
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
        let form = hasTypeHint ? "hinted" : raw.form
        var bytes = Array("{\"form\":\"raw\",\"key\":\"\(form)\",\"data\":".utf8)
        bytes.append(contentsOf: raw.data)
        finish(scoring, checked, to: &bytes)
        return Payload(bytes: bytes, rows: raw.rows)
    }

    /// The text as it is, for `read_csv`; here it is only checked to be CSV.
    private func csvPayload(for scoring: ScoringRequest) throws(RequestError) -> Payload {
        guard !hasTypeHint else { throw .notCSV("the model's type hint takes `inputs`; send JSON") }
        let rows = try decoder.checkCSV(scoring.body)
        var bytes = Array("{\"form\":\"raw\",\"key\":\"csv\",\"data\":".utf8)
        JSONWriter.appendString(String(decoding: scoring.body, as: UTF8.self), isASCII: false, to: &bytes)
        finish(scoring, try parameters.check(nil), to: &bytes)
        return Payload(bytes: bytes, rows: rows)
    }

    private func finish(_ scoring: ScoringRequest, _ parameters: JSONObject?, to bytes: inout [UInt8]) {
        if scoring.takesNotFinite { bytes.append(contentsOf: ",\"not_finite\":true".utf8) }
        if let parameters {
            bytes.append(contentsOf: ",\"params\":".utf8)
            JSONWriter.append(.object(parameters), style: .compact, to: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
    }
}
