import Pickle
import Scoring

/// What converts one family of estimators: a file of its own, and one line in `ConverterCatalog`.
///
/// A converter is made from the state of a fitted estimator and refuses there whatever its parameters say that it cannot
/// reproduce exactly. It then adds operators to a program, for one table of inputs.
protocol Converter: Sendable {
    /// The qualified names of the classes it converts, as pickles write them.
    static var classNames: [String] { get }

    /// Names that its estimators hold beside the catalogue's plumbing and other estimators (loss objects, search trees), with the
    /// ways in which a pickle uses them. They are read or ignored, never followed.
    static var partNames: [String: PickleUse] { get }

    /// The estimator it was made from.
    var estimator: Estimator { get }

    /// The library that fitted it and its version, when that is not scikit-learn.
    var library: String? { get }

    /// Reads the state. Throws `Refused` with every reason it finds.
    init(_ estimator: Estimator) throws

    /// Whether it takes one column as a list of texts; everything else takes tables only.
    var takesTexts: Bool { get }

    /// The positions of the columns that it uses, of a table with these names (nil for a tensor).
    func usedColumns(names: [String]?, count: Int) throws -> Set<Int>

    /// What the estimator's `transform` makes of `table`.
    func transform(_ table: Table, into program: inout Program) throws -> Table

    /// Whether the fitted estimator has the method `predict`, `predict_proba` or `decision_function`.
    func has(_ method: PredictMethod) -> Bool

    /// The labels of a classifier, in the order of its `predict_proba`.
    func labels() throws -> LabelTable

    /// The type of the numbers that a method answers: float32 or float64.
    func answerType(_ method: PredictMethod) -> ElementType

    /// What a method that it has answers; `answer(to:)` is the way to ask.
    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer
}

extension Converter {
    static var partNames: [String: PickleUse] { [:] }

    var library: String? { nil }

    var takesTexts: Bool { false }

    func usedColumns(names: [String]?, count: Int) throws -> Set<Int> { Set(0..<count) }

    func transform(_ table: Table, into program: inout Program) throws -> Table {
        throw estimator.refuse("it stands where a transformer is needed")
    }

    func has(_ method: PredictMethod) -> Bool { false }

    func labels() throws -> LabelTable { try estimator.classLabels() }

    func answerType(_ method: PredictMethod) -> ElementType {
        estimator.className.hasPrefix("xgboost.") ? .float32 : .float64
    }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        throw lacks(method)
    }

    private func lacks(_ method: PredictMethod) -> Refused {
        let isFinal = has(.predict)
        return estimator.refuse(
            "it has no `\(method.rawValue)`", help: isFinal ? nil : "end the pipeline with a classifier or regressor")
    }

    /// What `method` answers to `table`. Throws `Refused` when the estimator has no such method.
    func answer(to method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        if method == .transform {
            let result = try transform(table, into: &program)
            guard !result.isSparse else { throw estimator.refuse("its `transform` makes a sparse matrix") }
            guard result.form != .frame, !estimator.makesPandas else {
                throw estimator.refuse(
                    "its `transform` makes a pandas table, which MLflow answers with the names of its columns",
                    help: "log it without `set_output(transform=\"pandas\")`")
            }
            guard result.elementType != .boolean else {
                throw estimator.refuse("its `transform` makes truth values, which are not answered yet")
            }
            try result.requireNumbers(for: estimator)
            return .rows(result.slots)
        }
        guard has(method) else { throw lacks(method) }
        return try answer(method, table, into: &program)
    }
}

/// The methods of an estimator that serving can call.
enum PredictMethod: String {
    case predict
    case predictProba = "predict_proba"
    case decisionFunction = "decision_function"
    case transform
}

/// A program while it is built, with what is worth telling about it.
struct Program {
    var builder: ModelBuilder
    private(set) var notes: [String] = []

    init(builder: ModelBuilder) {
        self.builder = builder
    }

    /// Adds a remark for the person who converts the model, once.
    mutating func note(_ words: String) {
        if !notes.contains(words) { notes.append(words) }
    }
}

/// Every converter there is.
enum ConverterCatalog {
    static let all: [any Converter.Type] = [
        AdaBoostConverter.self,
        BaggingConverter.self,
        BinarizerConverter.self,
        CalibratedConverter.self,
        CategoricalNBConverter.self,
        ChainConverter.self,
        ColumnTransformerConverter.self,
        ConstantPredictorConverter.self,
        DecisionThresholdConverter.self,
        DecisionTreeConverter.self,
        DiscreteNBConverter.self,
        DummyConverter.self,
        FeatureSelectorConverter.self,
        FeatureUnionConverter.self,
        ForestConverter.self,
        FrozenEstimatorConverter.self,
        FunctionTransformerConverter.self,
        GaussianMixtureConverter.self,
        GaussianNBConverter.self,
        GradientBoostingConverter.self,
        HashingVectorizerConverter.self,
        HistGradientBoostingConverter.self,
        IsolationForestConverter.self,
        IsotonicRegressionConverter.self,
        IterativeImputerConverter.self,
        KBinsDiscretizerConverter.self,
        KMeansConverter.self,
        KNNImputerConverter.self,
        LightGBMConverter.self,
        LinearClassifierConverter.self,
        LinearDiscriminantAnalysisConverter.self,
        LinearRegressionConverter.self,
        LogisticRegressionConverter.self,
        MissingIndicatorConverter.self,
        MultiOutputConverter.self,
        MultilayerPerceptronConverter.self,
        NearestCentroidConverter.self,
        NearestExampleConverter.self,
        NeighborsConverter.self,
        NormalizerConverter.self,
        OneHotEncoderConverter.self,
        OneVsOneConverter.self,
        OneVsRestConverter.self,
        OrdinalEncoderConverter.self,
        PLSConverter.self,
        PipelineConverter.self,
        PolynomialFeaturesConverter.self,
        PowerTransformerConverter.self,
        ProjectionConverter.self,
        QuadraticDiscriminantAnalysisConverter.self,
        QuantileTransformerConverter.self,
        RANSACRegressorConverter.self,
        SGDOneClassSVMConverter.self,
        ScalerConverter.self,
        SearchConverter.self,
        SelfTrainingConverter.self,
        SimpleImputerConverter.self,
        SplineTransformerConverter.self,
        StackingConverter.self,
        SupportVectorConverter.self,
        TargetEncoderConverter.self,
        TfidfTransformerConverter.self,
        TransformedTargetConverter.self,
        VectorizerConverter.self,
        VotingConverter.self,
        XGBoostConverter.self,
    ]

    /// The names that convertible models may hold.
    static let names = GlobalCatalog(modelTypes: all.flatMap { $0.classNames }, parts: partNames)

    private static let partNames: [String: PickleUse] = all.reduce(into: [:]) { table, type in
        table.merge(type.partNames) { $0.union($1) }
    }

    private static let byName: [String: any Converter.Type] = {
        var table: [String: any Converter.Type] = [:]
        for type in all { for name in type.classNames { table[name] = type } }
        return table
    }()

    /// Whether a converter takes objects of this class or reads them as parts.
    static func isKnown(_ className: String) -> Bool {
        byName[className] != nil || partNames[className]?.contains(.new) == true
    }

    /// The converter for `estimator`. An unknown class throws an empty `Refused`: the survey of names reports it.
    static func converter(for estimator: Estimator) throws -> any Converter {
        guard let type = byName[estimator.className] else { throw Refused([]) }
        try estimator.requireKnownContainer()
        return try type.init(estimator)
    }
}
