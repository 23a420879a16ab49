import Pickle
import Scoring

/// `VotingClassifier` and `VotingRegressor`.
///
/// Averages are weighted sums in float64 in the order of `estimators_`, divided by the sum of the weights; hard votes are
/// weighted counts, of which the first largest wins. Answers that are all float32 are averaged in float32, unless there are
/// weights: lists of numbers are float64 to NumPy. Rules from `sklearn/ensemble/_voting.py`, 1.1.3 to 1.9.1, and
/// `numpy.average`, NumPy 1.21 to 2.4.
struct VotingConverter: Converter {
    static let classNames = ["sklearn.ensemble._voting.VotingClassifier", "sklearn.ensemble._voting.VotingRegressor"]

    static let partNames = Estimator.labelParts

    let estimator: Estimator
    private let parts: [any Converter]
    /// Nil for a regressor.
    private let classes: LabelTable?
    private let isSoft: Bool
    private let weights: [Double]?
    /// The type in which answers are averaged.
    private let width: FloatWidth
    /// From so many float32 numbers on NumPy adds the answers for one row in another order than those for several.
    private static let leastReordered = 8

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        parts = try estimator.converters()
        weights = try VotingConverter.weights(estimator)
        guard weights == nil || weights?.count == parts.count else {
            throw estimator.refuse("it has not one weight for each estimator", parameter: "weights")
        }
        guard estimator.shortName == "VotingClassifier" else {
            classes = nil
            isSoft = false
            width = try VotingConverter.width(parts, .predict, weights, estimator)
            return
        }
        classes = try estimator.classLabels()
        let voting = try estimator.text("voting")
        guard voting == "soft" || voting == "hard" else {
            throw estimator.refuse("its way to vote is not known", parameter: "voting", value: voting)
        }
        isSoft = voting == "soft"
        width = isSoft ? try VotingConverter.width(parts, .predictProba, weights, estimator) : .float64
    }

    /// Answers in float32 alone stay float32; beside one in float64 they become float64.
    private static func width(
        _ parts: [any Converter], _ method: PredictMethod, _ weights: [Double]?, _ estimator: Estimator
    ) throws -> FloatWidth {
        guard parts.allSatisfy({ $0.answerType(method) == .float32 }) else { return .float64 }
        guard weights == nil else {
            let values = try estimator.required("weights")
            let arePlain = estimator.graph.elements(values)?.allSatisfy { value in
                switch value {
                case .int, .float: true
                default: false
                }
            }
            guard arePlain == true else {
                throw estimator.refuse(
                    "it averages float32 answers by weights that are no plain list of numbers", parameter: "weights",
                    help: "give the weights as a list of Python's numbers")
            }
            return .float64
        }
        guard parts.count < leastReordered else {
            throw estimator.refuse(
                "it averages \(parts.count) float32 answers, in an order that depends on the number of rows",
                help: "give it fewer than \(leastReordered) estimators, or weights")
        }
        return .float32
    }

    func answerType(_ method: PredictMethod) -> ElementType { width == .float32 ? .float32 : .float64 }

    /// The weights of the estimators that are not dropped.
    private static func weights(_ estimator: Estimator) throws -> [Double]? {
        guard !estimator.isNone("weights") else { return nil }
        let values = try estimator.required("weights")
        let numbers: [Double]
        if let elements = estimator.graph.elements(values) {
            numbers = elements.compactMap {
                if case .number(let number) = PickledScalar($0, estimator.graph) { number } else { nil }
            }
        } else {
            numbers = try estimator.numbers("weights")
        }
        let all = try estimator.list("estimators")
        guard numbers.count == all.count else { throw estimator.unexpected("weights", "one number for each estimator") }
        guard numbers.allSatisfy({ $0.isFinite && $0 >= 0 }), numbers.contains(where: { $0 > 0 }) else {
            throw estimator.refuse("its weights are not all finite and at least 0", parameter: "weights")
        }
        return zip(numbers, all).compactMap { number, item in
            let parts = estimator.graph.elements(item) ?? []
            return parts.count == 2 && estimator.graph.text(parts[1]) == "drop" ? nil : number
        }
    }

    func usedColumns(names: [String]?, count: Int) throws -> Set<Int> {
        try parts.usedColumns(names: names, count: count)
    }

    func has(_ method: PredictMethod) -> Bool { method == .predict || (method == .predictProba && isSoft) }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        guard let classes else {
            let slots = try parts.map { [try $0.number(table, into: &program)] }
            return .numbers(try average(slots, into: &program)[0])
        }
        guard isSoft else {
            var votes: [[Slot]] = []
            for part in parts {
                let (label, labels) = try part.label(table, into: &program)
                guard let positions = labels.positions(below: classes.count) else {
                    throw part.estimator.unexpected("classes_", "a list of class numbers")
                }
                votes.append(try program.votes(label, positions, classCount: classes.count))
            }
            return .labels(try program.builder.argmax(try program.sums(votes, weights)), classes)
        }
        let rows = try parts.map { part in
            let slots = try part.numbers(.predictProba, table, into: &program)
            guard slots.count == classes.count else {
                throw part.estimator.refuse("it knows other classes than the whole")
            }
            return slots
        }
        let means = try average(rows, into: &program)
        return method == .predictProba ? .rows(means) : .labels(try program.builder.argmax(means), classes)
    }

    private func average(_ rows: [[Slot]], into program: inout Program) throws -> [Slot] {
        guard width == .float64 else {
            let ones = [Double](repeating: 1, count: rows.count)
            let sums = try (rows.first ?? []).indices.map { column throws in
                try program.builder.linear(
                    rows.map { $0[column] }, weights: ones, intercepts: [0], width: .float32)[0]
            }
            let count = [Double](repeating: Double(rows.count), count: sums.count)
            return try program.builder.scale(sums, steps: [.divide(count)], width: .float32)
        }
        let sums = try program.sums(rows, weights)
        let total = weights.map { NumpySum.sum($0[...]) } ?? Double(rows.count)
        return try program.quotients(sums, by: total)
    }
}
