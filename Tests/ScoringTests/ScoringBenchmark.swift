import Bytes
import Glibc
import TestKit
import Testing

@testable import Scoring

/// The cost of a forest of 500 trees with about 1,280 nodes, depth 12, 43 features of which 35 are one-hot columns.
///
/// The full size, with times: `SKIFF_BENCHMARK=1 swift test -c release -Xswiftc -enable-testing --filter ScoringBenchmark`.
@Suite struct ScoringBenchmark {
    @Test("a forest of that shape takes 32-bit nodes and at most 5.5 bytes a node")
    func forest() throws {
        let isFull = getenv("SKIFF_BENCHMARK") != nil
        var random = SplitMix64(seed: 1)
        let trees = (0..<(isFull ? 500 : 20)).map { _ in Self.tree(&random) }
        let columns = (0..<43).map { InputColumn(name: "x\($0)", type: .double, required: true) }
        var builder = try ModelBuilder(inputs: InputSchema(columns: columns))
        let slots = builder.inputSlots
        var model: CompiledModel?
        let buildSeconds = try seconds {
            var forest = TreeForest(
                featureCount: 43, leafWidth: 2, comparison: .lessOrEqual, inputWidth: .float32, missing: .never)
            for tree in trees {
                try forest.append(
                    left: tree.left, right: tree.right, feature: tree.feature, threshold: tree.threshold,
                    missingGoesLeft: [], values: tree.values, firstOutput: 0)
            }
            let sums = try builder.trees(slots, forest: forest, start: [0, 0], sumWidth: .float64)
            model = try builder.finish(answer: .rows(sums), source: SampleModel.source)
        }
        let built = try #require(model)
        let summary = built.summary
        #expect(summary.operators[0].details.first { $0.name == "bits per node" }?.value == 32)
        #expect(Double(summary.byteCount) < 5.5 * Double(summary.nodeCount) + (isFull ? 0 : 150_000))
        let region = ByteRegion(built.serialized())
        let loadSeconds = try seconds { _ = try CompiledModel.load(region, file: nil) }
        let rowCount = isFull ? 2_000 : 20
        let (batch, single) = try (score(built, rows: rowCount, times: 1), score(built, rows: 1, times: rowCount))
        guard isFull else { return }
        print(
            """
            \(summary.nodeCount) nodes, \(summary.byteCount) bytes; build \(buildSeconds * 1e3) ms, \
            load \(loadSeconds * 1e3) ms, one row \(single * 1e6) us, batch \(batch * 1e6) us/row
            """)
    }

    /// Seconds per row, the best of ten.
    private func score(_ model: CompiledModel, rows: Int, times: Int) throws -> Double {
        var random = SplitMix64(seed: 2)
        var block = InputBlock(model: model)
        block.appendRows(rows)
        for row in 0..<rows {
            for column in 0..<43 {
                block.set(column < 8 ? random.unit() * 1000 : Double(random.below(2)), row: row, column: column)
            }
        }
        let evaluator = Evaluator(model: model)
        var answers = AnswerBlock(model: model)
        var best = Double.infinity
        for _ in 0..<10 {
            let spent = try seconds { for _ in 0..<times { try evaluator.evaluate(block, into: &answers) } }
            best = min(best, spent / Double(rows * times))
        }
        return best
    }

    /// Up to 1,282 nodes, grown at random leaves; 17,000 values per numeric feature, 8,000 leaf vectors.
    private static func tree(_ random: inout SplitMix64) -> NaiveForest.Tree {
        var tree = NaiveForest.Tree()
        func addLeaf() -> Int {
            let share = Double(random.below(8000)) / 8000
            tree.left.append(-1)
            tree.right.append(-1)
            tree.feature.append(-1)
            tree.threshold.append(0)
            tree.values += [share, 1 - share]
            return tree.left.count - 1
        }
        var open = [(node: addLeaf(), depth: 0)]
        while !open.isEmpty, tree.left.count < 1282 {
            let (node, depth) = open.remove(at: random.below(open.count))
            if depth == 12 { continue }
            let (first, second) = (addLeaf(), addLeaf())
            tree.left[node] = Int32(first)
            tree.right[node] = Int32(second)
            let isNumeric = random.chance(0.85)
            tree.feature[node] = Int32(isNumeric ? random.below(8) : 8 + random.below(35))
            tree.threshold[node] = isNumeric ? Double(random.below(17_000)) / 17 : 0.5
            open += [(first, depth + 1), (second, depth + 1)]
        }
        return tree
    }

    private func seconds(_ work: () throws -> Void) rethrows -> Double {
        var (start, end) = (timespec(), timespec())
        clock_gettime(CLOCK_MONOTONIC, &start)
        try work()
        clock_gettime(CLOCK_MONOTONIC, &end)
        return Double(end.tv_sec - start.tv_sec) + Double(end.tv_nsec - start.tv_nsec) * 1e-9
    }
}
