import Bytes
import Converters
import JSONText
import MLmodelFormat
import Platform
import Scoring
import TestKit
import Testing

@Suite("Parity with scikit-learn, in detail; CorpusTests has the breadth")
struct SklearnParityTests {
    static let made = [
        "seed_p0", "seed_p1", "seed_p2", "seed_p3", "seed_p4", "seed_p5", "seed_cloudpickle",
        "single_standardscaler_11",
        "single_standardscaler_17", "single_standardscaler_19", "single_robustscaler_11", "single_robustscaler_19",
        "single_minmaxscaler_11", "single_minmaxscaler_19", "edges_forest_12", "edges_forest_19",
    ]

    private func checkMade(_ folder: String, relative limit: Double) throws {
        var recorded = try ParityCase(folder: Checkout.fixture("sklearn/made/\(folder)"))
        let refused = try ParityCase.records("\(recorded.folder)/bad.json")
        for method in ["predict", "predict_proba"] {
            guard case .converted(let model, _) = try recorded.convert(method: method) else {
                Issue.record("\(folder) was refused: \(try recorded.convert(method: method))")
                continue
            }
            let difference = recorded.difference(try recorded.score(model), from: method)
            #expect(difference.mismatches == 0 && difference.relative <= limit, "\(method): \(difference)")
            let accepted = recorded.records
            for record in refused {
                recorded.records = [record]
                #expect(throws: ScoringError.self, "\(record)") { try recorded.score(model) }
            }
            recorded.records = accepted
        }
    }

    @Test("every protocol, float32 tables and rows that scikit-learn refuses: the same bits", arguments: made)
    func madeExactly(_ folder: String) throws { try checkMade(folder, relative: 0) }

    @Test(
        "made logistic regressions give the same labels, and numbers within 1e-12 relative",
        arguments: ["seed_logistic", "edges_logistic_12", "edges_logistic_19"])
    func madeLinear(_ folder: String) throws { try checkMade(folder, relative: 1e-12) }

    private func source(_ folder: String, signature: String, example: InputExample? = nil) throws -> ConversionSource {
        let path = Checkout.fixture("sklearn/made/\(folder)/model/model.pkl")
        let text = "flavors:\n  sklearn:\n    pickled_model: model.pkl\n\(signature)"
        return ConversionSource(
            artefact: ByteRegion(try readFile(path, limit: 1 << 24)), artefactName: "model.pkl",
            mlmodel: try MLmodel.parse(ByteRegion(text), file: "MLmodel"), inputExample: example,
            digest: Array(repeating: 7, count: 32))
    }

    @Test("a tensor of float32 gives the same labels as a table of float32 columns")
    func tensor() throws {
        var recorded = try ParityCase(folder: Checkout.fixture("sklearn/made/single_standardscaler_19"))
        let signature =
            "signature:\n  inputs: '[{\"type\": \"tensor\", \"tensor-spec\": {\"dtype\": \"float32\", \"shape\": [-1, 3]}}]'\n"
        let outcome = ModelConverter.convert(try source("single_standardscaler_19", signature: signature))
        guard case .converted(let model, _) = outcome else {
            Issue.record("refused: \(outcome)")
            return
        }
        #expect(model.inputs.form == .tensor(type: "float32"))
        recorded.records = recorded.records.map { record in
            ["0": record["a"] ?? .null, "1": record["b"] ?? .null, "2": record["c"] ?? .null]
        }
        #expect(recorded.difference(try recorded.score(model), from: "predict").isEqual)
    }

    @Test("without a signature the columns come from the input example, and whole numbers take fractions")
    func inputExample() throws {
        let recorded = try ParityCase(folder: Checkout.fixture("sklearn/made/seed_p4"))
        let example = InputExample(
            content: .table(
                columns: ["age", "sex", "education", "limit"], rows: [[.int(31), "male", "school", .double(12.5)]]))
        let outcome = ModelConverter.convert(try source("seed_p4", signature: "", example: example))
        guard case .converted(let model, _) = outcome else {
            Issue.record("refused: \(outcome)")
            return
        }
        #expect(model.inputs.columns.map(\.type) == [.double, .string, .string, .double])
        #expect(recorded.difference(try recorded.score(model), from: "predict").isEqual)
    }

    @Test("the same model gives the same bytes, in whichever protocol it was pickled")
    func sameBytes() throws {
        var first: [UInt8]?
        for protocolVersion in 2...5 {
            let recorded = try ParityCase(folder: Checkout.fixture("sklearn/made/seed_p\(protocolVersion)"))
            guard case .converted(let model, let notes) = try recorded.convert() else {
                Issue.record("refused")
                return
            }
            #expect(notes.count == 1 && notes[0].hasPrefix("a null in a column of texts counts as missing"))
            let bytes = model.serialized()
            #expect(bytes == first ?? bytes)
            first = bytes
        }
    }
}
