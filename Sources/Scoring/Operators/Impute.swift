import JSONText

/// Replaces missing values by constants: `y = isMissing(x) ? fill : x`, nothing is rounded.
struct Impute: Operator {
    static let name = "impute"
    private let inputs: [Slot]
    private let outputs: Range<Slot>
    private let missing: Double
    private let fill: NumberArray<Double>

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        inputs = fields.inputs
        outputs = fields.outputs
        missing = try fields.double("missing")
        fill = try fields.float64("fill", count: inputs.count)
        try fields.expectOutputs(inputs.count)
    }

    func run(_ block: RowBlock) {
        for index in 0..<inputs.count {
            let source = block[inputs[index]]
            let target = block[outputs.lowerBound + index]
            let fill = fill[index]
            for row in 0..<block.rows {
                let value = source[row]
                let isMissing = missing.isNaN ? value.isNaN : value == missing
                target[row] = isMissing ? fill : value
            }
        }
    }
}

extension ModelBuilder {
    /// Replaces missing values, as scikit-learn's `SimpleImputer`.
    ///
    /// For a text column, `missing` and `fill` are codes (`code(of:column:)`), or NaN for a missing cell.
    /// - Parameters:
    ///   - missing: the value that counts as missing: NaN (every NaN), or a number compared by `==`.
    ///   - fill: one value per slot; NaN leaves it missing.
    /// - Returns: one slot per input, in order.
    public mutating func impute(_ slots: [Slot], missing: Double, fill: [Double]) throws(ScoringError) -> [Slot] {
        let parameters: JSONObject = ["missing": DoubleText.encode(missing), "fill": addArray(fill)]
        return try add(Impute.name, inputs: slots, outputCount: slots.count, parameters, origin: .oneToOne)
    }
}
