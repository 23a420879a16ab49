/// Scores rows with one model. It owns the workspace, so each thread needs its own; the model is shared.
public final class Evaluator {
    /// The model that it scores with.
    public let model: CompiledModel
    private let processors: ScoringProcessors?
    private let workspace: Workspace

    /// Scores on the calling thread alone. Allocates the workspace: one float64 per slot and row of a block, at most 64 rows.
    public init(model: CompiledModel) {
        self.model = model
        processors = nil
        workspace = Workspace(model: model)
    }

    /// Scores large batches on as many threads as `processors` has left; each has a workspace while it runs.
    public init(model: CompiledModel, sharing processors: ScoringProcessors) {
        self.model = model
        self.processors = processors
        workspace = Workspace(model: model)
    }

    /// Scores all rows of `block` and replaces the contents of `answers`.
    ///
    /// A row's answer does not depend on the other rows, nor on the number of threads. Nothing is allocated per row.
    /// - Throws: `ScoringError` of kind `.rejectedRow` when the model refuses a row as its source library would (a value that is
    ///   not finite, an unknown category); it names the first such row of the first operator that refuses one in its block of
    ///   rows. `answers` is then empty. `.shape` when `block` or `answers` was made for another model.
    public func evaluate(_ block: borrowing InputBlock, into answers: inout AnswerBlock) throws(ScoringError) {
        guard block.model === model, answers.model === model else {
            throw ScoringError(.shape, "they were bound to another model")
        }
        let rowCount = block.rowCount
        answers.reset(rows: rowCount)
        let cells = block.cells
        let texts = block.texts
        // The block must own its memory again, or adding to it would copy.
        defer { workspace.forgetTexts() }
        let failure = answers.withValues { answers in
            cells.withUnsafeBufferPointer { cells in
                evaluate(Batch(model: model, cells: cells, texts: texts, rowCount: rowCount, answers: answers))
            }
        }
        if let failure {
            answers.reset(rows: 0)
            throw failure
        }
    }

    private func evaluate(_ batch: Batch) -> ScoringError? {
        do throws(ScoringError) {
            let rowsPerBlock = workspace.rowsPerBlock
            if let processors, batch.rowCount > rowsPerBlock {
                try SharedBatch(batch, rowsPerBlock: rowsPerBlock).run(processors, workspace)
            } else {
                for first in stride(from: 0, to: batch.rowCount, by: rowsPerBlock) {
                    try batch.evaluate(from: first, workspace)
                }
            }
            return nil
        } catch {
            return error
        }
    }
}
