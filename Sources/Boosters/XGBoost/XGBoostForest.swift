/// The trees of a model, in the order in which they are summed.
public struct XGBoostForest: Sendable {
    /// The trees.
    public var trees: [XGBoostTree]
    /// Per tree, the output to which its value is added; 0 for trees with vector leaves.
    public var groups: [Int32]
    /// Per tree, its weight; nil unless the booster is `dart`.
    public var weights: [Float]?
    /// Where each boosting iteration begins, and the number of trees.
    public var iterationStarts: [Int]
    /// The file holds the categories of text columns (from 3.1 on).
    public var hasCategoryNames: Bool

    /// Whether a split is on categories.
    public var hasCategories: Bool { trees.contains { !$0.categories.isEmpty } }

    /// Checks what concerns all trees; each was checked when it was made.
    func check(featureCount: Int, outputCount: Int, _ limits: BoosterLimits) throws(BoostersError) {
        func refuse(_ reason: String) -> BoostersError { BoostersError(.malformed, reason) }
        guard trees.count <= limits.maxTrees else {
            throw BoostersError.beyond("maxTrees", limits.maxTrees, "trees", count: trees.count)
        }
        guard groups.count == trees.count else {
            throw refuse("it has \(trees.count) trees and \(groups.count) entries of `tree_info`")
        }
        guard groups.allSatisfy({ $0 >= 0 && $0 < outputCount }) else {
            throw refuse("its `tree_info` names an output that is not one of its \(outputCount)")
        }
        if let weights {
            guard weights.count == trees.count, weights.allSatisfy(\.isFinite) else {
                throw refuse("it has \(trees.count) trees and \(weights.count) weights of trees")
            }
        }
        guard iterationStarts.first == 0, iterationStarts.last == trees.count,
            zip(iterationStarts, iterationStarts.dropFirst()).allSatisfy({ $0 <= $1 })
        else { throw refuse("its iterations do not cover its \(trees.count) trees") }
        for (index, tree) in trees.enumerated() {
            guard tree.leafWidth == 1 || (tree.leafWidth == outputCount && weights == nil) else {
                throw refuse("the leaves of tree \(index) have \(tree.leafWidth) values for \(outputCount) outputs")
            }
        }
    }

    /// Where iterations begin in files that do not say it, from 1.7 on: `MakeIndptr` in `src/gbm/gbtree_model.cc`.
    static func iterationStarts(
        treeCount: Int, perIteration: Int, offset: Int?
    ) throws(BoostersError) -> [Int] {
        guard perIteration > 0, treeCount.isMultiple(of: perIteration) else {
            throw BoostersError(
                .malformed, "its \(treeCount) trees are not whole iterations of \(perIteration)", offset: offset)
        }
        return Array(stride(from: 0, through: treeCount, by: perIteration))
    }
}

/// One tree, checked: node 0 is the root, each other node that can be reached has one parent, and its children, features and
/// values exist.
public struct XGBoostTree: Sendable {
    /// Per node, the left child, -1 for a leaf.
    public var left: [Int32]
    /// Per node, the right child, which is the one after the left child; -1 for a leaf.
    public var right: [Int32]
    /// Per node, the feature that it tests. Not meaningful for leaves and nodes that cannot be reached.
    public var feature: [Int32]
    /// Per node, the number that x is compared with (x < it goes left), for a leaf its value.
    public var condition: [Float]
    /// Per node, whether a missing value goes left.
    public var defaultLeft: [Bool]
    /// The nodes that split on categories, with the categories that go right.
    public var categories: [Int32: [Int32]]
    /// Values of a leaf.
    public var leafWidth: Int
    /// [nodes x leafWidth] for trees with vector leaves, else empty.
    public var vectors: [Float]

    /// Makes a tree of arrays of equal length.
    ///
    /// - Throws: `.malformed` at `offset` when it is not a tree, or names what does not exist.
    init(
        left: [Int32], right: [Int32], feature: [Int32], condition: [Float], defaultLeft: [Bool],
        categories: [Int32: [Int32]], leafWidth: Int, vectors: [Float], featureCount: Int, number: Int, offset: Int?
    ) throws(BoostersError) {
        self.left = left
        self.right = right
        self.feature = feature
        self.condition = condition
        self.defaultLeft = defaultLeft
        self.categories = categories
        self.leafWidth = leafWidth
        self.vectors = vectors
        func refuse(_ reason: String) -> BoostersError {
            BoostersError(.malformed, "tree \(number): \(reason)", offset: offset)
        }
        let count = left.count
        guard count > 0, right.count == count, feature.count == count, condition.count == count,
            defaultLeft.count == count, leafWidth >= 1, vectors.count == (leafWidth == 1 ? 0 : count * leafWidth)
        else { throw refuse("the lists of its nodes differ in length") }
        guard categories.keys.allSatisfy({ $0 >= 0 && $0 < count }) else {
            throw refuse("it has categories for a node that does not exist")
        }
        var order: [Int32] = [0]
        var next = 0
        // A node that is met twice makes the walk longer than there are nodes.
        while next < order.count {
            let node = Int(order[next])
            next += 1
            if left[node] == -1 {
                self.right[node] = -1
                guard leafValues(node).allSatisfy(\.isFinite) else { throw refuse("leaf \(node) is not finite") }
                continue
            }
            guard left[node] > 0, Int(left[node]) < count - 1, right[node] == left[node] + 1,
                order.count + 2 <= count
            else {
                throw refuse("node \(node) has children that do not exist, are not neighbours, or have two parents")
            }
            guard feature[node] >= 0, Int(feature[node]) < featureCount else {
                throw refuse("node \(node) tests feature \(feature[node]) of \(featureCount)")
            }
            guard categories[Int32(node)] != nil || !condition[node].isNaN else {
                throw refuse("node \(node) compares with no number")
            }
            order.append(left[node])
            order.append(right[node])
        }
        guard Set(order).count == order.count else { throw refuse("a node has two parents") }
    }

    /// The values of a leaf.
    public func leafValues(_ node: Int) -> ArraySlice<Float> {
        leafWidth == 1 ? condition[node...node] : vectors[node * leafWidth..<(node + 1) * leafWidth]
    }
}
