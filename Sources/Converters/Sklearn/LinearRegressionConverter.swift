import Pickle
import Scoring

/// The regressors of `sklearn.linear_model` and `LinearSVR`: a dot product, an intercept, and for some an exponential.
///
/// Rules from `sklearn/linear_model/_base.py`, `_stochastic_gradient.py`, `_ransac.py` and `_glm/glm.py`, 1.1.3 to 1.9.1.
struct LinearRegressionConverter: Converter {
    private static let modules = [
        "_base": ["LinearRegression"], "_bayes": ["ARDRegression", "BayesianRidge"],
        "_coordinate_descent": [
            "ElasticNet", "ElasticNetCV", "Lasso", "LassoCV", "MultiTaskElasticNet", "MultiTaskElasticNetCV",
            "MultiTaskLasso", "MultiTaskLassoCV",
        ],
        "_glm.glm": ["GammaRegressor", "PoissonRegressor", "TweedieRegressor"], "_huber": ["HuberRegressor"],
        "_least_angle": ["Lars", "LarsCV", "LassoLars", "LassoLarsCV", "LassoLarsIC"],
        "_omp": ["OrthogonalMatchingPursuit", "OrthogonalMatchingPursuitCV"],
        "_passive_aggressive": ["PassiveAggressiveRegressor"], "_quantile": ["QuantileRegressor"],
        "_ridge": ["Ridge", "RidgeCV"], "_stochastic_gradient": ["SGDRegressor"], "_theil_sen": ["TheilSenRegressor"],
    ]

    static let classNames =
        modules.flatMap { module, names in names.map { "sklearn.linear_model.\(module).\($0)" } }.sorted()
        + ["sklearn.svm._classes.LinearSVR"]

    static let partNames = LinearParts.names

    let estimator: Estimator
    private let model: LinearModel
    private let isExponential: Bool

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        model = try LinearModel(estimator)
        isExponential = try LinearRegressionConverter.isExponential(estimator)
    }

    private static func isExponential(_ estimator: Estimator) throws -> Bool {
        switch estimator.shortName {
        case "GammaRegressor", "PoissonRegressor": return true
        case "TweedieRegressor":
            let link = try estimator.text("link")
            switch link {
            case "log": return true
            case "identity": return false
            case "auto":
                guard case .number(let power) = PickledScalar(try estimator.required("power"), estimator.graph) else {
                    throw estimator.unexpected("power", "a number")
                }
                return power > 0
            default: throw estimator.refuse("its link is not known", parameter: "link", value: link)
            }
        default: return false
        }
    }

    func has(_ method: PredictMethod) -> Bool { method == .predict }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        var scores = try model.scores(table, into: &program)
        if isExponential { scores = try program.builder.link(.exponential, scores, width: .float64) }
        return model.isFlat ? .numbers(scores[0]) : .rows(scores)
    }
}
