import JSONText

/// Dot products with constant weights, plus an intercept.
struct Linear: Operator {
    static let name = "linear"
    fileprivate let inputs: [Slot]
    fileprivate let outputs: Range<Slot>
    private let width: FloatWidth
    // [outputs x inputs], row-major.
    fileprivate let weights: NumberArray<Double>
    fileprivate let intercepts: NumberArray<Double>

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        inputs = fields.inputs
        outputs = fields.outputs
        width = try fields.choice("width", FloatWidth.self)
        let (size, overflow) = inputs.count.multipliedReportingOverflow(by: outputs.count)
        guard !overflow else { throw fields.error("it has too many weights") }
        weights = try fields.float64("weights", count: size)
        intercepts = try fields.float64("intercepts", count: outputs.count)
    }

    func run(_ block: RowBlock) {
        for output in 0..<outputs.count {
            let target = block[outputs.lowerBound + output]
            let weights = weights.base + output * inputs.count
            let intercept = intercepts[output]
            if width == .float64 {
                sum64(block, weights, intercept, into: target)
            } else {
                sum32(block, weights, intercept, into: target)
            }
        }
    }

    private func sum64(
        _ block: RowBlock, _ weights: UnsafePointer<Double>, _ intercept: Double,
        into target: UnsafeMutablePointer<Double>
    ) {
        for row in 0..<block.rows { target[row] = 0 }
        add(inputs.indices, block, weights, to: target)
        for row in 0..<block.rows { target[row] += intercept }
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
    /// The same sum, of which the inputs at `slots` are the sparse rows at `place`; nil when it reads them in another order, in float32,
    /// or with a weight that is not finite.
    func reading(_ slots: Range<Slot>, place: Int) -> SparseLinear? {
        guard width == .float64, let first = inputs.firstIndex(of: slots.lowerBound),
            inputs.dropFirst(first).prefix(slots.count).elementsEqual(slots),
            !inputs[..<first].contains(where: slots.contains),
            !inputs.dropFirst(first + slots.count).contains(where: slots.contains),
            weights.buffer.allSatisfy(\.isFinite)
        else { return nil }
        return SparseLinear(linear: self, first: first, count: slots.count, place: place)
    }

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
    fileprivate let linear: Linear
    // Where the sparse inputs begin, and how many they are.
    fileprivate let first: Int
    fileprivate let count: Int
    fileprivate let place: Int

    fileprivate init(linear: Linear, first: Int, count: Int, place: Int) {
        (self.linear, self.first, self.count, self.place) = (linear, first, count, place)
    }

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        self.init(linear: try Linear(&fields), first: 0, count: 0, place: 0)
    }

    func run(_ block: RowBlock) {
        let rows = block.texts.sparse[place]
        for output in 0..<linear.outputs.count {
            let target = block[linear.outputs.lowerBound + output]
            let weights = linear.weights.base + output * linear.inputs.count
            for row in 0..<block.rows { target[row] = 0 }
            linear.add(0..<first, block, weights, to: target)
            for row in 0..<block.rows {
                var sum = target[row]
                for index in rows.starts[row]..<rows.starts[row + 1] {
                    sum += rows.values[index] * weights[first + rows.terms[index]]
                }
                target[row] = sum
            }
            linear.add(first + count..<linear.inputs.count, block, weights, to: target)
            for row in 0..<block.rows { target[row] += linear.intercepts[output] }
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
