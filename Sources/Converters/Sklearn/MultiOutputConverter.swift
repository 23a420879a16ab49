import Pickle
import Scoring

/// `MultiOutputClassifier` and `MultiOutputRegressor`: an estimator for each column of the target.
///
/// Rules from `sklearn/multioutput.py`, 1.1.3 to 1.9.1; MLflow serves the list that `predict_proba` gives as one table per output.
struct MultiOutputConverter: Converter {
    static let classNames = ["sklearn.multioutput.MultiOutputClassifier", "sklearn.multioutput.MultiOutputRegressor"]

    let estimator: Estimator
    private let parts: [any Converter]
    private var isClassifier: Bool { estimator.shortName == "MultiOutputClassifier" }

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        parts = try estimator.converters()
    }

    func usedColumns(names: [String]?, count: Int) throws -> Set<Int> {
        try parts.usedColumns(names: names, count: count)
    }

    func has(_ method: PredictMethod) -> Bool {
        method == .predict || (method == .predictProba && isClassifier && parts.allSatisfy { $0.has(method) })
    }

    func answerType(_ method: PredictMethod) -> ElementType {
        ElementType.promoted(parts.map { $0.answerType(method) }) ?? .float64
    }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        if method == .predictProba {
            let groups = try parts.map { try $0.numbers(method, table, into: &program) }
            return Answer(slots: groups.flatMap { $0 }, layout: .groups(groups.map(\.count)))
        }
        guard isClassifier else { return .rows(try parts.map { try $0.number(table, into: &program) }) }
        let answers = try parts.map { try $0.label(table, into: &program) }
        guard let labels = LabelTable.unified(answers.map(\.1)) else {
            throw estimator.refuse("its outputs mix texts and numbers", parameter: "estimators_")
        }
        return Answer(slots: answers.map(\.0), layout: .rows, labels: labels)
    }
}

/// `ClassifierChain` and `RegressorChain`: estimators that also get what the ones before them answered.
///
/// The table becomes float64, because answers are put beside its columns; labels are answered as numbers. Rules from
/// `sklearn/multioutput.py`, 1.1.3 to 1.9.1; `chain_method_` is of 1.5 and later, before it is `predict`.
struct ChainConverter: Converter {
    static let classNames = ["sklearn.multioutput.ClassifierChain", "sklearn.multioutput.RegressorChain"]

    static let partNames = SearchParts.names

    let estimator: Estimator
    private let parts: [any Converter]
    private let order: [Int]
    private let chainMethod: PredictMethod
    private var isClassifier: Bool { estimator.shortName == "ClassifierChain" }

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        parts = try estimator.converters()
        order = try estimator.integers("order_")
        guard order.sorted() == Array(parts.indices) else {
            throw estimator.unexpected("order_", "an order of its estimators")
        }
        if let value = estimator["chain_method_"], value != .null {
            guard let text = estimator.graph.text(value), let method = PredictMethod(rawValue: text),
                method != .transform
            else { throw estimator.unexpected("chain_method_", "a method") }
            chainMethod = method
        } else {
            chainMethod = .predict
        }
    }

    func has(_ method: PredictMethod) -> Bool {
        method == .predict || (method != .transform && isClassifier && parts.allSatisfy { $0.has(method) })
    }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        try estimator.requireFittedColumns(table)
        guard !table.isSparse else { throw estimator.refuse("it gets a sparse matrix") }
        var array = try table.asNumbers(for: estimator)
        try program.requireFinite(array, width: .float64, allowsMissing: false)
        array = array.asArray(.float64)
        var outputs = [Slot](repeating: 0, count: parts.count)
        for (place, part) in zip(order, parts) {
            let feature = try value(part, chainMethod, array, into: &program)
            outputs[place] = method == chainMethod ? feature : try value(part, method, array, into: &program)
            array.lanes.append(
                Lane(
                    slot: feature, kind: .number(.float64), name: "answer \(place)", mayBeMissing: true,
                    isBounded: false,
                    isApproximate: !isClassifier || chainMethod != .predict))
        }
        return .rows(outputs)
    }

    /// An estimator's answer as one number: a label, the second class's probability, or a score.
    private func value(
        _ part: any Converter, _ method: PredictMethod, _ table: Table, into program: inout Program
    ) throws -> Slot {
        guard isClassifier, method == .predict else {
            let slots = try part.numbers(method, table, into: &program)
            guard slots.count == (method == .predictProba ? 2 : 1) else {
                throw part.estimator.refuse("it has not two classes where two are needed")
            }
            return slots[slots.count - 1]
        }
        let (label, labels) = try part.label(table, into: &program)
        guard let numbers = labels.numbers else {
            throw part.estimator.refuse("its labels are texts, which a chain cannot pass on", parameter: "classes_")
        }
        return try program.lookup(label, numbers)
    }
}
