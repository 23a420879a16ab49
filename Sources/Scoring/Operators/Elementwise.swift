import Glibc
import JSONText

/// A function of a library of each slot, in float64.
struct Elementwise: Operator {
    static let name = "elementwise"
    private let inputs: [Slot]
    private let outputs: Range<Slot>
    private let function: ElementFunction

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        inputs = fields.inputs
        outputs = fields.outputs
        function = try fields.choice("function", ElementFunction.self)
        try fields.expectOutputs(inputs.count)
    }

    func run(_ block: RowBlock) {
        switch function {
        case .logit: each(block, Elementwise.logit)
        case .normalProbability: each(block, Elementwise.normalProbability)
        case .powerOfTwo: each(block) { pow(2, $0) }
        case .voteFraction: each(block) { $0 / (3 * (abs($0) + 1)) }
        }
    }

    private func each(_ block: RowBlock, _ function: (Double) -> Double) {
        for index in 0..<inputs.count {
            let source = block[inputs[index]]
            let target = block[outputs.lowerBound + index]
            for row in 0..<block.rows { target[row] = function(source[row]) }
        }
    }

    private static func normalProbability(_ value: Double) -> Double {
        let x = value * 0.5.squareRoot()
        if abs(x) < 1 { return 0.5 + 0.5 * erf(x) }
        let tail = 0.5 * erfc(abs(x))
        return x > 0 ? 1 - tail : tail
    }

    static func logit(_ value: Double) -> Double {
        if value < 0.3 || value > 0.65 { return log(value / (1 - value)) }
        let offset = 2 * (value - 0.5)
        return log1p(offset) - log1p(-offset)
    }
}

/// A function of one number that libraries define; `ElementaryFunction` has those of mathematics.
public enum ElementFunction: String, Sendable, CaseIterable {
    /// log(x / (1 - x)), between 0.3 and 0.65 as log1p(2(x - 0.5)) - log1p(-2(x - 0.5)): SciPy's `logit` since 1.15.
    case logit
    /// The probability that a standard normal variable is below x. With z = x·√½ and glibc's functions: 0.5 + 0.5·erf(z) for |z| < 1,
    /// else 0.5·erfc(|z|), taken from 1 for z > 0: SciPy's `ndtr`.
    case normalProbability
    /// pow(2, x) of glibc: `2 ** x`.
    case powerOfTwo
    /// x / (3 * (|x| + 1)): what scikit-learn's `_ovr_decision_function` adds to a number of votes.
    case voteFraction
}

extension ModelBuilder {
    /// Applies `function` to each slot.
    public mutating func elementwise(_ function: ElementFunction, _ slots: [Slot]) throws(ScoringError) -> [Slot] {
        let parameters: JSONObject = ["function": .string(function.rawValue)]
        return try add(Elementwise.name, inputs: slots, outputCount: slots.count, parameters, origin: .oneToOne)
    }

    /// `ElementFunction.logit` of a number that is known beforehand.
    public static func logit(_ value: Double) -> Double { Elementwise.logit(value) }
}
