import Bytes
import Converters
import MLmodelFormat
import Platform
import TestKit
import Testing

/// Support vector machines, nearest neighbours and perceptrons whose pickles were changed by hand.
@Suite("Support vectors, neighbours and perceptrons")
struct KernelModelTests {
    struct Change: CustomTestStringConvertible {
        var testDescription: String { "\(folder): \(old)" }
        var folder: String
        var old: String
        var new: String
        var path: String
        var reason: String
    }

    @Test(
        "parameters that cannot be reproduced are refused with their place",
        arguments: [
            Change(
                folder: "c132__svc__v0", old: "sigmoid", new: "unknown", path: "steps[1].SVC(kernel=unknown)",
                reason: "its kernel is not known"),
            Change(
                folder: "c132__svc__v0", old: "ovr", new: "ova", path: "steps[1].SVC(decision_function_shape=ova)",
                reason: "its rule for decisions is not known"),
            Change(
                folder: "sk113__knn_reg_ties__s1n3", old: "distance", new: "nearness",
                path: "steps[1].KNeighborsRegressor(weights=nearness)", reason: "its weights are not known"),
            Change(
                folder: "sk152__knn_clf_ties__s1n4", old: "chebyshev", new: "haversine",
                path: "steps[1].KNeighborsClassifier(metric=haversine)", reason: "its metric is not converted"),
            Change(
                folder: "c132__mlp_clf__v0", old: "relu", new: "gelu", path: "steps[1].MLPClassifier(activation=gelu)",
                reason: "its activation is not known"),
        ])
    func refusals(_ change: Change) throws {
        let folder = Checkout.fixture("corpus/\(change.folder)")
        var bytes = try readFile("\(folder)/model/model.pkl", limit: 1 << 24)
        let (old, new) = (Array(change.old.utf8), Array(change.new.utf8))
        try #require(old.count == new.count)
        var found = 0
        for start in 0..<(bytes.count - old.count) where bytes[start..<start + old.count].elementsEqual(old) {
            bytes.replaceSubrange(start..<start + old.count, with: new)
            found += 1
        }
        try #require(found > 0)
        let mlmodel = try MLmodel.parse(
            ByteRegion(try readFile("\(folder)/model/MLmodel", limit: 1 << 20)), file: "MLmodel")
        let outcome = ModelConverter.convert(
            ConversionSource(
                artefact: ByteRegion(bytes), artefactName: "model.pkl", mlmodel: mlmodel, inputExample: nil,
                digest: Array(repeating: 0, count: 32)))
        guard case .refused(let refusals) = outcome else {
            Issue.record("it was converted")
            return
        }
        #expect(refusals.map(\.path) == [change.path])
        #expect(refusals.first?.reason == change.reason)
    }
}
