import TestKit
import Testing

@testable import Scoring

@Suite("Categorical splits that only trees read are not made")
struct SplitFusionTests {
    /// A forest over a number and the splits of two category columns; `shows` answers the splits too, so that they must be made.
    private static func model(_ random: inout SplitMix64, shows: Bool, rule: TreeForest.MissingRule) throws
        -> CompiledModel
    {
        let counts = [1 + random.below(6), 2 + random.below(50)]
        let splits = counts.map { count in
            (0..<count).map { _ in
                CategorySplit(
                    reading: .floored, limit: 100,
                    categoriesGoRight: (0..<2).map { _ in UInt32(truncatingIfNeeded: random.next()) },
                    othersGoRight: random.chance(0.5), invalidGoesRight: random.chance(0.5),
                    missingGoesRight: random.chance(0.5))
            }
        }
        var forest = NaiveForest(
            featureCount: 1 + counts[0] + counts[1], leafWidth: 2, outputCount: 2, comparison: .lessOrEqual,
            inputWidth: .float64, sumWidth: .float64, missing: rule, start: [0, 0])
        forest.grow(.init(treeCount: 20, leafCount: 5...60), &random)
        for tree in forest.trees.indices {
            for node in forest.trees[tree].feature.indices where forest.trees[tree].feature[node] >= 1 {
                forest.trees[tree].threshold[node] = TreeForest.splitThreshold
                if rule == .perNode { forest.trees[tree].missingGoesLeft[node] = false }
            }
        }
        return try OperatorBench.model(columns: 3) { builder, slots in
            // Interleaved, as trees come upon them; lanes are in the order of the slots.
            let first = try builder.categorySplits(slots[1], splits[0], width: .float64)
            let second = try builder.categorySplits(slots[2], splits[1], width: .float32)
            let features = (0..<max(counts[0], counts[1])).flatMap { number in
                [first, second].compactMap { $0.indices.contains(number) ? $0[number] : nil }
            }
            let sums = try builder.trees(
                [slots[0]] + features, forest: forest.packed(), start: [0, 0], sumWidth: .float64)
            return shows ? sums + first + second : sums
        }
    }

    @Test("the answers are those of splits that are made, for known, unknown and missing categories", arguments: 0..<30)
    func answers(seed: Int) throws {
        let rule: TreeForest.MissingRule = seed.isMultiple(of: 2) ? .never : .perNode
        var (random, copy) = (SplitMix64(seed: UInt64(seed)), SplitMix64(seed: UInt64(seed)))
        let fused = try Self.model(&random, shows: false, rule: rule)
        let made = try Self.model(&copy, shows: true, rule: rule)
        #expect(made.steps.count == 3 && fused.steps.count < 3)
        for rows in [1, 7, 8, 9, 75] {
            let cells = (0..<rows).map { _ -> [Double] in
                let category = [Double(random.below(70)), .nan, -1, 0.5, 1e10][random.below(5)]
                return [
                    rule == .never ? random.unit() : [random.unit(), .nan][random.below(2)], category,
                    Double(random.below(66)),
                ]
            }
            let all = try OperatorBench.score(cells, made)
            let width = all.count / rows
            expectSame(
                try OperatorBench.score(cells, fused), (0..<rows).flatMap { all[($0 * width)..<($0 * width + 2)] })
        }
    }
}
