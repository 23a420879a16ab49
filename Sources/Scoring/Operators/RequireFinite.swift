import JSONText

/// Refuses rows as scikit-learn's `check_array` does. It has no outputs.
struct RequireFinite: Operator {
    static let name = "requireFinite"
    private let inputs: [Slot]
    private let width: FloatWidth
    private let allowsMissing: Bool
    private let columns: [String?]

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        inputs = fields.inputs
        width = try fields.choice("width", FloatWidth.self)
        allowsMissing = try fields.flag("allowsMissing")
        columns = try fields.columns("columns", count: inputs.count)
        try fields.expectOutputs(0)
    }

    func run(_ block: RowBlock) throws(ScoringError) {
        for index in 0..<inputs.count {
            let source = block[inputs[index]]
            for row in 0..<block.rows {
                let value = source[row]
                let isFinite = width == .float32 ? Float(value).isFinite : value.isFinite
                if !isFinite && !(value.isNaN && allowsMissing) {
                    throw refusal(value, row: block.firstRow + row, column: columns[index])
                }
            }
        }
    }

    private func refusal(_ value: Double, row: Int, column: String?) -> ScoringError {
        if value.isNaN {
            return .rejected(row: row, column: column, "the value is missing, and the model takes no missing values")
        }
        let words = value.isInfinite ? "infinite" : "too large for a float32"
        return .rejected(row: row, column: column, "the value is \(words), and the model takes finite values only")
    }
}

extension ModelBuilder {
    /// Refuses rows with values that the source library refuses, as scikit-learn's `check_array`.
    ///
    /// - Parameters:
    ///   - width: with `.float32`, a value that rounds to an infinite float32 is refused too.
    ///   - allowsMissing: whether NaN is let through.
    /// A refusal names the input column that the slot was made of.
    public mutating func requireFinite(
        _ slots: [Slot], width: FloatWidth, allowsMissing: Bool
    ) throws(ScoringError) {
        let parameters: JSONObject = [
            "width": .string(width.rawValue), "allowsMissing": .bool(allowsMissing), "columns": columnNumbers(slots),
        ]
        _ = try add(RequireFinite.name, inputs: slots, outputCount: 0, parameters, origin: .none)
    }
}
