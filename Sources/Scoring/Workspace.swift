/// The memory in which one thread evaluates a block of rows.
final class Workspace {
    private let values: UnsafeMutablePointer<Double>
    private let scratch: UnsafeMutableRawPointer
    private let texts = TextRows()
    /// The rows that are evaluated together.
    let rowsPerBlock: Int

    /// Allocates one float64 per slot and row of a block, and what the operators need beside.
    init(model: CompiledModel) {
        let fitting = Limits.workspaceBytes / (8 * model.slotCount)
        let rowsPerBlock = fitting >= 8 ? min(Limits.rowsPerBlock, fitting / 8 * 8) : max(1, fitting)
        self.rowsPerBlock = rowsPerBlock
        values = .allocate(capacity: rowsPerBlock * model.slotCount)
        values.initialize(repeating: 0, count: rowsPerBlock * model.slotCount)
        let size = model.steps.map { $0.scratchByteCount(rows: rowsPerBlock) }.max() ?? 0
        scratch = .allocate(byteCount: max(64, size), alignment: 64)
    }

    deinit {
        values.deallocate()
        scratch.deallocate()
    }

    /// The block that begins at row `first`; `cells` are the texts of all rows.
    func block(first: Int, rows: Int, texts cells: TextCells) -> RowBlock {
        texts.cells = cells
        return RowBlock(values: values, rows: rows, firstRow: first, scratch: scratch, texts: texts)
    }

    /// Lets the texts of the last block go.
    func forgetTexts() { texts.cells = TextCells(width: 0) }
}

/// The rows of one call and the place of their answers, which live as long as the call.
struct Batch: @unchecked Sendable {
    // Sound: the cells are only read, and each row's answer is written by the thread that evaluates the row.
    let model: CompiledModel
    /// [rows x columns].
    let cells: UnsafeBufferPointer<Double>
    let texts: TextCells
    let rowCount: Int
    /// [rows x answer's slots].
    let answers: UnsafeMutableBufferPointer<Double>

    /// Evaluates the block of rows that begins at `first`.
    func evaluate(from first: Int, _ workspace: Workspace) throws(ScoringError) {
        let rows = workspace.block(
            first: first, rows: min(workspace.rowsPerBlock, rowCount - first), texts: texts)
        let columns = model.inputs.columns.count
        for column in 0..<columns {
            let target = rows[column]
            for row in 0..<rows.rows { target[row] = cells[(first + row) * columns + column] }
        }
        for step in model.steps { try step.run(rows) }
        let width = model.answer.slots.count
        for (column, slot) in model.answer.slots.enumerated() {
            let source = rows[slot]
            for row in 0..<rows.rows { answers[(first + row) * width + column] = source[row] }
        }
    }
}
