import Glibc
import JSONText

/// Turns raw scores into answers: one named function of one or all slots of a row.
struct Link: Operator {
    static let name = "link"
    private let inputs: [Slot]
    private let outputs: Range<Slot>
    private let function: LinkFunction
    private let width: FloatWidth

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        inputs = fields.inputs
        outputs = fields.outputs
        function = try fields.choice("function", LinkFunction.self)
        width = try fields.choice("width", FloatWidth.self)
        guard !inputs.isEmpty else { throw fields.error("it has no inputs") }
        guard width == .float64 || function.hasFloat32 else {
            throw fields.error("`\(function.rawValue)` is for float64 only")
        }
        if function == .complement {
            try fields.expectInputs(1)
            try fields.expectOutputs(2)
        } else {
            try fields.expectOutputs(inputs.count)
        }
    }

    func run(_ block: RowBlock) {
        switch function {
        case .sigmoid:
            each(block) { width == .float64 ? 1 / (1 + exp(-$0)) : Double(1 / (1 + expf(-Float($0)))) }
        case .exponential:
            each(block) { width == .float64 ? exp($0) : Double(expf(Float($0))) }
        case .tanh:
            each(block) { width == .float64 ? Glibc.tanh($0) : Double(tanhf(Float($0))) }
        case .rectifier:
            each(block) { $0 > 0 || $0.isNaN ? (width == .float64 ? $0 : Double(Float($0))) : 0 }
        case .complement:
            let source = block[inputs[0]]
            for row in 0..<block.rows {
                block[outputs.lowerBound][row] =
                    width == .float64 ? 1 - source[row] : Double(1 - Float(source[row]))
                block[outputs.lowerBound + 1][row] = width == .float64 ? source[row] : Double(Float(source[row]))
            }
        case .softmax:
            for row in 0..<block.rows {
                exponentials(block, row, NumPyExponential.exp)
                divideBySum(block, row)
            }
        case .orderedSoftmax:
            for row in 0..<block.rows {
                exponentials(block, row, expf)
                divideByOrderedSum(block, row)
            }
        case .normalize:
            each(block) { width == .float64 ? $0 : Double(Float($0)) }
            for row in 0..<block.rows { divideBySum(block, row) }
        case .normalizeOrKeep, .normalizeOrUniform:
            each(block) { $0 }
            for row in 0..<block.rows { divideBySumUnlessZero(block, row) }
        case .belowMaximum:
            for row in 0..<block.rows {
                let largest = largest(block, row)
                for index in 0..<inputs.count {
                    block[outputs.lowerBound + index][row] = block[inputs[index]][row] - largest
                }
            }
        case .logNormalize:
            for row in 0..<block.rows { logNormalize(block, row) }
        }
    }

    private func each(_ block: RowBlock, _ function: (Double) -> Double) {
        for index in 0..<inputs.count {
            let source = block[inputs[index]]
            let target = block[outputs.lowerBound + index]
            for row in 0..<block.rows { target[row] = function(source[row]) }
        }
    }

    /// exp(x - max x) into the outputs; NaN spreads to all of them, as in NumPy.
    private func exponentials(_ block: RowBlock, _ row: Int, _ exp32: (Float) -> Float) {
        let largest = largest(block, row)
        for index in 0..<inputs.count {
            let value = block[inputs[index]][row]
            block[outputs.lowerBound + index][row] =
                width == .float64 ? exp(value - largest) : Double(exp32(Float(value) - Float(largest)))
        }
    }

    /// The largest of the row's inputs, NaN when there is one.
    private func largest(_ block: RowBlock, _ row: Int) -> Double {
        var largest = -Double.infinity
        for slot in inputs {
            let value = block[slot][row]
            if value > largest || value.isNaN { largest = value }
            if value.isNaN { break }
        }
        return largest
    }

    private func logNormalize(_ block: RowBlock, _ row: Int) {
        let largest = largest(block, row)
        let shift = largest.isFinite ? largest : 0
        var count = 0.0
        for index in 0..<inputs.count {
            let value = block[inputs[index]][row]
            if value == largest { count += 1 }
            block[outputs.lowerBound + index][row] = value == largest ? 0 : exp(value - shift)
        }
        let sum = PairwiseSum.sum(block[outputs.lowerBound] + row, count: outputs.count, stride: block.rows)
        let logarithm = log1p(sum == 0 ? sum : sum / count) + log(count) + largest
        for index in 0..<inputs.count {
            block[outputs.lowerBound + index][row] = block[inputs[index]][row] - logarithm
        }
    }

    private func divideByOrderedSum(_ block: RowBlock, _ row: Int) {
        let first = block[outputs.lowerBound] + row
        var sum = 0.0
        for index in 0..<outputs.count { sum += first[index * block.rows] }
        for index in 0..<outputs.count {
            let value = first[index * block.rows]
            first[index * block.rows] = width == .float64 ? value / sum : Double(Float(value) / Float(sum))
        }
    }

    private func divideBySumUnlessZero(_ block: RowBlock, _ row: Int) {
        let first = block[outputs.lowerBound] + row
        let sum = PairwiseSum.sum(first, count: outputs.count, stride: block.rows)
        if sum != 0 {
            for index in 0..<outputs.count { first[index * block.rows] /= sum }
        } else if function == .normalizeOrUniform {
            for index in 0..<outputs.count { first[index * block.rows] = 1 / Double(outputs.count) }
        }
    }

    private func divideBySum(_ block: RowBlock, _ row: Int) {
        let first = block[outputs.lowerBound] + row
        if width == .float64 {
            let sum = PairwiseSum.sum(first, count: outputs.count, stride: block.rows)
            for index in 0..<outputs.count { first[index * block.rows] /= sum }
        } else {
            let sum = PairwiseSum.sum32(first, count: outputs.count, stride: block.rows)
            for index in 0..<outputs.count {
                first[index * block.rows] = Double(Float(first[index * block.rows]) / sum)
            }
        }
    }
}

/// A function that turns raw scores into answers. `exp` is glibc's `exp`, in float32 `expf`.
///
/// SciPy's `expit` calls the same functions and gives the same bits. NumPy's `exp`, and so scikit-learn's `softmax`, has code of its own
/// on processors with AVX-512 and differs there by one unit in the last place in a twentieth of the values (NumPy 2.4.6, measured).
public enum LinkFunction: String, Sendable, CaseIterable {
    /// 1 / (1 + exp(-x)) of each slot, as SciPy's `expit`.
    case sigmoid
    /// exp(x) of each slot.
    case exponential
    /// The hyperbolic tangent of each slot. NumPy's has code of its own and differs by one unit in the last place at times.
    case tanh
    /// The larger of x and 0 of each slot.
    case rectifier
    /// From one slot p the two slots 1 - p and p.
    case complement
    /// exp(x - max) divided by the sum, over all slots of the row, as scikit-learn's and SciPy's `softmax`. The sum is NumPy's pairwise one;
    /// in float32, so is the exponential (`NumPyExponential`).
    case softmax
    /// As `softmax`, but the sum is added one after the other in float64 and then rounded to the width, as XGBoost's `Softmax`.
    case orderedSoftmax
    /// x divided by the sum over all slots of the row; a sum of 0 gives NaN. The sum is NumPy's pairwise one.
    case normalize
    /// The same, but a sum of 0 leaves every slot as it is. Float64 only.
    case normalizeOrKeep
    /// The same, but a sum of 0 gives every slot the same part of 1. Float64 only.
    case normalizeOrUniform
    /// x - max over all slots of the row. Float64 only.
    case belowMaximum
    /// x - log(Σ exp(x)) over all slots of the row, from log-likelihoods to the logarithms of probabilities, as with SciPy's
    /// `logsumexp`. Float64 only.
    case logNormalize

    fileprivate var hasFloat32: Bool {
        switch self {
        case .sigmoid, .exponential, .tanh, .rectifier, .complement, .softmax, .orderedSoftmax, .normalize: true
        case .normalizeOrKeep, .normalizeOrUniform, .belowMaximum, .logNormalize: false
        }
    }
}

extension ModelBuilder {
    /// Applies a link function.
    ///
    /// - Parameter width: `.float32` rounds operands and every result to float32.
    /// - Returns: one slot per input; two for `.complement`, which takes one.
    public mutating func link(
        _ function: LinkFunction, _ slots: [Slot], width: FloatWidth
    ) throws(ScoringError) -> [Slot] {
        let parameters: JSONObject = ["function": .string(function.rawValue), "width": .string(width.rawValue)]
        let count = function == .complement ? 2 : slots.count
        return try add(Link.name, inputs: slots, outputCount: count, parameters, origin: .none)
    }
}
