import JSONText

/// Makes a request frame from the body of a scoring request.
///
/// With a schema a columnar payload: its head is `{"form": "frame"|"tensor", "columns": [name, …]|null, "types": [type, …]}`, every
/// value checked. Without one `{"form": "raw", "key", "data", "params"}` with the caller's own JSON, in which only the form, the
/// keys and the limits were checked: the model decides, as in MLflow.
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
    private let parameters: ParameterChecker

    init(schema: RequestSchema?, parameters: [ServingConfiguration.Parameter], limits: Limits) {
        decoder = RequestDecoder(schema ?? .untyped, limits: limits, integersTakeMissing: false)
        sink = FrameSink(decoder.columns)
        isUntyped = schema == nil
        self.parameters = ParameterChecker(declared: parameters)
    }

    /// - Throws: `RequestError` for the caller.
    mutating func frame(for scoring: ScoringRequest) throws(RequestError) -> Frame {
        guard !isUntyped else { return try rawFrame(for: scoring) }
        let request = try decoder.decode(scoring, into: &sink)
        let checked = try parameters.check(request.parameters)
        let columns = decoder.columns.indices.filter { request.present[$0] }.map { index in
            var column = sink.columns[index]
            column.fill(to: request.rows)
            return column
        }
        let size = columns.reduce(0) { $0 + $1.byteCount(rows: request.rows) + 32 }
        let head = head(for: request.present)
        let given = checked.map { JSONWriter.bytes(.object($0), style: .compact) } ?? []
        let writer = ColumnarWriter(
            reserved: WorkerFrame.headerBytes, capacity: size + head.count + given.count + 64, head: head,
            parameters: given, columns: columns, rows: request.rows)
        return Frame(bytes: writer.bytes, isColumnar: true, rows: request.rows)
    }

    private func head(for present: [Bool]) -> [UInt8] {
        let indices = decoder.columns.indices.filter { present[$0] }
        var bytes = Array((decoder.isTensor ? "{\"form\":\"tensor\"" : "{\"form\":\"frame\"").utf8)
        bytes.append(contentsOf: ",\"columns\":".utf8)
        JSONWriter.append(names(indices), style: .compact, to: &bytes)
        bytes.append(contentsOf: ",\"types\":".utf8)
        let types = indices.map {
            decoder.isTensor ? .string(decoder.columns[$0].dtype) : decoder.columns[$0].type.json
        }
        JSONWriter.append(.array(types), style: .compact, to: &bytes)
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    /// The columns' names: the schema's, else the caller's, else none.
    private func names(_ present: [Int]) -> JSONValue {
        if decoder.isNamed { return .array(present.map { .optional(decoder.columns[$0].name) }) }
        guard !decoder.isTensor, decoder.givenNames.count == present.count else { return .null }
        return .array(decoder.givenNames.map(JSONValue.string))
    }

    private func rawFrame(for scoring: ScoringRequest) throws(RequestError) -> Frame {
        var raw = RawRequest(scoring.body, limits: decoder.jsonLimits)
        try raw.read(isBare: scoring.isBare)
        if let rows = raw.rows { try decoder.checkRows(rows) }
        let checked = try parameters.check(raw.parameters)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(WorkerFrame.headerBytes + raw.data.count + 128)
        bytes.append(contentsOf: repeatElement(0, count: WorkerFrame.headerBytes))
        bytes.append(contentsOf: "{\"form\":\"raw\",\"key\":\"\(raw.form)\",\"data\":".utf8)
        bytes.append(contentsOf: raw.data)
        if let checked {
            bytes.append(contentsOf: ",\"params\":".utf8)
            JSONWriter.append(.object(checked), style: .compact, to: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
        return Frame(bytes: bytes, isColumnar: false, rows: raw.rows)
    }
}
