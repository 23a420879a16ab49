import JSONText

/// Distances from constant points, summed over the inputs: squared and divided by constants, or absolute.
struct CentreDistances: Operator {
    static let name = "centreDistances"
    private let inputs: [Slot]
    private let outputs: Range<Slot>
    private let metric: CentreMetric
    // [outputs x inputs], row-major.
    private let centres: NumberArray<Double>
    private let divisors: NumberArray<Double>

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        inputs = fields.inputs
        outputs = fields.outputs
        metric = try fields.choice("metric", CentreMetric.self)
        let (size, overflow) = inputs.count.multipliedReportingOverflow(by: outputs.count)
        guard !overflow else { throw fields.error("it has too many centres") }
        centres = try fields.float64("centres", count: size)
        divisors = try fields.float64("divisors", count: size)
    }

    func run(_ block: RowBlock) {
        for output in 0..<outputs.count {
            let target = block[outputs.lowerBound + output]
            for row in 0..<block.rows { target[row] = 0 }
            for index in 0..<inputs.count {
                let source = block[inputs[index]]
                let centre = centres[output * inputs.count + index]
                let divisor = divisors[output * inputs.count + index]
                for row in 0..<block.rows {
                    let difference = source[row] - centre
                    target[row] += (metric == .squared ? difference * difference : difference.magnitude) / divisor
                }
            }
        }
    }

    var details: [OperatorSummary.Detail] { [.init(name: "centres", value: outputs.count)] }
}

/// How far two numbers are from each other.
public enum CentreMetric: String, Sendable, CaseIterable {
    /// The square of their difference.
    case squared
    /// The difference without its sign.
    case absolute
}

extension ModelBuilder {
    /// `outputs[o] = (0 + d(x[0], c[o][0]) / v[o][0]) + d(x[1], c[o][1]) / v[o][1] + …` in float64, in the order of `slots`.
    ///
    /// - Parameters:
    ///   - centres: c, [outputs x slots], row-major, as `theta_` or `cluster_centers_`.
    ///   - divisors: v, as many, as `var_`; nil divides by 1.
    ///   - count: the number of outputs.
    public mutating func centreDistances(
        _ slots: [Slot], _ metric: CentreMetric, centres: [Double], divisors: [Double]?, count: Int
    ) throws(ScoringError) -> [Slot] {
        let parameters: JSONObject = [
            "metric": .string(metric.rawValue), "centres": addArray(centres),
            "divisors": addArray(divisors ?? Array(repeating: 1, count: centres.count)),
        ]
        return try add(CentreDistances.name, inputs: slots, outputCount: count, parameters, origin: .none)
    }
}
