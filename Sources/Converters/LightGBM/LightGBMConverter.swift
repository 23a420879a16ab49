import Boosters
import Diagnostics
import Pickle
import Scoring

/// `LGBMClassifier`, `LGBMRegressor` and `LGBMRanker`, alone or as a step.
///
/// The booster is its text in the pickle, the classes those of its label encoder. Rules from `lightgbm/sklearn.py` and
/// `lightgbm/basic.py`, 3.3.5 to 4.7.0; which of them applies shows in the text's format and in the attributes.
struct LightGBMConverter: Converter {
    static let classNames = [
        "lightgbm.sklearn.LGBMClassifier", "lightgbm.sklearn.LGBMRanker", "lightgbm.sklearn.LGBMRegressor",
    ]
    static let partNames: [String: PickleUse] = [
        "lightgbm.basic.Booster": [.new, .build, .value],
        "sklearn.preprocessing._label.LabelEncoder": [.new, .build, .value],
        "collections.OrderedDict": [.call, .value, .fill], "collections.defaultdict": [.call, .value, .fill],
    ]

    let estimator: Estimator
    private let scores: LightGBMScores
    /// Empty for a regressor or ranker.
    private let classes: LabelTable?
    private let isBinary: Bool

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        // A function of the user's: no objective would transform the scores, and `predict_proba` would not be one.
        guard let objective = estimator.graph.text(try estimator.required("_objective")) else {
            throw estimator.refuse("its objective is a function", parameter: "objective")
        }
        try LightGBMConverter.requireDefaults(estimator)
        let booster = try estimator.part(try estimator.required("_Booster"), at: "_Booster")
        let scores = try LightGBMConverter.scores(booster, estimator)
        self.scores = scores
        guard try estimator.int("_n_features") == scores.model.featureCount else {
            throw estimator.refuse("its booster was fitted on another number of columns", parameter: "_n_features")
        }
        guard estimator.shortName == "LGBMClassifier" else {
            classes = nil
            isBinary = false
            return
        }
        let encoder = try estimator.part(try estimator.required("_le"), at: "_le")
        let labels = try ClassLabels.read(try encoder.required("classes_"), of: encoder)
        let count = try estimator.int("_n_classes")
        guard labels.count == count, count >= 2 else {
            throw estimator.refuse("it has \(count) classes and labels for \(labels.count)", parameter: "_n_classes")
        }
        classes = labels
        isBinary = count == 2
        // 4.7 gives the columns of a multi-class objective as they are, also for two classes; nobody else gets that far.
        guard scores.model.outputCount == (isBinary ? 1 : count), scores.model.objective != nil else {
            throw estimator.refuse(
                "its booster has \(scores.model.outputCount) outputs for \(count) classes", parameter: "objective",
                value: objective)
        }
    }

    private static func scores(_ booster: Estimator, _ estimator: Estimator) throws -> LightGBMScores {
        guard booster.className == "lightgbm.basic.Booster" else {
            throw estimator.unexpected("_Booster", "a booster of LightGBM")
        }
        // 3.x has `handle`, 4.x `_handle`.
        let name = booster["_handle"] == nil ? "handle" : "_handle"
        let value = try booster.required(name)
        guard booster.graph.text(value) != nil, let text = booster.graph.byteRange(value) else {
            throw booster.unexpected(name, "the text of a model")
        }
        let model: LightGBMModel
        do {
            model = try LightGBMReader.read(text.region, range: text.range)
        } catch {
            throw booster.refuse(
                "its text cannot be read: \(error.reason)\(error.line.map { " (line \($0))" } ?? "")", parameter: name)
        }
        guard try booster.isNone("pandas_categorical") || booster.list("pandas_categorical").isEmpty else {
            throw booster.refuse(
                "it was trained on pandas columns of type `category`, which no request brings: LightGBM would refuse them",
                parameter: "pandas_categorical", help: "train it on columns of whole numbers with `categorical_feature`"
            )
        }
        return try LightGBMScores(
            model, bestIteration: try booster.int("best_iteration"), refuse: { booster.refuse($0, help: $1) })
    }

    /// From 4.0 on `predict` hands the estimator's own parameters to the booster.
    private static func requireDefaults(_ estimator: Estimator) throws {
        guard let others = estimator["_other_params"], others != .null else { return }
        for entry in estimator.graph.entries(others) ?? [] {
            let name = estimator.graph.text(entry.key) ?? ""
            guard !name.hasPrefix("pred") else {
                throw estimator.refuse("its predictions are changed by a parameter", parameter: name)
            }
        }
    }

    func has(_ method: PredictMethod) -> Bool {
        switch method {
        case .predict: true
        case .predictProba: classes != nil
        // Both are of 4.7.
        case .decisionFunction: classes != nil && estimator["_fitted_with_feature_names"] != nil
        case .transform: false
        }
    }

    func labels() throws -> LabelTable { try classes ?? estimator.classLabels() }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        if method == .decisionFunction {
            let slots = try scores.rawScores(table, into: &program)
            return isBinary ? .numbers(slots[0]) : .rows(slots)
        }
        let predictions = try scores.predictions(table, into: &program)
        guard let labels = classes else {
            return predictions.count == 1 ? .numbers(predictions[0]) : .rows(predictions)
        }
        let probabilities =
            isBinary ? try program.builder.link(.complement, predictions, width: .float64) : predictions
        if method == .predictProba { return .rows(probabilities) }
        return .labels(try program.builder.argmax(probabilities), labels)
    }
}
