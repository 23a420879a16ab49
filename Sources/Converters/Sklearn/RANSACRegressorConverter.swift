import Pickle
import Scoring

/// `RANSACRegressor`: the regressor that was fitted on the inliers, which gets the table as an array.
///
/// Rules from `sklearn/linear_model/_ransac.py`, 1.1.3 to 1.9.1.
struct RANSACRegressorConverter: Converter {
    static let classNames = ["sklearn.linear_model._ransac.RANSACRegressor"]

    let estimator: Estimator
    private let regressor: any Converter

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        let part = try estimator.part(try estimator.required("estimator_"), at: "estimator_")
        regressor = try ConverterCatalog.converter(for: part)
        guard regressor.has(.predict) else { throw part.refuse("it has no `predict`") }
    }

    func has(_ method: PredictMethod) -> Bool { method == .predict }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        try estimator.requireFittedColumns(table)
        try table.requireNumbers(for: estimator)
        return try regressor.answer(to: .predict, table.asArray(table.elementType), into: &program)
    }
}
