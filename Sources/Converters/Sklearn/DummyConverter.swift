import Pickle
import Scoring

/// `DummyClassifier` and `DummyRegressor`: the same answer to every row.
///
/// The classifier's strategies that draw random numbers are refused. It never looks at its input. Rules from
/// `sklearn/dummy.py`, 1.1.3 to 1.9.1.
struct DummyConverter: Converter {
    static let classNames = ["sklearn.dummy.DummyClassifier", "sklearn.dummy.DummyRegressor"]

    let estimator: Estimator

    /// One output of a classifier.
    private struct Output {
        var labels: LabelTable
        var index: Int
        var probabilities: [Double]
    }

    /// Empty for a regressor.
    private let outputs: [Output]
    private let constants: [Double]
    private let isFlat: Bool

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        let count = try estimator.int("n_outputs_")
        isFlat = count == 1
        guard estimator.shortName == "DummyClassifier" else {
            let constant = try estimator.required("constant_")
            let array = try estimator.readArray(constant, "constant_")
            guard let numbers = array.numbers, numbers.count == count, array.type.kind == .float,
                array.type.itemSize == 8
            else { throw estimator.unexpected("constant_", "one float64 for each output") }
            outputs = []
            constants = numbers
            return
        }
        constants = []
        if try estimator.bool("sparse_output_", default: false) {
            throw estimator.refuse("it answers a sparse matrix", parameter: "sparse_output_", value: "True")
        }
        let classes = try estimator.required("classes_")
        let priors = try estimator.required("class_prior_")
        let tables = isFlat ? [classes] : try estimator.list("classes_")
        let priorLists = isFlat ? [priors] : try estimator.list("class_prior_")
        guard tables.count == count, priorLists.count == count, count > 0 else {
            throw estimator.unexpected("classes_", "one list of labels for each output")
        }
        var outputs = try zip(tables, priorLists).map { try DummyConverter.output($0, $1, estimator) }
        guard let labels = LabelTable.unified(outputs.map(\.labels)) else {
            throw estimator.refuse("its outputs mix texts and numbers", parameter: "classes_")
        }
        for (index, table) in labels.enumerated() { outputs[index].labels = table }
        self.outputs = outputs
    }

    private static func output(
        _ classes: PickleValue, _ priors: PickleValue, _ estimator: Estimator
    ) throws -> Output {
        let labels = try ClassLabels.read(classes, of: estimator)
        let strategy = try estimator.text("_strategy")
        guard let prior = try estimator.readArray(priors, "class_prior_").numbers, prior.count == labels.count else {
            throw estimator.unexpected("class_prior_", "one number for each label")
        }
        let largest = prior.indices.reduce(0) { prior[$1] > prior[$0] ? $1 : $0 }
        switch strategy {
        case "prior": return Output(labels: labels, index: largest, probabilities: prior)
        case "most_frequent":
            let probabilities = prior.indices.map { $0 == largest ? 1.0 : 0 }
            return Output(labels: labels, index: largest, probabilities: probabilities)
        case "constant":
            guard let index = try constantIndex(labels, estimator) else {
                throw estimator.refuse("its constant is not one of its labels", parameter: "constant")
            }
            let probabilities = prior.indices.map { $0 == index ? 1.0 : 0 }
            return Output(labels: labels, index: index, probabilities: probabilities)
        default:
            throw estimator.refuse("it draws random answers", parameter: "strategy", value: strategy)
        }
    }

    /// The position of the parameter `constant`, when that is a single value of the labels' own type.
    private static func constantIndex(_ labels: LabelTable, _ estimator: Estimator) throws -> Int? {
        var value = try estimator.required("constant")
        // A text is not an array, and a list of one value is one.
        if let elements = estimator.graph.elements(value), elements.count == 1 { value = elements[0] }
        let isInteger =
            if case .int = value { true } else {
                (try? NumpyArray.read(value, in: estimator.graph))?.integers != nil
            }
        switch (labels, PickledScalar(value, estimator.graph)) {
        case (.strings(let texts), .text(let text)): return texts.firstIndex { Array($0.utf8) == Array(text.utf8) }
        case (.booleans(let flags), .bool(let flag)): return flags.firstIndex(of: flag)
        case (.integers(let values), .number(let number)) where isInteger:
            return values.firstIndex { Double($0) == number }
        case (.doubles(let values), .number(let number)) where !isInteger: return values.firstIndex(of: number)
        default: return nil
        }
    }

    func usedColumns(names: [String]?, count: Int) throws -> Set<Int> { [] }

    func has(_ method: PredictMethod) -> Bool {
        method == .predict || (method == .predictProba && !outputs.isEmpty)
    }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        guard !outputs.isEmpty else {
            let slots = try program.constants(constants)
            return isFlat ? .numbers(slots[0]) : .rows(slots)
        }
        if method == .predictProba {
            let slots = try program.constants(outputs.flatMap(\.probabilities))
            return isFlat ? .rows(slots) : Answer(slots: slots, layout: .groups(outputs.map(\.labels.count)))
        }
        let indices = try outputs.map { try program.constantIndex($0.index, of: $0.labels.count) }
        return Answer(slots: indices, layout: isFlat ? .flat : .rows, labels: outputs.map(\.labels))
    }
}
