import Pickle
import Scoring

/// `TransformedTargetRegressor`: a regressor whose answers are transformed back.
///
/// The transformer is a `FunctionTransformer` with functions of NumPy, or a scaler. Rules from
/// `sklearn/compose/_target.py` and the scalers' `inverse_transform` in `sklearn/preprocessing/_data.py`, 1.1.3 to 1.9.1.
struct TransformedTargetConverter: Converter {
    static let classNames = ["sklearn.compose._target.TransformedTargetRegressor"]

    static let partNames = FunctionTransformerConverter.partNames

    private enum Inverse {
        case identity
        case function(ElementaryFunction)
        case steps([ScaleStep])
    }

    let estimator: Estimator
    private let regressor: any Converter
    private let inverse: Inverse
    private let isFlat: Bool

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        isFlat = try estimator.int("_training_dim") == 1
        var collector = RefusalCollector()
        let regressor = try collector.attempt {
            try ConverterCatalog.converter(
                for: try estimator.part(try estimator.required("regressor_"), at: "regressor_"))
        }
        let inverse = try collector.attempt {
            try TransformedTargetConverter.inverse(
                try estimator.part(try estimator.required("transformer_"), at: "transformer_"))
        }
        try collector.finish()
        guard let regressor, let inverse else { throw Refused([]) }
        self.regressor = regressor
        self.inverse = inverse
        try regressor.requireDoubles(.predict)
    }

    private static func inverse(_ transformer: Estimator) throws -> Inverse {
        switch transformer.shortName {
        case "FunctionTransformer":
            guard let value = transformer["inverse_func"], value != .null else { return .identity }
            guard transformer.isNone("inv_kw_args") else {
                throw transformer.refuse("its inverse function gets further arguments", parameter: "inv_kw_args")
            }
            guard let global = transformer.graph.global(value) else { throw Refused([]) }
            guard partNames[global.qualifiedName] != nil, let function = ElementaryFunction(rawValue: global.name)
            else {
                // The survey of names reports what no model may hold.
                guard ConverterCatalog.names.verdict(on: global) == .allowed else { throw Refused([]) }
                throw transformer.refuse(
                    "its inverse function is not converted", parameter: "inverse_func",
                    value: "\(global.module).\(global.name)")
            }
            return .function(function)
        case "StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler":
            return .steps(try steps(transformer))
        default:
            throw transformer.refuse("the inverse of this transformer is not converted")
        }
    }

    private static func steps(_ scaler: Estimator) throws -> [ScaleStep] {
        func isOn(_ flag: String) throws -> Bool { try scaler.bool(flag) }
        switch scaler.shortName {
        case "StandardScaler":
            var steps: [ScaleStep] = []
            if try isOn("with_std") { steps.append(.multiply(try scaler.numbers("scale_"))) }
            if try isOn("with_mean") { steps.append(.add(try scaler.numbers("mean_"))) }
            return steps
        case "RobustScaler":
            var steps: [ScaleStep] = []
            if try isOn("with_scaling") { steps.append(.multiply(try scaler.numbers("scale_"))) }
            if try isOn("with_centering") { steps.append(.add(try scaler.numbers("center_"))) }
            return steps
        case "MaxAbsScaler": return [.multiply(try scaler.numbers("scale_"))]
        default: return [.subtract(try scaler.numbers("min_")), .divide(try scaler.numbers("scale_"))]
        }
    }

    func usedColumns(names: [String]?, count: Int) throws -> Set<Int> {
        try regressor.usedColumns(names: names, count: count)
    }

    func has(_ method: PredictMethod) -> Bool { method == .predict }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        let answer = try regressor.answer(to: .predict, table, into: &program)
        guard answer.labels.isEmpty else { throw estimator.refuse("its regressor answers labels") }
        var slots = answer.slots
        switch inverse {
        case .identity: break
        case .function(let function): slots = try program.builder.function(function, slots, width: .float64)
        case .steps(let steps):
            guard steps.allSatisfy({ $0.constants.count == slots.count }) else {
                throw estimator.refuse("its transformer has not one constant for each output")
            }
            slots = try program.builder.scale(slots, steps: steps, width: .float64)
        }
        if isFlat {
            guard slots.count == 1 else { throw estimator.refuse("it has several outputs where one is needed") }
            return .numbers(slots[0])
        }
        return .rows(slots)
    }
}

extension ScaleStep {
    fileprivate var constants: [Double] {
        switch self {
        case .add(let values), .subtract(let values), .multiply(let values), .divide(let values), .atLeast(let values),
            .atMost(let values):
            values
        }
    }
}
