import JSONText

/// The first of each pair of slots, and the second where the first is missing.
struct Merge: Operator {
    static let name = "merge"
    private let inputs: [Slot]
    private let outputs: Range<Slot>

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        inputs = fields.inputs
        outputs = fields.outputs
        guard inputs.count.isMultiple(of: 2) else { throw fields.error("its inputs are not pairs") }
        try fields.expectOutputs(inputs.count / 2)
    }

    func run(_ block: RowBlock) {
        for index in 0..<outputs.count {
            let first = block[inputs[2 * index]]
            let second = block[inputs[2 * index + 1]]
            let target = block[outputs.lowerBound + index]
            for row in 0..<block.rows { target[row] = first[row].isNaN ? second[row] : first[row] }
        }
    }

    var details: [OperatorSummary.Detail] { [.init(name: "pairs", value: outputs.count)] }
}

extension ModelBuilder {
    /// `isNaN(first) ? second : first` of each pair, nothing is rounded.
    ///
    /// - Returns: one slot per pair, in order.
    public mutating func merge(_ pairs: [(first: Slot, second: Slot)]) throws(ScoringError) -> [Slot] {
        try add(
            Merge.name, inputs: pairs.flatMap { [$0.first, $0.second] }, outputCount: pairs.count, [:], origin: .none)
    }
}
