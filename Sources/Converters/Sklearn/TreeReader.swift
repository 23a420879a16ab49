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
        let tree = try estimator.required("tree_")
        guard estimator.graph.className(of: tree) == "sklearn.tree._tree.Tree",
            let state = estimator.graph.object(tree)?.state,
            let nodesValue = estimator.graph.value(forKey: "nodes", in: state),
            let valuesValue = estimator.graph.value(forKey: "values", in: state)
        else { throw estimator.unexpected("tree_", "a tree as scikit-learn writes it") }
        let nodes = try estimator.readArray(nodesValue, "tree_")
        let values = try estimator.readArray(valuesValue, "tree_")
        guard let left = nodes.field("left_child"), let right = nodes.field("right_child"),
            let feature = nodes.field("feature"), let threshold = nodes.field("threshold"), nodes.count > 0
        else { throw estimator.unexpected("tree_", "a tree as scikit-learn writes it") }
        // Trees that share one array would make a large model of a small file; no library writes such.
        guard
            (forest.nodeCount + nodes.count).multipliedReportingOverflow(by: nodes.type.itemSize).partialValue
                <= estimator.graph.byteCount
        else { throw estimator.refuse("its trees have more nodes than the file has bytes for", parameter: "tree_") }
        let missingLeft = nodes.field("missing_go_to_left")
        if forest.missing == .perNode, missingLeft == nil {
            throw estimator.refuse("its nodes do not say where missing values go", parameter: "tree_")
        }
        let count = nodes.count
        var lefts = [Int32](repeating: -1, count: count)
        var rights = lefts
        var features = lefts
        var thresholds = [Double](repeating: 0, count: count)
        var missing = [Bool](repeating: false, count: forest.missing == .perNode ? count : 0)
        for node in 0..<count {
            lefts[node] = Int32(clamping: left.integer(node))
            rights[node] = Int32(clamping: right.integer(node))
            features[node] = Int32(clamping: feature.integer(node))
            thresholds[node] = threshold.number(node)
            if let missingLeft, forest.missing == .perNode { missing[node] = missingLeft.integer(node) != 0 }
        }
        do {
            try forest.append(
                left: lefts, right: rights, feature: features, threshold: thresholds, missingGoesLeft: missing,
                values: try leafValues(values, count, lefts, estimator), firstOutput: 0)
        } catch let error as ScoringError {
            throw estimator.refuse("its tree is damaged: \(error.reason)", parameter: "tree_")
        }
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
        let version = tree.version
        if isSparse || version < (inForest ? .release(1, 4) : .release(1, 3)) { return false }
        let splitter = try tree.text("splitter")
        let isExtra = tree.shortName.hasPrefix("ExtraTree")
        if version >= .release(1, 9) { return isExtra ? splitter == "random" : true }
        guard tree.isNone("monotonic_cst") else { return false }
        let criteria = ["gini", "log_loss", "entropy", "squared_error", "friedman_mse", "poisson"]
        guard criteria.contains(try tree.text("criterion")) else { return false }
        if version < .release(1, 6) { return splitter == "best" }
        return isExtra ? splitter == "random" : splitter == "best" || splitter == "random"
    }
}
