import JSONText

/// Refuses rows in which every value is missing. It has no outputs.
struct RequirePresent: Operator {
    static let name = "requirePresent"
    private let inputs: [Slot]

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        inputs = fields.inputs
        guard !inputs.isEmpty else { throw fields.error("it has no inputs") }
        try fields.expectOutputs(0)
    }

    func run(_ block: RowBlock) throws(ScoringError) {
        for row in 0..<block.rows where inputs.allSatisfy({ block[$0][row].isNaN }) {
            throw ScoringError.rejected(
                row: block.firstRow + row, column: nil,
                "every value is missing, and the model needs at least one")
        }
    }
}

extension ModelBuilder {
    /// Refuses rows in which every slot is NaN.
    public mutating func requirePresent(_ slots: [Slot]) throws(ScoringError) {
        _ = try add(RequirePresent.name, inputs: slots, outputCount: 0, [:], origin: .none)
    }
}
