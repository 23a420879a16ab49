import Bytes
import Converters
import MLmodelFormat
import Platform
import TestKit
import Testing

@Suite("LightGBM")
struct LightGBMTests {
    private static let mlmodel = """
        flavors:
          lightgbm:
            data: model.lgb
            lgb_version: 4.6.0
            model_class: lightgbm.basic.Booster
          python_function:
            data: model.lgb
            loader_module: LOADER
        signature:
          inputs: '[{"type": "double", "name": "a"}, {"type": "TYPE", "name": "b"}, {"type": "double", "name": "c"}]'
        """

    private func convert(
        _ change: (String) -> String = { $0 }, type: String = "double", loader: String = "mlflow.lightgbm"
    ) throws -> ConversionOutcome {
        let text = String(
            decoding: try readFile(Checkout.fixture("lightgbm/categories.txt"), limit: 1 << 16), as: UTF8.self)
        let description = Self.mlmodel.split(separator: "TYPE").joined(separator: type)
            .split(separator: "LOADER").joined(separator: loader)
        return ModelConverter.convert(
            ConversionSource(
                artefact: ByteRegion(change(text)), artefactName: "model.lgb",
                mlmodel: try MLmodel.parse(ByteRegion(description), file: "MLmodel"), inputExample: nil,
                digest: Array(repeating: 0, count: 32)))
    }

    private func refusal(_ outcome: ConversionOutcome) -> Refusal? {
        guard case .refused(let refusals) = outcome, refusals.count == 1 else { return nil }
        return refusals[0]
    }

    @Test("a booster converts, and says what made it")
    func converts() throws {
        guard case .converted(let model, _) = try convert() else {
            Issue.record("it was refused")
            return
        }
        #expect(model.summary.operators.map(\.name) == ["categorySplits", "impute", "trees", "link"])
    }

    @Test("a booster that was trained on pandas categories is refused, as LightGBM refuses every request")
    func pandasCategories() throws {
        let refusal = try refusal(
            convert { $0.split(separator: "categorical:null").joined(separator: "categorical:[[\"a\"]]") })
        #expect(refusal?.path == "model.lgb")
        #expect(
            refusal?.reason
                == "it was trained on pandas columns of type `category`, which no request brings: LightGBM would refuse them"
        )
        #expect(refusal?.help == "train it on columns of whole numbers with `categorical_feature`")
    }

    @Test("columns of texts, another server, and a damaged text are refused with their reasons")
    func refusals() throws {
        #expect(
            try refusal(convert(type: "string"))?.reason == "it takes numbers, and column `b` holds texts")
        #expect(
            try refusal(convert(loader: "mine"))?.reason
                == "the model is served by `mine`, not by `mlflow.lightgbm`")
        let damaged = try refusal(convert { String($0.prefix(900)) })
        #expect(damaged?.path == "model.lgb" && damaged?.place?.line != nil)
    }
}
