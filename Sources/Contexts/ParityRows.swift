import JSONText
import MLmodelFormat
import Scoring

/// The rows that converted model and original are compared on, with the converted model's answers: what `deploy/` and the scorer's
/// self-test hold.
struct ParityRows {
    /// Bytes of the self-test's request and answer together.
    static let selfTestByteLimit = 64 << 10
    /// Bytes of the whole answer.
    static let responseByteLimit = 1 << 20

    /// A body for `/invocations`, one row a line.
    let request: [UInt8]
    /// The scorer's whole answer to it.
    let response: [UInt8]
    /// The number of rows.
    let count: Int
    /// How many of them, from the first, are those of the model's own example.
    let exampleCount: Int
    /// Some of the rows, from the first to the last, as the scorer repeats them before it is ready.
    /// Nil when not even one fits.
    let selfTest: [UInt8]?
    /// The number of rows of `selfTest`.
    let selfTestCount: Int

    /// The rows of a plan for a converted model; nil when there are none that it answers.
    ///
    /// - Throws: `ScoringError` when the model refuses together what it took row by row: a defect of skiff.
    static func make(_ plan: ServingPlan, model: DescribedModel) throws -> ParityRows? {
        guard let compiled = plan.compiled, let schema = plan.schema, let parity = plan.parity else { return nil }
        let sample = model.sample?.source == .signature ? .none : model.sample?.request
        let chosen = BoundaryRows(
            compiled, schema: schema, outline: try compiled.outline(), tolerance: parity.tolerance, example: sample)
        guard let chosen else { return nil }
        let writer = RowWriter(compiled, names: chosen.isTable ? chosen.names : nil, targets: chosen.targets)
        var rows = chosen.rows
        var response = try writer.response(rows)
        while rows.count > 1, response.count > responseByteLimit {
            rows.removeLast(rows.count - rows.count / 2)
            response = try writer.response(rows)
        }
        guard !rows.isEmpty else { return nil }
        let (selfTest, selfTestCount) = try writer.selfTest(rows)
        return ParityRows(
            request: writer.request(rows), response: response, count: rows.count,
            exampleCount: min(chosen.exampleCount, rows.count), selfTest: selfTest, selfTestCount: selfTestCount)
    }
}

/// Writes rows as requests and has them answered.
private struct RowWriter {
    let compiled: CompiledModel
    /// The columns' names; nil for a tensor.
    let names: [String]?
    private let targets: [Int]

    init(_ compiled: CompiledModel, names: [String]?, targets: [Int]) {
        self.compiled = compiled
        self.names = names
        self.targets = targets
    }

    func request(_ rows: [[JSONValue]]) -> [UInt8] {
        var bytes: [UInt8] = []
        if let names {
            bytes += Array("{\"dataframe_split\": {\"columns\": ".utf8)
            JSONWriter.append(.array(names.map(JSONValue.string)), style: .python, to: &bytes)
            bytes += Array(", \"data\": [\n".utf8)
        } else {
            bytes += Array("{\"inputs\": [\n".utf8)
        }
        for (index, row) in rows.enumerated() {
            JSONWriter.append(.array(row), style: .python, to: &bytes)
            bytes += Array((index == rows.count - 1 ? "\n" : ",\n").utf8)
        }
        return bytes + Array((names == nil ? "]}\n" : "]}}\n").utf8)
    }

    func response(_ rows: [[JSONValue]]) throws -> [UInt8] {
        var block = InputBlock(model: compiled)
        for row in rows { _ = SampleBinding.append(targets.map { row[$0] }, to: &block) }
        var answers = AnswerBlock(model: compiled)
        try Evaluator(model: compiled).evaluate(block, into: &answers)
        return answers.body ?? []
    }

    /// Request and response of as many rows as fit, evenly spaced over all of them.
    func selfTest(_ rows: [[JSONValue]]) throws -> (bytes: [UInt8]?, count: Int) {
        var count = rows.count
        while count > 0 {
            let some = rows.evenlySpaced(count)
            var bytes = Array("{\"request\": ".utf8)
            bytes += request(some).dropLast()
            bytes += Array(",\n\"response\": ".utf8)
            bytes += try response(some)
            bytes += Array("}\n".utf8)
            if bytes.count <= ParityRows.selfTestByteLimit { return (bytes, count) }
            count /= 2
        }
        return (nil, 0)
    }
}
