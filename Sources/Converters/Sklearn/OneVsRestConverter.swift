import Pickle
import Scoring

/// `OneVsRestClassifier`: a binary classifier (or regressor) for each class.
///
/// Scores are those of `decision_function`, else of `predict_proba`, else the prediction of a regressor. Rules from
/// `sklearn/multiclass.py`, 1.1.3 to 1.9.1: of equal scores the last class wins up to 1.7, the first one from 1.8; from 1.7 on
/// probabilities that are all 0 stay so. Scores are compared exactly, in whatever width they come; probabilities that are all float32
/// are only taken as they are.
struct OneVsRestConverter: Converter {
    static let classNames = ["sklearn.multiclass.OneVsRestClassifier"]

    static let partNames = Estimator.labelParts

    private enum Target {
        case binary, multiclass, multilabel
    }

    let estimator: Estimator
    private let parts: [any Converter]
    private let classes: LabelTable
    private let target: Target

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        parts = try estimator.converters()
        let binarizer = try estimator.part(try estimator.required("label_binarizer_"), at: "label_binarizer_")
        classes = try binarizer.classLabels()
        let type = try binarizer.text("y_type_")
        switch type {
        case "binary": target = .binary
        case "multiclass": target = .multiclass
        case "multilabel-indicator": target = .multilabel
        default: throw binarizer.refuse("its kind of target is not converted", parameter: "y_type_", value: type)
        }
        guard classes.count >= 2 || target == .multilabel, parts.count == (target == .binary ? 1 : classes.count) else {
            throw estimator.refuse("it has \(parts.count) estimators for \(classes.count) classes")
        }
    }

    func usedColumns(names: [String]?, count: Int) throws -> Set<Int> {
        try parts.usedColumns(names: names, count: count)
    }

    func has(_ method: PredictMethod) -> Bool {
        method == .predict || (method != .transform && parts.allSatisfy { $0.has(method) })
    }

    func labels() throws -> LabelTable { classes }

    func answerType(_ method: PredictMethod) -> ElementType {
        method != .predict && parts.allSatisfy { $0.answerType(method) == .float32 } ? .float32 : .float64
    }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        switch method {
        case .decisionFunction:
            if parts.count == 1 { return try parts[0].answer(to: method, table, into: &program) }
            return .rows(
                try parts.map { part in
                    let slots = try part.numbers(method, table, into: &program)
                    guard slots.count == 1 else { throw part.estimator.refuse("it has several scores") }
                    return slots[0]
                })
        case .predictProba: return .rows(try probabilities(table, into: &program))
        default: return try prediction(table, into: &program)
        }
    }

    private func probabilities(_ table: Table, into program: inout Program) throws -> [Slot] {
        var slots = try parts.map { part in
            let slots = try part.numbers(.predictProba, table, into: &program)
            guard slots.count == 2 else { throw part.estimator.refuse("it has not two probabilities") }
            return slots[1]
        }
        if answerType(.predictProba) == .float32, target != .multilabel || slots.count == 1 {
            try parts[0].requireDoubles(.predictProba)
        }
        if slots.count == 1 { slots = try program.builder.link(.complement, slots, width: .float64) }
        if target == .multilabel { return slots }
        let keepsZeros = estimator.has(.oneVsRestKeepsZeros)
        return try program.builder.link(keepsZeros ? .normalizeOrKeep : .normalize, slots, width: .float64)
    }

    private func prediction(_ table: Table, into program: inout Program) throws -> Answer {
        let scores = try parts.map { try BinaryScore.slot($0, table, into: &program) }
        if target == .multiclass {
            if estimator.has(.oneVsRestTakesFirst) {
                return .labels(try program.builder.argmax(scores), classes)
            }
            let index = try program.builder.argmax(scores.reversed())
            return .labels(index, classes.selecting(Array(classes.positions.reversed())))
        }
        let limit = BinaryScore.limit(parts[0])
        let marks = try scores.map { try program.builder.threshold($0, above: limit) }
        if target == .binary { return .labels(marks[0], classes) }
        return Answer(
            slots: marks, layout: .rows, labels: Array(repeating: .integers([0, 1]), count: marks.count))
    }
}

/// `OneVsOneClassifier`: a binary classifier for each pair of classes.
///
/// The sums of votes and of scores are made in the order of the pairs. Rules from `sklearn/multiclass.py` and
/// `_ovr_decision_function` of `sklearn/utils/multiclass.py`, 1.1.3 to 1.9.1.
struct OneVsOneConverter: Converter {
    static let classNames = ["sklearn.multiclass.OneVsOneClassifier"]

    let estimator: Estimator
    private let parts: [any Converter]
    private let classes: LabelTable

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        parts = try estimator.converters()
        classes = try estimator.classLabels()
        guard parts.count == classes.count * (classes.count - 1) / 2 else {
            throw estimator.refuse("it has \(parts.count) estimators for \(classes.count) classes")
        }
        guard estimator.isNone("pairwise_indices_") else {
            throw estimator.refuse("it takes a matrix of kernels", parameter: "pairwise_indices_")
        }
        for part in parts {
            guard part.has(.decisionFunction) || part.has(.predictProba) else {
                throw part.estimator.refuse("it has neither `decision_function` nor `predict_proba`")
            }
        }
    }

    func has(_ method: PredictMethod) -> Bool { method == .predict || method == .decisionFunction }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        try estimator.requireFittedColumns(table)
        let scores = try scores(try table.asNumbers(for: estimator), into: &program)
        if classes.count == 2 {
            if method == .decisionFunction { return .numbers(scores[1]) }
            let limit = BinaryScore.limit(parts[0])
            return .labels(try program.builder.threshold(scores[1], above: limit), classes)
        }
        return method == .decisionFunction
            ? .rows(scores) : .labels(try program.builder.argmax(scores), classes)
    }

    private func scores(_ table: Table, into program: inout Program) throws -> [Slot] {
        var labels: [Slot] = []
        var confidences: [Slot] = []
        for part in parts {
            let (label, table0) = try part.label(table, into: &program)
            guard table0 == .integers([0, 1]) else {
                throw part.estimator.unexpected("classes_", "0 and 1")
            }
            labels.append(label)
            confidences.append(try BinaryScore.slot(part, table, into: &program))
        }
        let count = classes.count
        var votes = [Double](repeating: 0, count: count * parts.count)
        var signs = votes
        var losses = [Double](repeating: 0, count: count)
        var pair = 0
        for first in 0..<count {
            for second in (first + 1)..<max(count, first + 1) {
                votes[first * parts.count + pair] = -1
                votes[second * parts.count + pair] = 1
                losses[first] += 1
                signs[first * parts.count + pair] = -1
                signs[second * parts.count + pair] = 1
                pair += 1
            }
        }
        let sums = try program.builder.linear(
            confidences, weights: signs, intercepts: Array(repeating: 0, count: count), width: .float64)
        let fractions = try program.builder.elementwise(.voteFraction, sums)
        let counts = try program.builder.linear(labels, weights: votes, intercepts: losses, width: .float64)
        return try zip(counts, fractions).map { try program.weightedSum([$0, $1], [1, 1]) }
    }
}

/// What a binary classifier or regressor says of the second class: `_predict_binary` of `sklearn/multiclass.py`.
enum BinaryScore {
    static func method(_ part: any Converter) -> PredictMethod {
        if part.has(.decisionFunction) { return .decisionFunction }
        return part.has(.predictProba) ? .predictProba : .predict
    }

    /// The score above which the second class is predicted.
    static func limit(_ part: any Converter) -> Double { part.has(.decisionFunction) ? 0 : 0.5 }

    static func slot(_ part: any Converter, _ table: Table, into program: inout Program) throws -> Slot {
        let method = method(part)
        let slots = try part.numbers(method, table, into: &program)
        guard slots.count == (method == .predictProba ? 2 : 1) else {
            throw part.estimator.refuse("it has not two classes where two are needed")
        }
        return slots[slots.count - 1]
    }
}

/// What `OneVsRestClassifier` fits for a class that all rows or none belong to.
struct ConstantPredictorConverter: Converter {
    static let classNames = ["sklearn.multiclass._ConstantPredictor"]

    let estimator: Estimator
    private let value: Double

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        let values = try estimator.numbers("y_")
        guard values.count == 1, values[0] == 0 || values[0] == 1 else {
            throw estimator.unexpected("y_", "0 or 1")
        }
        value = values[0]
    }

    func has(_ method: PredictMethod) -> Bool { method != .transform }

    func labels() throws -> LabelTable { .integers([0, 1]) }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        switch method {
        case .predictProba: return .rows(try program.constants([1 - value, value]))
        case .decisionFunction: return .numbers(try program.constants([value])[0])
        default: return .labels(try program.constantIndex(Int(value), of: 2), .integers([0, 1]))
        }
    }
}
