import JSONText

/// The position of the largest value; the first of equals, and the first NaN if there is one, as `numpy.argmax`.
struct Argmax: Operator {
    static let name = "argmax"
    private let inputs: [Slot]
    private let output: Slot

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        inputs = fields.inputs
        output = fields.outputs.lowerBound
        guard !inputs.isEmpty else { throw fields.error("it has no inputs") }
        try fields.expectOutputs(1)
    }

    func run(_ block: RowBlock) {
        let target = block[output]
        for row in 0..<block.rows {
            var best = block[inputs[0]][row]
            var position = 0
            for index in 1..<inputs.count {
                let value = block[inputs[index]][row]
                if best.isNaN { break }
                if value > best || value.isNaN {
                    best = value
                    position = index
                }
            }
            target[row] = Double(position)
        }
    }

    var indexBound: Int? { inputs.count }
}

extension ModelBuilder {
    /// The position of the largest of `slots`: the first of equals, and the first NaN if there is one, as `numpy.argmax`.
    ///
    /// - Returns: a slot that holds a whole number below `slots.count`, fit to be an answer's label index.
    public mutating func argmax(_ slots: [Slot]) throws(ScoringError) -> Slot {
        try add(Argmax.name, inputs: slots, outputCount: 1, [:], origin: .none)[0]
    }
}
