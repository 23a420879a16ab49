import Pickle
import Scoring

/// Coefficients and intercepts: `X @ coef_.T + intercept_` in float64.
struct LinearModel {
    private let estimator: Estimator
    private let weights: [Double]
    private let intercepts: [Double]
    private let isSingle: Bool
    let outputCount: Int
    let inputCount: Int
    /// `coef_` is [inputs], not [outputs x inputs].
    let isFlat: Bool

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        let array = try estimator.array("coef_")
        guard let weights = array.numbers, array.shape.count == 1 || array.shape.count == 2, array.count > 0 else {
            throw estimator.unexpected("coef_", "an array of numbers")
        }
        isFlat = array.shape.count == 1
        outputCount = isFlat ? 1 : array.shape[0]
        inputCount = isFlat ? array.shape[0] : array.shape[1]
        isSingle = array.type.kind == .float && array.type.itemSize < 8
        self.weights = weights
        let intercepts = try estimator.numbers("intercept_")
        guard intercepts.count == outputCount || intercepts.count == 1 else {
            throw estimator.refuse("it has \(intercepts.count) intercepts for \(outputCount) outputs")
        }
        self.intercepts =
            intercepts.count == outputCount ? intercepts : Array(repeating: intercepts[0], count: outputCount)
        guard (weights + self.intercepts).allSatisfy(\.isFinite) else {
            throw estimator.refuse("its coefficients are not all finite", parameter: "coef_")
        }
    }

    /// `ElasticNet` and its subclasses multiply sparse tables without looking for missing values.
    private static let uncheckedNames = ["ElasticNet", "Lasso", "MultiTaskElasticNet", "MultiTaskLasso"]

    /// One slot per output.
    func scores(_ table: Table, into program: inout Program) throws -> [Slot] {
        try estimator.requireFittedColumns(table)
        try table.requireWidth(inputCount, for: estimator)
        try table.requireNumbers(for: estimator)
        if isSingle, table.elementType == .float32 || table.elementType == .boolean {
            throw estimator.refuse(
                "it would sum float32 numbers in an order that depends on the processor", parameter: "coef_",
                help: "fit the model on float64 columns")
        }
        let isUnchecked = table.isSparse && LinearModel.uncheckedNames.contains(estimator.shortName)
        if !isUnchecked { try program.requireFinite(table, width: .float64, allowsMissing: false) }
        if !table.isSparse { program.noteSums(estimator) }
        return try program.builder.linear(table.slots, weights: weights, intercepts: intercepts, width: .float64)
    }
}
