import Pickle
import Scoring

/// `LinearRegression`, `Ridge`, `RidgeCV`, `Lasso` and `ElasticNet`: a dot product and an intercept.
struct LinearRegressionConverter: Converter {
    static let classNames = [
        "sklearn.linear_model._base.LinearRegression", "sklearn.linear_model._coordinate_descent.ElasticNet",
        "sklearn.linear_model._coordinate_descent.Lasso", "sklearn.linear_model._ridge.Ridge",
    ]

    let estimator: Estimator
    private let model: LinearModel

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        model = try LinearModel(estimator)
    }

    func has(_ method: PredictMethod) -> Bool { method == .predict }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        let scores = try model.scores(table, into: &program)
        return model.isFlat ? .numbers(scores[0]) : .rows(scores)
    }
}
