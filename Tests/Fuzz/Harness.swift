import Bytes
import Converters
import JSONText
import MLmodelFormat
import Scoring

/// What each target of libFuzzer does with its bytes: read them as a model, and score what comes of it. A crash, a trap, a report of
/// the sanitizer or a run without end is a finding; a refusal never is.
enum Harness {
    /// The columns of the models in `Fixtures/formats`, which are the seeds.
    private static let mlmodel: MLmodel? = try? MLmodel.parse(
        ByteRegion(
            """
            flavors:
              python_function:
                loader_module: mlflow.sklearn
                model_path: model.pkl
              sklearn:
                pickled_model: model.pkl
                serialization_format: cloudpickle
            signature:
              inputs: '[{"type": "double", "name": "a", "required": true}, {"type": "double", "name": "b", "required": true},
                {"type": "string", "name": "größe", "required": true}, {"type": "double", "name": "d", "required": true}]'

            """), file: "MLmodel")

    /// Bytes as libFuzzer hands them over.
    static func bytes(_ data: UnsafePointer<UInt8>?, _ count: Int) -> [UInt8] {
        Array(UnsafeBufferPointer(start: data, count: count))
    }

    /// Converts `bytes` as the file of a scikit-learn model.
    static func convert(_ bytes: [UInt8]) {
        guard let mlmodel else { preconditionFailure("the model description of the harness is wrong") }
        convert(bytes, mlmodel)
    }

    /// Converts `bytes` as the file of a booster of the flavor `flavor`, whose columns of numbers have these names.
    ///
    /// - Parameter settings: further lines of the flavor in `MLmodel`.
    static func convert(_ bytes: [UInt8], flavor: String, columns: [String], settings: String = "") {
        let inputs = columns.map { name in
            var column = JSONObject()
            column["type"] = .string("double")
            column["name"] = .string(name)
            return JSONValue.object(column)
        }
        let signature = String(decoding: JSONWriter.bytes(.array(inputs), style: .compact), as: UTF8.self)
        var quoted = JSONObject()
        quoted["inputs"] = .string(signature)
        let text =
            "flavors:\n  python_function:\n    loader_module: mlflow.\(flavor)\n    data: model\n  \(flavor):\n    data: model\n"
            + settings + "signature: "
            + String(decoding: JSONWriter.bytes(.object(quoted), style: .compact), as: UTF8.self) + "\n"
        guard let model = try? MLmodel.parse(ByteRegion(Array(text.utf8)), file: "MLmodel") else { return }
        convert(bytes, model)
    }

    private static func convert(_ bytes: [UInt8], _ mlmodel: MLmodel) {
        let outcome = ModelConverter.convert(
            ConversionSource(
                artefact: ByteRegion(bytes), artefactName: "model.pkl", mlmodel: mlmodel, inputExample: nil,
                digest: Array(repeating: 0, count: 32)))
        switch outcome {
        case .converted(let model, _): score(model)
        case .refused(let refusals): precondition(!refusals.isEmpty, "a refusal has a reason")
        }
    }

    /// Scores rows of ordinary, extreme and missing cells. Rows that the model refuses are none of our business.
    static func score(_ model: CompiledModel) {
        guard model.inputs.columns.count <= 1000, model.slotCount <= 100_000 else { return }
        for value in [0, -1.5, 1e300, -.infinity, .nan] {
            var block = InputBlock(model: model)
            let row = block.appendRow()
            for (index, column) in model.inputs.columns.enumerated() {
                if value.isNaN {
                    block.setMissing(row: row, column: index)
                } else if column.type == .string {
                    block.set(column.keepsText ? "Klein, GRÖSSE\t ΑΣ 日本 klein" : "klein", row: row, column: index)
                } else {
                    block.set(value, row: row, column: index)
                }
            }
            var answers = AnswerBlock(model: model)
            guard (try? Evaluator(model: model).evaluate(block, into: &answers)) != nil else { continue }
            for column in 0..<answers.width { _ = answers.value(row: 0, column: column) }
        }
    }
}
