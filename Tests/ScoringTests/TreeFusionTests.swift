import TestKit
import Testing

@testable import Scoring

@Suite("One-hot columns that only trees read are not made")
struct TreeFusionTests {
    private struct Bench {
        var forest: NaiveForest
        var widths: [Int]
        let numberCount = 2

        init(_ random: inout SplitMix64, widths: [Int], missing: TreeForest.MissingRule) {
            self.widths = widths
            forest = NaiveForest(
                featureCount: 2 + widths.reduce(0, +), leafWidth: 1, outputCount: 1, comparison: .lessOrEqual,
                inputWidth: .float32, sumWidth: .float64, missing: missing, start: [0])
            forest.grow(.init(treeCount: 25, leafCount: 1...40), &random)
            // Thresholds of one-hot columns: mostly between 0 and 1, some beside.
            for tree in forest.trees.indices {
                for node in forest.trees[tree].feature.indices where forest.trees[tree].feature[node] >= 2 {
                    forest.trees[tree].threshold[node] = [0.5, 0.5, 0.25, 0.75, 0, 1, -0.5, 2][random.below(8)]
                }
            }
        }

        /// The forest behind one encoder per text column; `shows` answers the encoders' columns too, so that they must be made.
        func model(shows: Bool, unknown: OneHotFallback = .zeros) throws -> CompiledModel {
            let texts = widths.indices.map { InputColumn(name: "t\($0)", type: .string, required: true) }
            let numbers = (0..<numberCount).map { InputColumn(name: "x\($0)", type: .double, required: true) }
            var builder = try ModelBuilder(inputs: InputSchema(columns: numbers + texts))
            var slots = Array(builder.inputSlots[..<numberCount])
            for (index, width) in widths.enumerated() {
                let codes = try builder.codes(of: (0..<width).map { "c\($0)" }, column: numberCount + index)
                slots += try builder.oneHot(
                    builder.inputSlots[numberCount + index], width: width, codes: codes,
                    columns: Array(0..<width), unknown: unknown, missing: .zeros)
            }
            let sums = try builder.trees(slots, forest: forest.packed(), start: [0], sumWidth: .float64)
            return try builder.finish(
                answer: .rows(shows ? sums + slots : sums), source: SampleModel.source)
        }
    }

    private func fill(_ model: CompiledModel, _ bench: Bench, rows: Int, _ random: inout SplitMix64) -> (
        InputBlock, [[Double]]
    ) {
        var block = InputBlock(model: model)
        block.appendRows(rows)
        var plain: [[Double]] = []
        for row in 0..<rows {
            var values = (0..<bench.numberCount).map { _ in random.unit() * 4 - 2 }
            for (column, value) in values.enumerated() { block.set(value, row: row, column: column) }
            for (index, width) in bench.widths.enumerated() {
                var columns = [Double](repeating: 0, count: width)
                let choice = random.below(width + 2)
                if choice < width { columns[choice] = 1 }
                if choice == width + 1 {
                    block.setMissing(row: row, column: bench.numberCount + index)
                } else {
                    block.set("c\(choice)", row: row, column: bench.numberCount + index)
                }
                values += columns
            }
            plain.append(values)
        }
        return (block, plain)
    }

    @Test(
        "the answers are those of columns that are made, for known, unknown and missing categories", arguments: 0..<20)
    func answers(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let widths = (0..<1 + random.below(3)).map { _ in 1 + random.below(30) }
        let bench = Bench(&random, widths: widths, missing: seed.isMultiple(of: 2) ? .never : .perNode)
        for shows in [false, true] {
            let model = try bench.model(shows: shows)
            if shows { #expect(model.steps.contains { $0 is OneHot }) }
            for rows in [1, 7, 8, 75] {
                let (block, plain) = fill(model, bench, rows: rows, &random)
                var answers = AnswerBlock(model: model)
                try Evaluator(model: model).evaluate(block, into: &answers)
                for row in 0..<rows {
                    #expect(answers.value(row: row, column: 0) == .number(bench.forest.scores(plain[row])[0]))
                }
            }
        }
    }

    @Test("an encoder of many columns is fused, and still refuses what it does not know")
    func refusal() throws {
        var random = SplitMix64(seed: 9)
        let bench = Bench(&random, widths: [200], missing: .never)
        let model = try bench.model(shows: false, unknown: .refuse)
        #expect(!model.steps.contains { $0 is OneHot } && model.steps.count == model.operators.count)
        var block = InputBlock(model: model)
        block.appendRows(3)
        for row in 0..<3 {
            block.set(0, row: row, column: 0)
            block.set(0, row: row, column: 1)
            block.set(row == 2 ? "never seen" : "c\(row)", row: row, column: 2)
        }
        var answers = AnswerBlock(model: model)
        let error = #expect(throws: ScoringError.self) { try Evaluator(model: model).evaluate(block, into: &answers) }
        #expect(
            error?.kind
                == .rejectedRow(
                    row: 2, column: "t0",
                    reason: "the value is not one of the categories that the model's encoder knows"))
    }
}
