import Glibc
import Pickle
import Scoring

/// `IsolationForest`: trees of path lengths.
///
/// A row's depth is summed in float64 tree by tree; its score is -2^(-depth / (trees · average path of the samples)). Up to 1.5
/// missing and infinite values are refused, from 1.6 nothing is. Rules from `sklearn/ensemble/_iforest.py`, 1.1.3 to 1.9.1.
struct IsolationForestConverter: Converter {
    static let classNames = ["sklearn.ensemble._iforest.IsolationForest"]

    let estimator: Estimator
    private let trees: [Estimator]
    private let features: [[Int]]
    private let denominator: Double
    private let offset: Double

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        trees = try estimator.list("estimators_").enumerated().map { index, value in
            let tree = try estimator.part(value, at: "estimators_[\(index)]")
            guard DecisionTreeConverter.classNames.contains(tree.className) else {
                throw tree.refuse("it is not a tree of scikit-learn")
            }
            return tree
        }
        features = try estimator.featureSubsets(count: trees.count)
        guard !trees.isEmpty else { throw estimator.refuse("it has no trees") }
        let sampleCount = try estimator.int(estimator.has(.isolationSamplesName) ? "_max_samples" : "max_samples_")
        denominator = Double(trees.count) * IsolationForestConverter.averagePath(sampleCount)
        guard let offset = try estimator.number("offset_") else { throw estimator.unexpected("offset_", "a number") }
        self.offset = offset
    }

    /// The average length of a path in a tree of so many samples: `_average_path_length`.
    private static func averagePath(_ count: Int) -> Double {
        if count <= 1 { return 0 }
        if count == 2 { return 1 }
        let number = Double(count)
        return 2 * (log(number - 1) + eulerGamma) - 2 * (number - 1) / number
    }

    /// `numpy.euler_gamma`
    private static let eulerGamma = 0.577215664901532860606512090082402431

    func has(_ method: PredictMethod) -> Bool { method == .predict || method == .decisionFunction }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        let score = try score(table, into: &program)
        let decision = try program.builder.scale([score], steps: [.subtract([offset])], width: .float64)[0]
        if method == .decisionFunction { return .numbers(decision) }
        // -1 where the decision is below 0; NaN cannot occur.
        let index = try program.builder.threshold(decision, above: -Double.leastNonzeroMagnitude)
        return .labels(index, .integers([-1, 1]))
    }

    private func score(_ table: Table, into program: inout Program) throws -> Slot {
        try estimator.requireFittedColumns(table)
        try table.requireNumbers(for: estimator)
        let takesAll = estimator.has(.isolationTakesMissing)
        let mayBeMissing = takesAll && table.lanes.contains(where: \.mayBeMissing)
        if mayBeMissing, table.isSparse {
            throw estimator.refuse("it gets a sparse matrix in which values may be missing")
        }
        if !takesAll { try program.requireFinite(table, width: .float32, allowsMissing: false) }
        var forest = TreeForest(
            featureCount: table.lanes.count, leafWidth: 1, comparison: .lessOrEqual, inputWidth: .float32,
            missing: mayBeMissing ? .perNode : .never)
        for (tree, features) in zip(trees, features) {
            let fitted = try FittedTree(tree)
            let depths = fitted.depths()
            let values = (0..<fitted.count).map { node -> Double in
                guard fitted.left[node] == -1 else { return 0 }
                let average = IsolationForestConverter.averagePath(fitted.sampleCount.integer(node))
                return Double(depths[node]) + average - 1
            }
            try fitted.append(to: &forest, values: values, features: features)
        }
        let depth = try program.builder.trees(table.slots, forest: forest, start: [0], sumWidth: .float64)
        guard denominator != 0 else {
            return try program.constants([-0.5])[0]
        }
        let exponents = try program.builder.scale(
            depth, steps: [.divide([denominator]), .multiply([-1])], width: .float64)
        let powers = try program.builder.elementwise(.powerOfTwo, exponents)
        return try program.builder.scale(powers, steps: [.multiply([-1])], width: .float64)[0]
    }
}

extension Estimator {
    /// `estimators_features_`: the columns that each of `count` estimators gets.
    func featureSubsets(count: Int) throws -> [[Int]] {
        let width = try int("n_features_in_")
        let subsets = try list("estimators_features_").map { value -> [Int] in
            guard let indices = try readArray(value, "estimators_features_").integers,
                indices.allSatisfy({ (0..<width).contains($0) })
            else { throw unexpected("estimators_features_", "one list of columns for each estimator") }
            return indices
        }
        guard subsets.count == count else {
            throw unexpected("estimators_features_", "one list of columns for each estimator")
        }
        return subsets
    }
}
