import JSONText

/// Replaces a category code by a constant.
struct Recode: Operator {
    static let name = "recode"
    private let input: Slot
    private let output: Slot
    private let table: CodeTable
    private let values: NumberArray<Double>
    private let refusesUnknown: Bool
    private let refusesMissing: Bool
    private let column: String?

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        try fields.expectInputs(1)
        try fields.expectOutputs(1)
        input = fields.inputs[0]
        output = fields.outputs.lowerBound
        values = try fields.float64("values")
        guard values.count >= CodeTable.firstEntry else { throw fields.error("`values` lacks the first two") }
        table = try CodeTable(&fields, entryCount: values.count - CodeTable.firstEntry)
        refusesUnknown = try fields.choice("unknown", Fallback.self) == .refuse
        refusesMissing = try fields.choice("missing", Fallback.self) == .refuse
        column = try fields.columns("columns", count: 1)[0]
    }

    func run(_ block: RowBlock) throws(ScoringError) {
        let source = block[input]
        let target = block[output]
        for row in 0..<block.rows {
            let entry = table.target(of: source[row])
            if entry == CodeTable.unknown && refusesUnknown || entry == CodeTable.missing && refusesMissing {
                throw CategoryRefusal.error(
                    isMissing: entry == CodeTable.missing, row: block.firstRow + row, column: column)
            }
            target[row] = values[entry]
        }
    }

    var details: [OperatorSummary.Detail] { [.init(name: "categories", value: table.count)] }
}

/// What `recode` gives for a category without a value of its own.
public enum RecodeFallback: Sendable, Equatable {
    /// This value; NaN for missing.
    case value(Double)
    /// The row is refused, as by `handle_unknown="error"`.
    case refuse

    fileprivate var parameter: JSONValue { self == .refuse ? "refuse" : "value" }
    fileprivate var number: Double { if case .value(let value) = self { value } else { .nan } }
}

extension ModelBuilder {
    /// Replaces category codes by numbers: ordinal and target encoding, and one category by another.
    ///
    /// - Parameters:
    ///   - slot: holds codes of a text column (`code(of:column:)`) or positions from `match`.
    ///   - codes: distinct codes; `codes[i]` becomes `values[i]`.
    ///   - unknown: for a text or number without a code here.
    ///   - missing: for a missing cell.
    public mutating func recode(
        _ slot: Slot, codes: [Int], values: [Double], unknown: RecodeFallback, missing: RecodeFallback
    ) throws(ScoringError) -> Slot {
        let table = try CodeTable.encode(codes: codes, entries: Array(values.indices), operation: Recode.name)
        let parameters: JSONObject = [
            "codes": addArray(table), "values": addArray([unknown.number, missing.number] + values),
            "unknown": unknown.parameter, "missing": missing.parameter, "columns": columnNumbers([slot]),
        ]
        return try add(Recode.name, inputs: [slot], outputCount: 1, parameters, origin: .oneToOne)[0]
    }
}
