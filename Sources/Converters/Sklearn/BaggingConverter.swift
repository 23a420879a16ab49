import Pickle
import Scoring

/// `BaggingClassifier` and `BaggingRegressor`: the mean of estimators of some columns each.
///
/// Answers are summed in float64 in the order of `estimators_` and divided by `n_estimators`: scikit-learn's own order with
/// `n_jobs=1`. Rules from `sklearn/ensemble/_bagging.py`, 1.1.3 to 1.9.1.
struct BaggingConverter: Converter {
    static let classNames = [
        "sklearn.ensemble._bagging.BaggingClassifier", "sklearn.ensemble._bagging.BaggingRegressor",
    ]

    let estimator: Estimator
    private let parts: [any Converter]
    private let features: [[Int]]
    /// Nil for a regressor.
    private let classes: LabelTable?
    /// Per estimator of a classifier, the classes that it knows.
    private let positions: [[Int]]
    private let count: Double

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        parts = try estimator.converters()
        features = try estimator.featureSubsets(count: parts.count)
        count = Double(try estimator.int("n_estimators"))
        guard count > 0 else { throw estimator.unexpected("n_estimators", "a positive number") }
        guard estimator.shortName == "BaggingClassifier" else {
            classes = nil
            positions = []
            for part in parts { try part.requireDoubles(.predict) }
            return
        }
        let labels = try estimator.classLabels()
        classes = labels
        positions = try parts.map { part in
            guard let positions = try part.labels().positions(below: labels.count) else {
                throw part.estimator.unexpected("classes_", "a list of class numbers")
            }
            return positions
        }
    }

    func has(_ method: PredictMethod) -> Bool {
        switch method {
        case .predict: true
        case .predictProba: classes != nil
        case .decisionFunction: classes != nil && parts.allSatisfy { $0.has(.decisionFunction) }
        case .transform: false
        }
    }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        try estimator.requireFittedColumns(table)
        let array = try table.asNumbers(for: estimator)
        guard let classes else {
            let sums = try regressionSums(array, into: &program)
            let means = try program.quotients(sums, by: count)
            return means.count == 1 ? .numbers(means[0]) : .rows(means)
        }
        if method == .decisionFunction {
            let decisions = try zip(parts, features).map { part, features -> [Slot] in
                try part.requireDoubles(method)
                return try part.numbers(.decisionFunction, array.selecting(features), into: &program)
            }
            guard Set(decisions.map(\.count)).count == 1 else {
                throw estimator.refuse("its estimators know different classes")
            }
            let means = try program.quotients(try program.sums(decisions), by: count)
            return means.count == 1 ? .numbers(means[0]) : .rows(means)
        }
        let sums =
            try trees.map { try treeSums($0, classes.count, array, into: &program) }
            ?? probabilitySums(classes.count, array, into: &program)
        let means = try program.quotients(sums, by: count)
        if method == .predictProba { return .rows(means) }
        return .labels(try program.builder.argmax(means), classes)
    }

    private func regressionSums(_ table: Table, into program: inout Program) throws -> [Slot] {
        if let trees { return try treeSums(trees, 1, table, into: &program) }
        let rows = try zip(parts, features).map { part, features in
            try part.numbers(.predict, table.selecting(features), into: &program)
        }
        guard Set(rows.map(\.count)).count == 1 else { throw estimator.refuse("its estimators differ in outputs") }
        return try program.sums(rows)
    }

    /// The sums of probabilities; an estimator without them counts its label as 1.
    private func probabilitySums(
        _ classCount: Int, _ table: Table, into program: inout Program
    ) throws -> [Slot] {
        var addends: [[Slot]] = Array(repeating: [], count: classCount)
        for (index, part) in parts.enumerated() {
            let selected = table.selecting(features[index])
            guard part.has(.predictProba) else {
                let (label, labels) = try part.label(selected, into: &program)
                guard let positions = labels.positions(below: classCount) else {
                    throw part.estimator.unexpected("classes_", "a list of class numbers")
                }
                let votes = try program.votes(label, positions, classCount: classCount)
                for (index, slot) in votes.enumerated() { addends[index].append(slot) }
                continue
            }
            let slots = try part.numbers(.predictProba, selected, into: &program)
            guard slots.count == positions[index].count else {
                throw part.estimator.refuse("it has not one probability for each of its classes")
            }
            for (slot, position) in zip(slots, positions[index]) { addends[position].append(slot) }
        }
        return try addends.map { try program.weightedSum($0, $0.map { _ in 1 }) }
    }
}

// Trees alone are one forest.
extension BaggingConverter {
    private var trees: [Estimator]? { parts.treesOfOneOutput(areClassifiers: classes != nil) }

    private func treeSums(
        _ trees: [Estimator], _ width: Int, _ table: Table, into program: inout Program
    ) throws -> [Slot] {
        let isMissingAllowed = try trees.map {
            try MissingSupport.isSupported(by: $0, isSparse: table.isSparse, inForest: false)
        }
        guard Set(isMissingAllowed).count == 1 else { throw estimator.refuse("its trees differ in their rules") }
        var checked = table
        checked.lanes = Set(features.joined()).sorted().map { table.lanes[$0] }
        try program.requireFinite(checked, width: .float32, allowsMissing: isMissingAllowed[0])
        let mayBeMissing = isMissingAllowed[0] && checked.lanes.contains(where: \.mayBeMissing)
        var forest = TreeForest(
            featureCount: table.lanes.count, leafWidth: width, comparison: .lessOrEqual, inputWidth: .float32,
            missing: mayBeMissing ? .perNode : .never)
        for (index, tree) in trees.enumerated() {
            let own = classes == nil ? [0] : positions[index]
            let isNormalised = classes != nil && !estimator.has(.treesHoldFractions)
            let reader = TreeReader(
                classCounts: [own.count], leaf: isNormalised ? .normalised : .stored,
                featureCount: features[index].count)
            try reader.append(tree, to: &forest, features: features[index]) { values in
                var vector = [Double](repeating: 0, count: width)
                for (value, position) in zip(values, own) { vector[position] = value }
                return vector
            }
        }
        let start = Array(repeating: 0.0, count: width)
        return try program.builder.trees(table.slots, forest: forest, start: start, sumWidth: .float64)
    }
}
