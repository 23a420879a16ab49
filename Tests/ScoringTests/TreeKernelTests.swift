import Bytes
import Diagnostics
import TestKit
import Testing

@testable import Scoring

@Suite struct TreeKernelTests {
    @Test("random forests score bit-equal to a node-by-node walk", arguments: 0..<60)
    func randomForests(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let leafWidth = 1 + random.below(3)
        let outputCount = leafWidth + random.below(3)
        let sumWidth: FloatWidth = random.chance(0.3) ? .float32 : .float64
        var forest = NaiveForest(
            featureCount: 1 + random.below(20), leafWidth: leafWidth, outputCount: outputCount,
            comparison: random.chance(0.5) ? .less : .lessOrEqual,
            inputWidth: random.chance(0.5) ? .float32 : .float64, sumWidth: sumWidth,
            missing: random.chance(0.6) ? .perNode : .never,
            start: (0..<outputCount).map { _ in sumWidth == .float32 ? Double(Float(random.unit())) : random.unit() })
        forest.grow(
            .init(
                treeCount: 1 + random.below(30), leafCount: 1...(1 + random.below(60)),
                chain: [0, 0.5, 0.97][random.below(3)], distinctLeaves: random.chance(0.5) ? 5 : nil), &random)
        try compare(forest, rowCounts: [1, 7, 8, 9, 64, 75, 128], &random)
    }

    @Test("chains of 500 nodes score bit-equal to a node-by-node walk", arguments: [FloatWidth.float32, .float64])
    func deepTrees(width: FloatWidth) throws {
        var random = SplitMix64(seed: 500)
        var forest = NaiveForest(
            featureCount: 3, leafWidth: 1, outputCount: 1, comparison: .lessOrEqual, inputWidth: width,
            sumWidth: .float64, missing: .perNode, start: [0])
        forest.grow(.init(treeCount: 9, leafCount: 480...500, chain: 1), &random)
        let depth = try #require(forest.model().summary.operators[0].details.first { $0.name == "depth" })
        #expect(depth.value > 400)
        try compare(forest, rowCounts: [3, 16, 41], &random)
    }

    @Test("trees of a single leaf score their leaf")
    func singleLeaves() throws {
        var random = SplitMix64(seed: 3)
        var forest = NaiveForest(
            featureCount: 2, leafWidth: 2, outputCount: 2, comparison: .less, inputWidth: .float64,
            sumWidth: .float64, missing: .perNode, start: [0.5, 0])
        forest.grow(.init(treeCount: 11, leafCount: 1...1), &random)
        try compare(forest, rowCounts: [1, 10], &random)
    }

    @Test("a forest that needs 64-bit nodes scores bit-equal to a node-by-node walk")
    func wideWords() throws {
        var random = SplitMix64(seed: 64)
        var forest = NaiveForest(
            featureCount: 1500, leafWidth: 1, outputCount: 1, comparison: .less, inputWidth: .float64,
            sumWidth: .float64, missing: .perNode, start: [0])
        forest.grow(.init(treeCount: 4, leafCount: 9000...9100), &random)
        #expect(try bitsPerNode(forest) == 64)
        try compare(forest, rowCounts: [1, 20], &random)
    }

    @Test("distinct leaves that are too many for 32-bit nodes are numbered per tree")
    func leavesPerTree() throws {
        var random = SplitMix64(seed: 32)
        var forest = NaiveForest(
            featureCount: 500, leafWidth: 1, outputCount: 1, comparison: .lessOrEqual, inputWidth: .float32,
            sumWidth: .float64, missing: .never, start: [0])
        forest.grow(.init(treeCount: 36, leafCount: 900...1000), &random)
        // Coarse thresholds, as of counts: few ranks, so that only the leaves are many.
        for tree in forest.trees.indices {
            for node in forest.trees[tree].threshold.indices {
                forest.trees[tree].threshold[node] = (forest.trees[tree].threshold[node] * 8).rounded() / 8
            }
        }
        #expect(try bitsPerNode(forest) == 32)
        let packing = try TreePacking(forest.packed(), slots: Array(0..<500))
        #expect(packing.leafStarts.last ?? 0 > 30_000)
        try compare(forest, rowCounts: [1, 20], &random)
    }

    @Test("a walk through a deep tree touches few lines of memory: three levels are neighbours")
    func nodeOrder() throws {
        let depth = 11
        let inner = (1 << depth) - 1
        let count = 2 * inner + 1
        var forest = TreeForest(
            featureCount: 1, leafWidth: 1, comparison: .less, inputWidth: .float64, missing: .never)
        for _ in 0..<2 {
            try forest.append(
                left: (0..<count).map { $0 < inner ? Int32(2 * $0 + 1) : -1 },
                right: (0..<count).map { $0 < inner ? Int32(2 * $0 + 2) : -1 },
                feature: [Int32](repeating: 0, count: count), threshold: (0..<count).map(Double.init),
                missingGoesLeft: [], values: [Double](repeating: 1, count: count), firstOutput: 0)
        }
        var lines = 0
        for number in 0..<(1 << depth) {
            var node = forest.treeStarts[1]
            var touched: Set<Int> = [node / 16]
            for level in 0..<depth {
                node += Int(forest.nodes[node].delta) + (number >> level) & 1
                touched.insert(node / 16)
            }
            #expect(forest.nodes[node].isLeaf)
            lines += touched.count
        }
        // In the order of levels it would be nine.
        #expect(Double(lines) / Double(1 << depth) < 5.5)
    }

    @Test("nodes that cannot be reached from the root are left out")
    func unreachableNodes() throws {
        var forest = TreeForest(
            featureCount: 1, leafWidth: 1, comparison: .less, inputWidth: .float32, missing: .never)
        try forest.append(
            left: [4, -1, -1, 1, -1], right: [1, -1, -1, 2, -1], feature: [0, 0, 0, 0, 0],
            threshold: [1, .nan, 0, 0, 0], missingGoesLeft: [], values: [0, 10, 20, 0, 40], firstOutput: 0)
        #expect(forest.nodeCount == 3)
    }

    @Test("unsound trees are refused with their number", arguments: Self.unsound)
    func unsoundTrees(_ row: UnsoundTree) throws {
        var forest = TreeForest(
            featureCount: 2, leafWidth: 1, comparison: .less, inputWidth: .float32, missing: .never)
        let error = #expect(throws: ScoringError.self) {
            try forest.append(
                left: row.left, right: row.right, feature: row.feature, threshold: row.threshold,
                missingGoesLeft: [], values: [Double](repeating: 0, count: row.values), firstOutput: 0)
        }
        #expect(error?.diagnostic.summary == "cannot compile the model: tree 0: \(row.reason)")
    }

    struct UnsoundTree: CustomTestStringConvertible {
        var testDescription: String
        var left: [Int32] = [1, -1, -1]
        var right: [Int32] = [2, -1, -1]
        var feature: [Int32] = [0, 0, 0]
        var threshold: [Double] = [0, 0, 0]
        var values = 3
        var reason = "node 0 has a child that is out of range or has another parent"
    }

    static let unsound: [UnsoundTree] = [
        UnsoundTree(testDescription: "a loop to the root", left: [0, -1, -1]),
        UnsoundTree(testDescription: "a child out of range", right: [3, -1, -1]),
        UnsoundTree(testDescription: "both children the same", right: [1, -1, -1]),
        UnsoundTree(testDescription: "only a left child", right: [-1, -1, -1]),
        UnsoundTree(
            testDescription: "a negative feature", feature: [-1, 0, 0],
            reason: "node 0 has a feature or threshold out of range"),
        UnsoundTree(
            testDescription: "a feature too many", feature: [2, 0, 0],
            reason: "node 0 has a feature or threshold out of range"),
        UnsoundTree(
            testDescription: "a threshold that is no number", threshold: [.nan, 0, 0],
            reason: "node 0 has a feature or threshold out of range"),
        UnsoundTree(testDescription: "too few values", values: 2, reason: "the arrays of its nodes differ in length"),
        UnsoundTree(
            testDescription: "no nodes", left: [], right: [], feature: [], threshold: [], values: 0,
            reason: "the arrays of its nodes differ in length"),
    ]

    private func bitsPerNode(_ forest: NaiveForest) throws -> Int? {
        try forest.model().summary.operators[0].details.first { $0.name == "bits per node" }?.value
    }

    private func compare(_ forest: NaiveForest, rowCounts: [Int], _ random: inout SplitMix64) throws {
        let model = try forest.model()
        let evaluator = Evaluator(model: model)
        var block = InputBlock(model: model)
        var answers = AnswerBlock(model: model)
        let thresholds = forest.thresholds
        for rowCount in rowCounts {
            block.removeAll()
            block.appendRows(rowCount)
            var expected: [Double] = []
            for row in 0..<rowCount {
                let cells = (0..<forest.featureCount).map { _ in NaiveForest.cell(thresholds, &random) }
                for (column, cell) in cells.enumerated() { block.set(cell, row: row, column: column) }
                expected += forest.scores(cells)
            }
            try evaluator.evaluate(block, into: &answers)
            #expect(answers.values.map(\.bitPattern) == expected.map(\.bitPattern), "\(rowCount) rows")
        }
    }
}
