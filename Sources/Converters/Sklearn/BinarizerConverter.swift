import Pickle
import Scoring

/// `Binarizer`: 1 where a value is above a threshold, else 0, in the type of the table.
///
/// A Python number is rounded to float32 before it is compared with float32 columns. Rules from `sklearn/preprocessing/_data.py`,
/// 1.1.3 to 1.9.1.
struct BinarizerConverter: Converter {
    static let classNames = ["sklearn.preprocessing._data.Binarizer"]

    let estimator: Estimator
    private let threshold: Double
    /// It is a Python number, not one of NumPy, whose type takes part in the comparison.
    private let isPython: Bool

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        let value = try estimator.required("threshold")
        guard case .number(let number) = PickledScalar(value, estimator.graph), !number.isNaN else {
            throw estimator.unexpected("threshold", "a number")
        }
        threshold = number
        switch value {
        case .int, .float: isPython = true
        default: isPython = false
        }
    }

    func transform(_ table: Table, into program: inout Program) throws -> Table {
        try estimator.requireFittedColumns(table)
        try table.requireNumbers(for: estimator)
        if table.isSparse, threshold < 0 {
            throw estimator.refuse(
                "it moves the zeros of a sparse matrix", parameter: "threshold", value: "\(threshold)")
        }
        let type = table.elementType == .object ? .float64 : table.elementType
        if type == .float32, !isPython {
            throw estimator.refuse(
                "its threshold is a number of NumPy, which versions compare with float32 columns in different widths",
                parameter: "threshold", help: "use a Python number")
        }
        // Elementary functions meet 0 exactly, sums do not.
        if let lane = table.lanes.first(where: { $0.isApproximate && (threshold != 0 || $0.hasUncertainZeros) }) {
            throw estimator.refuse(
                "it compares column `\(lane.name)` with a threshold, and an earlier step gives numbers that differ in the last "
                    + "bits between processors", parameter: "threshold", value: "\(threshold)")
        }
        try program.requireFinite(table, width: .float64, allowsMissing: false)
        var result = table.asArray(type)
        for index in result.lanes.indices {
            let limit = type == .float32 ? Double(Float(threshold)) : threshold
            result.lanes[index].slot = try program.builder.threshold(result.lanes[index].slot, above: limit)
            result.lanes[index].kind = .number(type)
            result.lanes[index].isBounded = true
            result.lanes[index].isApproximate = false
        }
        return result
    }
}
