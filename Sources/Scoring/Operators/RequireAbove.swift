import JSONText

/// Refuses rows with values that are not above a limit. It has no outputs.
struct RequireAbove: Operator {
    static let name = "requireAbove"
    private let inputs: [Slot]
    private let limit: Double
    private let columns: [String?]

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        inputs = fields.inputs
        limit = try fields.double("limit")
        columns = try fields.columns("columns", count: inputs.count)
        try fields.expectOutputs(0)
    }

    func run(_ block: RowBlock) throws(ScoringError) {
        for index in 0..<inputs.count {
            let source = block[inputs[index]]
            for row in 0..<block.rows where source[row] <= limit {
                throw ScoringError.rejected(
                    row: block.firstRow + row, column: columns[index],
                    "the value is not above \(limit), and the model takes only values above it")
            }
        }
    }
}

extension ModelBuilder {
    /// Refuses rows in which a slot is at most `limit`; NaN is let through. A refusal names the input column that the slot was made of.
    public mutating func requireAbove(_ slots: [Slot], limit: Double) throws(ScoringError) {
        let parameters: JSONObject = ["limit": DoubleText.encode(limit), "columns": columnNumbers(slots)]
        _ = try add(RequireAbove.name, inputs: slots, outputCount: 0, parameters, origin: .none)
    }
}
