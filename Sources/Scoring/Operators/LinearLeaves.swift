import JSONText

/// Sums the linear models of decision trees' leaves, as LightGBM's `linear_tree`: Format.md, "linearLeaves".
struct LinearLeaves: Operator {
    static let name = "linearLeaves"
    private let columns: [Slot]
    private let trees: [Slot]
    private let outputs: Range<Slot>
    private let zero: Double
    private let treeOutputs: NumberArray<UInt32>
    private let constants: NumberArray<Double>
    private let fallbacks: NumberArray<Double>
    private let termStarts: NumberArray<UInt32>
    private let terms: NumberArray<UInt32>
    private let coefficients: NumberArray<Double>

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        let columnCount = try fields.integer("features", in: 0...Limits.slots)
        guard columnCount < fields.inputs.count else { throw fields.error("it has no trees") }
        columns = Array(fields.inputs[..<columnCount])
        trees = Array(fields.inputs[columnCount...])
        outputs = fields.outputs
        zero = try fields.double("zero")
        guard !(zero < 0) else { throw fields.error("`zero` is negative") }
        treeOutputs = try fields.uint32("treeOutputs", count: trees.count)
        let outputCount = fields.outputs.count
        guard treeOutputs.buffer.allSatisfy({ Int($0) < outputCount }) else {
            throw fields.error("`treeOutputs` holds a number that is not below \(outputCount)")
        }
        constants = try fields.float64("constants")
        fallbacks = try fields.float64("fallbacks", count: constants.count)
        coefficients = try fields.float64("coefficients")
        terms = try fields.uint32("terms", count: coefficients.count)
        guard terms.buffer.allSatisfy({ Int($0) < columnCount }) else {
            throw fields.error("`terms` holds a number that is not below \(columnCount)")
        }
        termStarts = try fields.uint32("termStarts", count: constants.count + 1)
        guard termStarts[0] == 0, Int(termStarts[constants.count]) == terms.count,
            zip(termStarts.buffer, termStarts.buffer.dropFirst()).allSatisfy({ $0 <= $1 })
        else { throw fields.error("`termStarts` do not divide the \(terms.count) terms") }
    }

    func run(_ block: RowBlock) {
        for output in outputs {
            let target = block[output]
            for row in 0..<block.rows { target[row] = 0 }
        }
        for tree in 0..<trees.count {
            let leaves = block[trees[tree]]
            let target = block[outputs.lowerBound + Int(treeOutputs[tree])]
            for row in 0..<block.rows { target[row] += value(ofLeaf: leaves[row], block, row) }
        }
    }

    private func value(ofLeaf number: Double, _ block: RowBlock, _ row: Int) -> Double {
        guard number >= 0, number < Double(constants.count) else { return .nan }
        let leaf = Int(number)
        guard Double(leaf) == number else { return .nan }
        var sum = constants[leaf]
        for term in Int(termStarts[leaf])..<Int(termStarts[leaf + 1]) {
            let value = block[columns[Int(terms[term])]][row]
            if value.isNaN { return fallbacks[leaf] }
            sum += coefficients[term] * (abs(value) <= zero ? 0 : value)
        }
        return sum
    }

    var details: [OperatorSummary.Detail] {
        [
            .init(name: "trees", value: trees.count), .init(name: "leaves", value: constants.count),
            .init(name: "terms", value: terms.count),
        ]
    }
}

/// The linear models of leaves while they are collected for `ModelBuilder.linearLeaves`.
public struct LinearLeafTable: Sendable {
    /// The number of leaves so far.
    public var count: Int { constants.count }
    fileprivate var constants: [Double] = []
    fileprivate var fallbacks: [Double] = []
    fileprivate var termStarts: [UInt32] = [0]
    fileprivate var terms: [UInt32] = []
    fileprivate var coefficients: [Double] = []

    /// No leaves.
    public init() {}

    /// Adds a leaf and gives its number.
    ///
    /// - Parameters:
    ///   - terms: columns, as positions in the slots that are given to `ModelBuilder.linearLeaves`, with their coefficients.
    ///   - fallback: the value when a term's column is NaN.
    public mutating func append(
        constant: Double, terms: [(column: Int, coefficient: Double)], fallback: Double
    ) -> Int {
        constants.append(constant)
        fallbacks.append(fallback)
        for term in terms {
            self.terms.append(UInt32(clamping: term.column))
            coefficients.append(term.coefficient)
        }
        termStarts.append(UInt32(clamping: self.terms.count))
        return constants.count - 1
    }
}

extension ModelBuilder {
    /// Sums the linear models of the leaves that a row has reached, in float64, tree after tree, from 0.
    ///
    /// - Parameters:
    ///   - slots: the columns that terms name.
    ///   - leaves: per tree, the number in `table` of the leaf that the row has reached.
    ///   - treeOutputs: per tree, the output to which its value is added.
    ///   - zero: a column's value counts as 0 up to this magnitude; nil: only zero does.
    /// - Returns: `outputCount` slots.
    public mutating func linearLeaves(
        _ slots: [Slot], leaves: [Slot], table: LinearLeafTable, treeOutputs: [Int], outputCount: Int, zero: Double?
    ) throws(ScoringError) -> [Slot] {
        let parameters: JSONObject = [
            "features": .int(slots.count), "zero": DoubleText.encode(zero ?? .nan),
            "treeOutputs": addArray(treeOutputs.map { UInt32(clamping: $0) }), "constants": addArray(table.constants),
            "fallbacks": addArray(table.fallbacks), "termStarts": addArray(table.termStarts),
            "terms": addArray(table.terms), "coefficients": addArray(table.coefficients),
        ]
        return try add(
            LinearLeaves.name, inputs: slots + leaves, outputCount: outputCount, parameters, origin: .none)
    }
}
