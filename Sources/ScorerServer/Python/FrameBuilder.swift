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
    private let parameters: ParameterChecker

    init(schema: RequestSchema?, parameters: [ServingConfiguration.Parameter], limits: Limits) {
        decoder = RequestDecoder(schema ?? .untyped, limits: limits, integersTakeMissing: false)
        sink = FrameSink(columnCount: decoder.columns.count)
        isUntyped = schema == nil
        self.parameters = ParameterChecker(declared: parameters)
    }

    /// - Throws: `RequestError` for the caller.
    mutating func payload(for scoring: ScoringRequest) throws(RequestError) -> Payload {
        guard !isUntyped else { return try rawPayload(for: scoring) }
        let request = try decoder.decode(scoring, into: &sink)
        let checked = try parameters.check(request.parameters)
        let present = decoder.columns.indices.filter { request.present[$0] }
        var bytes = Array((decoder.isTensor ? "{\"form\":\"tensor\"" : "{\"form\":\"frame\"").utf8)
        bytes.append(contentsOf: ",\"rows\":\(request.rows),\"columns\":".utf8)
        JSONWriter.append(names(present), style: .compact, to: &bytes)
        bytes.append(contentsOf: ",\"types\":".utf8)
        let types = present.map {
            decoder.isTensor ? .string(decoder.columns[$0].dtype) : decoder.columns[$0].type.json
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
        appendParameters(checked, to: &bytes)
        return Payload(bytes: bytes, rows: request.rows)
    }

    /// The columns' names: the schema's, else the caller's, else none.
    private func names(_ present: [Int]) -> JSONValue {
        if decoder.isNamed { return .array(present.map { .optional(decoder.columns[$0].name) }) }
        guard !decoder.isTensor, decoder.givenNames.count == present.count else { return .null }
        return .array(decoder.givenNames.map(JSONValue.string))
    }

    private func rawPayload(for scoring: ScoringRequest) throws(RequestError) -> Payload {
        var raw = RawRequest(scoring.body, limits: decoder.jsonLimits)
        try raw.read(isBare: scoring.isBare)
        if let rows = raw.rows { try decoder.checkRows(rows) }
        let checked = try parameters.check(raw.parameters)
        var bytes = Array("{\"form\":\"raw\",\"key\":\"\(raw.form)\",\"data\":".utf8)
        bytes.append(contentsOf: raw.data)
        appendParameters(checked, to: &bytes)
        return Payload(bytes: bytes, rows: raw.rows)
    }

    private func appendParameters(_ parameters: JSONObject?, to bytes: inout [UInt8]) {
        if let parameters {
            bytes.append(contentsOf: ",\"params\":".utf8)
            JSONWriter.append(.object(parameters), style: .compact, to: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
    }
}
