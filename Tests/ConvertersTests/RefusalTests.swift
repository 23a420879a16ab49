import Bytes
import Converters
import Diagnostics
import MLmodelFormat
import Platform
import TestKit
import Testing

@Suite("Refusals")
struct RefusalTests {
    private func refusals(_ outcome: ConversionOutcome) -> [Refusal] {
        guard case .refused(let refusals) = outcome else { return [] }
        return refusals
    }

    private func refusals(made folder: String) throws -> [Refusal] {
        refusals(try ParityCase(folder: Checkout.fixture("sklearn/made/\(folder)")).convert())
    }

    /// The seed's pipeline with some bytes of its pickle replaced by as many others.
    private func refusals(replacing old: String, with new: String) throws -> [Refusal] {
        let folder = Checkout.fixture("sklearn/made/seed_p4")
        var bytes = try readFile("\(folder)/model/model.pkl", limit: 1 << 24)
        let (old, new) = (Array(old.utf8), Array(new.utf8))
        try #require(old.count == new.count)
        var found = 0
        for start in 0..<(bytes.count - old.count) where bytes[start..<start + old.count].elementsEqual(old) {
            bytes.replaceSubrange(start..<start + old.count, with: new)
            found += 1
        }
        try #require(found > 0)
        let mlmodel = try MLmodel.parse(
            ByteRegion(try readFile("\(folder)/model/MLmodel", limit: 1 << 20)), file: "MLmodel")
        return refusals(convert(bytes, mlmodel))
    }

    private func convert(_ bytes: [UInt8], _ mlmodel: MLmodel, name: String = "model.pkl") -> ConversionOutcome {
        ModelConverter.convert(
            ConversionSource(
                artefact: ByteRegion(bytes), artefactName: name, mlmodel: mlmodel, inputExample: nil,
                digest: Array(repeating: 0, count: 32)))
    }

    private func mlmodel(_ text: String) throws -> MLmodel { try MLmodel.parse(ByteRegion(text), file: "MLmodel") }

    @Test("a function that is carried inside the model is named with its place, beside every other reason")
    func function() throws {
        let refusals = try refusals(made: "refused_function")
        #expect(
            refusals.map(\.path) == [
                "steps[0].transformers_[1].FunctionTransformer(func=__main__.clean)",
                "steps[0].transformers_[2].FunctionTransformer(func=numpy.cumsum)",
                "steps[1].GaussianProcessClassifier",
            ])
        #expect(
            refusals[0].reason
                == "it calls `cloudpickle.cloudpickle._make_function`, which carries Python code inside the model")
        #expect(refusals[0].help == "use a type of scikit-learn in place of the function or class")
        #expect(refusals.allSatisfy { $0.place?.file == "model.pkl" && ($0.place?.byteOffset ?? 0) > 0 })
        #expect(refusals.allSatisfy { $0.place?.note == "opcode STACK_GLOBAL" })
    }

    @Test("a function of the training script is named with its place")
    func reference() throws {
        let refusals = try refusals(made: "refused_reference")
        #expect(refusals[0].path == "steps[0].transformers_[1].FunctionTransformer(func=__main__.clean)")
        #expect(refusals[0].reason == "it names `__main__.clean`, which is Python code of the training script")
        #expect(refusals.count == 3)
    }

    @Test("parameters that cannot be reproduced are all listed")
    func parameters() throws {
        let refusals = try refusals(made: "refused_none")
        #expect(
            refusals.map(\.path) == [
                "steps[0].transformers_[0].OneHotEncoder(categories_)",
                "steps[0].transformers_[1].SimpleImputer(missing_values)",
            ])
        #expect(
            refusals[0].reason
                == "None and NaN are both among its categories, and a request cannot tell one from the other")
        #expect(refusals[1].reason == "only NaN or a number can stand for a missing value")
    }

    @Test("an imputer whose weights hang on rounding errors is refused with what would help")
    func distanceWeights() throws {
        let refusals = try refusals(made: "refused_distance")
        #expect(refusals.map(\.path) == ["steps[0].KNNImputer(weights=distance)"])
        #expect(
            refusals.map(\.reason) == [
                "near a training row its weights are rounding errors, which differ between processors"
            ])
        #expect(refusals.map(\.help) == ["use `weights=\"uniform\"`"])
    }

    @Test("a model of another version of scikit-learn is refused")
    func version() throws {
        let refusals = try refusals(replacing: "1.9.1", with: "2.0.0")
        #expect(refusals.map(\.path) == ["Pipeline"])
        #expect(refusals[0].reason == "it was fitted by scikit-learn 2.0.0, and the rules of 1.1 to 1.9 are known")
    }

    @Test("a name that calls a program is refused with its offset")
    func dangerous() throws {
        let refusals = try refusals(replacing: "SimpleImputer", with: "SimpleOpener_")
        #expect(refusals.contains { $0.path == "steps[0].transformers_[0].steps[0].SimpleOpener_" })
    }

    @Test(
        "flavors, formats and methods that are not converted are named with what would help",
        arguments: [
            (
                "flavors:\n  statsmodels:\n    data: model.statsmodels\n",
                "the flavor `statsmodels` is not converted: its results hold formulas and data frames of Python"
            ),
            (
                "flavors:\n  onnx:\n    data: model.onnx\n",
                "the flavor `onnx` is not converted: its graph may hold any operator of ONNX, in single precision"
            ),
            ("flavors:\n  fastembed:\n    data: model\n", "the flavor `fastembed` is not known"),
            (
                "flavors:\n  python_function:\n    loader_module: mlflow.pyfunc.model\n",
                "the model is a custom `python_function`, which is Python code"
            ),
            (
                "flavors:\n  python_function:\n    loader_module: my.loader\n  sklearn:\n    pickled_model: model.pkl\n",
                "the model is served by `my.loader`, not by `mlflow.sklearn`"
            ),
        ])
    func flavors(_ text: String, _ reason: String) throws {
        let refusals = refusals(convert([], try mlmodel(text)))
        #expect(refusals.map(\.reason) == [reason])
        #expect(refusals.map(\.path) == ["MLmodel"])
    }

    @Test("a file that is no pickle is refused with its offset")
    func noPickle() throws {
        let sklearn = try mlmodel("flavors:\n  sklearn:\n    pickled_model: model.pkl\n")
        let refusals = refusals(convert([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0], sklearn))
        #expect(refusals.map(\.reason) == ["it is not a pickle (it is a NumPy array file)"])
        #expect(refusals.map(\.place) == [Place(file: "model.pkl", byteOffset: 0)])
    }

    @Test("a model without signature and input example is refused with what would help")
    func noSignature() throws {
        let folder = Checkout.fixture("sklearn/made/seed_p4")
        let bytes = try readFile("\(folder)/model/model.pkl", limit: 1 << 24)
        let refusals = refusals(convert(bytes, try mlmodel("flavors:\n  sklearn:\n    pickled_model: model.pkl\n")))
        #expect(
            refusals.map(\.reason) == [
                "the model has neither a signature nor an input example, so the types of its columns are unknown"
            ])
    }

    @Test("a signature that lacks a column of the fit is refused with the column's name")
    func missingColumn() throws {
        let folder = Checkout.fixture("sklearn/made/seed_p4")
        let bytes = try readFile("\(folder)/model/model.pkl", limit: 1 << 24)
        let text =
            "flavors:\n  sklearn:\n    pickled_model: model.pkl\nsignature:\n"
            + "  inputs: '[{\"name\": \"sex\", \"type\": \"string\"}, {\"name\": \"age\", \"type\": \"double\"}]'\n"
        let refusals = refusals(convert(bytes, try mlmodel(text)))
        #expect(refusals.map(\.path) == ["steps[0].ColumnTransformer"])
        #expect(refusals[0].reason == "it uses column `education`, which the signature does not have")
    }

    static let malicious = [
        "dotted_via_logging", "frame_straddle", "memo_pop_memoize", "py2_alias", "sklearn_fetch", "leftover_stack",
        "inst",
        "stacked_second", "partial_setstate", "homoglyph", "zip_prefixed",
    ]

    @Test("a malicious file in the place of a model is refused with an offset", arguments: malicious)
    func maliciousModel(_ name: String) throws {
        let bytes = try readFile(Checkout.fixture("pickle/malicious/\(name).pkl"), limit: 1 << 20)
        let refusals = refusals(convert(bytes, try mlmodel("flavors:\n  sklearn:\n    pickled_model: model.pkl\n")))
        #expect(refusals.contains { $0.place?.byteOffset != nil })
        #expect(refusals.allSatisfy { !$0.path.isEmpty && !$0.reason.isEmpty })
    }

    @Test("a name that the model never reaches is refused as well")
    func unreachable() throws {
        let recorded = try ParityCase(folder: Checkout.fixture("sklearn/made/seed_p3"))
        let mlmodel = try MLmodel.parse(
            ByteRegion(try readFile("\(recorded.folder)/model/MLmodel", limit: 1 << 20)), file: "MLmodel")
        let bytes = try readFile("\(recorded.folder)/model/model.pkl", limit: 1 << 24)
        for name in [
            "sklearn.gaussian_process._gpc\nGaussianProcessClassifier", "os\nsystem",
            "cloudpickle.cloudpickle\n_make_function",
        ] {
            // After PROTO: name it, then drop it.
            let hidden = bytes.prefix(2) + Array("c\(name)\n0".utf8) + bytes.dropFirst(2)
            let refusals = refusals(convert(Array(hidden), mlmodel))
            #expect(refusals.map(\.path) == ["model.pkl"])
            #expect(refusals.map(\.place?.byteOffset) == [2])
        }
    }

    @Test("no mutation of a pickled pipeline crashes the converter or a model made of it")
    func mutations() throws {
        let recorded = try ParityCase(folder: Checkout.fixture("sklearn/made/seed_p4"))
        let original = try readFile("\(recorded.folder)/model/model.pkl", limit: 1 << 24)
        let mlmodel = try MLmodel.parse(
            ByteRegion(try readFile("\(recorded.folder)/model/MLmodel", limit: 1 << 20)), file: "MLmodel")
        let seed: UInt64 = 20_261_122
        var generator = SplitMix64(seed: seed)
        var converted = 0
        for round in 0..<300 {
            var bytes = original
            if round.isMultiple(of: 5) { bytes.removeLast(Int.random(in: 1..<bytes.count, using: &generator)) }
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            switch convert(bytes, mlmodel) {
            case .converted(let model, _):
                converted += 1
                _ = try? recorded.score(model)
            case .refused(let refusals): #expect(!refusals.isEmpty, "seed \(seed), round \(round)")
            }
        }
        // Flips inside of leaf values and statistics leave a sound model.
        #expect(converted > 0)
    }
}
