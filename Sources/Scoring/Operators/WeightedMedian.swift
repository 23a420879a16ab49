import JSONText

/// The weighted median of the inputs.
struct WeightedMedian: Operator {
    static let name = "weightedMedian"
    private let inputs: [Slot]
    private let output: Slot
    private let weights: NumberArray<Double>

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        inputs = fields.inputs
        output = fields.outputs.lowerBound
        guard !inputs.isEmpty else { throw fields.error("it has no inputs") }
        try fields.expectOutputs(1)
        weights = try fields.float64("weights", count: inputs.count)
    }

    func scratchByteCount(rows: Int) -> Int { inputs.count * MemoryLayout<UInt32>.size }

    func run(_ block: RowBlock) {
        let order = block.scratch.bindMemory(to: UInt32.self, capacity: inputs.count)
        for row in 0..<block.rows {
            for index in 0..<inputs.count { order[index] = UInt32(truncatingIfNeeded: index) }
            sort(order) { block[inputs[Int($0)]][row] }
            var total = 0.0
            for index in 0..<inputs.count { total += weights[Int(order[index])] }
            let half = 0.5 * total
            var sum = 0.0
            var chosen = order[0]
            for index in 0..<inputs.count {
                sum += weights[Int(order[index])]
                if sum >= half {
                    chosen = order[index]
                    break
                }
            }
            block[output][row] = block[inputs[Int(chosen)]][row]
        }
    }

    /// Heapsort by value, equal ones by position, NaN last; in place, because nothing is allocated for a row.
    private func sort(_ order: UnsafeMutablePointer<UInt32>, _ value: (UInt32) -> Double) {
        func isBefore(_ a: UInt32, _ b: UInt32) -> Bool {
            let (first, second) = (value(a), value(b))
            if first < second || (second.isNaN && !first.isNaN) { return true }
            if second < first || (first.isNaN && !second.isNaN) { return false }
            return a < b
        }
        func sink(_ start: Int, _ end: Int) {
            var parent = start
            while 2 * parent + 1 < end {
                var child = 2 * parent + 1
                if child + 1 < end, isBefore(order[child], order[child + 1]) { child += 1 }
                guard isBefore(order[parent], order[child]) else { return }
                (order[parent], order[child]) = (order[child], order[parent])
                parent = child
            }
        }
        let count = inputs.count
        for start in stride(from: count / 2 - 1, through: 0, by: -1) { sink(start, count) }
        for end in stride(from: count - 1, to: 0, by: -1) {
            (order[0], order[end]) = (order[end], order[0])
            sink(0, end)
        }
    }
}

extension ModelBuilder {
    /// The smallest slot at which the weights, added in ascending order of the slots, reach half of their sum: the prediction of
    /// scikit-learn's `AdaBoostRegressor`. Both sums are sequential in float64, in that order; equal slots count in their order.
    ///
    /// - Parameter weights: one per slot.
    public mutating func weightedMedian(_ slots: [Slot], weights: [Double]) throws(ScoringError) -> Slot {
        let parameters: JSONObject = ["weights": addArray(weights)]
        return try add(WeightedMedian.name, inputs: slots, outputCount: 1, parameters, origin: .none)[0]
    }
}
