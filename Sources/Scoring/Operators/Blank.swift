import JSONText

/// Makes the values of a range missing.
struct Blank: Operator {
    static let name = "blank"
    private let inputs: [Slot]
    private let outputs: Range<Slot>
    private let low: Double
    private let high: Double

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        inputs = fields.inputs
        outputs = fields.outputs
        low = try fields.double("from")
        high = try fields.double("to")
        guard low <= high else { throw fields.error("`from` is not at most `to`") }
        try fields.expectOutputs(inputs.count)
    }

    func run(_ block: RowBlock) {
        for index in 0..<inputs.count {
            let source = block[inputs[index]]
            let target = block[outputs.lowerBound + index]
            for row in 0..<block.rows {
                let value = source[row]
                target[row] = value >= low && value <= high ? .nan : value
            }
        }
    }
}

extension ModelBuilder {
    /// Replaces values in `range` by NaN, in float64, as LightGBM's `zero_as_missing` does with values near 0.
    ///
    /// - Returns: one slot per input, in order.
    public mutating func blank(_ slots: [Slot], _ range: ClosedRange<Double>) throws(ScoringError) -> [Slot] {
        let parameters: JSONObject = [
            "from": DoubleText.encode(range.lowerBound), "to": DoubleText.encode(range.upperBound),
        ]
        return try add(Blank.name, inputs: slots, outputCount: slots.count, parameters, origin: .oneToOne)
    }
}
