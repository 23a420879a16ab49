import Pickle
import Scoring

/// `StandardScaler`, `MinMaxScaler`, `MaxAbsScaler` and `RobustScaler`: arithmetic with one or two constants per column.
///
/// A table of float32 columns only stays float32 and every step is rounded. The constants take part as float64, as in
/// NumPy's in-place operators; `StandardScaler` rounds them first from 1.8. Rules from
/// `sklearn/preprocessing/_data.py`, 1.1.3 to 1.9.1.
struct ScalerConverter: Converter {
    static let classNames = [
        "sklearn.preprocessing._data.MaxAbsScaler", "sklearn.preprocessing._data.MinMaxScaler",
        "sklearn.preprocessing._data.RobustScaler", "sklearn.preprocessing._data.StandardScaler",
    ]

    let estimator: Estimator

    private let shift: [Double]?
    private let scale: [Double]?
    private let clip: (low: Double, high: Double)?

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        switch estimator.shortName {
        case "StandardScaler":
            shift = try estimator.bool("with_mean") ? try estimator.numbers("mean_") : nil
            scale = try estimator.bool("with_std") ? try estimator.numbers("scale_") : nil
            clip = nil
        case "RobustScaler":
            shift = try estimator.bool("with_centering") ? try estimator.numbers("center_") : nil
            scale = try estimator.bool("with_scaling") ? try estimator.numbers("scale_") : nil
            clip = nil
        case "MaxAbsScaler":
            shift = nil
            scale = try estimator.numbers("scale_")
            clip = try estimator.bool("clip", default: false) ? (-1, 1) : nil
        default:
            shift = try estimator.numbers("min_")
            scale = try estimator.numbers("scale_")
            clip = try ScalerConverter.clip(estimator)
        }
    }

    private static func clip(_ estimator: Estimator) throws -> (low: Double, high: Double)? {
        guard try estimator.bool("clip", default: false) else { return nil }
        let range = try estimator.list("feature_range").map { PickledScalar($0, estimator.graph) }
        guard range.count == 2, case .number(let low) = range[0], case .number(let high) = range[1] else {
            throw estimator.unexpected("feature_range", "two numbers")
        }
        return (low, high)
    }

    func transform(_ table: Table, into program: inout Program) throws -> Table {
        try estimator.requireFittedColumns(table)
        let type = try table.floatType(for: estimator)
        let isSingle = type == .float32
        guard [shift, scale].allSatisfy({ $0?.count ?? table.lanes.count == table.lanes.count }) else {
            throw estimator.refuse("it has not one constant per column")
        }
        try program.requireFinite(table, width: .float64, allowsMissing: true)
        let steps = try steps(table, isSingle: isSingle)
        var result = table.asArray(type)
        guard !steps.isEmpty else { return result }
        let slots = try program.builder.scale(table.slots, steps: steps, width: isSingle ? .float32 : .float64)
        for (index, slot) in slots.enumerated() {
            result.lanes[index].slot = slot
            result.lanes[index].kind = .number(type)
            result.lanes[index].isBounded = false
        }
        return result
    }

    private func steps(_ table: Table, isSingle: Bool) throws -> [ScaleStep] {
        func rounded(_ values: [Double], _ condition: Bool) -> [Double] {
            isSingle && condition ? values.map { Double(Float($0)) } : values
        }
        let isStandard = estimator.shortName == "StandardScaler" && estimator.has(.scalerRoundsFirst)
        let shift = shift.map { rounded($0, isStandard) }
        let scale = scale.map { rounded($0, isStandard) }
        var steps: [ScaleStep] = []
        if table.isSparse {
            if shift != nil { throw estimator.refuse("it moves the zeros of a sparse matrix") }
            // scikit-learn multiplies sparse columns by the reciprocal.
            if let scale { steps.append(.multiply(scale.map { 1 / $0 })) }
        } else if estimator.shortName == "MinMaxScaler" {
            if let scale { steps.append(.multiply(scale)) }
            if let shift { steps.append(.add(shift)) }
        } else {
            if let shift { steps.append(.subtract(shift)) }
            if let scale { steps.append(.divide(scale)) }
        }
        if let clip {
            let count = table.lanes.count
            steps.append(.atLeast(rounded(Array(repeating: clip.low, count: count), true)))
            steps.append(.atMost(rounded(Array(repeating: clip.high, count: count), true)))
        }
        return steps
    }
}
