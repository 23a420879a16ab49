import JSONText
import Scoring

/// Scores with a `.skiff` model in this process; one for each thread, the model is shared.
final class NativeBackend: Backend {
    private var decoder: RequestDecoder
    private var sink: InputBlockSink
    private let evaluator: Evaluator
    private var answers: AnswerBlock
    private var output: [UInt8] = []
    private let parameters: ParameterChecker
    private(set) var times = StageTimes()
    var workers: WorkerStatus? { nil }

    /// - Parameter processors: shared by all threads; large batches are spread over those that are idle.
    /// - Throws: `ServerError` of kind `.configuration` when the schema is not one for the model.
    init(
        model: CompiledModel, configuration: ServingConfiguration, limits: Limits, processors: ScoringProcessors
    ) throws(ServerError) {
        (decoder, sink) = try NativeBackend.reader(for: model, configuration: configuration, limits: limits)
        evaluator = Evaluator(model: model, sharing: processors)
        answers = AnswerBlock(model: model)
        parameters = ParameterChecker(declared: configuration.parameters)
    }

    /// What reads a request, and where its cells go.
    static func reader(
        for model: CompiledModel, configuration: ServingConfiguration, limits: Limits
    ) throws(ServerError) -> (RequestDecoder, InputBlockSink) {
        let schema = configuration.schema ?? NativeBackend.schema(of: model)
        var decoder = RequestDecoder(schema, limits: limits, compatibility: configuration.compatibility)
        let targets = try NativeBackend.targets(schema, model, configuration)
        let unknowns = decoder.columns.indices.filter { index in
            index < targets.count && targets[index] >= 0 && model.inputs.columns[targets[index]].missingIsUnknown
        }
        decoder.refusesMissingFields = Set(unknowns)
        return (decoder, InputBlockSink(block: InputBlock(model: model), targets: targets))
    }

    var description: ModelDescription {
        ModelDescription(schema: NativeBackend.schema(of: answers.model), answer: answers.model.answer)
    }

    func score(_ request: ScoringRequest, completion: @escaping (ScoringOutcome) -> Void) {
        var rows: Int?
        times = StageTimes()
        var watch = StopWatch()
        defer { if (rows ?? 0) > Self.keptRows { forgetMemory() } }
        do throws(RequestError) {
            defer { if times.parse == 0 { times.parse = watch.lap() } }
            let decoded = try decoder.decode(request, into: &sink)
            times.parse = watch.lap()
            rows = decoded.rows
            _ = try parameters.check(decoded.parameters)
            times.validate = watch.lap()
            try evaluate()
            times.predict = watch.lap()
            writeAnswer(takesNotFinite: request.takesNotFinite)
        } catch {
            return completion(.refusal(error, rows: rows))
        }
        output.withUnsafeBytes { completion(.answer($0, rows: rows ?? 0)) }
    }

    /// Requests of more rows do not leave their memory behind.
    private static let keptRows = 10_000

    private func forgetMemory() {
        sink.block = InputBlock(model: evaluator.model)
        answers = AnswerBlock(model: evaluator.model)
        output = []
    }

    private func evaluate() throws(RequestError) {
        do {
            try evaluator.evaluate(sink.block, into: &answers)
        } catch {
            guard case .rejectedRow(let row, let column, let reason) = error.kind else {
                throw RequestError(.internalError, "The model could not be evaluated.")
            }
            let index = column.flatMap { name in decoder.columns.firstIndex { $0.name == name } }
            let place = decoder.place(row: row, column: index)
            var refusal = RequestError(
                .badRequest,
                "Encountered an unexpected error while evaluating the model. Verify that the serialized input Dataframe is"
                    + " compatible with the model for inference. \(place.words): \(reason).")
            refusal.details = [
                RequestProblem(
                    place: place, column: column.map(quoted), expected: "a value that the model takes",
                    got: "one that it rejects: \(reason)")
            ]
            throw refusal
        }
    }

    private func writeAnswer(takesNotFinite: Bool) {
        output.removeAll(keepingCapacity: true)
        answers.appendPythonJSON(to: &output)
        // JSON has no token for what is not finite; labels are always finite.
        if !takesNotFinite, answers.model.answer.labels.isEmpty, answers.values.contains(where: { !$0.isFinite }) {
            writeNulls()
        }
    }

    /// Replaces `NaN`, `Infinity` and `-Infinity` by `null`; nothing else in a list of numbers begins with these letters.
    private func writeNulls() {
        var cleaned: [UInt8] = []
        var index = 0
        while index < output.count {
            let isNegative = output[index] == UInt8(ascii: "-") && output[index + 1] == UInt8(ascii: "I")
            if isNegative || output[index] == UInt8(ascii: "N") || output[index] == UInt8(ascii: "I") {
                cleaned.append(contentsOf: "null".utf8)
                while index < output.count, output[index] != UInt8(ascii: ","), output[index] != UInt8(ascii: "]") {
                    index += 1
                }
            } else {
                cleaned.append(output[index])
                index += 1
            }
        }
        output = cleaned
    }

    // MARK: Schema

    /// What the model itself says that it takes.
    private static func schema(of model: CompiledModel) -> RequestSchema {
        switch model.inputs.form {
        case .tensor(let type):
            return .tensors([.init(name: nil, dtype: type, shape: [-1, model.inputs.columns.count])])
        case .table:
            return .columns(
                model.inputs.columns.map { .init(name: $0.name, type: cellType($0.type), required: $0.required) })
        }
    }

    private static func cellType(_ type: ValueType) -> CellType {
        switch type {
        case .boolean: .boolean
        case .integer: .integer
        case .long: .long
        case .float: .float
        case .double: .double
        case .string: .string
        }
    }

    /// For each column of the schema, or each element of a tensor's row, the model's column; -1 when the model does without.
    private static func targets(
        _ schema: RequestSchema, _ model: CompiledModel, _ configuration: ServingConfiguration
    ) throws(ServerError) -> [Int] {
        func wrong(_ reason: String) -> ServerError {
            ServerError(
                .configuration, "cannot serve `\(quoted(configuration.name))`: \(reason)",
                hints: ["`serving.json` and the model do not belong together; make the context again with `skiff pack`"]
            )
        }
        let inputs = model.inputs.columns
        switch schema {
        case .untyped: throw wrong("a native model needs a schema")
        case .tensors(let tensors):
            guard tensors.count == 1, tensors[0].shape.count == 2, tensors[0].shape[1] == inputs.count else {
                throw wrong("the model takes rows of \(inputs.count) numbers, the schema says another shape")
            }
            return Array(inputs.indices)
        case .columns(let columns):
            let isTable = model.inputs.form == .table
            let byName = isTable && columns.contains { $0.name != nil }
            guard byName || columns.count == inputs.count else {
                throw wrong("the model takes \(inputs.count) columns, the schema has \(columns.count)")
            }
            var targets: [Int] = []
            for (position, column) in columns.enumerated() {
                let target = byName ? inputs.firstIndex { $0.name == column.name } ?? -1 : position
                targets.append(target)
                guard target >= 0 else { continue }
                guard column.type.isScalar, (column.type == .string) == (inputs[target].type == .string) else {
                    let name = column.name ?? String(position)
                    throw wrong(
                        "the model has `\(quoted(name))` as \(inputs[target].type.rawValue), the schema as \(column.type.name)"
                    )
                }
            }
            for (index, input) in inputs.enumerated() where input.required && !targets.contains(index) {
                throw wrong("the schema lacks the column `\(quoted(input.name))`")
            }
            return targets
        }
    }
}

extension CellType {
    /// Whether a native model can take it.
    fileprivate var isScalar: Bool {
        switch self {
        case .boolean, .integer, .long, .float, .double, .string: true
        case .binary, .datetime, .any, .array, .object, .map: false
        }
    }
}

/// Puts cells into the input block of a native model.
struct InputBlockSink: CellSink {
    var block: InputBlock
    let targets: [Int]

    var takesTensorElements: Bool { true }

    mutating func removeAll() { block.removeAll() }

    @inline(__always)
    mutating func set(_ value: Double, literal: UnsafeRawBufferPointer, row: Int, column: Int) {
        makeRoom(row)
        // A row of a tensor that is too long is refused when its end is reached.
        guard column < targets.count, targets[column] >= 0 else { return }
        block.set(value, row: row, column: targets[column])
    }

    @inline(__always)
    mutating func set(_ text: String, row: Int, column: Int) {
        makeRoom(row)
        if targets[column] >= 0 { block.set(text, row: row, column: targets[column]) }
    }

    @inline(__always)
    mutating func set(ascii: UnsafeRawBufferPointer, row: Int, column: Int) {
        makeRoom(row)
        if targets[column] >= 0 { block.set(utf8: ascii, row: row, column: targets[column]) }
    }

    mutating func set(json: UnsafeRawBufferPointer, row: Int, column: Int) { makeRoom(row) }

    mutating func setMissing(row: Int, column: Int) { makeRoom(row) }

    mutating func finish(rows: Int) { if rows > 0 { makeRoom(rows - 1) } }

    @inline(__always)
    private mutating func makeRoom(_ row: Int) {
        if row >= block.rowCount { block.appendRows(row + 1 - block.rowCount) }
    }
}
