import JSONText

/// One slot per category, 1 in the slot of the row's category and 0 elsewhere.
struct OneHot: Operator {
    static let name = "oneHot"
    let input: Slot
    let outputs: Range<Slot>
    private let table: CodeTable
    // Per target of the code table, the output or `none`.
    private let targets: NumberArray<UInt32>
    private let refusesUnknown: Bool
    private let refusesMissing: Bool
    private let column: String?
    fileprivate static let none = UInt32.max

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        try fields.expectInputs(1)
        input = fields.inputs[0]
        outputs = fields.outputs
        targets = try fields.uint32("targets")
        guard targets.count >= CodeTable.firstEntry else { throw fields.error("`targets` lacks the first two") }
        let width = outputs.count
        guard targets.buffer.allSatisfy({ $0 == Self.none || Int($0) < width }) else {
            throw fields.error("`targets` names an output that is not below \(width)")
        }
        table = try CodeTable(&fields, entryCount: targets.count - CodeTable.firstEntry)
        refusesUnknown = try fields.choice("unknown", Fallback.self) == .refuse
        refusesMissing = try fields.choice("missing", Fallback.self) == .refuse
        column = try fields.columns("columns", count: 1)[0]
    }

    func run(_ block: RowBlock) throws(ScoringError) {
        try check(block)
        let rows = block.rows
        let source = block[input]
        let target = block[outputs.lowerBound]
        for index in 0..<(outputs.count * rows) { target[index] = 0 }
        for row in 0..<rows {
            if let output = output(of: source[row]) { target[output * rows + row] = 1 }
        }
    }

    /// The output that is 1 for a category; nil when none is.
    @inline(__always)
    func output(of code: Double) -> Int? {
        let output = targets[table.target(of: code)]
        return output == Self.none ? nil : Int(output)
    }

    /// Refuses rows whose category it does not take.
    func check(_ block: RowBlock) throws(ScoringError) {
        guard refusesUnknown || refusesMissing else { return }
        let source = block[input]
        for row in 0..<block.rows {
            let entry = table.target(of: source[row])
            if entry == CodeTable.unknown && refusesUnknown || entry == CodeTable.missing && refusesMissing {
                throw CategoryRefusal.error(
                    isMissing: entry == CodeTable.missing, row: block.firstRow + row, column: column)
            }
        }
    }

    var details: [OperatorSummary.Detail] { [.init(name: "categories", value: table.count)] }
}

/// What `oneHot` gives for a category without a column of its own.
public enum OneHotFallback: Sendable, Equatable {
    /// All columns are 0, as by `handle_unknown="ignore"`.
    case zeros
    /// The 1 goes to this column, as by `handle_unknown="infrequent_if_exist"`.
    case column(Int)
    /// The row is refused, as by `handle_unknown="error"`.
    case refuse

    fileprivate var parameter: JSONValue { self == .refuse ? "refuse" : "value" }
    fileprivate var target: Int? { if case .column(let column) = self { column } else { nil } }
}

extension ModelBuilder {
    /// One column per category, as scikit-learn's `OneHotEncoder`; dropped and infrequent categories are a matter of `columns`.
    ///
    /// - Parameters:
    ///   - slot: holds codes of a text column (`code(of:column:)`) or positions from `match`.
    ///   - width: the number of columns.
    ///   - codes: distinct codes of the categories that the encoder knows.
    ///   - columns: `columns[i]` is the column of `codes[i]`, below `width`; nil for a dropped category (all 0).
    ///   - unknown: for a text or number that is not among `codes`.
    ///   - missing: for a missing cell; `.column` when the encoder knows NaN as a category.
    /// - Returns: `width` neighbouring slots.
    public mutating func oneHot(
        _ slot: Slot, width: Int, codes: [Int], columns: [Int?], unknown: OneHotFallback, missing: OneHotFallback
    ) throws(ScoringError) -> [Slot] {
        guard width >= 0, width <= Limits.slots else {
            throw ScoringError(.unsound, "`oneHot` has \(width) columns")
        }
        var targets: [UInt32] = []
        for target in [unknown.target, missing.target] + columns {
            guard target == nil || (0..<width).contains(target ?? 0) else {
                throw ScoringError(.unsound, "`oneHot` names column \(target ?? 0), but there are only \(width)")
            }
            targets.append(target.map(UInt32.init) ?? OneHot.none)
        }
        let table = try CodeTable.encode(codes: codes, entries: Array(columns.indices), operation: OneHot.name)
        let parameters: JSONObject = [
            "codes": addArray(table), "targets": addArray(targets), "unknown": unknown.parameter,
            "missing": missing.parameter, "columns": columnNumbers([slot]),
        ]
        return try add(OneHot.name, inputs: [slot], outputCount: width, parameters, origin: .first)
    }
}
