import Glibc
import JSONText

/// One elementary function of each slot.
struct Function: Operator {
    static let name = "function"
    private let inputs: [Slot]
    private let outputs: Range<Slot>
    private let function: ElementaryFunction
    private let width: FloatWidth

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        inputs = fields.inputs
        outputs = fields.outputs
        function = try fields.choice("function", ElementaryFunction.self)
        width = try fields.choice("width", FloatWidth.self)
        guard width == .float64 || function.isExactInFloat32 else {
            throw fields.error("`\(function.rawValue)` is not done in float32")
        }
        try fields.expectOutputs(inputs.count)
    }

    func run(_ block: RowBlock) {
        for index in 0..<inputs.count {
            let source = block[inputs[index]]
            let target = block[outputs.lowerBound + index]
            if width == .float64 {
                for row in 0..<block.rows { target[row] = function.value(source[row]) }
            } else {
                for row in 0..<block.rows { target[row] = Double(Float(function.value(Double(Float(source[row]))))) }
            }
        }
    }

    var details: [OperatorSummary.Detail] { [.init(name: "slots", value: inputs.count)] }
}

/// A function of one number, by the name of NumPy's ufunc. Those of glibc are within 2 units in the last place of NumPy's, whose code
/// differs between processors.
public enum ElementaryFunction: String, Sendable, CaseIterable {
    /// Of glibc.
    case log, log1p, log2, log10, exp, exp2, expm1, cbrt
    /// Of glibc.
    case sin, cos, tan, arcsin, arccos, arctan, sinh, cosh, tanh, arcsinh, arccosh, arctanh
    /// Exact, or rounded once as IEEE 754 demands; `rint` rounds halves to even numbers, `reciprocal` is 1 / x.
    case absolute, ceil, fabs, floor, negative, positive, reciprocal, rint, sign, sqrt, square, trunc

    /// The result is the float64 or float32 next to the true one, on every processor.
    public var isExact: Bool { isExactInFloat32 }

    /// A float64 result of a float32 number rounds to the float32 result.
    fileprivate var isExactInFloat32: Bool {
        switch self {
        case .absolute, .ceil, .fabs, .floor, .negative, .positive, .reciprocal, .rint, .sign, .sqrt, .square, .trunc:
            true
        default: false
        }
    }

    @inline(__always)
    fileprivate func value(_ x: Double) -> Double {
        switch self {
        case .log: Glibc.log(x)
        case .log1p: Glibc.log1p(x)
        case .log2: Glibc.log2(x)
        case .log10: Glibc.log10(x)
        case .exp: Glibc.exp(x)
        case .exp2: Glibc.exp2(x)
        case .expm1: Glibc.expm1(x)
        case .cbrt: Glibc.cbrt(x)
        case .sin: Glibc.sin(x)
        case .cos: Glibc.cos(x)
        case .tan: Glibc.tan(x)
        case .arcsin: Glibc.asin(x)
        case .arccos: Glibc.acos(x)
        case .arctan: Glibc.atan(x)
        case .sinh: Glibc.sinh(x)
        case .cosh: Glibc.cosh(x)
        case .tanh: Glibc.tanh(x)
        case .arcsinh: Glibc.asinh(x)
        case .arccosh: Glibc.acosh(x)
        case .arctanh: Glibc.atanh(x)
        case .absolute, .fabs: abs(x)
        case .ceil: x.rounded(.up)
        case .floor: x.rounded(.down)
        case .negative: -x
        case .positive: x
        case .reciprocal: 1 / x
        case .rint: x.rounded(.toNearestOrEven)
        case .sign: x.isNaN ? x : x > 0 ? 1 : x < 0 ? -1 : 0
        case .sqrt: x.squareRoot()
        case .square: x * x
        case .trunc: x.rounded(.towardZero)
        }
    }
}

extension ModelBuilder {
    /// Applies an elementary function to each slot.
    ///
    /// - Parameter width: `.float32`, for exact functions only, rounds operands and results to float32.
    /// - Returns: one slot per input, in order.
    public mutating func function(
        _ function: ElementaryFunction, _ slots: [Slot], width: FloatWidth
    ) throws(ScoringError) -> [Slot] {
        let parameters: JSONObject = ["function": .string(function.rawValue), "width": .string(width.rawValue)]
        return try add(Function.name, inputs: slots, outputCount: slots.count, parameters, origin: .oneToOne)
    }
}
