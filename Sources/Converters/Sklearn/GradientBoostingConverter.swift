import Glibc
import Pickle
import Scoring

/// `GradientBoostingClassifier` and `GradientBoostingRegressor`.
///
/// Raw scores begin with what the initial estimator says and grow by `learning_rate * leaf` stage by stage, in float64. Tables
/// become float32 first, for the initial estimator too. Rules from `sklearn/ensemble/_gb.py`, `_gb_losses.py` (up to 1.3) and
/// `sklearn/_loss/link.py`, 1.1.3 to 1.9.1:
///
/// | | up to 1.3 | 1.4 to 1.7 | from 1.8 |
/// |---|---|---|---|
/// | initial probabilities are kept from 0 and 1 by | float32's epsilon | float32's epsilon | float64's epsilon |
/// | initial scores of more than two classes | log p | log(p / geometric mean) | the same |
/// | two classes: log odds | log(p / (1 - p)) | SciPy's `logit` | the same |
/// | two classes: predicts the second when | p > 1 - p (`exponential`: score >= 0) | score >= 0 | the same |
struct GradientBoostingConverter: Converter {
    static let classNames = [
        "sklearn.ensemble._gb.GradientBoostingClassifier", "sklearn.ensemble._gb.GradientBoostingRegressor",
    ]

    static let partNames = LossParts.names

    private enum Start {
        case constants([Double])
        case estimator(any Converter)
    }

    let estimator: Estimator
    /// Nil for a regressor.
    private let labels: LabelTable?
    private let isExponential: Bool
    private let learningRate: Double
    /// [stages x classes], row-major.
    private let trees: [Estimator]
    private let scoreCount: Int
    private let start: Start

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        labels = estimator.shortName == "GradientBoostingClassifier" ? try estimator.classLabels() : nil
        let loss = try estimator.text("loss")
        let known =
            labels == nil
            ? ["squared_error", "ls", "absolute_error", "lad", "huber", "quantile"]
            : ["log_loss", "deviance", "exponential"]
        guard known.contains(loss) else {
            throw estimator.refuse("its loss is not known", parameter: "loss", value: loss)
        }
        isExponential = loss == "exponential"
        guard let rate = try estimator.number("learning_rate"), rate.isFinite else {
            throw estimator.unexpected("learning_rate", "a number")
        }
        learningRate = rate
        let array = try estimator.array("estimators_")
        guard array.shape.count == 2, let values = array.values, !values.isEmpty else {
            throw estimator.unexpected("estimators_", "an array of trees, [stages x classes]")
        }
        let width = array.shape[1]
        scoreCount = width
        let classCount = labels?.count ?? 1
        guard width == (classCount == 2 ? 1 : classCount), labels == nil || classCount >= 2 else {
            throw estimator.refuse("it has \(width) trees a stage for \(classCount) classes", parameter: "estimators_")
        }
        trees = try values.enumerated().map { index, value in
            let tree = try estimator.part(value, at: "estimators_[\(index / width), \(index % width)]")
            guard tree.shortName == "DecisionTreeRegressor", DecisionTreeConverter.classNames.contains(tree.className)
            else { throw tree.refuse("it is not a regression tree of scikit-learn") }
            return tree
        }
        start = try GradientBoostingConverter.start(estimator, labels, isExponential, width)
    }

    func has(_ method: PredictMethod) -> Bool {
        method == .predict || (labels != nil && (method == .predictProba || method == .decisionFunction))
    }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        let scores = try scores(table, into: &program)
        guard let labels else { return .numbers(scores[0]) }
        if method == .decisionFunction { return scores.count == 1 ? .numbers(scores[0]) : .rows(scores) }
        if method == .predict, estimator.has(.boostingUsesCommonLosses) || (isExponential && scores.count == 1) {
            guard scores.count == 1 else { return .labels(try program.builder.argmax(scores), labels) }
            // score >= 0
            let index = try program.builder.threshold(scores[0], above: -Double.leastNonzeroMagnitude)
            return .labels(index, labels)
        }
        let probabilities = try probabilities(scores, into: &program)
        guard method == .predict else { return .rows(probabilities) }
        return .labels(try program.builder.argmax(probabilities), labels)
    }

    private func probabilities(_ scores: [Slot], into program: inout Program) throws -> [Slot] {
        guard scores.count == 1 else { return try program.builder.link(.softmax, scores, width: .float64) }
        var scores = scores
        if isExponential { scores = try program.builder.scale(scores, steps: [.multiply([2])], width: .float64) }
        let positive = try program.builder.link(.sigmoid, scores, width: .float64)
        return try program.builder.link(.complement, positive, width: .float64)
    }

    /// The raw scores: one per class, one for two classes.
    private func scores(_ table: Table, into program: inout Program) throws -> [Slot] {
        try estimator.requireFittedColumns(table)
        try table.requireNumbers(for: estimator)
        try program.requireFinite(table, width: .float32, allowsMissing: false)
        let reader = TreeReader(classCounts: [1], leaf: .stored, featureCount: table.lanes.count)
        var forest = TreeForest(
            featureCount: table.lanes.count, leafWidth: 1, comparison: .lessOrEqual, inputWidth: .float32,
            missing: .never)
        for (index, tree) in trees.enumerated() {
            try reader.append(tree, to: &forest, firstOutput: index % scoreCount) { values in
                values.map { learningRate * $0 }
            }
        }
        switch start {
        case .constants(let constants):
            return try program.builder.trees(table.slots, forest: forest, start: constants, sumWidth: .float64)
        case .estimator(let converter):
            let slots = try startScores(converter, table, into: &program)
            return try program.builder.trees(table.slots, forest: forest, startingAt: slots, sumWidth: .float64)
        }
    }
}

// The initial scores.
extension GradientBoostingConverter {
    private static func start(
        _ estimator: Estimator, _ labels: LabelTable?, _ isExponential: Bool, _ width: Int
    ) throws -> Start {
        let value = try estimator.required("init_")
        if estimator.graph.text(value) == "zero" { return .constants(Array(repeating: 0, count: width)) }
        let initial = try estimator.part(value, at: "init_")
        let converter = try ConverterCatalog.converter(for: initial)
        guard let labels else {
            guard initial.className == "sklearn.dummy.DummyRegressor" else { return .estimator(converter) }
            return .constants(try initial.numbers("constant_"))
        }
        if initial.className == "sklearn.dummy.DummyClassifier", try initial.text("_strategy") == "prior" {
            let prior = try initial.numbers("class_prior_")
            guard prior.count == labels.count else {
                throw initial.refuse("it knows other classes than the whole", parameter: "class_prior_")
            }
            return .constants(priorScores(prior, estimator, isExponential))
        }
        guard converter.has(.predictProba) else { throw initial.refuse("it has no `predict_proba`") }
        try converter.requireDoubles(.predictProba)
        return .estimator(converter)
    }

    private static func limit(_ estimator: Estimator) -> (low: Double, high: Double) {
        if estimator.has(.boostingPriorsInDouble) { return (Double.ulpOfOne, 1 - Double.ulpOfOne) }
        return (Double(Float.ulpOfOne), Double(1 - Float.ulpOfOne))
    }

    private static func priorScores(_ prior: [Double], _ estimator: Estimator, _ isExponential: Bool) -> [Double] {
        let (low, high) = limit(estimator)
        let kept = prior.map { min(max($0, low), high) }
        if kept.count == 2 {
            let odds =
                estimator.has(.boostingUsesCommonLosses) ? ModelBuilder.logit(kept[1]) : log(kept[1] / (1 - kept[1]))
            return [isExponential ? 0.5 * odds : odds]
        }
        let logarithms = kept.map { log($0) }
        if !estimator.has(.boostingUsesCommonLosses) { return logarithms }
        let mean = exp(NumpySum.sum(logarithms[...]) / Double(kept.count))
        return kept.map { log($0 / mean) }
    }

    /// The scores that an estimator of the user's own begins with; it gets the table in float32.
    private func startScores(_ converter: any Converter, _ table: Table, into program: inout Program) throws -> [Slot] {
        var single = table.asArray(.float32)
        let rounded = try program.builder.scale(table.slots, steps: [], width: .float32)
        for (index, slot) in rounded.enumerated() {
            single.lanes[index].slot = slot
            single.lanes[index].kind = .number(.float32)
        }
        var slots: [Slot]
        do {
            guard labels != nil else { return [try converter.number(single, into: &program)] }
            slots = try converter.numbers(.predictProba, single, into: &program)
        } catch var error as Refused {
            // The columns of the fit make no difference.
            for index in error.refusals.indices where error.refusals[index].reason.contains("float32") {
                error.refusals[index].help =
                    "gradient boosting makes float32 of the columns for its `init`: leave it out, or use trees for it"
            }
            throw error
        }
        guard let labels else { return slots }
        guard slots.count == labels.count else {
            throw converter.estimator.refuse("it knows other classes than the whole")
        }
        if slots.count == 2 { slots = [slots[1]] }
        let (low, high) = GradientBoostingConverter.limit(estimator)
        func constant(_ value: Double) -> [Double] { Array(repeating: value, count: slots.count) }
        slots = try program.builder.scale(
            slots, steps: [.atLeast(constant(low)), .atMost(constant(high))], width: .float64)
        if slots.count == 1 {
            var odds: [Slot]
            if estimator.has(.boostingUsesCommonLosses) {
                odds = try program.builder.elementwise(.logit, slots)
            } else {
                let parts = try program.builder.link(.complement, slots, width: .float64)
                let logarithms = try program.builder.function(.log, [parts[1], parts[0]], width: .float64)
                odds = [try program.weightedSum(logarithms, [1, -1])]
            }
            if isExponential { odds = try program.builder.scale(odds, steps: [.multiply([0.5])], width: .float64) }
            return odds
        }
        let logarithms = try program.builder.function(.log, slots, width: .float64)
        if !estimator.has(.boostingUsesCommonLosses) { return logarithms }
        let sum = try program.weightedSum(logarithms, constant(1))
        let mean = try program.quotients([sum], by: Double(slots.count))[0]
        return try logarithms.map { try program.weightedSum([$0, mean], [1, -1]) }
    }
}

/// Names of what gradient boosting holds beside trees: losses and links, of which the parameter `loss` says enough.
enum LossParts {
    static let names: [String: PickleUse] = {
        var names: [String: PickleUse] = ["sklearn._loss.link.Interval": [.new, .build]]
        for loss in losses {
            names["sklearn._loss.loss.\(loss)"] = [.new, .build]
            for module in ["_loss", "sklearn._loss._loss"] {
                names["\(module).Cy\(loss)"] = [.call, .value, .build]
                names["\(module).__pyx_unpickle_Cy\(loss)"] = [.call, .build]
            }
        }
        for link in ["HalfLogitLink", "IdentityLink", "LogLink", "LogitLink", "MultinomialLogit"] {
            names["sklearn._loss.link.\(link)"] = [.new, .build]
        }
        for loss in oldLosses { names["sklearn.ensemble._gb_losses.\(loss)"] = [.new, .build] }
        return names
    }()

    private static let losses = [
        "AbsoluteError", "ExponentialLoss", "HalfBinomialLoss", "HalfMultinomialLoss", "HalfSquaredError", "HuberLoss",
        "PinballLoss",
    ]

    private static let oldLosses = [
        "BinomialDeviance", "ExponentialLoss", "HuberLossFunction", "LeastAbsoluteError", "LeastSquaresError",
        "MultinomialDeviance", "QuantileLossFunction",
    ]
}
