import Pickle
import Scoring

/// `QuantileTransformer`: the rank of a value among the quantiles of the training table, or the normal variable of that rank.
///
/// Rules from `sklearn/preprocessing/_data.py`, 1.1.3 to 1.9.1, `numpy.interp`, and Cephes' `ndtri` in SciPy.
struct QuantileTransformerConverter: Converter {
    static let classNames = ["sklearn.preprocessing._data.QuantileTransformer"]

    let estimator: Estimator
    private let distribution: QuantileDistribution
    /// [references x columns]
    private let quantiles: [Double]
    private let references: [Double]
    private let width: Int

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        let text = try estimator.text("output_distribution")
        guard let distribution = QuantileDistribution(rawValue: text) else {
            throw estimator.refuse(
                "its distribution is not one of the known ones", parameter: "output_distribution", value: text)
        }
        self.distribution = distribution
        let array = try estimator.array("quantiles_")
        references = try estimator.numbers("references_")
        guard let quantiles = array.numbers, array.shape.count == 2, array.shape[0] == references.count,
            !references.isEmpty
        else { throw estimator.unexpected("quantiles_", "a table of quantiles per column") }
        guard quantiles.allSatisfy(\.isFinite) else {
            throw estimator.refuse("a column was missing throughout in training", parameter: "quantiles_")
        }
        self.quantiles = quantiles
        width = array.shape[1]
    }

    func transform(_ table: Table, into program: inout Program) throws -> Table {
        try estimator.requireFittedColumns(table)
        try table.requireWidth(width, for: estimator)
        guard !table.isSparse else { throw estimator.refuse("it leaves the zeros of a sparse matrix alone") }
        guard try table.floatType(for: estimator) == .float64 else {
            throw estimator.refuse(
                "its columns are float32, which older versions of NumPy compare with quantiles in another way",
                help: "fit the model on float64 columns")
        }
        if let lane = table.lanes.first(where: \.isApproximate) {
            throw estimator.refuse(
                "it compares column `\(lane.name)` with quantiles, and an earlier step gives numbers that differ in the last bits "
                    + "between processors")
        }
        try program.requireFinite(table, width: .float64, allowsMissing: true)
        let columns = (0..<width).flatMap { column in references.indices.map { quantiles[$0 * width + column] } }
        let slots = try program.builder.quantileMap(
            table.slots, quantiles: columns, references: references, distribution: distribution)
        var result = table.asArray(.float64)
        for (index, slot) in slots.enumerated() {
            result.lanes[index].slot = slot
            result.lanes[index].kind = .number(.float64)
            result.lanes[index].isBounded = true
        }
        return result
    }
}
