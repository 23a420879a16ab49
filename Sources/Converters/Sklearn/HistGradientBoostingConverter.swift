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

    private var predictsByRawScores: Bool { estimator.version >= .release(1, 5) }

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
        guard estimator.version >= .release(1, 4), !estimator.isNone("_preprocessor") else { return nil }
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

/// The trees of all iterations: `_predictors`, with the categories that were known in training.
private struct HistogramTrees {
    private let predictors: [[PickleValue]]
    /// Per column that the trees see, a bit for each known category; nil for a numeric one.
    private let known: [[UInt32]?]
    private let reading: CategoryReading

    init(_ estimator: Estimator, outputCount: Int) throws {
        // Before 1.4 any number gets to the trees. The check for negative ones came with 1.2.
        reading =
            estimator.version >= .release(1, 4)
            ? .floored : estimator.version >= .release(1, 2) ? .nonnegativeByte : .byte
        predictors = try estimator.list("_predictors").map { iteration in
            guard let trees = estimator.graph.elements(iteration), trees.count == outputCount else {
                throw estimator.unexpected("_predictors", "a list of \(outputCount) trees for each iteration")
            }
            return trees
        }
        guard !predictors.isEmpty else { throw estimator.refuse("it has no trees") }
        let mapper = try estimator.part(try estimator.required("_bin_mapper"), at: "_bin_mapper")
        let thresholds = try mapper.list("bin_thresholds_")
        let isCategorical = mapper.isNone("is_categorical_") ? [] : try mapper.numbers("is_categorical_")
        guard isCategorical.isEmpty || isCategorical.count == thresholds.count else {
            throw mapper.unexpected("is_categorical_", "a mark for each column")
        }
        known = try thresholds.indices.map { column in
            guard !isCategorical.isEmpty, isCategorical[column] != 0 else { return nil }
            return try HistogramTrees.bits(try mapper.readArray(thresholds[column], "bin_thresholds_"), mapper)
        }
    }

    private static func bits(_ categories: NumpyArray, _ mapper: Estimator) throws -> [UInt32] {
        guard let numbers = categories.numbers ?? categories.integers?.map(Double.init) else {
            throw mapper.unexpected("bin_thresholds_", "a list of numbers for each column")
        }
        var words = [UInt32](repeating: 0, count: 8)
        for number in numbers {
            guard let category = Int(exactly: number), (0..<256).contains(category) else {
                throw mapper.unexpected("bin_thresholds_", "categories from 0 to 255")
            }
            words[category / 32] |= 1 << UInt32(category % 32)
        }
        return words
    }

    func forest(featureCount: Int, _ estimator: Estimator) throws -> TreeForest {
        var forest = TreeForest(
            featureCount: featureCount, leafWidth: 1, comparison: .lessOrEqual, inputWidth: .float64, missing: .perNode)
        for (number, iteration) in predictors.enumerated() {
            for (output, tree) in iteration.enumerated() {
                try append(tree, at: "_predictors[\(number)][\(output)]", output: output, to: &forest, estimator)
            }
        }
        return forest
    }

    private func append(
        _ tree: PickleValue, at place: String, output: Int, to forest: inout TreeForest, _ estimator: Estimator
    ) throws {
        let graph = estimator.graph
        let name = "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"
        guard graph.className(of: tree) == name, let state = graph.object(tree)?.state,
            let nodesValue = graph.value(forKey: "nodes", in: state)
        else { throw estimator.refuse("it is not a tree as scikit-learn writes it", parameter: place) }
        let nodes = try estimator.readArray(nodesValue, place)
        guard let value = nodes.field("value"), let feature = nodes.field("feature_idx"),
            let threshold = nodes.field("num_threshold"), let missingLeft = nodes.field("missing_go_to_left"),
            let left = nodes.field("left"), let right = nodes.field("right"), let isLeaf = nodes.field("is_leaf"),
            let isCategorical = nodes.field("is_categorical"), let set = nodes.field("bitset_idx")
        else { throw estimator.refuse("it is not a tree as scikit-learn writes it", parameter: place) }
        let sets = try HistogramTrees.sets(graph.value(forKey: "raw_left_cat_bitsets", in: state), place, estimator)
        let count = nodes.count
        var lefts = [Int32](repeating: -1, count: count)
        var rights = lefts
        var features = [Int32](repeating: 0, count: count)
        var thresholds = [Double](repeating: 0, count: count)
        var missing = [Bool](repeating: false, count: count)
        for node in 0..<count where isLeaf.integer(node) == 0 {
            lefts[node] = Int32(clamping: left.integer(node))
            rights[node] = Int32(clamping: right.integer(node))
            features[node] = Int32(clamping: feature.integer(node))
            missing[node] = missingLeft.integer(node) != 0
            thresholds[node] = threshold.number(node)
            guard isCategorical.integer(node) != 0 else { continue }
            let column = feature.integer(node)
            guard known.indices.contains(column), let known = known[column], sets.indices.contains(set.integer(node))
            else { throw estimator.refuse("it has a split on categories that are not known", parameter: place) }
            thresholds[node] = TreeForest.splitThreshold
            features[node] = try forest.derive(
                .split(split(sets[set.integer(node)], known, missingGoesLeft: missing[node])), from: column)
        }
        do {
            try forest.append(
                left: lefts, right: rights, feature: features, threshold: thresholds, missingGoesLeft: missing,
                values: (0..<count).map { value.number($0) }, firstOutput: output)
        } catch {
            throw estimator.refuse("its tree is damaged: \(error.reason)", parameter: place)
        }
    }

    /// A category of the set goes left, another known one right, everything else where missing values go.
    private func split(_ left: [UInt32], _ known: [UInt32], missingGoesLeft: Bool) -> CategorySplit {
        let words = zip(left, known).map { left, known in ~left & (missingGoesLeft ? known : .max) }
        return CategorySplit(
            reading: reading, limit: 256, categoriesGoRight: words, othersGoRight: !missingGoesLeft,
            invalidGoesRight: !missingGoesLeft, missingGoesRight: !missingGoesLeft)
    }

    /// The bitsets of a tree, of 8 words each.
    private static func sets(_ value: PickleValue?, _ place: String, _ estimator: Estimator) throws -> [[UInt32]] {
        guard let value else { return [] }
        let array = try estimator.readArray(value, place)
        if array.count == 0 { return [] }
        guard let words = array.integers, array.shape.count == 2, array.shape[1] == 8,
            words.allSatisfy({ UInt32(exactly: $0) != nil })
        else { throw estimator.refuse("its sets of categories are not 8 words each", parameter: place) }
        return (0..<array.shape[0]).map { row in words[8 * row..<8 * row + 8].map { UInt32($0) } }
    }
}
