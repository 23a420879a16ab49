/// Scores rows with one model. It owns the workspace, so each thread needs its own; the model is shared.
public final class Evaluator {
    /// The model that it scores with.
    public let model: CompiledModel
    private let workspace: UnsafeMutablePointer<Double>
    private let scratch: UnsafeMutableRawPointer
    private let rowsPerBlock: Int
    private let texts = TextRows()

    /// Allocates the workspace: one float64 per slot and row of a block, at most 64 rows.
    public init(model: CompiledModel) {
        self.model = model
        let fitting = Limits.workspaceBytes / (8 * model.slotCount)
        rowsPerBlock = fitting >= 8 ? min(Limits.rowsPerBlock, fitting / 8 * 8) : max(1, fitting)
        workspace = .allocate(capacity: rowsPerBlock * model.slotCount)
        workspace.initialize(repeating: 0, count: rowsPerBlock * model.slotCount)
        let size = model.steps.map { [rowsPerBlock] in $0.scratchByteCount(rows: rowsPerBlock) }.max() ?? 0
        scratch = .allocate(byteCount: max(64, size), alignment: 64)
    }

    deinit {
        workspace.deallocate()
        scratch.deallocate()
    }

    /// Scores all rows of `block` and replaces the contents of `answers`.
    ///
    /// A row's answer does not depend on the other rows. Nothing is allocated per row.
    /// - Throws: `ScoringError` of kind `.rejectedRow` when the model refuses a row as its source library would (a value that is
    ///   not finite, an unknown category); it names the first such row of the first operator that refuses one in its block of
    ///   rows. `answers` is then empty. `.shape` when `block` or `answers` was made for another model.
    public func evaluate(_ block: borrowing InputBlock, into answers: inout AnswerBlock) throws(ScoringError) {
        guard block.model === model, answers.model === model else {
            throw ScoringError(.shape, "they were bound to another model")
        }
        let rowCount = block.rowCount
        answers.reset(rows: rowCount)
        texts.cells = block.texts
        // The block must own its memory again, or adding to it would copy.
        defer { texts.cells = TextCells(width: 0) }
        var first = 0
        while first < rowCount {
            let rows = RowBlock(
                values: workspace, rows: min(rowsPerBlock, rowCount - first), firstRow: first, scratch: scratch,
                texts: texts)
            load(block, rows)
            do {
                for step in model.steps { try step.run(rows) }
            } catch {
                answers.reset(rows: 0)
                throw error
            }
            answers.store(rows)
            first += rows.rows
        }
    }

    private func load(_ block: borrowing InputBlock, _ rows: RowBlock) {
        let columns = model.inputs.columns.count
        let start = rows.firstRow * columns
        for column in 0..<columns {
            let target = rows[column]
            for row in 0..<rows.rows { target[row] = block.cells[start + row * columns + column] }
        }
    }
}
