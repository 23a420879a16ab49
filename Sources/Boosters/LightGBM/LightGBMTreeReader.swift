/// Reads and checks one tree of the text.
struct LightGBMTreeReader {
    private let fields: LightGBMFields
    private let featureCount: Int
    private let limits: LightGBMLimits

    private static let keys: Set<String> = [
        "num_leaves", "num_cat", "split_feature", "split_gain", "threshold", "decision_type", "left_child",
        "right_child", "leaf_value", "leaf_weight", "leaf_count", "internal_value", "internal_weight", "internal_count",
        "cat_boundaries", "cat_threshold", "is_linear", "leaf_const", "num_features", "leaf_features", "leaf_coeff",
        "shrinkage",
    ]

    init(_ lines: inout TextLines, featureCount: Int, limits: LightGBMLimits) throws(BoostersError) {
        fields = try LightGBMFields(&lines, known: Self.keys)
        self.featureCount = featureCount
        self.limits = limits
    }

    func read(number: Int) throws(BoostersError) -> LightGBMTree {
        let leafCount = try fields.integer("num_leaves", in: 1...limits.maxLeaves, "maxLeaves")
        let categoricalCount = try fields.integer("num_cat", in: 0...limits.maxLeaves, "maxLeaves")
        var tree = LightGBMTree(
            nodes: [], leafValues: try fields.numbers("leaf_value", count: leafCount), linearLeaves: [])
        if fields.has("is_linear"), try fields.integer("is_linear", in: 0...1, "is_linear") == 1 {
            tree.linearLeaves = try linearLeaves(leafCount)
        }
        guard leafCount > 1 else {
            guard categoricalCount == 0 else {
                throw fields.error("num_cat", .malformed, "tree \(number) has categorical splits and one leaf")
            }
            return tree
        }
        let splitCount = leafCount - 1
        let children = -leafCount...(splitCount - 1)
        let left = try fields.integers("left_child", count: splitCount, in: children)
        let right = try fields.integers("right_child", count: splitCount, in: children)
        let feature = try fields.integers("split_feature", count: splitCount, in: 0...(featureCount - 1))
        let threshold = try fields.numbers("threshold", count: splitCount, allowsInfinity: true)
        let decision = try fields.integers("decision_type", count: splitCount, in: 0...11)
        let sets = try sets(categoricalCount)
        tree.nodes.reserveCapacity(splitCount)
        for node in 0..<splitCount {
            let test = try test(threshold[node], decision[node], sets)
            tree.nodes.append(
                LightGBMTree.Node(feature: feature[node], test: test, left: left[node], right: right[node]))
        }
        guard isTree(tree) else {
            throw fields.error(
                "left_child", .malformed, "the children of tree \(number) do not make a tree: each node has one parent")
        }
        return tree
    }

    /// Bit 0 of `decision_type`: categorical; bit 1: missing values go left; bits 2 and 3: which values are missing.
    private func test(
        _ threshold: Double, _ decision: Int, _ sets: [[UInt32]]
    ) throws(BoostersError) -> LightGBMTree.Test {
        guard decision & 1 == 1 else {
            // At most 2, as `decision_type` is at most 11.
            let missing = LightGBMTree.Missing(rawValue: decision >> 2) ?? .none
            return .numeric(threshold: threshold, missing: missing, defaultLeft: decision & 2 != 0)
        }
        guard let set = Int(exactly: threshold), sets.indices.contains(set) else {
            throw fields.error("threshold", .malformed, "a categorical split names a set that does not exist")
        }
        return .categorical(sets[set])
    }

    private func sets(_ count: Int) throws(BoostersError) -> [[UInt32]] {
        guard count > 0 else { return [] }
        let bounds = try fields.integers("cat_boundaries", count: count + 1, in: 0...Int(Int32.max))
        guard bounds[0] == 0, zip(bounds, bounds.dropFirst()).allSatisfy({ $0 <= $1 }) else {
            throw fields.error("cat_boundaries", .malformed, "`cat_boundaries` do not ascend from 0")
        }
        let words = try fields.integers("cat_threshold", count: bounds[count], in: 0...Int(UInt32.max))
        return (0..<count).map { set in words[bounds[set]..<bounds[set + 1]].map { UInt32($0) } }
    }

    private func linearLeaves(_ leafCount: Int) throws(BoostersError) -> [LightGBMTree.LinearLeaf] {
        let constants = try fields.numbers("leaf_const", count: leafCount)
        let counts = try fields.integers("num_features", count: leafCount, in: 0...featureCount)
        let total = counts.reduce(0, +)
        let features = try fields.integers("leaf_features", count: total, in: 0...(featureCount - 1))
        let coefficients = try fields.numbers("leaf_coeff", count: total)
        var result: [LightGBMTree.LinearLeaf] = []
        var start = 0
        for leaf in 0..<leafCount {
            let range = start..<start + counts[leaf]
            result.append(
                LightGBMTree.LinearLeaf(
                    constant: constants[leaf], features: Array(features[range]),
                    coefficients: Array(coefficients[range])))
            start = range.upperBound
        }
        return result
    }

    /// Every node and every leaf is reached from the root on exactly one way.
    private func isTree(_ tree: LightGBMTree) -> Bool {
        var nodes = [Bool](repeating: false, count: tree.nodes.count)
        var leaves = [Bool](repeating: false, count: tree.leafValues.count)
        nodes[0] = true
        var stack = [0]
        var reached = 1
        while let node = stack.popLast() {
            for child in [tree.nodes[node].left, tree.nodes[node].right] {
                reached += 1
                if child < 0 {
                    if leaves[~child] { return false }
                    leaves[~child] = true
                } else {
                    if nodes[child] { return false }
                    nodes[child] = true
                    stack.append(child)
                }
            }
        }
        return reached == nodes.count + leaves.count
    }
}
