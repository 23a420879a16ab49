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
                    "transformer_.PowerTransformer(standardize=False): without a scaler it is not known whether its powers cancel out"
                ]),
            Case(
                folder: "select_adaboost",
                messages: [
                    "steps[0].SelectFromModel: it selects by the importances of AdaBoostClassifier, which are not converted"
                ]),
            Case(
                folder: "boosting_single",
                messages: [
                    "init_.LinearRegression(coef_): it would sum float32 numbers in an order that depends on the processor"
                ]),
            Case(
                folder: "brute_weighted",
                messages: [
                    "KNeighborsRegressor(weights=distance): it searches by brute force, and near a training row its weights are rounding "
                        + "errors, which differ between processors (`algorithm=\"auto\"` searches so beyond 15 columns, and for half of "
                        + "the rows or more)"
                ]),
            Case(
                folder: "brute_ties",
                messages: [
                    "KNeighborsClassifier(n_neighbors): it searches by brute force, and for 30 of 40 rows of its training table the "
                        + "nearest rows are too much alike in distance for one answer on every processor"
                ]),
            Case(
                folder: "brute_single",
                messages: [
                    "KNeighborsClassifier(_fit_X): its training table is float32, and brute force rounds distances of float32 in ways of "
                        + "its own"
                ]),
            Case(
                folder: "threshold_first",
                messages: [
                    "FixedThresholdClassifier(pos_label): its positive class is not the second of its classes"
                ]),
            Case(
                folder: "threshold_prefit",
                messages: [
                    "TunedThresholdClassifierCV(cv=prefit): its threshold is one of the scores that it compares with it, so that rounding "
                        + "could decide"
                ]),
            Case(
                folder: "weight_scalar",
                messages: [
                    "steps[0].ColumnTransformer(transformer_weights): it weights the float32 columns of `one` with a NumPy number, which "
                        + "makes float64 of them in some versions of NumPy"
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
