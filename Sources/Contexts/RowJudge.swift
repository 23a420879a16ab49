import JSONText
import Scoring

/// Scores one row at a time, to learn which rows a converted model answers, and which answers mean something.
final class RowJudge {
    /// What became of a row.
    enum Verdict {
        /// It is answered.
        case answered
        /// The model refuses it, because of this column if it is one alone.
        case refused(column: String?)
        /// A cell does not fit its column, an answer is no number, or rounding alone decides it.
        case useless
    }

    private let evaluator: Evaluator
    // Per column of the model, the cell of a row.
    private let targets: [Int]
    private let nudged: [Bool]
    private let tolerance: Double
    private var block: InputBlock
    private var answers: AnswerBlock

    /// - Parameters:
    ///   - targets: per column of the model, the position of its cell in a row.
    ///   - outline: of the same model.
    init(_ model: CompiledModel, targets: [Int], outline: ProgramOutline, tolerance: ParityTolerance) {
        evaluator = Evaluator(model: model)
        self.targets = targets
        self.tolerance = tolerance.relative
        // At a threshold the next number is meant to give another answer.
        nudged = zip(model.inputs.columns, outline.columns).map { $0.type == .double && $1.thresholds.isEmpty }
        block = InputBlock(model: model)
        answers = AnswerBlock(model: model)
    }

    /// Judges a row of a request.
    func judge(_ row: [JSONValue]) -> Verdict {
        block.removeAll()
        let cells = targets.map { row[$0] }
        guard SampleBinding.append(cells, to: &block) else { return .useless }
        if tolerance > 0 {
            for _ in 0..<2 { _ = SampleBinding.append(cells, to: &block) }
            // All up, and up and down by turns: what is moved together cancels out in a difference.
            for (column, isNudged) in nudged.enumerated() where isNudged {
                guard let number = cells[column].doubleValue else { continue }
                block.set(number.nextUp, row: 1, column: column)
                block.set(column.isMultiple(of: 2) ? number.nextUp : number.nextDown, row: 2, column: column)
            }
        }
        do { try evaluator.evaluate(block, into: &answers) } catch {
            guard case .rejectedRow(_, let column, _) = error.kind else { return .useless }
            return .refused(column: column)
        }
        return answers.body != nil && isSettled ? .answered : .useless
    }

    // Whether the answer stays, within a tenth of what may differ, when every number moves by one unit in the last place: else
    // the order of additions would decide it, and a difference would mean nothing.
    private var isSettled: Bool {
        guard tolerance > 0 else { return true }
        let width = answers.width
        let answer = answers.values[..<width]
        let reach = evaluator.model.answer.labels.isEmpty ? tolerance / 10 * (answer.map(abs).max() ?? 0) : 0
        return (1...2).allSatisfy { row in
            zip(answer, answers.values[(row * width)...]).allSatisfy { abs($0 - $1) <= reach }
        }
    }
}
