import Pickle
import Scoring

/// `DecisionTreeClassifier`, `DecisionTreeRegressor`, `ExtraTreeClassifier` and `ExtraTreeRegressor`.
struct DecisionTreeConverter: Converter {
    static let classNames = [
        "sklearn.tree._classes.DecisionTreeClassifier", "sklearn.tree._classes.DecisionTreeRegressor",
        "sklearn.tree._classes.ExtraTreeClassifier", "sklearn.tree._classes.ExtraTreeRegressor",
    ]

    let estimator: Estimator
    private let outputs: TreeOutputs

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        outputs = try TreeOutputs(estimator)
    }

    func has(_ method: PredictMethod) -> Bool { outputs.has(method) }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        // The labels come from the stored values, also where `predict_proba` normalises them (up to 1.3).
        let leaf = outputs.leaf(estimator, isProbability: method == .predictProba)
        let slots = try outputs.slots(of: [estimator], leaf, table, isForest: false, of: estimator, into: &program)
        return try outputs.answer(method, slots, estimator, into: &program)
    }
}
