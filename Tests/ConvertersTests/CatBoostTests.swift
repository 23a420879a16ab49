import Bytes
import Converters
import MLmodelFormat
import Platform
import TestKit
import Testing

/// What is not converted of CatBoost; what is, `Recorded models of every family` shows.
@Suite("Models of CatBoost that are refused")
struct CatBoostTests {
    private func refusal(
        _ file: String, _ columns: String = "age,größe,score", type: String = "double",
        model: String = "CatBoostRegressor", format: String = "cbm",
        version: String = "1.2.10"
    ) throws -> Refusal? {
        let inputs = columns.split(separator: ",").map {
            "{\"type\": \"\(type)\", \"name\": \"\($0)\", \"required\": true}"
        }
        let text = """
            flavors:
              catboost:
                catboost_version: \(version)
                data: model.cb
                model_type: \(model)
                save_format: \(format)
            signature:
              inputs: '[\(inputs.joined(separator: ", "))]'

            """
        let outcome = ModelConverter.convert(
            ConversionSource(
                artefact: ByteRegion(try readFile(Checkout.fixture("catboost/\(file).cb"), limit: 1 << 16)),
                artefactName: "model.cb", mlmodel: try MLmodel.parse(ByteRegion(text), file: "MLmodel"),
                inputExample: nil, digest: Array(repeating: 0, count: 32)))
        guard case .refused(let refusals) = outcome else { return nil }
        return refusals.first
    }

    @Test("the right columns convert")
    func converts() throws {
        #expect(try refusal("levels") == nil)
        #expect(try refusal("levels", model: "CatBoost") == nil)
        // Trained without names.
        #expect(try refusal("nodes", "a,b,c", model: "CatBoostClassifier") == nil)
    }

    @Test("columns that CatBoost would take for others are refused")
    func columns() throws {
        let order = try #require(try refusal("levels", "age,score,größe"))
        #expect(order.path == "model.cb")
        #expect(
            order.reason
                == "the columns of the signature are not the features it was trained on, in their order: "
                + "`größe` was trained where the signature has `score`")
        #expect(order.help == "log the model with a signature inferred from the training table")
        let count = try #require(try refusal("levels", "age,größe"))
        #expect(count.reason == "it was trained on 3 columns and would get 2")
        let texts = try #require(try refusal("levels", type: "string"))
        #expect(texts.reason == "it takes numbers, and column `age` holds texts")
        #expect(texts.help == "encode the column before this step")
    }

    @Test("other features, thresholds, losses and formats are refused")
    func kinds() throws {
        let categories = try #require(try refusal("categories"))
        #expect(
            categories.reason
                == "it was trained on columns of categories, for which it keeps statistics of the training table")
        #expect(
            categories.help == "log an XGBoost or LightGBM model, or serve it with its Python environment")
        let threshold = try #require(try refusal("threshold", model: "CatBoostClassifier"))
        #expect(threshold.reason == "it has a probability threshold of its own")
        let labels = try #require(try refusal("labels", model: "CatBoostClassifier"))
        #expect(
            labels.reason
                == "it is a `CatBoostClassifier` trained for `MultiLogloss`, whose answers are not converted")
        let format = try #require(try refusal("levels", format: "json"))
        #expect(format.reason == "it is saved as `json`")
        let old = try #require(try refusal("levels", version: "1.1.1"))
        #expect(old.reason == "it is served by CatBoost 1.1.1, and the rules of 1.2 are known")
        #expect(format.help == "log it with `format=\"cbm\"`")
    }
}
