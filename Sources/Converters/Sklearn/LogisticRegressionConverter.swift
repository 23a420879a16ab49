import Pickle
import Scoring

/// `LogisticRegression` and `LogisticRegressionCV`.
///
/// Rules from `sklearn/linear_model/_logistic.py` and `_base.py`, 1.1.3 to 1.9.1. Scores differ from scikit-learn's in
/// the last bits, because BLAS adds in an order that depends on the processor; a label can differ where two scores tie.
struct LogisticRegressionConverter: Converter {
    static let classNames = [
        "sklearn.linear_model._logistic.LogisticRegression", "sklearn.linear_model._logistic.LogisticRegressionCV",
    ]

    private enum Rule {
        /// Each class against the rest, divided by the sum.
        case oneVersusRest
        case softmax
    }

    let estimator: Estimator
    private let model: LinearModel
    private let labels: LabelTable
    private let rule: Rule

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        model = try LinearModel(estimator)
        labels = try ClassLabels.read(try estimator.required("classes_"), of: estimator)
        guard labels.count >= 2, model.outputCount == (labels.count == 2 ? 1 : labels.count) else {
            throw estimator.refuse("its coefficients do not fit its \(labels.count) classes", parameter: "coef_")
        }
        rule = try LogisticRegressionConverter.rule(estimator, classCount: labels.count)
    }

    private static func rule(_ estimator: Estimator, classCount: Int) throws -> Rule {
        if estimator.has(.logisticWithoutMultiClass) { return classCount <= 2 ? .oneVersusRest : .softmax }
        let multi = try estimator.text("multi_class")
        let solver = try estimator.text("solver")
        switch multi {
        case "ovr": return .oneVersusRest
        case "multinomial": return .softmax
        case "auto", "deprecated":
            let isOneVersusRest =
                classCount <= 2 || solver == "liblinear"
                || (solver == "newton-cholesky" && estimator.has(.newtonCholesky)
                    && !estimator.has(.newtonCholeskyIsMultinomial))
            return isOneVersusRest ? .oneVersusRest : .softmax
        default: throw estimator.refuse("its rule for classes is not known", parameter: "multi_class", value: multi)
        }
    }

    func has(_ method: PredictMethod) -> Bool { method != .transform }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        let scores = try model.scores(table, into: &program)
        if method == .decisionFunction { return scores.count == 1 ? .numbers(scores[0]) : .rows(scores) }
        if method == .predict {
            if scores.count == 1 { return .labels(try program.builder.threshold(scores[0], above: 0), labels) }
            return .labels(try program.builder.argmax(scores), labels)
        }
        switch (rule, scores.count) {
        case (.oneVersusRest, 1):
            let positive = try program.builder.link(.sigmoid, scores, width: .float64)
            return .rows(try program.builder.link(.complement, positive, width: .float64))
        case (.oneVersusRest, _):
            let parts = try program.builder.link(.sigmoid, scores, width: .float64)
            return .rows(try program.builder.link(.normalize, parts, width: .float64))
        case (.softmax, 1):
            let negative = try program.builder.scale(scores, steps: [.multiply([-1])], width: .float64)
            return .rows(try program.builder.link(.softmax, negative + scores, width: .float64))
        case (.softmax, _):
            return .rows(try program.builder.link(.softmax, scores, width: .float64))
        }
    }
}
