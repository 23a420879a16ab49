import Scoring

/// What converts one family of estimators: a file of its own, and one line in `ConverterCatalog`.
///
/// A converter is made from the state of a fitted estimator and refuses there whatever its parameters say that it cannot
/// reproduce exactly. It then adds operators to a program, for one table of inputs.
protocol Converter: Sendable {
    /// The qualified names of the classes it converts, as pickles write them.
    static var classNames: [String] { get }

    /// The estimator it was made from.
    var estimator: Estimator { get }

    /// Reads the state. Throws `Refused` with every reason it finds.
    init(_ estimator: Estimator) throws

    /// The positions of the columns that it uses, of a table with these names (nil for a tensor).
    func usedColumns(names: [String]?, count: Int) throws -> Set<Int>

    /// What the estimator's `transform` makes of `table`.
    func transform(_ table: Table, into program: inout Program) throws -> Table

    /// What the estimator's `predict` or `predict_proba` answers.
    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer
}

extension Converter {
    func usedColumns(names: [String]?, count: Int) throws -> Set<Int> { Set(0..<count) }

    func transform(_ table: Table, into program: inout Program) throws -> Table {
        throw estimator.refuse("it stands where a transformer is needed")
    }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        throw estimator.refuse(
            "it has no `\(method.rawValue)`", help: "end the pipeline with a classifier or regressor")
    }
}

/// The methods of an estimator that serving can call.
enum PredictMethod: String {
    case predict
    case predictProba = "predict_proba"
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
        ColumnTransformerConverter.self,
        DecisionTreeConverter.self,
        ForestConverter.self,
        FunctionTransformerConverter.self,
        LinearRegressionConverter.self,
        LogisticRegressionConverter.self,
        OneHotEncoderConverter.self,
        PipelineConverter.self,
        ScalerConverter.self,
        SimpleImputerConverter.self,
    ]

    /// The class names that can be converted, and those of parts that only they read.
    static let classNames: [String] = all.flatMap { $0.classNames } + ["sklearn.impute._base.MissingIndicator"]

    private static let byName: [String: any Converter.Type] = {
        var table: [String: any Converter.Type] = [:]
        for type in all { for name in type.classNames { table[name] = type } }
        return table
    }()

    /// The converter for `estimator`. An unknown class throws an empty `Refused`: the survey of names reports it.
    static func converter(for estimator: Estimator) throws -> any Converter {
        guard let type = byName[estimator.className] else { throw Refused([]) }
        return try type.init(estimator)
    }
}
