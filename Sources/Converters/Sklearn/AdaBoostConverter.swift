import Glibc
import Pickle
import Scoring

/// `AdaBoostClassifier` and `AdaBoostRegressor`.
///
/// The classifier adds what its estimators say in their order, in float64; trees are turned into leaf values beforehand. The
/// regressor answers the weighted median. Rules from `sklearn/ensemble/_weight_boosting.py`, 1.1.3 to 1.9.1:
///
/// - `SAMME.R`, the default up to 1.5: (K - 1) (log p - mean log p), where p is at least float64's epsilon; gone from 1.6.
/// - `SAMME`: the weight for the estimator's label, and for the others 0 up to 1.2, -1/(K - 1) of the weight from 1.3.
struct AdaBoostConverter: Converter {
    static let classNames = [
        "sklearn.ensemble._weight_boosting.AdaBoostClassifier", "sklearn.ensemble._weight_boosting.AdaBoostRegressor",
    ]

    let estimator: Estimator
    private let parts: [any Converter]
    private let weights: [Double]
    private let totalWeight: Double
    /// Nil for a regressor.
    private let classes: LabelTable?
    private let isReal: Bool
    /// Per estimator of a classifier, the place of each of its labels among the classes.
    private let positions: [[Int]]

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        parts = try estimator.converters()
        let weights = try estimator.numbers("estimator_weights_")
        guard weights.count >= parts.count, weights.allSatisfy(\.isFinite) else {
            throw estimator.unexpected("estimator_weights_", "one finite number for each estimator")
        }
        totalWeight = NumpySum.sum(weights[...])
        self.weights = Array(weights.prefix(parts.count))
        guard estimator.shortName == "AdaBoostClassifier" else {
            classes = nil
            isReal = false
            positions = []
            for part in parts { try part.requireDoubles(.predict) }
            return
        }
        let classes = try estimator.classLabels()
        guard classes.count >= 2 else { throw estimator.refuse("it knows only one class", parameter: "classes_") }
        self.classes = classes
        let isReal = try AdaBoostConverter.isReal(estimator)
        self.isReal = isReal
        positions = try parts.map { part in
            let labels = try part.labels()
            guard let positions = labels.positions(in: classes), !isReal || labels == classes else {
                throw part.estimator.refuse("it knows other classes than the whole", parameter: "classes_")
            }
            if isReal { try part.requireDoubles(.predictProba) }
            return positions
        }
    }

    private static func isReal(_ estimator: Estimator) throws -> Bool {
        guard !estimator.has(.adaBoostWithoutReal) else { return false }
        let algorithm = try estimator.text("algorithm")
        guard algorithm == "SAMME" || algorithm == "SAMME.R" else {
            throw estimator.refuse("its algorithm is not known", parameter: "algorithm", value: algorithm)
        }
        return algorithm == "SAMME.R"
    }

    func has(_ method: PredictMethod) -> Bool {
        method == .predict || (classes != nil && (method == .predictProba || method == .decisionFunction))
    }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        try estimator.requireFittedColumns(table)
        let array = try table.asNumbers(for: estimator)
        try program.requireFinite(array, width: .float64, allowsMissing: false)
        guard let classes else {
            return .numbers(
                try program.builder.weightedMedian(try predictions(array, into: &program), weights: weights))
        }
        let sums = try trees.map { try treeSums($0, array, into: &program) } ?? sums(array, into: &program)
        let scores = try program.quotients(sums, by: totalWeight)
        guard classes.count == 2 else {
            if method == .decisionFunction { return .rows(scores) }
            if method == .predict { return .labels(try program.builder.argmax(scores), classes) }
            let parts = try program.quotients(scores, by: Double(classes.count - 1))
            return .rows(try program.builder.link(.softmax, parts, width: .float64))
        }
        let decision = try program.weightedSum(scores, [-1, 1])
        if method == .decisionFunction { return .numbers(decision) }
        if method == .predict { return .labels(try program.builder.threshold(decision, above: 0), classes) }
        let signs = try program.builder.scale(
            [decision, decision], steps: [.multiply([-1, 1]), .divide([2, 2])], width: .float64)
        return .rows(try program.builder.link(.softmax, signs, width: .float64))
    }

    /// What SAMME adds for an estimator that says class `position`.
    private func votes(_ position: Int, weight: Double, classCount: Int) -> [Double] {
        let other = estimator.has(.adaBoostVotesAgainst) ? -1 / Double(classCount - 1) * weight : 0
        return (0..<classCount).map { $0 == position ? weight : other }
    }

    /// The sums over estimators of any kind, one per class.
    private func sums(_ table: Table, into program: inout Program) throws -> [Slot] {
        let classCount = classes?.count ?? 0
        var rows: [[Slot]] = []
        for (index, part) in parts.enumerated() {
            if isReal {
                rows.append(try logarithms(part, table, classCount, into: &program))
                continue
            }
            let (label, _) = try part.label(table, into: &program)
            let vectors = positions[index].map { votes($0, weight: weights[index], classCount: classCount) }
            rows.append(
                try (0..<classCount).map { column in try program.lookup(label, vectors.map { $0[column] }) })
        }
        return try program.sums(rows)
    }

    private func logarithms(
        _ part: any Converter, _ table: Table, _ classCount: Int, into program: inout Program
    ) throws -> [Slot] {
        let slots = try part.numbers(.predictProba, table, into: &program)
        guard slots.count == classCount else { throw part.estimator.refuse("it knows other classes than the whole") }
        func constant(_ value: Double) -> [Double] { Array(repeating: value, count: classCount) }
        let kept = try program.builder.scale(slots, steps: [.atLeast(constant(Double.ulpOfOne))], width: .float64)
        let logarithms = try program.builder.function(.log, kept, width: .float64)
        let sum = try program.weightedSum(logarithms, constant(1))
        let mean = try program.builder.scale([sum], steps: [.multiply([1 / Double(classCount)])], width: .float64)[0]
        let differences = try logarithms.map { try program.weightedSum([$0, mean], [1, -1]) }
        return try program.builder.scale(
            differences, steps: [.multiply(constant(Double(classCount - 1)))], width: .float64)
    }

    /// The predictions of a regressor's estimators.
    private func predictions(_ table: Table, into program: inout Program) throws -> [Slot] {
        guard let trees else { return try parts.map { try $0.number(table, into: &program) } }
        let forest = try forest(trees, table, leafWidth: 1, into: &program) { index, tree, forest in
            let reader = TreeReader(classCounts: [1], leaf: .stored, featureCount: table.lanes.count)
            try reader.append(tree, to: &forest, firstOutput: index) { Array($0) }
        }
        // -0.0 + x is x for every x.
        let start = Array(repeating: -0.0, count: trees.count)
        return try program.builder.trees(table.slots, forest: forest, start: start, sumWidth: .float64)
    }
}

// Trees alone are one forest.
extension AdaBoostConverter {
    private var trees: [Estimator]? { parts.treesOfOneOutput(areClassifiers: classes != nil) }

    private func forest(
        _ trees: [Estimator], _ table: Table, leafWidth: Int, into program: inout Program,
        append: (Int, Estimator, inout TreeForest) throws -> Void
    ) throws -> TreeForest {
        for tree in trees { try tree.requireFittedColumns(table) }
        try program.requireFinite(table, width: .float32, allowsMissing: false)
        var forest = TreeForest(
            featureCount: table.lanes.count, leafWidth: leafWidth, comparison: .lessOrEqual, inputWidth: .float32,
            missing: .never)
        for (index, tree) in trees.enumerated() { try append(index, tree, &forest) }
        return forest
    }

    private func treeSums(_ trees: [Estimator], _ table: Table, into program: inout Program) throws -> [Slot] {
        let classCount = classes?.count ?? 0
        let isNormalised = isReal && !estimator.has(.treesHoldFractions)
        let forest = try forest(trees, table, leafWidth: classCount, into: &program) { index, tree, forest in
            let reader = TreeReader(
                classCounts: [positions[index].count], leaf: isNormalised ? .normalised : .stored,
                featureCount: table.lanes.count)
            try reader.append(tree, to: &forest) { leaf in
                if isReal { return logarithms(leaf) }
                let largest = leaf.indices.reduce(leaf.startIndex) { leaf[$1] > leaf[$0] ? $1 : $0 }
                let position = positions[index][largest - leaf.startIndex]
                return votes(position, weight: weights[index], classCount: classCount)
            }
        }
        let start = Array(repeating: 0.0, count: classCount)
        return try program.builder.trees(table.slots, forest: forest, start: start, sumWidth: .float64)
    }

    private func logarithms(_ probabilities: ArraySlice<Double>) -> [Double] {
        let logarithms = probabilities.map { log($0 < Double.ulpOfOne ? Double.ulpOfOne : $0) }
        let mean = 1 / Double(logarithms.count) * NumpySum.sum(logarithms[...])
        return logarithms.map { Double(logarithms.count - 1) * ($0 - mean) }
    }
}
