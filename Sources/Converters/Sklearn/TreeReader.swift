import Pickle
import Scoring

/// Reads `sklearn.tree._tree.Tree` into a `TreeForest`.
///
/// Nodes are a record array whose offsets are read from the file; values are [nodes x outputs x classes]: of a
/// classifier counts up to 1.3, fractions from 1.4. Rules from `sklearn/tree/_tree.pyx` and `_classes.py`, 1.1.3 to 1.9.1.
struct TreeReader {
    /// What a leaf gives.
    enum Leaf {
        /// The stored values: a regressor's mean, a classifier's counts or fractions.
        case stored
        /// A classifier's stored values divided by their sum.
        case normalised
    }

    /// The number of classes of each output; 1 for a regressor.
    let classCounts: [Int]
    let leaf: Leaf
    let featureCount: Int

    var leafWidth: Int { classCounts.reduce(0, +) }

    /// Adds the tree of `estimator`.
    func append(_ estimator: Estimator, to forest: inout TreeForest) throws {
        let tree = try FittedTree(estimator)
        try tree.append(to: &forest, values: try leafValues(tree.values, tree.count, tree.left, estimator))
    }

    /// Adds the tree of `estimator` with what `value` makes of each leaf's values.
    ///
    /// - Parameters:
    ///   - features: the place in the forest's features of each of the tree's own; nil when they are the same.
    ///   - value: a leaf's values, [outputs x classes], to the forest's leaf vector.
    ///   - firstOutput: the output to which a leaf's first value is added.
    func append(
        _ estimator: Estimator, to forest: inout TreeForest, features: [Int]? = nil, firstOutput: Int = 0,
        value: (ArraySlice<Double>) throws -> [Double]
    ) throws {
        let tree = try FittedTree(estimator)
        let stored = try leafValues(tree.values, tree.count, tree.left, estimator)
        var values: [Double] = []
        values.reserveCapacity(tree.count * forest.leafWidth)
        for node in 0..<tree.count {
            guard tree.left[node] == -1 else {
                values.append(contentsOf: repeatElement(0, count: forest.leafWidth))
                continue
            }
            values += try value(stored[node * leafWidth..<(node + 1) * leafWidth])
        }
        try tree.append(to: &forest, values: values, features: features, firstOutput: firstOutput)
    }

    private func leafValues(
        _ values: NumpyArray, _ count: Int, _ lefts: [Int32], _ estimator: Estimator
    ) throws -> [Double] {
        guard let stored = values.column, values.shape.count == 3, !values.isFortranOrder, values.shape[0] == count,
            values.shape[1] == classCounts.count, let widest = classCounts.max(), values.shape[2] == widest
        else { throw estimator.unexpected("tree_", "a tree with one value per node, output and class") }
        var result = [Double](repeating: 0, count: count * leafWidth)
        for node in 0..<count where lefts[node] == -1 {
            var target = node * leafWidth
            for (output, classes) in classCounts.enumerated() {
                let start = (node * classCounts.count + output) * widest
                for index in 0..<classes { result[target + index] = stored.number(start + index) }
                if leaf == .normalised { normalise(&result, target..<target + classes) }
                target += classes
            }
        }
        return result
    }

    /// `proba /= proba.sum(axis=1)`, where a sum of 0 counts as 1; summed as NumPy does.
    private func normalise(_ values: inout [Double], _ range: Range<Int>) {
        let sum = NumpySum.sum(values[range])
        if sum != 0 { for index in range { values[index] /= sum } }
    }
}

/// The nodes of one `sklearn.tree._tree.Tree`.
struct FittedTree {
    let count: Int
    /// -1 at a leaf.
    private(set) var left: [Int32]
    private(set) var right: [Int32]
    private(set) var feature: [Int32]
    private(set) var threshold: [Double]
    /// Per node, the number of training rows; for a bootstrap each row counts once.
    let sampleCount: NumpyColumn
    /// Per node, how mixed its training rows are.
    let impurity: NumpyColumn
    /// Per node, the sum of the training rows' weights.
    let sampleWeight: NumpyColumn
    /// [nodes x outputs x classes]
    let values: NumpyArray
    private let missingLeft: NumpyColumn?
    private let estimator: Estimator
    private let nodeByteCount: Int

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        let tree = try estimator.required("tree_")
        guard estimator.graph.className(of: tree) == "sklearn.tree._tree.Tree",
            let state = estimator.graph.object(tree)?.state,
            let nodesValue = estimator.graph.value(forKey: "nodes", in: state),
            let valuesValue = estimator.graph.value(forKey: "values", in: state)
        else { throw estimator.unexpected("tree_", "a tree as scikit-learn writes it") }
        let nodes = try estimator.readArray(nodesValue, "tree_")
        values = try estimator.readArray(valuesValue, "tree_")
        guard let left = nodes.field("left_child"), let right = nodes.field("right_child"),
            let feature = nodes.field("feature"), let threshold = nodes.field("threshold"),
            let sampleCount = nodes.field("n_node_samples"), let weight = nodes.field("weighted_n_node_samples"),
            let impurity = nodes.field("impurity"), nodes.count > 0
        else { throw estimator.unexpected("tree_", "a tree as scikit-learn writes it") }
        count = nodes.count
        nodeByteCount = nodes.type.itemSize
        self.sampleCount = sampleCount
        sampleWeight = weight
        self.impurity = impurity
        missingLeft = nodes.field("missing_go_to_left")
        self.left = (0..<count).map { Int32(clamping: left.integer($0)) }
        self.right = (0..<count).map { Int32(clamping: right.integer($0)) }
        self.feature = (0..<count).map { Int32(clamping: feature.integer($0)) }
        self.threshold = (0..<count).map { threshold.number($0) }
    }

    /// Adds it to `forest`, with these leaf vectors: [nodes x leafWidth].
    func append(
        to forest: inout TreeForest, values: [Double], features: [Int]? = nil, firstOutput: Int = 0
    ) throws {
        // Trees that share one array would make a large model of a small file; no library writes such.
        guard
            (forest.nodeCount + count).multipliedReportingOverflow(by: nodeByteCount).partialValue
                <= estimator.graph.byteCount
        else { throw estimator.refuse("its trees have more nodes than the file has bytes for", parameter: "tree_") }
        var missing: [Bool] = []
        if forest.missing == .perNode {
            guard let missingLeft else {
                throw estimator.refuse("its nodes do not say where missing values go", parameter: "tree_")
            }
            missing = (0..<count).map { missingLeft.integer($0) != 0 }
        }
        var feature = feature
        if let features {
            for node in 0..<count where left[node] != -1 {
                guard features.indices.contains(Int(feature[node])) else {
                    throw estimator.refuse("its tree is damaged: it uses a feature that it has not", parameter: "tree_")
                }
                feature[node] = Int32(clamping: features[Int(feature[node])])
            }
        }
        do {
            try forest.append(
                left: left, right: right, feature: feature, threshold: threshold, missingGoesLeft: missing,
                values: values, firstOutput: firstOutput)
        } catch {
            throw estimator.refuse("its tree is damaged: \(error.reason)", parameter: "tree_")
        }
    }

    /// Per node, the number of nodes from the root to it, which counts as 1; 0 for nodes out of reach.
    func depths() -> [Int] {
        var result = [Int](repeating: 0, count: count)
        result[0] = 1
        var open = [0]
        while let node = open.popLast() {
            for child in [left[node], right[node]] where child > 0 && Int(child) < count && result[Int(child)] == 0 {
                result[Int(child)] = result[node] + 1
                open.append(Int(child))
            }
        }
        return result
    }
}

/// NumPy's sum along a contiguous axis: eight partial sums from 8 numbers on, in halves beyond 128.
///
/// Source: `pairwise_sum` in `numpy/_core/src/umath/loops_utils.h.src`, NumPy 1.20 to 2.4.
enum NumpySum {
    static func sum(_ values: ArraySlice<Double>) -> Double {
        let start = values.startIndex
        if values.count < 8 { return values.reduce(0, +) }
        if values.count > 128 {
            let half = values.count / 2 / 8 * 8
            return sum(values[start..<start + half]) + sum(values[(start + half)...])
        }
        var parts = Array(values[start..<start + 8])
        var index = start + 8
        while index + 8 <= values.endIndex {
            for part in 0..<8 { parts[part] += values[index + part] }
            index += 8
        }
        var total = ((parts[0] + parts[1]) + (parts[2] + parts[3])) + ((parts[4] + parts[5]) + (parts[6] + parts[7]))
        for rest in values[index...] { total += rest }
        return total
    }
}

/// Whether a tree takes missing values when scoring, by version and parameters: `_support_missing_values`.
enum MissingSupport {
    static func isSupported(by tree: Estimator, isSparse: Bool, inForest: Bool) throws -> Bool {
        guard !isSparse, tree.has(inForest ? .forestsTakeMissing : .treesTakeMissing) else { return false }
        let splitter = try tree.text("splitter")
        let isExtra = tree.shortName.hasPrefix("ExtraTree")
        if tree.has(.everyTreeTakesMissing) { return isExtra ? splitter == "random" : true }
        guard tree.isNone("monotonic_cst") else { return false }
        let criteria = ["gini", "log_loss", "entropy", "squared_error", "friedman_mse", "poisson"]
        guard criteria.contains(try tree.text("criterion")) else { return false }
        if !tree.has(.randomSplitsTakeMissing) { return splitter == "best" }
        return isExtra ? splitter == "random" : splitter == "best" || splitter == "random"
    }
}
