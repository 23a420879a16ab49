import Bytes
import Converters
import MLmodelFormat
import Platform
import TestKit
import Testing

/// Estimators made of others that are refused; the models are of scikit-learn 1.7.2 (`Tests/Fixtures/compositions/make.py`).
@Suite("Refusals of compositions")
struct CompositionRefusalTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var folder: String
        var messages: [String]
        var testDescription: String { folder }
    }

    @Test(
        "what cannot be reproduced is named with its place and the reason",
        arguments: [
            Case(
                folder: "isotonic_raise",
                messages: [
                    "IsotonicRegression(out_of_bounds=raise): it refuses requests outside of the training range"
                ]),
            Case(
                folder: "dummy_uniform", messages: ["DummyClassifier(strategy=uniform): it draws random answers"]),
            Case(
                folder: "search_without_refit",
                messages: ["GridSearchCV: it has no `best_estimator_`: it was not fitted, or not with `refit`"]),
            Case(
                folder: "target_power",
                messages: [
                    "transformer_.PowerTransformer: the inverse of this transformer is not converted"
                ]),
            Case(
                folder: "select_boosting",
                messages: [
                    "steps[0].SelectFromModel: it selects by the importances of GradientBoostingClassifier, which are not converted"
                ]),
            Case(
                folder: "boosting_single",
                messages: [
                    "init_.LinearRegression(coef_): it would sum float32 numbers in an order that depends on the processor"
                ]),
            Case(
                folder: "calibrated_many",
                messages: (0..<2).map {
                    "calibrated_classifiers_[\($0)].estimator.DummyClassifier(strategy=stratified): it draws random answers"
                }),
        ])
    func refused(_ row: Case) throws {
        let folder = Checkout.fixture("compositions/\(row.folder)/model")
        let mlmodel = try MLmodel.parse(
            ByteRegion(try readFile("\(folder)/MLmodel", limit: 1 << 20)), file: "MLmodel")
        let outcome = ModelConverter.convert(
            ConversionSource(
                artefact: ByteRegion(try readFile("\(folder)/model.pkl", limit: 1 << 20)),
                artefactName: "model.pkl", mlmodel: mlmodel, inputExample: nil,
                digest: Array(repeating: 0, count: 32)))
        guard case .refused(let refusals) = outcome else {
            Issue.record("\(row.folder) was converted")
            return
        }
        #expect(refusals.map { "\($0.path): \($0.reason)" } == row.messages)
    }
}
