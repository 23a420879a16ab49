import JSONText

/// A row divided by its norm.
struct UnitNorm: Operator {
    static let name = "unitNorm"
    private let inputs: [Slot]
    private let outputs: Range<Slot>
    private let norm: VectorNorm
    private let width: FloatWidth
    private let smallest: Double

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        inputs = fields.inputs
        outputs = fields.outputs
        norm = try fields.choice("norm", VectorNorm.self)
        width = try fields.choice("width", FloatWidth.self)
        smallest = try fields.double("smallest")
        guard width == .float64 || norm == .max else { throw fields.error("sums are not done in float32") }
        try fields.expectOutputs(inputs.count)
    }

    func run(_ block: RowBlock) {
        for row in 0..<block.rows {
            let length = length(block, row)
            let divisor = length < smallest ? 1 : length
            for index in 0..<inputs.count {
                let quotient = rounded(block[inputs[index]][row]) / divisor
                block[outputs.lowerBound + index][row] = rounded(quotient)
            }
        }
    }

    private func length(_ block: RowBlock, _ row: Int) -> Double {
        var total = 0.0
        switch norm {
        case .l1: for slot in inputs { total += abs(block[slot][row]) }
        case .l2:
            for slot in inputs { total += block[slot][row] * block[slot][row] }
            total = total.squareRoot()
        case .max: for slot in inputs { total = max(total, abs(rounded(block[slot][row]))) }
        }
        return total
    }

    @inline(__always)
    private func rounded(_ value: Double) -> Double { width == .float32 ? Double(Float(value)) : value }
}

/// The length of a row.
public enum VectorNorm: String, Sendable, CaseIterable {
    /// Σ |x|
    case l1
    /// √ Σ x²
    case l2
    /// The largest |x|.
    case max
}

extension ModelBuilder {
    /// Divides the slots by their norm, as scikit-learn's `Normalizer`. Sums go in the order of `slots`, where NumPy's order depends on
    /// the layout of the array in memory.
    ///
    /// - Parameters:
    ///   - smallest: a norm below it counts as 1.
    ///   - width: `.float32`, for `.max` only, rounds operands and results to float32.
    /// - Returns: one slot per input, in order.
    public mutating func unitNorm(
        _ slots: [Slot], norm: VectorNorm, smallest: Double, width: FloatWidth
    ) throws(ScoringError) -> [Slot] {
        let parameters: JSONObject = [
            "norm": .string(norm.rawValue), "width": .string(width.rawValue), "smallest": DoubleText.encode(smallest),
        ]
        return try add(UnitNorm.name, inputs: slots, outputCount: slots.count, parameters, origin: .none)
    }
}
