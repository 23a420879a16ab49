import Pickle
import Scoring

/// The trees of all iterations: `_predictors`, with the categories that were known in training.
struct HistogramTrees {
    private let predictors: [[PickleValue]]
    /// Per column that the trees see, a bit for each known category; nil for a numeric one.
    private let known: [[UInt32]?]
    private let reading: CategoryReading

    init(_ estimator: Estimator, outputCount: Int) throws {
        // Without a preprocessor any number gets to the trees.
        reading =
            estimator.has(.histogramPreprocessor)
            ? .floored : estimator.has(.histogramChecksNegatives) ? .nonnegativeByte : .byte
        predictors = try estimator.list("_predictors").map { iteration in
            guard let trees = estimator.graph.elements(iteration), trees.count == outputCount else {
                throw estimator.unexpected("_predictors", "a list of \(outputCount) trees for each iteration")
            }
            return trees
        }
        guard !predictors.isEmpty else { throw estimator.refuse("it has no trees") }
        let mapper = try estimator.part(try estimator.required("_bin_mapper"), at: "_bin_mapper")
        let thresholds = try mapper.list("bin_thresholds_")
        let isCategorical = mapper.isNone("is_categorical_") ? [] : try mapper.numbers("is_categorical_")
        guard isCategorical.isEmpty || isCategorical.count == thresholds.count else {
            throw mapper.unexpected("is_categorical_", "a mark for each column")
        }
        known = try thresholds.indices.map { column in
            guard !isCategorical.isEmpty, isCategorical[column] != 0 else { return nil }
            return try HistogramTrees.bits(try mapper.readArray(thresholds[column], "bin_thresholds_"), mapper)
        }
    }

    private static func bits(_ categories: NumpyArray, _ mapper: Estimator) throws -> [UInt32] {
        guard let numbers = categories.numbers ?? categories.integers?.map(Double.init) else {
            throw mapper.unexpected("bin_thresholds_", "a list of numbers for each column")
        }
        var words = [UInt32](repeating: 0, count: 8)
        for number in numbers {
            guard let category = Int(exactly: number), (0..<256).contains(category) else {
                throw mapper.unexpected("bin_thresholds_", "categories from 0 to 255")
            }
            words[category / 32] |= 1 << UInt32(category % 32)
        }
        return words
    }

    func forest(featureCount: Int, _ estimator: Estimator) throws -> TreeForest {
        var forest = TreeForest(
            featureCount: featureCount, leafWidth: 1, comparison: .lessOrEqual, inputWidth: .float64, missing: .perNode)
        for (number, iteration) in predictors.enumerated() {
            for (output, tree) in iteration.enumerated() {
                try append(tree, at: "_predictors[\(number)][\(output)]", output: output, to: &forest, estimator)
            }
        }
        return forest
    }

    private func append(
        _ tree: PickleValue, at place: String, output: Int, to forest: inout TreeForest, _ estimator: Estimator
    ) throws {
        let graph = estimator.graph
        let name = "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"
        guard graph.className(of: tree) == name, let state = graph.object(tree)?.state,
            let nodesValue = graph.value(forKey: "nodes", in: state)
        else { throw estimator.refuse("it is not a tree as scikit-learn writes it", parameter: place) }
        let nodes = try estimator.readArray(nodesValue, place)
        guard let value = nodes.field("value"), let feature = nodes.field("feature_idx"),
            let threshold = nodes.field("num_threshold"), let missingLeft = nodes.field("missing_go_to_left"),
            let left = nodes.field("left"), let right = nodes.field("right"), let isLeaf = nodes.field("is_leaf"),
            let isCategorical = nodes.field("is_categorical"), let set = nodes.field("bitset_idx")
        else { throw estimator.refuse("it is not a tree as scikit-learn writes it", parameter: place) }
        let sets = try HistogramTrees.sets(graph.value(forKey: "raw_left_cat_bitsets", in: state), place, estimator)
        let count = nodes.count
        var lefts = [Int32](repeating: -1, count: count)
        var rights = lefts
        var features = [Int32](repeating: 0, count: count)
        var thresholds = [Double](repeating: 0, count: count)
        var missing = [Bool](repeating: false, count: count)
        for node in 0..<count where isLeaf.integer(node) == 0 {
            lefts[node] = Int32(clamping: left.integer(node))
            rights[node] = Int32(clamping: right.integer(node))
            features[node] = Int32(clamping: feature.integer(node))
            missing[node] = missingLeft.integer(node) != 0
            thresholds[node] = threshold.number(node)
            guard isCategorical.integer(node) != 0 else { continue }
            let column = feature.integer(node)
            guard known.indices.contains(column), let known = known[column], sets.indices.contains(set.integer(node))
            else { throw estimator.refuse("it has a split on categories that are not known", parameter: place) }
            thresholds[node] = TreeForest.splitThreshold
            features[node] = try forest.derive(
                .split(split(sets[set.integer(node)], known, missingGoesLeft: missing[node])), from: column)
        }
        do {
            try forest.append(
                left: lefts, right: rights, feature: features, threshold: thresholds, missingGoesLeft: missing,
                values: (0..<count).map { value.number($0) }, firstOutput: output)
        } catch {
            throw estimator.refuse("its tree is damaged: \(error.reason)", parameter: place)
        }
    }

    /// A category of the set goes left, another known one right, everything else where missing values go.
    private func split(_ left: [UInt32], _ known: [UInt32], missingGoesLeft: Bool) -> CategorySplit {
        let words = zip(left, known).map { left, known in ~left & (missingGoesLeft ? known : .max) }
        return CategorySplit(
            reading: reading, limit: 256, categoriesGoRight: words, othersGoRight: !missingGoesLeft,
            invalidGoesRight: !missingGoesLeft, missingGoesRight: !missingGoesLeft)
    }

    /// The bitsets of a tree, of 8 words each.
    private static func sets(_ value: PickleValue?, _ place: String, _ estimator: Estimator) throws -> [[UInt32]] {
        guard let value else { return [] }
        let array = try estimator.readArray(value, place)
        if array.count == 0 { return [] }
        guard let words = array.integers, array.shape.count == 2, array.shape[1] == 8,
            words.allSatisfy({ UInt32(exactly: $0) != nil })
        else { throw estimator.refuse("its sets of categories are not 8 words each", parameter: place) }
        return (0..<array.shape[0]).map { row in words[8 * row..<8 * row + 8].map { UInt32($0) } }
    }
}
