import JSONText

/// 1 where a value is missing, else 0.
struct MissingIndicator: Operator {
    static let name = "missingIndicator"
    private let inputs: [Slot]
    private let outputs: Range<Slot>
    private let missing: Double

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        inputs = fields.inputs
        outputs = fields.outputs
        missing = try fields.double("missing")
        try fields.expectOutputs(inputs.count)
    }

    func run(_ block: RowBlock) {
        for index in 0..<inputs.count {
            let source = block[inputs[index]]
            let target = block[outputs.lowerBound + index]
            for row in 0..<block.rows {
                let isMissing = missing.isNaN ? source[row].isNaN : source[row] == missing
                target[row] = isMissing ? 1 : 0
            }
        }
    }
}

extension ModelBuilder {
    /// Tells which values are missing, as scikit-learn's `MissingIndicator` and `SimpleImputer(add_indicator=True)`.
    ///
    /// - Parameter missing: the value that counts as missing: NaN (every NaN), or a number compared by `==`.
    /// - Returns: one slot per input, in order: 1 where it is missing, else 0.
    public mutating func missingIndicator(_ slots: [Slot], missing: Double) throws(ScoringError) -> [Slot] {
        let parameters: JSONObject = ["missing": DoubleText.encode(missing)]
        return try add(
            MissingIndicator.name, inputs: slots, outputCount: slots.count, parameters, origin: .oneToOne)
    }
}
