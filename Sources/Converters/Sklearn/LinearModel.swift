import Diagnostics
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
        if !table.isSparse {
            try requireDigits(table)
            program.noteSums(estimator)
        }
        return try program.builder.linear(table.slots, weights: weights, intercepts: intercepts, width: .float64)
    }

    /// Refuses least squares on columns that depend on each other by rounding errors alone, where large weights of the categories of one
    /// column cancel out: their sums have no digits in common from processor to processor.
    ///
    /// Source: `LinearRegression.fit` calls LAPACK's `gelsd`, which keeps singular values down to an epsilon of the largest.
    private func requireDigits(_ table: Table) throws {
        guard estimator.shortName == "LinearRegression", !estimator.isNone("singular_"), !estimator.isNone("rank_")
        else { return }
        let singular = try estimator.numbers("singular_")
        let rank = try estimator.int("rank_")
        guard singular.indices.contains(rank - 1), singular[rank - 1] < LinearModel.leastSingular * singular[0]
        else { return }
        for output in 0..<outputCount {
            var ranges: [String: (lowest: Double, highest: Double)] = [:]
            for (index, lane) in table.lanes.enumerated() where lane.isBounded {
                let weight = weights[output * inputCount + index]
                let range = ranges[lane.name] ?? (weight, weight)
                ranges[lane.name] = (min(range.lowest, weight), max(range.highest, weight))
            }
            let lost = ranges.filter { _, range in
                let size = min(abs(range.lowest), abs(range.highest))
                return range.lowest < range.highest && size > LinearModel.mostLost * (range.highest - range.lowest)
            }
            guard let name = lost.keys.min() else { continue }
            throw estimator.refuse(
                "its coefficients for column `\(escaped(name))` are near \(ranges[name]?.lowest ?? 0) and cancel out with others, so that its "
                    + "answers depend on the processor", parameter: "coef_",
                help: "fit Ridge, or encode with `OneHotEncoder(drop=\"first\")`")
        }
    }

    private static let leastSingular = 1e-13
    /// How much larger the weights of a column's categories may be than their differences.
    private static let mostLost = 1e3
}
