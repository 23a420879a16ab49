import JSONText

/// Linear interpolation between given points.
struct Interpolate: Operator {
    static let name = "interpolate"
    private let inputs: [Slot]
    private let outputs: Range<Slot>
    private let points: NumberArray<Double>
    private let values: NumberArray<Double>
    private let outside: InterpolationOutside

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        inputs = fields.inputs
        outputs = fields.outputs
        outside = try fields.choice("outside", InterpolationOutside.self)
        points = try fields.float64("points")
        guard points.count > 0 else { throw fields.error("it has no points") }
        for index in 1..<max(1, points.count) where !(points[index - 1] < points[index]) {
            throw fields.error("`points` are not strictly ascending")
        }
        guard !points[0].isNaN else { throw fields.error("`points` are not strictly ascending") }
        values = try fields.float64("values", count: points.count)
        try fields.expectOutputs(inputs.count)
    }

    func run(_ block: RowBlock) {
        for index in 0..<inputs.count {
            let source = block[inputs[index]]
            let target = block[outputs.lowerBound + index]
            for row in 0..<block.rows { target[row] = value(source[row]) }
        }
    }

    private func value(_ x: Double) -> Double {
        if x.isNaN { return x }
        let last = points.count - 1
        if x < points[0] { return outside == .clip ? values[0] : .nan }
        if x > points[last] { return outside == .clip ? values[last] : .nan }
        // The last point that is not above x.
        var low = 0
        var high = last + 1
        while high - low > 1 {
            let middle = (low + high) / 2
            if points[middle] <= x { low = middle } else { high = middle }
        }
        if low == last || points[low] == x { return values[low] }
        let slope = (values[low + 1] - values[low]) / (points[low + 1] - points[low])
        return slope * (x - points[low]) + values[low]
    }

    var details: [OperatorSummary.Detail] { [.init(name: "points", value: points.count)] }
}

/// What `interpolate` gives outside of the points.
public enum InterpolationOutside: String, Sendable, CaseIterable {
    /// The value of the nearest point.
    case clip
    /// NaN.
    case missing
}

extension ModelBuilder {
    /// Linear interpolation as `numpy.interp` does it: at a point its value, between two `slope * (x - point) + value` with the lower
    /// one's. NaN stays NaN.
    ///
    /// - Parameters:
    ///   - points: strictly ascending.
    ///   - values: one per point.
    /// - Returns: one slot per slot.
    public mutating func interpolate(
        _ slots: [Slot], points: [Double], values: [Double], outside: InterpolationOutside
    ) throws(ScoringError) -> [Slot] {
        let parameters: JSONObject = [
            "points": addArray(points), "values": addArray(values), "outside": .string(outside.rawValue),
        ]
        return try add(Interpolate.name, inputs: slots, outputCount: slots.count, parameters, origin: .oneToOne)
    }
}
