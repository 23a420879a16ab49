import Pickle
import Scoring

/// `PCA`, `IncrementalPCA`, `TruncatedSVD`, `FastICA` and `NeighborhoodComponentsAnalysis`: a table times fitted directions.
///
/// Rules from `sklearn/decomposition/_base.py`, `_incremental_pca.py`, `_truncated_svd.py`, `_fastica.py` and
/// `sklearn/neighbors/_nca.py`, 1.1.3 to 1.9.1. FastICA subtracts the means from the columns when it whitens. A PCA subtracts
/// the means from the columns up to 1.4 (1.3 for sparse matrices, which it did not take), and from 1.5 their product from the
/// products. From 1.5 deviations below 2^-52 count as that when it whitens.
struct ProjectionConverter: Converter {
    static let classNames = [
        "sklearn.decomposition._fastica.FastICA", "sklearn.decomposition._incremental_pca.IncrementalPCA",
        "sklearn.decomposition._pca.PCA",
        "sklearn.decomposition._truncated_svd.TruncatedSVD", "sklearn.neighbors._nca.NeighborhoodComponentsAnalysis",
    ]

    let estimator: Estimator
    private let directions: FloatMatrix
    /// Nil for what does not centre.
    private let means: [Double]?
    private let deviations: [Double]?

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        directions = try FloatMatrix("components_", of: estimator)
        let isPCA = estimator.shortName == "PCA" || estimator.shortName == "IncrementalPCA"
        // `whiten` of FastICA is a text or false.
        guard isPCA || (estimator.shortName == "FastICA" && estimator["whiten"] != .bool(false)) else {
            (means, deviations) = (nil, nil)
            return
        }
        let means = try FloatMatrix("mean_", of: estimator)
        try means.requireShape(1, directions.columns, of: estimator)
        self.means = means.values
        // `whiten` takes part in truth only.
        let isWhitened = isPCA ? try estimator.bool("whiten") : false
        deviations = isWhitened ? try ProjectionConverter.deviations(estimator, directions.rows) : nil
        guard !means.isSingle, !directions.isSingle else {
            throw estimator.refuse(
                "it calculates in float32", parameter: "components_", help: "fit the model on float64 columns")
        }
    }

    private static func deviations(_ estimator: Estimator, _ count: Int) throws -> [Double] {
        let variances = try FloatMatrix("explained_variance_", of: estimator)
        try variances.requireShape(1, count, of: estimator)
        let deviations = variances.values.map { $0.squareRoot() }
        if estimator.has(.meanAfterProjection) { return deviations.map { max($0, Double.ulpOfOne) } }
        guard deviations.allSatisfy({ $0 > 0 }) else {
            throw estimator.refuse("it divides by a deviation of 0", parameter: "explained_variance_")
        }
        return deviations
    }

    func transform(_ table: Table, into program: inout Program) throws -> Table {
        try estimator.requireFittedColumns(table)
        try table.requireWidth(directions.columns, for: estimator)
        try table.requireNumbers(for: estimator)
        let isICA = estimator.shortName == "FastICA"
        let isDense = isICA || estimator.shortName == "NeighborhoodComponentsAnalysis"
        if isDense || (estimator.shortName == "PCA" && !estimator.has(.sparsePCA)) {
            try estimator.requireDense(table)
        }
        try directions.requireFloat64(with: table, of: estimator)
        try program.requireFinite(table, width: .float64, allowsMissing: false)
        var columns = table.slots
        var intercepts = Array(repeating: 0.0, count: directions.rows)
        if let means {
            let isSparsePCA = table.isSparse && estimator.shortName == "PCA"
            if !isICA, estimator.has(.meanAfterProjection) || isSparsePCA {
                intercepts = directions.times(means).map { -$0 }
            } else {
                columns = try program.builder.scale(columns, steps: [.subtract(means)], width: .float64)
            }
        }
        if !table.isSparse || means != nil { program.noteSums(estimator) }
        var scores = try program.builder.linear(
            columns, weights: directions.values, intercepts: intercepts, width: .float64)
        if let deviations {
            scores = try program.builder.scale(scores, steps: [.divide(deviations)], width: .float64)
        }
        return Table(numbers: scores, named: estimator)
    }
}
