import Pickle
import Scoring

/// `PLSRegression`, `PLSCanonical`, `CCA` and `PLSSVD`: centred columns times a matrix.
///
/// Rules from `sklearn/cross_decomposition/_pls.py`, 1.1.3 to 1.9.1. `predict` divides by the columns' deviations before the
/// product up to 1.4, while from 1.5 the coefficients hold them; up to 1.2 the coefficients are `_coef_`. From 1.3.1 `_predict_1d`
/// says whether the answer is one number per row; before, it is always a list.
struct PLSConverter: Converter {
    static let classNames = [
        "sklearn.cross_decomposition._pls.CCA", "sklearn.cross_decomposition._pls.PLSCanonical",
        "sklearn.cross_decomposition._pls.PLSRegression", "sklearn.cross_decomposition._pls.PLSSVD",
    ]

    let estimator: Estimator
    private let means: FloatMatrix
    private let deviations: FloatMatrix
    private var width: Int { means.columns }

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        means = try FloatMatrix("_x_mean", of: estimator)
        deviations = try FloatMatrix("_x_std", of: estimator)
        try means.requireShape(1, means.columns, of: estimator)
        try deviations.requireShape(1, means.columns, of: estimator)
        guard !means.isSingle, !deviations.isSingle else {
            throw estimator.refuse("its means are not float64, as scikit-learn makes them", parameter: "_x_mean")
        }
    }

    func has(_ method: PredictMethod) -> Bool { method == .predict && estimator.shortName != "PLSSVD" }

    /// The columns, centred and perhaps divided; float32 stays float32 but for `PLSSVD`.
    private func centred(_ table: Table, divides: Bool, _ program: inout Program) throws -> [Slot] {
        try estimator.requireFittedColumns(table)
        try table.requireWidth(width, for: estimator)
        try estimator.requireDense(table)
        let isSingle = try table.floatType(for: estimator) == .float32 && estimator.shortName != "PLSSVD"
        try program.requireFinite(table, width: .float64, allowsMissing: false)
        var steps: [ScaleStep] = [.subtract(means.values)]
        if divides { steps.append(.divide(deviations.values)) }
        program.noteSums(estimator)
        return try program.builder.scale(table.slots, steps: steps, width: isSingle ? .float32 : .float64)
    }

    func transform(_ table: Table, into program: inout Program) throws -> Table {
        let weights = try FloatMatrix(
            estimator.shortName == "PLSSVD" ? "x_weights_" : "x_rotations_", of: estimator
        ).transposed
        try weights.requireShape(weights.rows, width, of: estimator)
        try weights.requireFloat64(with: table, of: estimator)
        let columns = try centred(table, divides: true, &program)
        let zeros = Array(repeating: 0.0, count: weights.rows)
        let scores = try program.builder.linear(columns, weights: weights.values, intercepts: zeros, width: .float64)
        return Table(numbers: scores, named: estimator)
    }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        let weights = try FloatMatrix(estimator.has(.plsCoefficientsName) ? "coef_" : "_coef_", of: estimator)
        let intercepts = try FloatMatrix("intercept_", of: estimator)
        try weights.requireShape(weights.rows, width, of: estimator)
        try intercepts.requireShape(1, weights.rows, of: estimator)
        try weights.requireFloat64(with: table, of: estimator)
        let columns = try centred(table, divides: !estimator.has(.plsKeepsScale), &program)
        let scores = try program.builder.linear(
            columns, weights: weights.values, intercepts: intercepts.values, width: .float64)
        guard try estimator.bool("_predict_1d", default: false) else { return .rows(scores) }
        guard scores.count == 1 else { throw estimator.unexpected("_predict_1d", "false, as it has several outputs") }
        return .numbers(scores[0])
    }
}
