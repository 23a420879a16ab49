import JSONText

/// The rank of a value among the quantiles of a column, from 0 to 1, or the normal variable of that rank.
struct QuantileMap: Operator {
    static let name = "quantileMap"
    private let inputs: [Slot]
    private let outputs: Range<Slot>
    // [inputs x count]
    private let quantiles: NumberArray<Double>
    private let references: NumberArray<Double>
    private let distribution: QuantileDistribution
    /// How close to the ends a value of the normal distribution counts as beyond them.
    private static let margin = 1e-7
    private static let lowest = NormalQuantile.value(margin - Double.ulpOfOne)
    private static let highest = NormalQuantile.value(1 - (margin - Double.ulpOfOne))

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        inputs = fields.inputs
        outputs = fields.outputs
        distribution = try fields.choice("distribution", QuantileDistribution.self)
        references = try fields.float64("references")
        let (size, overflow) = inputs.count.multipliedReportingOverflow(by: references.count)
        guard !overflow, references.count >= 1 else { throw fields.error("it has no references, or too many") }
        quantiles = try fields.float64("quantiles", count: size)
        for list in [references, quantiles] where !list.buffer.allSatisfy(\.isFinite) {
            throw fields.error("`references` and `quantiles` are not all finite")
        }
        for first in stride(from: 0, to: size, by: references.count) {
            for index in first + 1..<first + references.count where quantiles[index - 1] > quantiles[index] {
                throw fields.error("`quantiles` descend")
            }
        }
        try fields.expectOutputs(inputs.count)
    }

    func run(_ block: RowBlock) {
        for index in 0..<inputs.count {
            let source = block[inputs[index]]
            let target = block[outputs.lowerBound + index]
            let quantiles = quantiles.base + index * references.count
            for row in 0..<block.rows { target[row] = value(source[row], quantiles) }
        }
    }

    private func value(_ x: Double, _ quantiles: UnsafePointer<Double>) -> Double {
        if x.isNaN { return x }
        let last = references.count - 1
        switch distribution {
        case .uniform:
            if x == quantiles[0] { return 0 }
            if x == quantiles[last] { return 1 }
            return rank(x, quantiles)
        case .normal:
            let rank =
                x - Self.margin < quantiles[0] ? 0 : x + Self.margin > quantiles[last] ? 1 : rank(x, quantiles)
            let result = NormalQuantile.value(rank)
            return result < Self.lowest ? Self.lowest : result > Self.highest ? Self.highest : result
        }
    }

    /// The mean of the interpolations from below and from above, which differ where quantiles are equal.
    private func rank(_ x: Double, _ quantiles: UnsafePointer<Double>) -> Double {
        0.5 * (ascending(x, quantiles) - descending(x, quantiles))
    }

    /// `numpy.interp(x, quantiles, references)`
    private func ascending(_ x: Double, _ quantiles: UnsafePointer<Double>) -> Double {
        let last = references.count - 1
        if x > quantiles[last] { return references[last] }
        if x < quantiles[0] { return references[0] }
        var low = 0
        var high = references.count
        while low < high {
            let middle = (low + high) / 2
            if x >= quantiles[middle] { low = middle + 1 } else { high = middle }
        }
        let index = low - 1
        if index == last || quantiles[index] == x { return references[index] }
        let slope = (references[index + 1] - references[index]) / (quantiles[index + 1] - quantiles[index])
        return slope * (x - quantiles[index]) + references[index]
    }

    /// `numpy.interp(-x, -quantiles[::-1], -references[::-1])`
    private func descending(_ x: Double, _ quantiles: UnsafePointer<Double>) -> Double {
        let last = references.count - 1
        if x < quantiles[0] { return -references[0] }
        if x > quantiles[last] { return -references[last] }
        // The first quantile that is not below x.
        var low = 0
        var high = last
        while low < high {
            let middle = (low + high) / 2
            if quantiles[middle] >= x { high = middle } else { low = middle + 1 }
        }
        if low == 0 || quantiles[low] == x { return -references[low] }
        let slope = (-references[low - 1] + references[low]) / (-quantiles[low - 1] + quantiles[low])
        return slope * (-x + quantiles[low]) - references[low]
    }

    var details: [OperatorSummary.Detail] { [.init(name: "quantiles", value: references.count)] }
}

/// What `quantileMap` gives.
public enum QuantileDistribution: String, Sendable, CaseIterable {
    /// The rank, from 0 to 1.
    case uniform
    /// The standard normal variable of that rank, between those of 1e-7 and 1 - 1e-7.
    case normal
}

extension ModelBuilder {
    /// Replaces values by their ranks among the quantiles of the training table, as scikit-learn's `QuantileTransformer`; NaN stays NaN.
    ///
    /// - Parameters:
    ///   - quantiles: [slots x references], each row ascending.
    ///   - references: the ranks of the quantiles.
    /// - Returns: one slot per input, in order.
    public mutating func quantileMap(
        _ slots: [Slot], quantiles: [Double], references: [Double], distribution: QuantileDistribution
    ) throws(ScoringError) -> [Slot] {
        let parameters: JSONObject = [
            "quantiles": addArray(quantiles), "references": addArray(references),
            "distribution": .string(distribution.rawValue),
        ]
        return try add(QuantileMap.name, inputs: slots, outputCount: slots.count, parameters, origin: .oneToOne)
    }
}
