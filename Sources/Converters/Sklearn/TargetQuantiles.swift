import Pickle
import Scoring

/// The quantiles of a `QuantileTransformer` of targets, read from rank to quantile.
struct TargetQuantiles {
    private let isNormal: Bool
    private let references: [Double]
    /// [references x columns]
    private let quantiles: [Double]
    let width: Int
    /// How close to 0 and 1 a probability counts as beyond them.
    private static let margin = 1e-7

    init(_ transformer: Estimator) throws {
        let distribution = try transformer.text("output_distribution")
        guard distribution == "normal" || distribution == "uniform" else {
            throw transformer.refuse(
                "its distribution is not one of the known ones", parameter: "output_distribution", value: distribution)
        }
        isNormal = distribution == "normal"
        let references = try transformer.numbers("references_")
        let array = try transformer.array("quantiles_")
        guard let quantiles = array.numbers, array.shape.count == 2, array.shape[0] == references.count,
            references.count >= 2, (quantiles + references).allSatisfy(\.isFinite), references[0] == 0,
            references[references.count - 1] == 1,
            zip(references, references.dropFirst()).allSatisfy({ $0 < $1 })
        else { throw transformer.unexpected("quantiles_", "a table of quantiles per column") }
        self.references = references
        self.quantiles = quantiles
        width = array.shape[1]
    }

    func inverse(_ slots: [Slot], into program: inout Program) throws -> [Slot] {
        let ranks = isNormal ? try program.builder.elementwise(.normalProbability, slots) : slots
        if isNormal {
            program.note(
                "QuantileTransformer uses glibc's `erf`; SciPy's differs from it in the last bits")
        }
        return try ranks.enumerated().map { column, rank in
            let (points, values) = curve(column)
            return try program.builder.interpolate([rank], points: points, values: values, outside: .clip)[0]
        }
    }

    /// The points of the interpolation, with the jumps near the ends to the outer quantiles.
    private func curve(_ column: Int) -> (points: [Double], values: [Double]) {
        let values = references.indices.map { quantiles[$0 * width + column] }
        guard isNormal else { return (references, values) }
        let low = TargetQuantiles.margin
        var high = 1 - low
        while high + low > 1 { high = high.nextDown }
        while high.nextUp + low <= 1 { high = high.nextUp }
        let inner = references.indices.filter { references[$0] > low && references[$0] < high }
        guard let first = inner.first, let last = inner.last else {
            return ([0, 1], [values[0], values[values.count - 1]])
        }
        func value(_ rank: Double, _ index: Int) -> Double {
            let slope = (values[index + 1] - values[index]) / (references[index + 1] - references[index])
            return slope * (rank - references[index]) + values[index]
        }
        let points = [low.nextDown, low] + inner.map { references[$0] } + [high, high.nextUp]
        let ends = (low: [values[0], value(low, first - 1)], high: [value(high, last), values[values.count - 1]])
        return (points, ends.low + inner.map { values[$0] } + ends.high)
    }
}
