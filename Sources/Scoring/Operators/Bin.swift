import JSONText

/// The number of edges that are not above a value, as `numpy.searchsorted(edges, x, side="right")`.
struct Bin: Operator {
    static let name = "bin"
    private let input: Slot
    private let output: Slot
    private let edges: NumberArray<Double>

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        try fields.expectInputs(1)
        try fields.expectOutputs(1)
        input = fields.inputs[0]
        output = fields.outputs.lowerBound
        edges = try fields.float64("edges")
        guard edges.buffer.allSatisfy({ !$0.isNaN }),
            zip(edges.buffer, edges.buffer.dropFirst()).allSatisfy({ $0 <= $1 })
        else { throw fields.error("`edges` descend or hold NaN") }
    }

    func run(_ block: RowBlock) {
        let source = block[input]
        let target = block[output]
        for row in 0..<block.rows {
            let value = source[row]
            var low = 0
            var high = edges.count
            while low < high {
                let middle = (low + high) / 2
                // NaN sorts last.
                if value < edges[middle] { high = middle } else { low = middle + 1 }
            }
            target[row] = Double(low)
        }
    }

    var details: [OperatorSummary.Detail] { [.init(name: "edges", value: edges.count)] }
}

extension ModelBuilder {
    /// The number of the bin of a value: how many of `edges` are at most the value. NaN counts as larger than all.
    ///
    /// - Parameter edges: never descending, without NaN; the inner edges of `edges.count + 1` bins.
    public mutating func bin(_ slot: Slot, edges: [Double]) throws(ScoringError) -> Slot {
        try add(Bin.name, inputs: [slot], outputCount: 1, ["edges": addArray(edges)], origin: .oneToOne)[0]
    }
}
