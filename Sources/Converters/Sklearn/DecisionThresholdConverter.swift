import Pickle
import Scoring

/// `FixedThresholdClassifier` and `TunedThresholdClassifierCV` (from 1.5): the second class when its score is not below a threshold.
///
/// Refused: a positive class that is the first one, scores in float32 (NumPy 2 compares them in float32), and a threshold that was
/// tuned on the scores of the very estimator, of which one may be the threshold. Rules from
/// `sklearn/model_selection/_classification_threshold.py`, `sklearn/utils/_response.py` and `sklearn/metrics/_scorer.py`, 1.5.2 to 1.9.1.
struct DecisionThresholdConverter: Converter {
    static let classNames = [
        "sklearn.model_selection._classification_threshold.FixedThresholdClassifier",
        "sklearn.model_selection._classification_threshold.TunedThresholdClassifierCV",
    ]

    static let partNames: [String: PickleUse] = [
        "sklearn.metrics._scorer._CurveScorer": [.new, .build],
        "sklearn.model_selection._classification_threshold._CurveScorer": [.new, .build],
    ]

    let estimator: Estimator
    private let inner: any Converter
    private let classes: LabelTable
    private let method: PredictMethod
    private let threshold: Double

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        let isTuned = estimator.shortName == "TunedThresholdClassifierCV"
        let name = estimator["estimator_"] == nil && !isTuned ? "estimator" : "estimator_"
        inner = try ConverterCatalog.converter(for: try estimator.part(try estimator.required(name), at: name))
        classes = try inner.labels()
        guard classes.count == 2 else { throw estimator.refuse("it has \(classes.count) classes in place of two") }
        let word = try estimator.text("response_method")
        switch word {
        case "auto": method = inner.has(.predictProba) ? .predictProba : .decisionFunction
        case "predict_proba": method = .predictProba
        case "decision_function": method = .decisionFunction
        default: throw estimator.refuse("its scores are not known", parameter: "response_method", value: word)
        }
        if isTuned {
            let isPrefit = estimator["cv"].flatMap({ estimator.graph.text($0) }) == "prefit"
            guard !isPrefit, try estimator.bool("refit") else {
                throw estimator.refuse(
                    "its threshold is one of the scores that it compares with it, so that rounding could decide",
                    parameter: isPrefit ? "cv" : "refit", value: isPrefit ? "prefit" : "False",
                    help: "tune it by cross-validation, with `refit=True`")
            }
            threshold = try estimator.number("best_threshold_") ?? .nan
            try DecisionThresholdConverter.requireSecond(
                try DecisionThresholdConverter.tunedClass(estimator), classes, estimator)
        } else {
            let isAuto = estimator["threshold"].flatMap({ estimator.graph.text($0) }) == "auto"
            threshold = isAuto ? (method == .predictProba ? 0.5 : 0) : try estimator.number("threshold") ?? .nan
            try DecisionThresholdConverter.requireSecond(estimator["pos_label"] ?? .null, classes, estimator)
        }
        guard threshold.isFinite else { throw estimator.unexpected("threshold", "a finite number") }
    }

    /// The class that the scorer of the tuning calls positive: what it was given, else what its function takes without being told.
    private static func tunedClass(_ estimator: Estimator) throws -> PickleValue {
        let graph = estimator.graph
        guard let scorer = graph.object(try estimator.required("_curve_scorer")), let state = scorer.state,
            let keywords = graph.value(forKey: "_kwargs", in: state),
            let function = graph.value(forKey: "_score_func", in: state).flatMap({ graph.global($0) })
        else { throw estimator.unexpected("_curve_scorer", "a scorer as scikit-learn makes it") }
        if let given = graph.value(forKey: "pos_label", in: keywords) { return given }
        switch function.name {
        case "accuracy_score", "balanced_accuracy_score", "cohen_kappa_score", "matthews_corrcoef": return .null
        case "f1_score", "fbeta_score", "jaccard_score", "precision_score", "recall_score": return .int(1)
        default:
            throw estimator.refuse(
                "which class its scorer calls positive is not known", parameter: "scoring", value: function.name)
        }
    }

    /// Throws when the positive class is not the second.
    private static func requireSecond(_ value: PickleValue, _ classes: LabelTable, _ estimator: Estimator) throws {
        let isSecond =
            switch (PickledScalar(value, estimator.graph), classes) {
            case (.null, _): true
            case (.text(let text), .strings(let labels)): text == labels[1]
            case (.number(let number), .integers(let labels)): number == Double(labels[1])
            case (.number(let number), .doubles(let labels)): number == labels[1]
            case (.number(let number), .booleans(let labels)): number == (labels[1] ? 1 : 0)
            case (.bool(let flag), .booleans(let labels)): flag == labels[1]
            default: false
            }
        guard isSecond else {
            throw estimator.refuse(
                "its positive class is not the second of its classes", parameter: "pos_label",
                help: "name the classes so that the positive one is the last in order")
        }
    }

    func usedColumns(names: [String]?, count: Int) throws -> Set<Int> {
        try inner.usedColumns(names: names, count: count)
    }

    func has(_ method: PredictMethod) -> Bool { method == .predict || (method != .transform && inner.has(method)) }

    func labels() throws -> LabelTable { classes }

    func answerType(_ method: PredictMethod) -> ElementType { inner.answerType(method) }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        guard method == .predict else { return try inner.answer(to: method, table, into: &program) }
        try inner.requireDoubles(self.method)
        guard let score = try inner.numbers(self.method, table, into: &program).last else {
            throw estimator.refuse("its estimator gives no scores")
        }
        // score >= threshold
        return .labels(try program.builder.threshold(score, above: threshold.nextDown), classes)
    }
}

/// `SelfTrainingClassifier`: the classifier that it fitted last, which gets an array.
///
/// Source: `sklearn/semi_supervised/_self_training.py`, 1.1.3 to 1.9.1; its estimator is `base_estimator_` up to 1.5.
struct SelfTrainingConverter: Converter {
    static let classNames = ["sklearn.semi_supervised._self_training.SelfTrainingClassifier"]

    let estimator: Estimator
    private let inner: any Converter

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        let name = estimator["estimator_"] == nil ? "base_estimator_" : "estimator_"
        inner = try ConverterCatalog.converter(for: try estimator.part(try estimator.required(name), at: name))
    }

    func has(_ method: PredictMethod) -> Bool { method != .transform && inner.has(method) }

    func labels() throws -> LabelTable { try inner.labels() }

    func answerType(_ method: PredictMethod) -> ElementType { inner.answerType(method) }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        try estimator.requireFittedColumns(table)
        try table.requireNumbers(for: estimator)
        guard !table.isSparse else { throw estimator.refuse("it would get a sparse table") }
        let type = table.stackedType == .object ? ElementType.float64 : table.stackedType
        return try inner.answer(to: method, table.asArray(type), into: &program)
    }
}
