import Pickle
import Scoring

/// `StackingClassifier` and `StackingRegressor`: an estimator of the answers of others.
///
/// Of two classes the second one's probability is used. Rules from `sklearn/ensemble/_stacking.py`, 1.1.3 to 1.9.1.
struct StackingConverter: Converter {
    static let classNames = [
        "sklearn.ensemble._stacking.StackingClassifier", "sklearn.ensemble._stacking.StackingRegressor",
    ]

    static let partNames = Estimator.labelParts.merging(SearchParts.names) { $0.union($1) }

    let estimator: Estimator
    private let parts: [any Converter]
    private let methods: [PredictMethod]
    private let final: any Converter
    private let passesThrough: Bool
    /// Nil for a regressor.
    private let classes: LabelTable?

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        classes = estimator.shortName == "StackingClassifier" ? try estimator.classLabels() : nil
        var collector = RefusalCollector()
        let parts = try collector.attempt { try estimator.converters() }
        let final = try collector.attempt {
            let value = try estimator.required("final_estimator_")
            return try ConverterCatalog.converter(for: try estimator.part(value, at: "final_estimator_"))
        }
        try collector.finish()
        guard let parts, let final else { throw Refused([]) }
        self.parts = parts
        self.final = final
        methods = try estimator.list("stack_method_").map { value in
            guard let text = estimator.graph.text(value), let method = PredictMethod(rawValue: text),
                method != .transform
            else { throw estimator.unexpected("stack_method_", "a list of methods") }
            return method
        }
        guard methods.count == parts.count else {
            throw estimator.unexpected("stack_method_", "one method for each estimator")
        }
        passesThrough = try estimator.bool("passthrough")
    }

    func usedColumns(names: [String]?, count: Int) throws -> Set<Int> {
        passesThrough ? Set(0..<count) : try parts.usedColumns(names: names, count: count)
    }

    func has(_ method: PredictMethod) -> Bool {
        final.has(method) && (method == .predict || classes != nil)
    }

    func transform(_ table: Table, into program: inout Program) throws -> Table {
        var lanes: [Lane] = []
        var types: [ElementType] = []
        for (index, (part, method)) in zip(parts, methods).enumerated() {
            var slots: [Slot]
            if method == .predict, classes != nil {
                let (label, labels) = try part.label(table, into: &program)
                guard let numbers = labels.numbers else {
                    throw part.estimator.unexpected("classes_", "a list of class numbers")
                }
                slots = [try program.lookup(label, numbers)]
            } else {
                slots = try part.numbers(method, table, into: &program)
            }
            if method == .predictProba, classes?.count == 2 { slots.removeFirst() }
            let type = method == .predict && classes != nil ? .integer64 : part.answerType(method)
            types.append(type)
            lanes += slots.map {
                Lane(
                    slot: $0, kind: .number(type), name: "\(method.rawValue) of estimator \(index)", mayBeMissing: true,
                    isBounded: false, isApproximate: type != .integer64)
            }
        }
        if passesThrough {
            try table.requireNumbers(for: estimator)
            lanes += table.lanes
            types.append(table.stackedType == .object ? .float64 : table.stackedType)
        }
        return Table(
            lanes: lanes, form: .array(ElementType.promoted(types) ?? .float64), names: nil,
            isSparse: passesThrough && table.isSparse)
    }

    func labels() throws -> LabelTable { try estimator.classLabels() }

    func answerType(_ method: PredictMethod) -> ElementType { final.answerType(method) }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        let answers = try transform(table, into: &program)
        guard let classes, method == .predict else { return try final.answer(to: method, answers, into: &program) }
        let (label, labels) = try final.label(answers, into: &program)
        guard let positions = labels.positions(below: classes.count) else {
            throw final.estimator.unexpected("classes_", "a list of class numbers")
        }
        return .labels(label, classes.selecting(positions))
    }
}
