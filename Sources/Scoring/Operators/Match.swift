import JSONText

/// The position of a number in an ascending list, by exact equality; -1 when it is not there, NaN when it is NaN.
struct Match: Operator {
    static let name = "match"
    private let input: Slot
    private let output: Slot
    private let values: NumberArray<Double>

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        try fields.expectInputs(1)
        try fields.expectOutputs(1)
        input = fields.inputs[0]
        output = fields.outputs.lowerBound
        values = try fields.float64("values")
        guard values.buffer.allSatisfy({ !$0.isNaN }),
            zip(values.buffer, values.buffer.dropFirst()).allSatisfy({ $0 < $1 })
        else { throw fields.error("`values` are not ascending numbers") }
    }

    func run(_ block: RowBlock) {
        let source = block[input]
        let target = block[output]
        for row in 0..<block.rows { target[row] = position(of: source[row]) }
    }

    private func position(of value: Double) -> Double {
        if value.isNaN { return value }
        var low = 0
        var high = values.count
        while low < high {
            let middle = (low + high) / 2
            if values[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low < values.count && values[low] == value ? Double(low) : -1
    }

    var details: [OperatorSummary.Detail] { [.init(name: "values", value: values.count)] }
}

extension ModelBuilder {
    /// Turns a numeric column into category codes: the position in `values` by exact equality (-0 equals 0), -1 for any other
    /// number, NaN for NaN. Truth values are 0 and 1.
    ///
    /// - Parameter values: ascending and distinct, without NaN.
    public mutating func match(_ slot: Slot, values: [Double]) throws(ScoringError) -> Slot {
        let outputs = try add(
            Match.name, inputs: [slot], outputCount: 1, ["values": addArray(values)], origin: .oneToOne)
        return outputs[0]
    }
}
