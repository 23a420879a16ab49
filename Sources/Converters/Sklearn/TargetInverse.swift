import Pickle
import Scoring

/// The `inverse_transform` of a fitted transformer of targets: a function of NumPy, a scaler, or a map of one distribution to another.
///
/// A float32 answer stays float32: functions are rounded to it, and scalers' constants take part as float64, as in NumPy's
/// in-place operators; `StandardScaler` rounds them first from 1.8. Rules from `sklearn/preprocessing/_data.py` and
/// `_function_transformer.py`, 1.1.3 to 1.9.1, `scipy.special.inv_boxcox` and `ndtr`, and `numpy.interp`.
struct TargetInverse {
    private enum Rule {
        case function(ElementaryFunction)
        case steps([ScaleStep])
        case power(PowerMethod, lambdas: [Double])
        case quantiles(TargetQuantiles)
    }

    private let rules: [Rule]
    private let width: FloatWidth
    private let transformer: Estimator
    /// An exponent's reciprocal magnifies an error in the last bit by no more than its own reciprocal, and a difference from 1 likewise.
    private static let leastMagnified = 1e-3

    init(_ transformer: Estimator, width: FloatWidth) throws {
        self.transformer = transformer
        self.width = width
        switch transformer.shortName {
        case "FunctionTransformer": rules = try TargetInverse.function(transformer)
        case "StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler":
            rules = [.steps(try TargetInverse.steps(transformer, width))]
        case "PowerTransformer" where width == .float64: rules = try TargetInverse.power(transformer)
        case "QuantileTransformer" where width == .float64:
            rules = [.quantiles(try TargetQuantiles(transformer))]
        case "PowerTransformer", "QuantileTransformer":
            throw transformer.refuse(
                "it gets answers in float32, in which its functions depend on the processor",
                help: "use `func=numpy.log1p` and `inverse_func=numpy.expm1`, or a regressor that answers in float64")
        default: throw transformer.refuse("the inverse of this transformer is not converted")
        }
    }

    private static func function(_ transformer: Estimator) throws -> [Rule] {
        guard let value = transformer["inverse_func"], value != .null else { return [] }
        guard transformer.isNone("inv_kw_args") else {
            throw transformer.refuse("its inverse function gets further arguments", parameter: "inv_kw_args")
        }
        guard let global = transformer.graph.global(value) else { throw Refused([]) }
        guard FunctionTransformerConverter.partNames[global.qualifiedName] != nil,
            let function = ElementaryFunction(rawValue: global.name)
        else {
            // The survey of names reports what no model may hold.
            guard ConverterCatalog.names.verdict(on: global) == .allowed else { throw Refused([]) }
            throw transformer.refuse(
                "its inverse function is not converted", parameter: "inverse_func",
                value: "\(global.module).\(global.name)")
        }
        return [.function(function)]
    }

    private static func steps(_ scaler: Estimator, _ width: FloatWidth) throws -> [ScaleStep] {
        let isRounded =
            width == .float32 && scaler.shortName == "StandardScaler" && scaler.has(.scalerRoundsFirst)
        func constants(_ name: String) throws -> [Double] {
            let numbers = try scaler.numbers(name)
            return isRounded ? numbers.map { Double(Float($0)) } : numbers
        }
        switch scaler.shortName {
        case "StandardScaler":
            var steps: [ScaleStep] = []
            if try scaler.bool("with_std") { steps.append(.multiply(try constants("scale_"))) }
            if try scaler.bool("with_mean") { steps.append(.add(try constants("mean_"))) }
            return steps
        case "RobustScaler":
            var steps: [ScaleStep] = []
            if try scaler.bool("with_scaling") { steps.append(.multiply(try constants("scale_"))) }
            if try scaler.bool("with_centering") { steps.append(.add(try constants("center_"))) }
            return steps
        case "MaxAbsScaler": return [.multiply(try constants("scale_"))]
        default: return [.subtract(try constants("min_")), .divide(try constants("scale_"))]
        }
    }

    private static func power(_ transformer: Estimator) throws -> [Rule] {
        let lambdas = try transformer.numbers("lambdas_")
        guard try transformer.array("lambdas_").type.itemSize == 8, lambdas.allSatisfy(\.isFinite) else {
            throw transformer.refuse("its exponents are not finite numbers of float64", parameter: "lambdas_")
        }
        let name = try transformer.text("method")
        let method: PowerMethod
        switch name {
        case "box-cox": method = transformer.has(.boxCoxInverseOfSciPy) ? .boxCoxInverse : .boxCoxInverseByPower
        case "yeo-johnson": method = .yeoJohnsonInverse
        default: throw transformer.refuse("its method is not one of the known ones", parameter: "method", value: name)
        }
        var scales = Array(repeating: 1.0, count: lambdas.count)
        var before: [Rule] = []
        if try transformer.bool("standardize") {
            let scaler = try transformer.part(try transformer.required("_scaler"), at: "_scaler")
            before = [.steps(try steps(scaler, .float64))]
            scales = try scaler.numbers("scale_")
        } else if method == .yeoJohnsonInverse {
            throw transformer.refuse(
                "without a scaler it is not known whether its powers cancel out", parameter: "standardize",
                value: "False", help: "use `standardize=True`")
        }
        for (lambda, scale) in zip(lambdas, scales) where method != .boxCoxInverse {
            let exponents = method == .yeoJohnsonInverse ? [lambda, 2 - lambda] : [lambda]
            guard exponents.allSatisfy({ $0 == 0 || abs($0) >= leastMagnified }),
                method != .yeoJohnsonInverse || scale >= leastMagnified
            else {
                throw transformer.refuse(
                    "its inverse magnifies the last bit of NumPy's `power`, and that depends on the processor",
                    parameter: "lambdas_", help: "scale the target before it")
            }
        }
        return before + [.power(method, lambdas: lambdas)]
    }

    /// What the inverse makes of a regressor's answers.
    func apply(_ answers: [Slot], into program: inout Program) throws -> [Slot] {
        var slots = answers
        for rule in rules {
            switch rule {
            case .function(let function): slots = try apply(function, slots, &program)
            case .steps(let steps):
                try require(steps.allSatisfy { $0.constants.count == slots.count })
                slots = try program.builder.scale(slots, steps: steps, width: width)
            case .power(let method, let lambdas):
                try require(lambdas.count == slots.count)
                slots = try program.builder.powerTransform(slots, method: method, lambdas: lambdas)
                program.note(
                    "PowerTransformer uses glibc's functions; NumPy's differ from them in the last bits, depending on the processor"
                )
            case .quantiles(let quantiles):
                try require(quantiles.width == slots.count)
                slots = try quantiles.inverse(slots, into: &program)
            }
        }
        return slots
    }

    private func apply(_ function: ElementaryFunction, _ slots: [Slot], _ program: inout Program) throws -> [Slot] {
        guard width == .float32, !function.isExact else {
            return try program.builder.function(function, slots, width: width)
        }
        program.note(
            "`\(function.rawValue)` of a float32 is rounded once; NumPy's differs from it in the last bits, depending on the processor"
        )
        let wide = try program.builder.function(function, slots, width: .float64)
        return try program.builder.scale(wide, steps: [], width: .float32)
    }

    private func require(_ isRight: Bool) throws {
        guard isRight else { throw transformer.refuse("it has not one constant for each output") }
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
