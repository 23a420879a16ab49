import TestKit

@testable import Scoring

/// Trees as plain arrays, walked node by node: the judge of the kernel.
struct NaiveForest {
    struct Tree {
        var left: [Int32] = []
        var right: [Int32] = []
        var feature: [Int32] = []
        var threshold: [Double] = []
        var missingGoesLeft: [Bool] = []
        var values: [Double] = []
        var firstOutput = 0
    }

    var featureCount: Int
    var leafWidth: Int
    var outputCount: Int
    var comparison: TreeForest.Comparison
    var inputWidth: FloatWidth
    var sumWidth: FloatWidth
    var missing: TreeForest.MissingRule
    var start: [Double]
    var trees: [Tree] = []

    /// The sums for one row, in tree order.
    func scores(_ row: [Double]) -> [Double] {
        var sums = start
        for tree in trees {
            var node = 0
            while tree.left[node] != -1 {
                let raw = row[Int(tree.feature[node])]
                let value = inputWidth == .float32 ? Double(Float(raw)) : raw
                let goesLeft =
                    value.isNaN
                    ? missing == .never || tree.missingGoesLeft[node]
                    : comparison == .less ? value < tree.threshold[node] : value <= tree.threshold[node]
                node = Int(goesLeft ? tree.left[node] : tree.right[node])
            }
            for index in 0..<leafWidth {
                let leaf = tree.values[node * leafWidth + index]
                let output = tree.firstOutput + index
                if sumWidth == .float32 {
                    sums[output] = Double(Float(sums[output]) + Float(leaf))
                } else {
                    sums[output] += leaf
                }
            }
        }
        return sums
    }

    func packed() throws(ScoringError) -> TreeForest {
        var forest = TreeForest(
            featureCount: featureCount, leafWidth: leafWidth, comparison: comparison, inputWidth: inputWidth,
            missing: missing)
        for tree in trees {
            try forest.append(
                left: tree.left, right: tree.right, feature: tree.feature, threshold: tree.threshold,
                missingGoesLeft: missing == .perNode ? tree.missingGoesLeft : [], values: tree.values,
                firstOutput: tree.firstOutput)
        }
        return forest
    }

    /// A model whose answer is the sums.
    func model() throws -> CompiledModel {
        let columns = (0..<featureCount).map { InputColumn(name: "x\($0)", type: .double, required: true) }
        var builder = try ModelBuilder(inputs: InputSchema(columns: columns))
        let slots = builder.inputSlots
        let sums = try builder.trees(slots, forest: packed(), start: start, sumWidth: sumWidth)
        return try builder.finish(answer: .rows(sums), source: SampleModel.source)
    }

    /// Thresholds of all nodes, for rows that hit them.
    var thresholds: [Double] {
        trees.flatMap { tree in tree.threshold.indices.filter { tree.left[$0] != -1 }.map { tree.threshold[$0] } }
    }
}

extension NaiveForest {
    /// How random trees look.
    struct Shape {
        var treeCount = 12
        var leafCount = 1...40
        /// 0 grows anywhere, 1 always at the newest leaf: a chain.
        var chain = 0.0
        var distinctLeaves: Int?
    }

    mutating func grow(_ shape: Shape, _ random: inout SplitMix64) {
        let leafPool = (0..<(shape.distinctLeaves ?? 0)).map { _ in
            (0..<leafWidth).map { _ in random.unit() }
        }
        for _ in 0..<shape.treeCount {
            var tree = Tree(firstOutput: random.below(outputCount - leafWidth + 1))
            func leaf() -> [Double] {
                guard leafPool.isEmpty else { return leafPool[random.below(leafPool.count)] }
                return (0..<leafWidth).map { _ in sumWidth == .float32 ? Double(Float(random.unit())) : random.unit() }
            }
            func addLeaf() -> Int {
                tree.left.append(-1)
                tree.right.append(-1)
                tree.feature.append(-2)
                tree.threshold.append(-2)
                tree.missingGoesLeft.append(random.chance(0.5))
                tree.values += leaf()
                return tree.left.count - 1
            }
            var leaves = [addLeaf()]
            let wanted = shape.leafCount.lowerBound + random.below(shape.leafCount.count)
            while leaves.count < wanted {
                let position = random.chance(shape.chain) ? leaves.count - 1 : random.below(leaves.count)
                let node = leaves.remove(at: position)
                let (first, second) = (addLeaf(), addLeaf())
                let swaps = random.chance(0.5)
                tree.left[node] = Int32(swaps ? second : first)
                tree.right[node] = Int32(swaps ? first : second)
                tree.feature[node] = Int32(random.below(featureCount))
                tree.threshold[node] = Self.threshold(&random)
                leaves += [first, second]
            }
            trees.append(tree)
        }
    }

    /// Few distinct values, values between float32 neighbours, zeros of both signs, and values beyond float32.
    static func threshold(_ random: inout SplitMix64) -> Double {
        switch random.below(12) {
        case 0: 0
        case 1: -0.0
        case 2: random.chance(0.5) ? 1e300 : -1e300
        case 3: random.chance(0.5) ? .infinity : -.infinity
        case 4: Double(Float.greatestFiniteMagnitude) * (random.chance(0.5) ? 1 : -1)
        case 5: Double.leastNonzeroMagnitude
        case 6...8: Double(random.below(7)) - 3
        case 9: Double(Float(random.unit()))
        default: random.unit() * 4 - 2
        }
    }

    /// A cell: at, beside or between thresholds, or missing, infinite, zero.
    static func cell(_ thresholds: [Double], _ random: inout SplitMix64) -> Double {
        guard let threshold = thresholds.randomElement(using: &random), random.chance(0.7) else {
            return [Double.nan, .infinity, -.infinity, 0, -0.0, .leastNonzeroMagnitude, 1e39, -1e39, 0.5][
                random.below(9)]
        }
        switch random.below(6) {
        case 0: return threshold
        case 1: return threshold.nextUp
        case 2: return threshold.nextDown
        case 3: return Double(Float(threshold).nextUp)
        case 4: return Double(Float(threshold).nextDown)
        default: return Double(Float(threshold))
        }
    }
}
