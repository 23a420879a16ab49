import Glibc
import JSONText

/// A power of each slot that makes it more like a normal distribution, or the inverse: Yeo-Johnson or Box-Cox, with one exponent per slot.
struct PowerTransform: Operator {
    static let name = "powerTransform"
    private let inputs: [Slot]
    private let outputs: Range<Slot>
    private let method: PowerMethod
    private let lambdas: NumberArray<Double>

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        inputs = fields.inputs
        outputs = fields.outputs
        method = try fields.choice("method", PowerMethod.self)
        lambdas = try fields.float64("lambdas", count: inputs.count)
        try fields.expectOutputs(inputs.count)
    }

    func run(_ block: RowBlock) {
        for index in 0..<inputs.count {
            let source = block[inputs[index]]
            let target = block[outputs.lowerBound + index]
            let lambda = lambdas[index]
            switch method {
            case .boxCox: for row in 0..<block.rows { target[row] = Self.boxCox(source[row], lambda) }
            case .yeoJohnson: for row in 0..<block.rows { target[row] = Self.yeoJohnson(source[row], lambda) }
            case .yeoJohnsonByPower:
                for row in 0..<block.rows { target[row] = Self.yeoJohnsonByPower(source[row], lambda) }
            case .boxCoxInverse:
                for row in 0..<block.rows { target[row] = Self.boxCoxInverse(source[row], lambda) }
            case .boxCoxInverseByPower:
                for row in 0..<block.rows {
                    target[row] = lambda == 0 ? exp(source[row]) : pow(source[row] * lambda + 1, 1 / lambda)
                }
            case .yeoJohnsonInverse:
                for row in 0..<block.rows { target[row] = Self.yeoJohnsonInverse(source[row], lambda) }
            }
        }
    }

    private static func boxCox(_ x: Double, _ lambda: Double) -> Double {
        if abs(lambda) < 1e-19 { return log(x) }
        let exponent = lambda * log(x)
        if exponent < 709.78 { return expm1(exponent) / lambda }
        return (lambda < 0 ? -1 : 1) * exp(exponent - log(abs(lambda))) - 1 / lambda
    }

    private static func yeoJohnson(_ x: Double, _ lambda: Double) -> Double {
        if x >= 0 {
            return abs(lambda) < Double.ulpOfOne ? log1p(x) : expm1(lambda * log1p(x)) / lambda
        }
        guard abs(lambda - 2) > Double.ulpOfOne else { return -log1p(-x) }
        return -expm1((2 - lambda) * log1p(-x)) / (2 - lambda)
    }

    private static func yeoJohnsonByPower(_ x: Double, _ lambda: Double) -> Double {
        if x >= 0 {
            return abs(lambda) < Double.ulpOfOne ? log1p(x) : (pow(x + 1, lambda) - 1) / lambda
        }
        guard abs(lambda - 2) > Double.ulpOfOne else { return -log1p(-x) }
        return -(pow(-x + 1, 2 - lambda) - 1) / (2 - lambda)
    }

    private static func boxCoxInverse(_ x: Double, _ lambda: Double) -> Double {
        if lambda == 0 { return exp(x) }
        let product = lambda * x
        if product < 1.79e308 { return exp(log1p(product) / lambda) }
        return exp((log((lambda < 0 ? -1 : 1) * (x + 1 / lambda)) + log(abs(lambda))) / lambda)
    }

    private static func yeoJohnsonInverse(_ x: Double, _ lambda: Double) -> Double {
        if x >= 0 {
            return abs(lambda) < Double.ulpOfOne ? exp(x) - 1 : pow(x * lambda + 1, 1 / lambda) - 1
        }
        guard abs(lambda - 2) > Double.ulpOfOne else { return 1 - exp(-x) }
        return 1 - pow(-(2 - lambda) * x + 1, 1 / (2 - lambda))
    }

    var details: [OperatorSummary.Detail] { [.init(name: "lambdas", value: lambdas.count)] }
}

/// The formula of `powerTransform`; `log`, `log1p`, `exp`, `expm1` and `pow` are glibc's, ε is 2^-52.
public enum PowerMethod: String, Sendable, CaseIterable {
    /// log(x) when |λ| < 1e-19, else expm1(λ·log x) / λ, as SciPy's `boxcox`.
    case boxCox
    /// x ≥ 0: log1p(x) when |λ| < ε, else expm1(λ·log1p x) / λ. Else: -log1p(-x) when |λ - 2| ≤ ε, else
    /// -expm1((2 - λ)·log1p(-x)) / (2 - λ), as SciPy's `yeojohnson`.
    case yeoJohnson
    /// The same with pow(x + 1, λ) - 1 and pow(-x + 1, 2 - λ) - 1 instead of `expm1`, as scikit-learn up to 1.8.
    case yeoJohnsonByPower
    /// The inverse of `boxCox`: exp(x) when λ = 0, else exp(log1p(λ·x) / λ), as SciPy's `inv_boxcox`.
    case boxCoxInverse
    /// The same by pow(x·λ + 1, 1 / λ), as scikit-learn up to 1.5.
    case boxCoxInverseByPower
    /// The inverse of `yeoJohnson`. x ≥ 0: exp(x) - 1 when |λ| < ε, else pow(x·λ + 1, 1 / λ) - 1. Else: 1 - exp(-x) when |λ - 2| ≤ ε,
    /// else 1 - pow(-(2 - λ)·x + 1, 1 / (2 - λ)), as scikit-learn.
    case yeoJohnsonInverse
}

extension ModelBuilder {
    /// Applies a power transform with one exponent per slot; NaN stays NaN.
    ///
    /// - Returns: one slot per input, in order.
    public mutating func powerTransform(
        _ slots: [Slot], method: PowerMethod, lambdas: [Double]
    ) throws(ScoringError) -> [Slot] {
        let parameters: JSONObject = ["method": .string(method.rawValue), "lambdas": addArray(lambdas)]
        return try add(PowerTransform.name, inputs: slots, outputCount: slots.count, parameters, origin: .oneToOne)
    }
}
