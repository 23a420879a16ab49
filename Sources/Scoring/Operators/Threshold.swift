import JSONText

/// 1 where a value is above a limit, else 0; NaN gives 0.
struct Threshold: Operator {
    static let name = "threshold"
    private let inputs: [Slot]
    private let outputs: Range<Slot>
    private let limit: Double

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        inputs = fields.inputs
        outputs = fields.outputs
        limit = try fields.double("above")
        try fields.expectOutputs(inputs.count)
    }

    func run(_ block: RowBlock) {
        for index in 0..<inputs.count {
            let source = block[inputs[index]]
            let target = block[outputs.lowerBound + index]
            for row in 0..<block.rows { target[row] = source[row] > limit ? 1 : 0 }
        }
    }

    var indexBound: Int? { 2 }
}

extension ModelBuilder {
    /// 1 where `slot > limit` in float64, else 0 (also for NaN), as a binary classifier's `predict` does with its decision.
    ///
    /// - Returns: a slot that holds 0 or 1, fit to be an answer's label index.
    public mutating func threshold(_ slot: Slot, above limit: Double) throws(ScoringError) -> Slot {
        try threshold([slot], above: limit)[0]
    }

    /// The same for several slots.
    public mutating func threshold(_ slots: [Slot], above limit: Double) throws(ScoringError) -> [Slot] {
        let parameters: JSONObject = ["above": DoubleText.encode(limit)]
        return try add(Threshold.name, inputs: slots, outputCount: slots.count, parameters, origin: .none)
    }
}
