import Scoring

/// Asks a part of a program for rows of the training table: a model that refuses those would be of no use.
struct RowTrials {
    /// [rows x width], NaN is missing.
    let table: [Double]
    let width: Int
    /// The rows that are asked, at most twice `mostRows`.
    let rows: [Int]
    private static let mostRows = 200

    /// Trials of `rows`, or of some of them.
    init(table: [Double], width: Int, rows: [Int]) {
        self.table = table
        self.width = width
        let step = max(1, rows.count / RowTrials.mostRows)
        self.rows = stride(from: 0, to: rows.count, by: step).map { rows[$0] }
    }

    /// How many rows are refused by what `build` adds to a program over the columns.
    func refusedCount(
        _ budget: ConversionBudget, build: ([Slot], inout ModelBuilder) throws -> [Slot]
    ) throws -> Int {
        // Each trial reads the whole table, a thousand million numbers a second.
        try budget.take(rows.count * table.count / 8)
        let columns = (0..<width).map { InputColumn(name: String($0), type: .double, required: true) }
        var builder = try ModelBuilder(inputs: InputSchema(columns: columns))
        let slots = try build(builder.inputSlots, &builder)
        let source = SourceArtefact(sha256: Array(repeating: 0, count: 32), name: "", library: "")
        let model = try builder.finish(answer: .rows(slots), source: source)
        let evaluator = Evaluator(model: model)
        var block = InputBlock(model: model)
        var answers = AnswerBlock(model: model)
        var refused = 0
        for row in rows {
            block.removeAll()
            block.appendRow()
            for column in 0..<width { block.set(table[row * width + column], row: 0, column: column) }
            do { try evaluator.evaluate(block, into: &answers) } catch { refused += 1 }
        }
        return refused
    }
}
