import Boosters
import Scoring

/// What the Python classes around a booster make of its predictions: `xgboost/sklearn.py`, 1.7.6 to 3.2.0.
struct XGBoostWrapper {
    enum Kind {
        /// `xgboost.core.Booster`: the booster's own predictions.
        case booster
        /// `XGBRegressor`, `XGBRanker` and their kin: the same.
        case regressor
        /// `XGBClassifier`: labels from 0, or probabilities.
        case classifier(classCount: Int)
    }

    /// The classes that are known, by qualified name.
    static let classNames = [
        "xgboost.sklearn.XGBClassifier", "xgboost.sklearn.XGBModel", "xgboost.sklearn.XGBRFClassifier",
        "xgboost.sklearn.XGBRFRegressor", "xgboost.sklearn.XGBRanker", "xgboost.sklearn.XGBRegressor",
    ]

    /// The versions whose rules are known.
    static let knownVersions = XGBoostModel.Version(1, 7)...XGBoostModel.Version(3, 2)

    let kind: Kind
    let scores: XGBoostScores

    func has(_ method: PredictMethod) -> Bool {
        switch method {
        case .predict: true
        case .predictProba: if case .classifier = kind { true } else { false }
        case .decisionFunction, .transform: false
        }
    }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        let margins = try scores.slots(table, into: &program)
        guard case .classifier(let classCount) = kind else {
            let predictions = try scores.objective.predictions(margins, into: &program)
            return predictions.count == 1 ? .numbers(predictions[0]) : .rows(predictions)
        }
        if method == .predictProba { return try probabilities(margins, classCount, into: &program) }
        return try labels(margins, classCount, into: &program)
    }

    /// `XGBClassifier.predict`.
    private func labels(_ margins: [Slot], _ classCount: Int, into program: inout Program) throws -> Answer {
        if scores.objective.transform == .softmaxClass {
            let labels = LabelTable.integers((0..<margins.count).map { Int64($0) })
            return .labels(try program.builder.argmax(margins), labels)
        }
        let predictions = try scores.objective.predictions(margins, into: &program)
        if predictions.count == 1 {
            return .labels(try program.builder.threshold(predictions[0], above: 0.5), .integers([0, 1]))
        }
        if classCount != 2 {
            guard predictions.count == classCount else { throw unsuitable(classCount, predictions.count) }
            let labels = LabelTable.integers((0..<classCount).map { Int64($0) })
            return .labels(try program.builder.argmax(predictions), labels)
        }
        // Two classes and several outputs are several labels of one row, written as floats.
        return .rows(try predictions.map { slot throws in try program.builder.threshold(slot, above: 0.5) })
    }

    /// `XGBClassifier.predict_proba`.
    private func probabilities(_ margins: [Slot], _ classCount: Int, into program: inout Program) throws -> Answer {
        if scores.objective.transform == .softmaxClass {
            return .rows(try program.builder.link(.softmax, margins, width: .float32))
        }
        let predictions = try scores.objective.predictions(margins, into: &program)
        if predictions.count == 1 {
            return .rows(try program.builder.link(.complement, predictions, width: .float32))
        }
        guard classCount == 2 || predictions.count == classCount else {
            throw unsuitable(classCount, predictions.count)
        }
        return .rows(predictions)
    }

    private func unsuitable(_ classCount: Int, _ outputCount: Int) -> Refused {
        scores.refuse("it has \(classCount) classes and its booster \(outputCount) outputs", nil)
    }
}
