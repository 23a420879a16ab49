import Pickle
import Scoring

/// `IsotonicRegression`: linear interpolation between the points of the fit.
///
/// Rules from `sklearn/isotonic.py`, 1.1.3 to 1.9.1, where SciPy's `interp1d` calls `numpy.interp`.
struct IsotonicRegressionConverter: Converter {
    static let classNames = ["sklearn.isotonic.IsotonicRegression"]

    let estimator: Estimator
    private let points: [Double]
    private let values: [Double]
    private let clips: Bool
    private let limits: (low: Double, high: Double)

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        let points = try estimator.array("X_thresholds_")
        let values = try estimator.array("y_thresholds_")
        for (array, name) in [(points, "X_thresholds_"), (values, "y_thresholds_")] {
            guard array.type.kind == .float, array.type.itemSize == 8, array.shape.count == 1, array.count > 0 else {
                throw estimator.refuse("it works in float32 or another type than float64", parameter: name)
            }
        }
        self.points = points.numbers ?? []
        self.values = values.numbers ?? []
        let outside = try estimator.text("out_of_bounds")
        guard outside == "clip" || outside == "nan" else {
            throw estimator.refuse(
                "it refuses requests outside of the training range", parameter: "out_of_bounds", value: outside)
        }
        clips = outside == "clip"
        guard let low = try estimator.number("X_min_"), let high = try estimator.number("X_max_"), low <= high,
            points.count == values.count
        else { throw estimator.unexpected("X_min_", "the limits of the training range") }
        limits = (low, high)
    }

    func has(_ method: PredictMethod) -> Bool { method == .predict }

    func transform(_ table: Table, into program: inout Program) throws -> Table {
        try table.requireWidth(1, for: estimator)
        try table.requireNumbers(for: estimator)
        try program.requireFinite(table, width: .float64, allowsMissing: false)
        throw estimator.refuse("its `transform` makes a list instead of a table")
    }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        try table.requireWidth(1, for: estimator)
        try table.requireNumbers(for: estimator)
        try program.requireFinite(table, width: .float64, allowsMissing: false)
        return .numbers(try values(of: table.slots, into: &program)[0])
    }

    /// The value of each slot, which must be finite.
    func values(of slots: [Slot], into program: inout Program) throws -> [Slot] {
        if values.count == 1 { return try slots.map { _ in try program.constants(values)[0] } }
        var slots = slots
        if clips {
            slots = try program.builder.scale(
                slots,
                steps: [
                    .atLeast(Array(repeating: limits.low, count: slots.count)),
                    .atMost(Array(repeating: limits.high, count: slots.count)),
                ], width: .float64)
        }
        return try program.builder.interpolate(slots, points: points, values: values, outside: .missing)
    }
}
