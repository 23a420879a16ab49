import Pickle
import Scoring

/// `TransformedTargetRegressor`: a regressor whose answers are transformed back.
///
/// Rules from `sklearn/compose/_target.py`, 1.1.3 to 1.9.1; those of the transformer are in `TargetInverse`.
struct TransformedTargetConverter: Converter {
    static let classNames = ["sklearn.compose._target.TransformedTargetRegressor"]

    static let partNames = FunctionTransformerConverter.partNames

    let estimator: Estimator
    private let regressor: any Converter
    private let inverse: TargetInverse
    private let isFlat: Bool

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        isFlat = try estimator.int("_training_dim") == 1
        var collector = RefusalCollector()
        let regressor = try collector.attempt {
            try ConverterCatalog.converter(
                for: try estimator.part(try estimator.required("regressor_"), at: "regressor_"))
        }
        let width: FloatWidth = regressor?.answerType(.predict) == .float32 ? .float32 : .float64
        let inverse = try collector.attempt {
            try TargetInverse(
                try estimator.part(try estimator.required("transformer_"), at: "transformer_"), width: width)
        }
        try collector.finish()
        guard let regressor, let inverse else { throw Refused([]) }
        self.regressor = regressor
        self.inverse = inverse
    }

    func answerType(_ method: PredictMethod) -> ElementType { regressor.answerType(method) }

    func usedColumns(names: [String]?, count: Int) throws -> Set<Int> {
        try regressor.usedColumns(names: names, count: count)
    }

    func has(_ method: PredictMethod) -> Bool { method == .predict }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        let answer = try regressor.answer(to: .predict, table, into: &program)
        guard answer.labels.isEmpty else { throw estimator.refuse("its regressor answers labels") }
        let slots = try inverse.apply(answer.slots, into: &program)
        if isFlat {
            guard slots.count == 1 else { throw estimator.refuse("it has several outputs where one is needed") }
            return .numbers(slots[0])
        }
        return .rows(slots)
    }
}
