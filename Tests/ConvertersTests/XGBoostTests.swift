import Bytes
import Converters
import Diagnostics
import MLmodelFormat
import Platform
import TestKit
import Testing

@Suite("Models of XGBoost that are refused")
struct XGBoostTests {
    /// The flavor of a model with the columns a, größe and c, as the recorded boosters have.
    private func mlmodel(
        class className: String = "xgboost.core.Booster", version: String = "3.2.0", loader: String = "mlflow.xgboost",
        columns: [(name: String, type: String)] = [("a", "double"), ("größe", "double"), ("c", "double")]
    ) throws -> MLmodel {
        let list = columns.map { "{\"type\": \"\($0.type)\", \"name\": \"\($0.name)\"}" }.joined(separator: ", ")
        let text = """
            flavors:
              python_function:
                data: model.json
                loader_module: \(loader)
              xgboost:
                data: model.json
                model_class: \(className)
                xgb_version: \(version)
            signature:
              inputs: '[\(list)]'
            """
        return try MLmodel.parse(ByteRegion(text), file: "MLmodel")
    }

    private func booster(_ name: String, replacing old: String = "", with new: String = "") throws -> [UInt8] {
        let bytes = try readFile(Checkout.fixture("boosters/xgboost/\(name)"), limit: 1 << 20)
        guard !old.isEmpty else { return bytes }
        let text = String(decoding: bytes, as: UTF8.self)
        try #require(text.contains(old))
        return Array(text.replacing(old, with: new).utf8)
    }

    private func convert(_ bytes: [UInt8], _ mlmodel: MLmodel, name: String = "model.json") -> ConversionOutcome {
        ModelConverter.convert(
            ConversionSource(
                artefact: ByteRegion(bytes), artefactName: name, mlmodel: mlmodel, inputExample: nil,
                digest: Array(repeating: 0, count: 32)))
    }

    private func refusal(_ bytes: [UInt8], _ mlmodel: MLmodel, name: String = "model.json") throws -> Refusal {
        guard case .refused(let refusals) = convert(bytes, mlmodel, name: name) else {
            throw BoosterConverted()
        }
        #expect(refusals.count == 1)
        return refusals[0]
    }

    private struct BoosterConverted: Error {}

    @Test("a booster with the columns of its training is converted", arguments: ["trees-32.json", "linear-32.json"])
    func converted(_ name: String) throws {
        guard case .converted(let model, _) = convert(try booster(name), try mlmodel()) else {
            Issue.record("it is refused")
            return
        }
        #expect(model.source.library == "XGBoost 3.2")
    }

    @Test("columns in another order than in training are refused with the first that differs")
    func order() throws {
        let other = try mlmodel(columns: [("größe", "double"), ("a", "double"), ("c", "double")])
        let refusal = try refusal(try booster("trees-32.json"), other)
        #expect(refusal.path == "model.json")
        #expect(
            refusal.reason
                == "the columns of the signature are not the features it was trained on, in their order: `a` was trained where the signature has `größe`"
        )
        #expect(refusal.help == "log the model with a signature inferred from the training table")
    }

    @Test("names that differ in their bytes alone are refused, as XGBoost does")
    func normalForm() throws {
        let other = try mlmodel(columns: [("a", "double"), ("gro\u{0308}ße", "double"), ("c", "double")])
        #expect(try refusal(try booster("trees-32.json"), other).reason.contains("not the features it was trained on"))
    }

    @Test("columns that are too few, or hold texts, are refused")
    func columns() throws {
        let few = try mlmodel(columns: [("a", "double"), ("größe", "double")])
        #expect(
            try refusal(try booster("trees-32.json"), few).reason
                == "it was trained on 3 features and would get 2")
        let texts = try mlmodel(columns: [("a", "double"), ("größe", "string"), ("c", "double")])
        #expect(
            try refusal(try booster("trees-32.json"), texts).reason
                == "it takes numbers, and column `größe` holds texts, which XGBoost refuses when served")
    }

    @Test("an objective that is not known, or that differs between packages, is refused by its name")
    func objectives() throws {
        var bytes = try booster("trees-32.json", replacing: "binary:logistic", with: "binary:mine")
        var refusal = try refusal(bytes, try mlmodel())
        #expect(refusal.path == "model.json(objective=binary:mine)")
        #expect(refusal.reason == "its objective is not known")
        bytes = try booster("trees-32.json", replacing: "binary:logistic", with: "survival:aft")
        refusal = try self.refusal(bytes, try mlmodel())
        #expect(refusal.path == "model.json(objective=survival:aft)")
    }

    @Test("a version whose rules are not known, or that `MLmodel` contradicts, is refused")
    func versions() throws {
        let newer = try booster("trees-32.json", replacing: "\"version\":[3,2,0]", with: "\"version\":[4,0,0]")
        #expect(
            try refusal(newer, try mlmodel(version: "4.0.0")).reason
                == "it was saved by XGBoost 4.0, and the rules of 1.7 to 3.2 are known")
        #expect(
            try refusal(try booster("trees-32.json"), try mlmodel(version: "3.0.5")).reason
                == "it was saved by XGBoost 3.2, and `MLmodel` says 3.0.5")
    }

    @Test("a class or loader that is not XGBoost's is refused by its name")
    func classes() throws {
        #expect(
            try refusal(try booster("trees-32.json"), try mlmodel(class: "my.Booster")).reason
                == "it is a `my.Booster`, which is not one of the classes that are converted")
        #expect(
            try refusal(try booster("trees-32.json"), try mlmodel(loader: "my.loader")).reason
                == "the model is served by `my.loader`, not by `mlflow.xgboost`")
    }

    @Test("a file that ends early is damage, with its offset")
    func damage() throws {
        let refusal = try refusal(Array(try booster("trees-32.ubj").dropLast(9)), try mlmodel())
        #expect(refusal.isDamage)
        #expect(refusal.place?.file == "model.json")
        #expect((refusal.place?.byteOffset ?? 0) > 2_000)
    }

    @Test("a base score that the objective cannot begin with is refused")
    func baseScore() throws {
        let bytes = try booster("trees-32.json", replacing: "[2.5E-1]", with: "[1E0]")
        #expect(
            try refusal(bytes, try mlmodel()).reason
                == "its `base_score` 1.0 is not one that its objective can begin with")
    }

    @Test("a class whose parameters name another objective than its booster is refused with its place in the pickle")
    func pickledObjective() throws {
        let folder = Checkout.fixture("corpus/c172__xgb_in_pipe__v0/model")
        let mlmodel = try MLmodel.parse(
            ByteRegion(try readFile("\(folder)/MLmodel", limit: 1 << 20)), file: "MLmodel")
        var bytes = try readFile("\(folder)/model.pkl", limit: 1 << 24)
        let old = Array("reg:squarederror".utf8)
        let start = try #require(
            (0..<(bytes.count - old.count)).first { bytes[$0..<$0 + old.count].elementsEqual(old) })
        bytes[start + 4] = UInt8(ascii: "S")
        let refusal = try refusal(bytes, mlmodel, name: "model.pkl")
        #expect(refusal.path == "steps[1].XGBRegressor(objective=reg:Squarederror)")
        #expect(refusal.reason == "its booster was trained with `reg:squarederror`")
    }
}
