import Pickle
import Scoring

/// `Normalizer`: each row divided by its norm.
///
/// Sums go from the first column to the last; NumPy's order depends on how the array lies in memory. Rules from
/// `sklearn/preprocessing/_data.py` and `sklearn/utils/sparsefuncs_fast.pyx`, 1.1.3 to 1.9.1.
struct NormalizerConverter: Converter {
    static let classNames = ["sklearn.preprocessing._data.Normalizer"]

    let estimator: Estimator
    private let norm: VectorNorm

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        let text = try estimator.text("norm")
        guard let norm = VectorNorm(rawValue: text) else {
            throw estimator.refuse("its norm is not one of the known ones", parameter: "norm", value: text)
        }
        self.norm = norm
    }

    func transform(_ table: Table, into program: inout Program) throws -> Table {
        try estimator.requireFittedColumns(table)
        let type = try table.floatType(for: estimator)
        guard type == .float64 || norm == .max else {
            throw estimator.refuse(
                "it would sum float32 numbers in an order that depends on NumPy and the processor", parameter: "norm",
                value: norm.rawValue, help: "fit the model on float64 columns")
        }
        try program.requireFinite(table, width: .float64, allowsMissing: false)
        // A dense norm below 10 times the machine's epsilon counts as 1, a sparse one of 0 only.
        let epsilon = type == .float32 ? Double(Float.ulpOfOne) : Double.ulpOfOne
        let slots = try program.builder.unitNorm(
            table.slots, norm: norm, smallest: table.isSparse ? Double.leastNonzeroMagnitude : 10 * epsilon,
            width: type == .float32 ? .float32 : .float64)
        var result = table.asArray(type)
        for (index, slot) in slots.enumerated() {
            result.lanes[index].slot = slot
            result.lanes[index].kind = .number(type)
            result.lanes[index].isBounded = true
            if norm != .max { result.lanes[index].isApproximate = true }
        }
        return result
    }
}
