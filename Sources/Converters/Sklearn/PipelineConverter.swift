import Pickle
import Scoring

/// `Pipeline`: its steps one after the other.
struct PipelineConverter: Converter {
    static let classNames = ["sklearn.pipeline.Pipeline"]

    let estimator: Estimator
    /// Nil for "passthrough" and None.
    private let steps: [(any Converter)?]

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        var steps: [(any Converter)?] = []
        var collector = RefusalCollector()
        for (index, step) in try estimator.list("steps").enumerated() {
            guard let parts = estimator.graph.elements(step), parts.count == 2 else {
                throw estimator.unexpected("steps", "a list of names and estimators")
            }
            if parts[1] == .null || estimator.graph.text(parts[1]) == "passthrough" {
                steps.append(nil)
                continue
            }
            let converter = try collector.attempt { () throws -> any Converter in
                try ConverterCatalog.converter(for: try estimator.part(parts[1], at: "steps[\(index)]"))
            }
            steps.append(converter)
        }
        try collector.finish()
        guard !steps.isEmpty else { throw estimator.refuse("it has no steps") }
        self.steps = steps
    }

    var takesTexts: Bool { (steps.first { $0 != nil } ?? nil)?.takesTexts ?? false }

    func usedColumns(names: [String]?, count: Int) throws -> Set<Int> {
        guard let first = steps.first(where: { $0 != nil }) ?? nil else { return Set(0..<count) }
        return try first.usedColumns(names: names, count: count)
    }

    func transform(_ table: Table, into program: inout Program) throws -> Table {
        try run(steps[...], table, &program)
    }

    func has(_ method: PredictMethod) -> Bool { (steps.last ?? nil)?.has(method) ?? false }

    func labels() throws -> LabelTable {
        guard let last = steps.last ?? nil else { throw estimator.refuse("its last step is no estimator") }
        return try last.labels()
    }

    func answerType(_ method: PredictMethod) -> ElementType { (steps.last ?? nil)?.answerType(method) ?? .float64 }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        guard let last = steps.last ?? nil else { throw estimator.refuse("its last step is no estimator") }
        return try last.answer(to: method, try run(steps.dropLast(), table, &program), into: &program)
    }

    private func run(_ steps: ArraySlice<(any Converter)?>, _ table: Table, _ program: inout Program) throws -> Table {
        var table = table
        for case .some(let step) in steps {
            table = try step.transform(table, into: &program)
            if step.estimator.makesPandas { table = table.asFrame() }
        }
        return table
    }
}
