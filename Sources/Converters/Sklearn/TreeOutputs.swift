import Pickle
import Scoring

/// The outputs of a tree or forest: how many, with which classes, and how they become an answer.
struct TreeOutputs {
    /// One table per output; empty for a regressor.
    private let labels: [LabelTable]
    private let outputCount: Int
    private var isClassifier: Bool { !labels.isEmpty }

    init(_ estimator: Estimator) throws {
        outputCount = try estimator.int("n_outputs_")
        guard outputCount > 0 else { throw estimator.unexpected("n_outputs_", "a positive number") }
        guard estimator.shortName.hasSuffix("Classifier") else {
            labels = []
            return
        }
        let classes = try estimator.required("classes_")
        let tables = outputCount == 1 ? [classes] : try estimator.list("classes_")
        labels = try tables.map { try ClassLabels.read($0, of: estimator) }
        guard labels.count == outputCount else {
            throw estimator.unexpected("classes_", "one list of labels per output")
        }
    }

    private var classCounts: [Int] { isClassifier ? labels.map(\.count) : Array(repeating: 1, count: outputCount) }

    func has(_ method: PredictMethod) -> Bool { method == .predict || (method == .predictProba && isClassifier) }

    /// Up to 1.3 a classifier's `predict_proba` divides each leaf's counts by their sum; from 1.4 they are fractions.
    func leaf(_ estimator: Estimator, isProbability: Bool) -> TreeReader.Leaf {
        isClassifier && isProbability && !estimator.has(.treesHoldFractions) ? .normalised : .stored
    }

    /// The summed values of `trees`: one slot per class of each output, or per output of a regressor.
    func slots(
        of trees: [Estimator], _ leaf: TreeReader.Leaf, _ table: Table, isForest: Bool, of estimator: Estimator,
        into program: inout Program
    ) throws -> [Slot] {
        try estimator.requireFittedColumns(table)
        try table.requireNumbers(for: estimator)
        let takesMissing = try MissingSupport.isSupported(by: trees[0], isSparse: table.isSparse, inForest: isForest)
        try program.requireFinite(table, width: .float32, allowsMissing: takesMissing)
        let mayBeMissing = takesMissing && table.lanes.contains(where: \.mayBeMissing)
        let reader = TreeReader(classCounts: classCounts, leaf: leaf, featureCount: table.lanes.count)
        var forest = TreeForest(
            featureCount: table.lanes.count, leafWidth: reader.leafWidth, comparison: .lessOrEqual,
            inputWidth: .float32,
            missing: mayBeMissing ? .perNode : .never)
        for tree in trees { try reader.append(tree, to: &forest) }
        // A single tree's value is taken as it is; -0.0 + x is x for every x.
        let start = Array(repeating: isForest ? 0.0 : -0.0, count: reader.leafWidth)
        return try program.builder.trees(table.slots, forest: forest, start: start, sumWidth: .float64)
    }

    func answer(
        _ method: PredictMethod, _ slots: [Slot], _ estimator: Estimator, into program: inout Program
    ) throws -> Answer {
        guard isClassifier else { return outputCount == 1 ? .numbers(slots[0]) : .rows(slots) }
        if method == .predictProba {
            if outputCount == 1 { return .rows(slots) }
            return Answer(slots: slots, layout: .groups(classCounts))
        }
        var indices: [Slot] = []
        var start = 0
        for count in classCounts {
            indices.append(try program.builder.argmax(Array(slots[start..<start + count])))
            start += count
        }
        if outputCount == 1 { return .labels(indices[0], labels[0]) }
        return Answer(slots: indices, layout: .rows, labels: labels)
    }
}
