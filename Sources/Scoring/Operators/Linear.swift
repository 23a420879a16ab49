import JSONText

/// Dot products with constant weights, plus an intercept.
struct Linear: Operator {
    static let name = "linear"
    fileprivate let inputs: [Slot]
    fileprivate let outputs: Range<Slot>
    fileprivate let width: FloatWidth
    // [outputs x inputs], row-major.
    fileprivate let weights: NumberArray<Double>
    fileprivate let intercepts: NumberArray<Double>
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

extension Linear {
    /// Adds the products of some inputs to `target`.
    @inline(__always)
    fileprivate func add(
        _ range: Range<Int>, _ block: RowBlock, _ weights: UnsafePointer<Double>,
        to target: UnsafeMutablePointer<Double>
    ) {
        for index in range {
            let source = block[inputs[index]]
            let weight = weights[index]
            for row in 0..<block.rows { target[row] += source[row] * weight }
        }
    }
}

/// A sum some of whose inputs are sparse rows, in the order of the inputs.
struct SparseLinear: Operator {
    static let name = Linear.name

    private struct Part {
        /// The inputs that are sparse rows.
        var inputs: Range<Int>
        /// Which rows.
        var place: Int
    }

    private let linear: Linear
    // In the order of the inputs.
    private var parts: [Part] = []

    /// Nil when a sum is in float32 or has a weight that is not finite, which makes more than nothing of a zero.
    init?(_ linear: Linear) {
        guard linear.width == .float64, linear.weights.buffer.allSatisfy(\.isFinite) else { return nil }
        self.linear = linear
    }

    init(_ fields: inout OperatorFields) throws(ScoringError) { linear = try Linear(&fields) }

    /// The same sum, of which the inputs at `slots` are the sparse rows at `place`; nil when it reads them in another order.
    func reading(_ slots: Range<Slot>, place: Int) -> SparseLinear? {
        guard let first = linear.inputs.firstIndex(of: slots.lowerBound),
            linear.inputs.dropFirst(first).prefix(slots.count).elementsEqual(slots),
            linear.inputs.count(where: slots.contains) == slots.count
        else { return nil }
        var result = self
        result.parts.append(Part(inputs: first..<first + slots.count, place: place))
        result.parts.sort { $0.inputs.lowerBound < $1.inputs.lowerBound }
        return result
    }

    func run(_ block: RowBlock) {
        for output in 0..<linear.outputs.count {
            let target = block[linear.outputs.lowerBound + output]
            let weights = linear.weights.base + output * linear.inputs.count
            for row in 0..<block.rows { target[row] = 0 }
            var next = 0
            for part in parts {
                linear.add(next..<part.inputs.lowerBound, block, weights, to: target)
                add(block.texts.sparse[part.place], weights + part.inputs.lowerBound, to: target, rows: block.rows)
                next = part.inputs.upperBound
            }
            linear.add(next..<linear.inputs.count, block, weights, to: target)
            for row in 0..<block.rows { target[row] += linear.intercepts[output] }
        }
    }

    @inline(__always)
    private func add(
        _ sparse: SparseRows, _ weights: UnsafePointer<Double>, to target: UnsafeMutablePointer<Double>, rows: Int
    ) {
        for row in 0..<rows {
            var sum = target[row]
            for index in sparse.starts[row]..<sparse.starts[row + 1] {
                sum += sparse.values[index] * weights[sparse.terms[index]]
            }
            target[row] = sum
        }
    }
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
