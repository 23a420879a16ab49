import Bytes
import Converters
import MLmodelFormat
import Platform
import TestKit
import Testing

/// Steps that compare exactly what an earlier step summed, whose last bits differ between processors, and zeros that a sparse matrix
/// stores (`Tests/Fixtures/sums/make.py`, scikit-learn 1.7.2, XGBoost 3.0.5).
@Suite("Refusals behind sums")
struct SumRefusalTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var folder: String
        var message: String
        var testDescription: String { folder }
    }

    private static let differ = "and an earlier step gives numbers that differ in the last bits between processors"

    static let cases = [
        Case(
            folder: "neighbours",
            message: "steps[1].KNeighborsRegressor: it compares distances in column `PCA 0`, \(differ), "
                + "so that equally near training rows would be others"),
        Case(
            folder: "stored_zeros",
            message:
                "steps[1].XGBRegressor: it gets a sparse matrix whose column `a` may store zeros, which are not missing "
                + "to XGBoost"),
        Case(
            folder: "weight_zero",
            message: "steps[0].FeatureUnion(transformer_weights): it weights the sparse `one` with 0"),
        Case(
            folder: "missing_number",
            message: "steps[1].XGBRegressor: it looks for the missing number -1.0 in column `PCA 0`, \(differ)"),
        Case(
            folder: "impute_number",
            message: "steps[1].SimpleImputer: it takes column `PCA 0` in steps, \(differ)"),
        Case(folder: "floor", message: "steps[1].FunctionTransformer: it takes column `a` in steps, \(differ)"),
        Case(folder: "sign", message: "steps[1].FunctionTransformer: it takes column `PCA 0` in steps, \(differ)"),
        Case(
            folder: "binarizer",
            message: "steps[1].Binarizer(threshold=0.0): it compares column `PCA 0` with a threshold, \(differ)"),
        Case(
            folder: "polars",
            message: "steps[0].StandardScaler(transform=polars): its tables are of a kind that is not converted"),
    ]

    @Test("what rounding could decide is refused with its place and the reason", arguments: cases)
    func refused(_ row: Case) throws {
        let refusals = try Self.refusals(of: "sums/\(row.folder)/model")
        #expect(refusals.map { "\($0.path): \($0.reason)" } == [row.message])
    }

    @Test("coefficients that cancel out by rounding are refused with the column, and with what would help")
    func cancelling() throws {
        let refusals = try Self.refusals(of: "corpus/sk132__reg_ttr__s9203n2/model")
        #expect(refusals.map(\.path) == ["regressor_.steps[1].LinearRegression(coef_)"])
        #expect(
            refusals.map(\.reason) == [
                "its coefficients for column `plan` are near -15513115.348251835 and cancel out with others, so that its answers "
                    + "depend on the processor"
            ])
        #expect(refusals.map(\.help) == ["fit Ridge, or encode with `OneHotEncoder(drop=\"first\")`"])
    }

    private static func refusals(of model: String) throws -> [Refusal] {
        let folder = Checkout.fixture(model)
        let mlmodel = try MLmodel.parse(
            ByteRegion(try readFile("\(folder)/MLmodel", limit: 1 << 20)), file: "MLmodel")
        let outcome = ModelConverter.convert(
            ConversionSource(
                artefact: ByteRegion(try readFile("\(folder)/model.pkl", limit: 1 << 20)), artefactName: "model.pkl",
                mlmodel: mlmodel, inputExample: nil, digest: Array(repeating: 0, count: 32)))
        guard case .refused(let refusals) = outcome else { return [] }
        return refusals
    }
}
