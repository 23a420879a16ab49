import Pickle
import Scoring

/// `HistGradientBoostingClassifier` and `HistGradientBoostingRegressor`.
///
/// Values are compared in float64; sums begin at the baseline and go on tree after tree in float64. Rules from
/// `sklearn/ensemble/_hist_gradient_boosting/gradient_boosting.py`, `predictor.py` and `_predictor.pyx`, 1.1.3 to 1.9.1.
struct HistGradientBoostingConverter: Converter {
    static let classNames = [
        "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier",
        "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingRegressor",
    ]

    /// Loss objects are made by direct calls or by Cython's `__pyx_unpickle` functions, under two module names; the name of the loss
    /// says all of them. The function is the one that the preprocessor of 1.4 checks its numeric columns with.
    static let partNames: [String: PickleUse] = {
        var names: [String: PickleUse] = [
            "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper": [.new, .build, .value],
            "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor": [.new, .build, .value],
            "sklearn.preprocessing._label.LabelEncoder": [.new, .build, .value],
            "sklearn.utils.validation.check_array": [.value],
            "functools.partial": [.call, .build, .value],
            "sklearn._loss.link.Interval": [.new, .build, .value, .call],
        ]
        for link in ["IdentityLink", "LogLink", "LogitLink", "MultinomialLogit", "HalfLogitLink"] {
            names["sklearn._loss.link.\(link)"] = [.new, .build, .value]
        }
        let losses = [
            "HalfSquaredError", "AbsoluteError", "PinballLoss", "HalfPoissonLoss", "HalfGammaLoss", "HalfBinomialLoss",
            "HalfMultinomialLoss",
        ]
        for loss in losses {
            names["sklearn._loss.loss.\(loss)"] = [.new, .build, .value]
            for module in ["sklearn._loss._loss", "_loss"] {
                names["\(module).Cy\(loss)"] = [.call, .new, .build, .value]
                names["\(module).__pyx_unpickle_Cy\(loss)"] = [.call, .build]
            }
        }
        return names
    }()

    let estimator: Estimator
    private let labels: LabelTable?
    private let isExponential: Bool
    private let baseline: [Double]
    private let trees: HistogramTrees
    private let preprocessor: HistogramPreprocessor?

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        let loss = try estimator.text("loss")
        let isClassifier = estimator.shortName.hasSuffix("Classifier")
        switch loss {
        case "log_loss", "auto", "binary_crossentropy", "categorical_crossentropy":
            guard isClassifier else { throw estimator.unexpected("loss", "a loss of regressors") }
            isExponential = false
        case "squared_error", "least_squares", "absolute_error", "least_absolute_deviation", "quantile":
            guard !isClassifier else { throw estimator.unexpected("loss", "a loss of classifiers") }
            isExponential = false
        case "poisson", "gamma":
            guard !isClassifier else { throw estimator.unexpected("loss", "a loss of classifiers") }
            isExponential = true
        default: throw estimator.refuse("its loss is not known", parameter: "loss", value: loss)
        }
        let outputCount = try estimator.int("n_trees_per_iteration_")
        labels = isClassifier ? try ClassLabels.read(try estimator.required("classes_"), of: estimator) : nil
        guard outputCount == (labels.map { $0.count == 2 ? 1 : $0.count } ?? 1), labels?.count != 1 else {
            throw estimator.refuse("it has \(outputCount) trees an iteration, which does not fit its classes")
        }
        let array = try estimator.array("_baseline_prediction")
        guard let baseline = array.numbers, baseline.count == outputCount, array.type.itemSize == 8 else {
            throw estimator.unexpected("_baseline_prediction", "a float64 for each tree of an iteration")
        }
        self.baseline = baseline
        preprocessor = try HistogramPreprocessor.read(estimator)
        trees = try HistogramTrees(estimator, outputCount: outputCount)
    }

    func has(_ method: PredictMethod) -> Bool {
        method == .predict || (labels != nil && method != .transform)
    }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        let raw = try rawScores(table, into: &program)
        guard let labels else {
            let values = isExponential ? try program.builder.link(.exponential, raw, width: .float64) : raw
            return .numbers(values[0])
        }
        if method == .decisionFunction { return raw.count == 1 ? .numbers(raw[0]) : .rows(raw) }
        if method == .predict, predictsByRawScores {
            if raw.count == 1 { return .labels(try program.builder.threshold(raw[0], above: 0), labels) }
            return .labels(try program.builder.argmax(raw), labels)
        }
        let probabilities: [Slot]
        if raw.count == 1 {
            let positive = try program.builder.link(.sigmoid, raw, width: .float64)
            probabilities = try program.builder.link(.complement, positive, width: .float64)
        } else {
            // The table of raw scores is in Fortran order, so that NumPy adds its columns one after the other.
            probabilities = try program.builder.link(.orderedSoftmax, raw, width: .float64)
        }
        return method == .predict ? .labels(try program.builder.argmax(probabilities), labels) : .rows(probabilities)
    }

    private var predictsByRawScores: Bool { estimator.has(.histogramPredictsByScores) }

    private func rawScores(_ table: Table, into program: inout Program) throws -> [Slot] {
        guard !table.isSparse else { throw estimator.refuse("it gets a sparse matrix, which it does not take") }
        try estimator.requireFittedColumns(table)
        let slots: [Slot]
        if let preprocessor {
            slots = try preprocessor.slots(table, estimator, into: &program)
        } else {
            try table.requireNumbers(for: estimator)
            slots = table.slots
        }
        let forest = try trees.forest(featureCount: slots.count, estimator)
        return try program.builder.trees(slots, forest: forest, start: baseline.map { 0 + $0 }, sumWidth: .float64)
    }
}

/// `_preprocessor` of 1.4 and later: encoded categorical columns first, then the others.
private struct HistogramPreprocessor {
    private let encoder: OrdinalEncoderConverter
    private let encoded: [Int]
    private let others: [Int]

    /// Nil when there are no categorical columns, or before 1.4.
    static func read(_ estimator: Estimator) throws -> HistogramPreprocessor? {
        guard estimator.has(.histogramPreprocessor), !estimator.isNone("_preprocessor") else { return nil }
        return try HistogramPreprocessor(
            try estimator.part(try estimator.required("_preprocessor"), at: "_preprocessor"))
    }

    private init(_ transformer: Estimator) throws {
        guard transformer.shortName == "ColumnTransformer", transformer.isNone("transformer_weights") else {
            throw transformer.refuse("it is not the preprocessor that scikit-learn makes")
        }
        var encoder: Estimator?
        for item in try transformer.list("transformers_") {
            guard let parts = transformer.graph.elements(item), parts.count == 3 else {
                throw transformer.unexpected("transformers_", "a list of names, transformers and columns")
            }
            switch transformer.graph.text(parts[0]) {
            case "encoder": encoder = try transformer.part(parts[1], at: "transformers_[0]")
            case "numerical", "remainder": continue
            default: throw transformer.refuse("it is not the preprocessor that scikit-learn makes")
            }
        }
        guard let encoder, OrdinalEncoderConverter.classNames.contains(encoder.className) else {
            throw transformer.refuse("it has no encoder of categories")
        }
        self.encoder = try OrdinalEncoderConverter(encoder)
        let indices = try transformer.required("_transformer_to_input_indices")
        let width = try transformer.int("n_features_in_")
        func columns(_ name: String) throws -> [Int] {
            guard let value = transformer.graph.value(forKey: name, in: indices) else { return [] }
            return try (transformer.graph.elements(value) ?? [value]).map { item in
                guard case .number(let number) = PickledScalar(item, transformer.graph),
                    let column = Int(exactly: number), (0..<width).contains(column)
                else {
                    throw transformer.unexpected(
                        "_transformer_to_input_indices", "a list of columns for each transformer")
                }
                return column
            }
        }
        encoded = try columns("encoder")
        others = try columns("numerical")
        guard (encoded + others).sorted() == Array(0..<width) else {
            throw transformer.refuse("it does not pass each column on once")
        }
    }

    func slots(_ table: Table, _ estimator: Estimator, into program: inout Program) throws -> [Slot] {
        let rest = table.selecting(others)
        try rest.requireNumbers(for: estimator)
        let first = try encoder.transform(table.selecting(encoded), into: &program)
        return first.slots + rest.slots
    }
}
