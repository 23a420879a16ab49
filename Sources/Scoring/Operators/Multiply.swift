import JSONText

/// Products of two slots each.
struct Multiply: Operator {
    static let name = "multiply"
    private let inputs: [Slot]
    private let outputs: Range<Slot>
    private let width: FloatWidth

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        inputs = fields.inputs
        outputs = fields.outputs
        width = try fields.choice("width", FloatWidth.self)
        guard inputs.count.isMultiple(of: 2) else { throw fields.error("its inputs are not pairs") }
        try fields.expectOutputs(inputs.count / 2)
    }

    func run(_ block: RowBlock) {
        for index in 0..<outputs.count {
            let left = block[inputs[2 * index]]
            let right = block[inputs[2 * index + 1]]
            let target = block[outputs.lowerBound + index]
            if width == .float64 {
                for row in 0..<block.rows { target[row] = left[row] * right[row] }
            } else {
                for row in 0..<block.rows { target[row] = Double(Float(left[row]) * Float(right[row])) }
            }
        }
    }

    var details: [OperatorSummary.Detail] { [.init(name: "products", value: outputs.count)] }
}

extension ModelBuilder {
    /// The product of each pair of slots.
    ///
    /// - Parameter width: `.float32` rounds operands and products to float32.
    /// - Returns: one slot per pair, in order.
    public mutating func multiply(_ pairs: [(Slot, Slot)], width: FloatWidth) throws(ScoringError) -> [Slot] {
        try add(
            Multiply.name, inputs: pairs.flatMap { [$0.0, $0.1] }, outputCount: pairs.count,
            ["width": .string(width.rawValue)], origin: .none)
    }
}
