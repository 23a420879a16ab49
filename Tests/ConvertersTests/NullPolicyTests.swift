import Bytes
import Converters
import JSONText
import MLmodelFormat
import Platform
import Scoring
import TestKit
import Testing

@Suite("Nulls in columns of texts")
struct NullPolicyTests {
    /// Recorded models with such nulls in their requests, and the pandas of their environments.
    static let recorded = [("c132", "2.1.4"), ("c152", "2.2.3"), ("c172", "2.3.3")].flatMap { environment, pandas in
        ["ohe_drop__v0", "ohe_infreq__v0", "ohe_nan_cat__v0", "seed_rf__v0", "seed_logreg__v0", "seed_rf_multi__v0"].map
        {
            Recorded(name: "\(environment)__\($0)", pandas: pandas)
        }
    }

    struct Recorded: CustomTestStringConvertible, Sendable {
        var name: String
        var pandas: String
        var testDescription: String { name }
    }

    @Test(
        "`served` answers what MLflow's own server answered with pandas 2, or refuses what it refused",
        arguments: recorded)
    func served(_ row: Recorded) throws {
        var recorded = try ParityCase(folder: Checkout.fixture("sklearn/nulls/\(row.name)"))
        let answer = try JSONText.parse(
            ByteRegion(try readFile("\(recorded.folder)/served.json", limit: 1 << 20)))
        guard case .converted(let model, let notes) = try recorded.convert(nulls: .served, pandas: row.pandas) else {
            Issue.record("refused")
            return
        }
        #expect(model.inputs.columns.allSatisfy { $0.missingIsUnknown == ($0.type == .string) })
        #expect(
            notes.contains(
                "a null in a column of texts is None, as MLflow hands it over with pandas \(row.pandas); in training it was missing"
            ))
        guard answer["status"]?.intValue == 200 else {
            #expect(throws: ScoringError.self) { try recorded.score(model) }
            return
        }
        recorded.raw["served"] = answer["predictions"]
        let difference = recorded.difference(try recorded.score(model), from: "served")
        #expect(difference.mismatches == 0 && difference.relative <= 1e-12, "\(difference)")
        // The same columns when the file is read again.
        let again = try CompiledModel.load(ByteRegion(model.serialized()), file: nil)
        #expect(again.inputs == model.inputs)
    }

    private func refusal(_ name: String, pandas: String?) throws -> String? {
        let recorded = try ParityCase(folder: Checkout.fixture("sklearn/nulls/\(name)"))
        guard case .refused(let refusals) = try recorded.convert(nulls: .served, pandas: pandas) else { return nil }
        #expect(refusals.count == 1)
        #expect(refusals.allSatisfy { $0.path == "MLmodel" })
        #expect(refusals.allSatisfy { $0.help == "use `--null-policy trained`, or let Python serve the model" })
        return refusals.first?.reason
    }

    @Test("`served` is refused where the other rows of a request decide, and where nobody says which pandas there is")
    func refused() throws {
        #expect(
            try refusal("c191__seed_rf__v0", pandas: "3.1.1")
                == "with pandas 3.1.1 a null in a column of texts is None or NaN, depending on the other rows of its request"
        )
        #expect(
            try refusal("c132__seed_rf__v0", pandas: nil)
                == "what MLflow makes of a null in a column of texts depends on pandas, and the requirements name no version of it"
        )
        // A table of numbers has no such nulls.
        #expect(try refusal("c132__rf_clf__v0", pandas: nil) == nil)
    }
}
