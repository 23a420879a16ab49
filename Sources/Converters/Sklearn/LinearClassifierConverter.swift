import Pickle
import Scoring

/// `RidgeClassifier`, `RidgeClassifierCV`, `SGDClassifier`, `Perceptron`, `PassiveAggressiveClassifier` and `LinearSVC`.
///
/// Rules from `sklearn/linear_model/_base.py`, `_ridge.py` and `_stochastic_gradient.py`, 1.1.3 to 1.9.1. Scores differ from
/// scikit-learn's in the last bits, because BLAS adds in an order that depends on the processor; a label can differ where
/// two scores tie.
struct LinearClassifierConverter: Converter {
    static let classNames = [
        "sklearn.linear_model._passive_aggressive.PassiveAggressiveClassifier",
        "sklearn.linear_model._perceptron.Perceptron", "sklearn.linear_model._ridge.RidgeClassifier",
        "sklearn.linear_model._ridge.RidgeClassifierCV", "sklearn.linear_model._stochastic_gradient.SGDClassifier",
        "sklearn.svm._classes.LinearSVC",
    ]

    static let partNames = LinearParts.names.merging(
        ["sklearn.preprocessing._label.LabelBinarizer": [.new, .build, .value]]
    ) { $0.union($1) }

    private enum Kind {
        case labels(LabelTable)
        /// One column of 0 and 1 per output.
        case indicators
    }

    /// What `predict_proba` makes of the decisions.
    private enum Rule {
        /// Sigmoids, each class against the rest; when all are 0, NaN before 1.9 and equal parts since.
        case sigmoid(zeroIsUniform: Bool)
        case modifiedHuber
    }

    let estimator: Estimator
    private let model: LinearModel
    private let kind: Kind
    private let rule: Rule?

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        model = try LinearModel(estimator)
        kind = try LinearClassifierConverter.kind(estimator)
        rule = try LinearClassifierConverter.rule(estimator)
        switch kind {
        case .labels(let labels):
            guard labels.count >= 2, model.outputCount == (labels.count == 2 ? 1 : labels.count) else {
                throw estimator.refuse("its coefficients do not fit its \(labels.count) classes", parameter: "coef_")
            }
        case .indicators:
            guard model.outputCount >= 2 else {
                throw estimator.refuse("it has several outputs, and coefficients for one", parameter: "coef_")
            }
        }
    }

    /// A ridge classifier keeps its classes in a `LabelBinarizer`, which also says whether there are several outputs.
    private static func kind(_ estimator: Estimator) throws -> Kind {
        guard estimator.shortName.hasPrefix("Ridge") else {
            return .labels(try ClassLabels.read(try estimator.required("classes_"), of: estimator))
        }
        let binarizer = try estimator.part(try estimator.required("_label_binarizer"), at: "_label_binarizer")
        let type = try binarizer.text("y_type_")
        switch type {
        case "binary", "multiclass":
            return .labels(try ClassLabels.read(try binarizer.required("classes_"), of: estimator))
        case "multilabel-indicator":
            if try binarizer.bool("sparse_input_") {
                throw binarizer.refuse("its labels are a sparse matrix", parameter: "sparse_input_")
            }
            return .indicators
        default: throw binarizer.refuse("its kind of labels is not known", parameter: "y_type_", value: type)
        }
    }

    private static func rule(_ estimator: Estimator) throws -> Rule? {
        guard estimator.shortName == "SGDClassifier" else { return nil }
        switch try estimator.text("loss") {
        case "log_loss": return .sigmoid(zeroIsUniform: estimator.has(.zeroProbabilitiesAreUniform))
        case "log" where !estimator.has(.logLossName): return .sigmoid(zeroIsUniform: false)
        case "modified_huber": return .modifiedHuber
        default: return nil
        }
    }

    func labels() throws -> LabelTable {
        guard case .labels(let labels) = kind else {
            throw estimator.refuse("it has several outputs where one is needed")
        }
        return labels
    }

    func has(_ method: PredictMethod) -> Bool {
        switch method {
        case .predict, .decisionFunction: true
        case .predictProba: rule != nil
        case .transform: false
        }
    }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        let scores = try model.scores(table, into: &program)
        if method == .decisionFunction { return scores.count == 1 ? .numbers(scores[0]) : .rows(scores) }
        if method == .predictProba { return .rows(try probabilities(scores, &program)) }
        switch kind {
        case .indicators:
            let table = LabelTable.integers([0, 1])
            return Answer(
                slots: try program.builder.threshold(scores, above: 0), layout: .rows,
                labels: Array(repeating: table, count: scores.count))
        case .labels(let labels) where scores.count == 1:
            return .labels(try program.builder.threshold(scores[0], above: 0), labels)
        case .labels(let labels):
            return .labels(try program.builder.argmax(scores), labels)
        }
    }

    private func probabilities(_ scores: [Slot], _ program: inout Program) throws -> [Slot] {
        func constant(_ number: Double) -> [Double] { Array(repeating: number, count: scores.count) }
        switch rule {
        case .sigmoid(let zeroIsUniform):
            let parts = try program.builder.link(.sigmoid, scores, width: .float64)
            if scores.count == 1 { return try program.builder.link(.complement, parts, width: .float64) }
            return try program.builder.link(zeroIsUniform ? .normalizeOrUniform : .normalize, parts, width: .float64)
        case .modifiedHuber:
            let steps: [ScaleStep] = [
                .atLeast(constant(-1)), .atMost(constant(1)), .add(constant(1)), .divide(constant(2)),
            ]
            let parts = try program.builder.scale(scores, steps: steps, width: .float64)
            if scores.count == 1 { return try program.builder.link(.complement, parts, width: .float64) }
            return try program.builder.link(.normalizeOrUniform, parts, width: .float64)
        case nil: throw estimator.refuse("it has no `predict_proba`")
        }
    }
}
