import Bytes
import Converters
import JSONText
import MLmodelFormat
import Platform
import Scoring

/// One recorded model: its folder, the request, and what scikit-learn answered in process.
struct ParityCase {
    var folder: String
    var name: String

    /// The answers of scikit-learn: `predict`, `predict_proba`, …
    var raw: JSONObject
    var records: [JSONObject]

    init(folder: String) throws {
        self.folder = folder
        name = folder.split(separator: "/").last.map(String.init) ?? folder
        let expected = try JSONText.parse(ByteRegion(try readFile("\(folder)/expected.json", limit: 1 << 30)))
        raw = expected["raw"]?.objectValue ?? JSONObject()
        records = try ParityCase.records("\(folder)/inputs.json")
    }

    /// The rows of a request.
    static func records(_ path: String) throws -> [JSONObject] {
        let request = try JSONText.parse(ByteRegion(try readFile(path, limit: 1 << 30)))
        return (request["dataframe_records"]?.arrayValue ?? []).compactMap(\.objectValue)
    }

    /// Converts the model as if it were served by `method`; nil keeps what `MLmodel` says.
    func convert(
        method: String? = nil, nulls: NullPolicy = .trained, pandas: String? = nil
    ) throws -> ConversionOutcome {
        var text = String(decoding: try readFile("\(folder)/model/MLmodel", limit: 1 << 30), as: UTF8.self)
        if let method {
            text = text.replacing("predict_fn: predict_proba", with: "predict_fn: predict")
                .replacing("predict_fn: predict", with: "predict_fn: \(method)")
        }
        let mlmodel = try MLmodel.parse(ByteRegion(text), file: "MLmodel")
        let artefact = mlmodel.flavor("sklearn")?["pickled_model"] ?? "model.pkl"
        let bytes = (try? readFile("\(folder)/model/\(artefact)", limit: 1 << 30)) ?? []
        var source = ConversionSource(
            artefact: ByteRegion(bytes), artefactName: artefact, mlmodel: mlmodel, inputExample: nil,
            digest: Array(repeating: 7, count: 32))
        source.nullPolicy = nulls
        source.pandasVersion = pandas
        return ModelConverter.convert(source)
    }

    /// The model's answer for each row: one list of values a row.
    func score(_ model: CompiledModel) throws -> [[AnswerValue]] {
        var block = InputBlock(model: model)
        for record in records {
            let row = block.appendRow()
            for (index, column) in model.inputs.columns.enumerated() {
                switch record[column.name] ?? .null {
                case .null: block.setMissing(row: row, column: index)
                case .string(let text): block.set(text, row: row, column: index)
                case .number(let number): block.set(number.double ?? .nan, row: row, column: index)
                case .bool(let flag): block.set(flag ? 1 : 0, row: row, column: index)
                case .array, .object: break
                }
            }
        }
        var answers = AnswerBlock(model: model)
        try Evaluator(model: model).evaluate(block, into: &answers)
        return (0..<answers.rowCount).map { row in
            (0..<answers.width).map { answers.value(row: row, column: $0) }
        }
    }

    /// How far an answer is from scikit-learn's.
    struct Difference {
        /// Labels or shapes that differ.
        var mismatches = 0
        /// The largest difference of two numbers, relative to the larger of 1e-300 and the expected one.
        var relative = 0.0
        var isEqual: Bool { mismatches == 0 && relative == 0 }
    }

    func difference(_ answers: [[AnswerValue]], from key: String) -> Difference {
        var result = Difference()
        guard let expected = raw[key]?.arrayValue, !expected.isEmpty else {
            result.mismatches = -1
            return result
        }
        let rows =
            key == "predict_proba" && expected[0].arrayValue?[0].arrayValue != nil
            ? ParityCase.rows(ofGroups: expected) : expected
        guard rows.count == answers.count else {
            result.mismatches = answers.count
            return result
        }
        for (want, got) in zip(rows, answers) {
            let values = want.arrayValue ?? [want]
            guard values.count == got.count else {
                result.mismatches += 1
                continue
            }
            for (value, answer) in zip(values, got) { ParityCase.compare(value, answer, &result) }
        }
        return result
    }

    /// From [outputs x rows x classes] to [rows x all classes].
    private static func rows(ofGroups groups: [JSONValue]) -> [JSONValue] {
        (groups[0].arrayValue ?? []).indices.map { row in
            .array(groups.flatMap { $0.arrayValue?[row].arrayValue ?? [] })
        }
    }

    private static func compare(_ want: JSONValue, _ got: AnswerValue, _ result: inout Difference) {
        switch (want, got) {
        case (.string(let a), .string(let b)) where a == b: break
        case (.bool(let a), .boolean(let b)) where a == b: break
        case (.number(let a), .integer(let b)) where a.double == Double(b): break
        case (.number(let a), .number(let b)):
            let a = a.double ?? .nan
            if a != b { result.relative = max(result.relative, abs(a - b) / max(abs(a), 1e-300)) }
        default: result.mismatches += 1
        }
    }
}
