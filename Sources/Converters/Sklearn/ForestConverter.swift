import Pickle
import Scoring

/// `RandomForestClassifier`, `RandomForestRegressor`, `ExtraTreesClassifier` and `ExtraTreesRegressor`.
///
/// The trees' values are summed in float64 in the order of `estimators_` and divided by their number: scikit-learn's
/// own order with `n_jobs=1`. Rules from `sklearn/ensemble/_forest.py`, 1.1.3 to 1.9.1.
struct ForestConverter: Converter {
    static let classNames = [
        "sklearn.ensemble._forest.ExtraTreesClassifier", "sklearn.ensemble._forest.ExtraTreesRegressor",
        "sklearn.ensemble._forest.RandomForestClassifier", "sklearn.ensemble._forest.RandomForestRegressor",
    ]

    let estimator: Estimator
    private let outputs: TreeOutputs
    private let trees: [Estimator]

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        outputs = try TreeOutputs(estimator)
        var trees: [Estimator] = []
        for (index, value) in try estimator.list("estimators_").enumerated() {
            let tree = try estimator.part(value, at: "estimators_[\(index)]")
            guard DecisionTreeConverter.classNames.contains(tree.className) else {
                throw tree.refuse("it is not a tree of scikit-learn")
            }
            trees.append(tree)
        }
        guard !trees.isEmpty else { throw estimator.refuse("it has no trees") }
        self.trees = trees
    }

    func has(_ method: PredictMethod) -> Bool { outputs.has(method) }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        let leaf = outputs.leaf(estimator, isProbability: true)
        let sums = try outputs.slots(of: trees, leaf, table, isForest: true, of: estimator, into: &program)
        let count = Array(repeating: Double(trees.count), count: sums.count)
        let means = try program.builder.scale(sums, steps: [.divide(count)], width: .float64)
        return try outputs.answer(method, means, estimator, into: &program)
    }
}
