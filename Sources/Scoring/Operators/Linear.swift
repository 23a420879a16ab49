import JSONText

/// Dot products with constant weights, plus an intercept.
struct Linear: Operator {
    static let name = "linear"
    private let inputs: [Slot]
    private let outputs: Range<Slot>
    private let width: FloatWidth
    // [outputs x inputs], row-major.
    private let weights: NumberArray<Double>
    private let intercepts: NumberArray<Double>
    private let sums: RowSums

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        inputs = fields.inputs
        outputs = fields.outputs
        width = try fields.choice("width", FloatWidth.self)
        let (size, overflow) = inputs.count.multipliedReportingOverflow(by: outputs.count)
        guard !overflow else { throw fields.error("it has too many weights") }
        weights = try fields.float64("weights", count: size)
        intercepts = try fields.float64("intercepts", count: outputs.count)
        sums = RowSums(inputs, isDistance: false)
    }

    func run(_ block: RowBlock) {
        guard width == .float32 else { return sum64(block) }
        for output in 0..<outputs.count {
            let target = block[outputs.lowerBound + output]
            let weights = weights.base + output * inputs.count
            let intercept = intercepts[output]
            sum32(block, weights, intercept, into: target)
        }
    }

    private func sum64(_ block: RowBlock) {
        guard !outputs.isEmpty else { return }
        sums.run(block, weights.base, count: outputs.count, into: block[outputs.lowerBound])
        for output in 0..<outputs.count {
            let target = block[outputs.lowerBound + output]
            for row in 0..<block.rows { target[row] += intercepts[output] }
        }
    }

    private func sum32(
        _ block: RowBlock, _ weights: UnsafePointer<Double>, _ intercept: Double,
        into target: UnsafeMutablePointer<Double>
    ) {
        for row in 0..<block.rows { target[row] = 0 }
        for index in 0..<inputs.count {
            let source = block[inputs[index]]
            let weight = Float(weights[index])
            for row in 0..<block.rows {
                target[row] = Double(Float(target[row]) + Float(source[row]) * weight)
            }
        }
        for row in 0..<block.rows { target[row] = Double(Float(target[row]) + Float(intercept)) }
    }

    var details: [OperatorSummary.Detail] { [.init(name: "weights", value: weights.count)] }
}

extension ModelBuilder {
    /// `outputs[o] = (0 + x[0]·w[o][0] + x[1]·w[o][1] + …) + intercept[o]`, summed in the order of `slots`, each product and sum
    /// rounded (no fused multiply-add).
    ///
    /// NumPy's BLAS adds in another order that depends on the processor; against it the difference is at most a few units in the
    /// last place of the largest partial sum (3e-15 relative, measured). SciPy's product with a sparse matrix adds in this order.
    /// - Parameters:
    ///   - weights: [outputs x slots], row-major, as `coef_`.
    ///   - intercepts: one per output, as `intercept_`.
    ///   - width: `.float32` rounds operands and every product and sum to float32.
    /// - Returns: one slot per intercept.
    public mutating func linear(
        _ slots: [Slot], weights: [Double], intercepts: [Double], width: FloatWidth
    ) throws(ScoringError) -> [Slot] {
        let parameters: JSONObject = [
            "width": .string(width.rawValue), "weights": addArray(weights), "intercepts": addArray(intercepts),
        ]
        return try add(Linear.name, inputs: slots, outputCount: intercepts.count, parameters, origin: .none)
    }
}
