import Pickle
import Scoring

/// `LinearDiscriminantAnalysis`: a linear classifier, and a projection.
///
/// Rules from `sklearn/discriminant_analysis.py`, 1.1.3 to 1.9.1. Scores differ from scikit-learn's in the last bits, because
/// BLAS adds in an order that depends on the processor; a label can differ where two scores tie.
struct LinearDiscriminantAnalysisConverter: Converter {
    static let classNames = ["sklearn.discriminant_analysis.LinearDiscriminantAnalysis"]

    /// Estimators of covariances took part in the fit only.
    static let partNames: [String: PickleUse] = [
        "sklearn.covariance._empirical_covariance.EmpiricalCovariance": [.new, .build, .value],
        "sklearn.covariance._shrunk_covariance.LedoitWolf": [.new, .build, .value],
        "sklearn.covariance._shrunk_covariance.OAS": [.new, .build, .value],
        "sklearn.covariance._shrunk_covariance.ShrunkCovariance": [.new, .build, .value],
    ]

    let estimator: Estimator
    private let model: LinearModel
    private let labels: LabelTable

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        model = try LinearModel(estimator)
        labels = try ClassLabels.read(try estimator.required("classes_"), of: estimator)
        guard labels.count >= 2, model.outputCount == (labels.count == 2 ? 1 : labels.count) else {
            throw estimator.refuse("its coefficients do not fit its \(labels.count) classes", parameter: "coef_")
        }
    }

    func has(_ method: PredictMethod) -> Bool { method != .transform }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        let scores = try model.scores(table, into: &program)
        switch (method, scores.count) {
        case (.decisionFunction, 1): return .numbers(scores[0])
        case (.decisionFunction, _): return .rows(scores)
        case (.predictProba, 1):
            let positive = try program.builder.link(.sigmoid, scores, width: .float64)
            return .rows(try program.builder.link(.complement, positive, width: .float64))
        case (.predictProba, _): return .rows(try program.builder.link(.softmax, scores, width: .float64))
        case (_, 1): return .labels(try program.builder.threshold(scores[0], above: 0), labels)
        default: return .labels(try program.builder.argmax(scores), labels)
        }
    }

    func transform(_ table: Table, into program: inout Program) throws -> Table {
        let solver = try estimator.text("solver")
        guard solver == "svd" || solver == "eigen" else {
            throw estimator.refuse("it has no `transform` with this solver", parameter: "solver", value: solver)
        }
        try estimator.requireFittedColumns(table)
        try table.requireNumbers(for: estimator)
        try estimator.requireDense(table)
        let count = try estimator.int("_max_components")
        let weights = try FloatMatrix("scalings_", of: estimator).transposed.prefix(max(0, count))
        guard weights.rows == count else {
            throw estimator.refuse("it has \(weights.rows) directions and keeps \(count)", parameter: "scalings_")
        }
        try weights.requireShape(count, table.lanes.count, of: estimator)
        try weights.requireFloat64(with: table, of: estimator)
        try program.requireFinite(table, width: .float64, allowsMissing: false)
        var columns = table.slots
        if solver == "svd" {
            let means = try FloatMatrix("xbar_", of: estimator)
            try means.requireShape(1, table.lanes.count, of: estimator)
            try means.requireFloat64(with: table, of: estimator)
            columns = try program.builder.scale(columns, steps: [.subtract(means.values)], width: .float64)
        }
        program.noteSums(estimator)
        let zeros = Array(repeating: 0.0, count: count)
        return Table(
            numbers: try program.builder.linear(columns, weights: weights.values, intercepts: zeros, width: .float64),
            named: estimator)
    }
}
