import Pickle
import Scoring

/// `SGDOneClassSVM`: 1 where the score is at least the offset, else -1.
///
/// Rules from `sklearn/linear_model/_stochastic_gradient.py`, 1.1.3 to 1.9.1.
struct SGDOneClassSVMConverter: Converter {
    static let classNames = ["sklearn.linear_model._stochastic_gradient.SGDOneClassSVM"]

    static let partNames = LinearParts.names

    let estimator: Estimator
    private let weights: FloatMatrix
    private let offset: FloatMatrix

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        weights = try FloatMatrix("coef_", of: estimator)
        offset = try FloatMatrix("offset_", of: estimator)
        try weights.requireShape(1, weights.columns, of: estimator)
        try offset.requireShape(1, 1, of: estimator)
    }

    func has(_ method: PredictMethod) -> Bool { method == .predict || method == .decisionFunction }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        try estimator.requireFittedColumns(table)
        try table.requireWidth(weights.columns, for: estimator)
        try table.requireNumbers(for: estimator)
        try weights.requireFloat64(with: table, of: estimator)
        try program.requireFinite(table, width: .float64, allowsMissing: false)
        if !table.isSparse { program.noteSums(estimator) }
        let decision = try program.builder.linear(
            table.slots, weights: weights.values, intercepts: [-offset.values[0]], width: .float64)[0]
        if method == .decisionFunction { return .numbers(decision) }
        // 0 counts as inside, and there is no number between it and this limit.
        let side = try program.builder.threshold(decision, above: -Double.leastNonzeroMagnitude)
        return .labels(side, .integers([-1, 1]))
    }
}
