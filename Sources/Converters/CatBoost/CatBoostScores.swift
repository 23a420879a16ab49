import Boosters
import Diagnostics
import Scoring

/// The raw scores of a model of CatBoost for a table.
struct CatBoostScores {
    let model: CatBoostModel
    let refuse: @Sendable (_ reason: String, _ help: String?) -> Refused

    /// One slot per output.
    func rawScores(_ table: Table, into program: inout Program) throws -> [Slot] {
        try checkColumns(table)
        var forest = TreeForest(
            featureCount: table.lanes.count, leafWidth: model.outputCount, comparison: .lessOrEqual,
            inputWidth: .float32, missing: .perNode)
        for tree in model.trees {
            var nodes = ForestNodes(values: model.leafValues, outputCount: model.outputCount)
            switch tree {
            case .oblivious(let splits, let firstValue):
                nodes.addLevels(splits, firstValue: firstValue, outputCount: model.outputCount)
            case .nodes(let list): nodes.add(list)
            }
            try nodes.append(to: &forest)
        }
        let start = [Double](repeating: 0, count: model.outputCount)
        var slots = try program.builder.trees(table.slots, forest: forest, start: start, sumWidth: .float64)
        if model.scale != 1 {
            let scale = [Double](repeating: model.scale, count: slots.count)
            slots = try program.builder.scale(slots, steps: [.multiply(scale)], width: .float64)
        }
        if model.bias.contains(where: { $0 != 0 }) {
            slots = try program.builder.scale(slots, steps: [.add(model.bias)], width: .float64)
        }
        return slots
    }

    /// CatBoost finds columns by their names when it was trained on names, else by their positions.
    private func checkColumns(_ table: Table) throws {
        guard model.features.map(\.column).sorted() == Array(table.lanes.indices) else {
            throw refuse(
                "it was trained on \(model.features.count) columns and would get \(table.lanes.count)",
                "log the model with a signature inferred from the training table")
        }
        try table.requireNumbers(refuse)
        // Without names in training it numbers the columns.
        guard let names = table.names, table.form == .frame else { return }
        for feature in model.features {
            guard let name = feature.name, name != String(feature.column) else { continue }
            guard name.utf8.elementsEqual(names[feature.column].utf8) else {
                throw refuse(
                    "the columns of the signature are not the features it was trained on, in their order: "
                        + "`\(escaped(name))` was trained where the signature has `\(escaped(names[feature.column]))`",
                    "log the model with a signature inferred from the training table")
            }
        }
    }
}

/// The nodes of one tree in the arrays that `TreeForest` takes.
private struct ForestNodes {
    private let values: [Double]
    private let outputCount: Int
    private var left: [Int32] = []
    private var right: [Int32] = []
    private var feature: [Int32] = []
    private var threshold: [Double] = []
    private var missingLeft: [Bool] = []
    private var leafValues: [Double] = []

    init(values: [Double], outputCount: Int) {
        self.values = values
        self.outputCount = outputCount
    }

    /// A complete tree whose level below the root tests the last split but one, and so on: its leaves are then in their order.
    mutating func addLevels(_ splits: [CatBoostModel.Split], firstValue: Int, outputCount: Int) {
        let inner = (1 << splits.count) - 1
        for number in 0..<inner {
            let level = (number + 1).bitWidth - 1 - (number + 1).leadingZeroBitCount
            add(splits[splits.count - 1 - level], left: 2 * number + 1, right: 2 * number + 2)
        }
        for leaf in 0...inner { addLeaf(firstValue + leaf * outputCount) }
    }

    mutating func add(_ nodes: [CatBoostModel.Node]) {
        // Leaves get numbers after the nodes, in the order in which they are met.
        var firstValues: [Int] = []
        func number(_ child: CatBoostModel.Child) -> Int {
            switch child {
            case .node(let number): return number
            case .leaf(let firstValue):
                firstValues.append(firstValue)
                return nodes.count + firstValues.count - 1
            }
        }
        for node in nodes {
            let below = number(node.below)
            add(node.split, left: below, right: number(node.above))
        }
        for firstValue in firstValues { addLeaf(firstValue) }
    }

    func append(to forest: inout TreeForest) throws {
        try forest.append(
            left: left, right: right, feature: feature, threshold: threshold, missingGoesLeft: missingLeft,
            values: leafValues, firstOutput: 0)
    }

    private mutating func add(_ split: CatBoostModel.Split, left: Int, right: Int) {
        self.left.append(Int32(left))
        self.right.append(Int32(right))
        feature.append(Int32(split.column))
        threshold.append(Double(split.border))
        missingLeft.append(!split.missingPasses)
        for _ in 0..<outputCount { leafValues.append(0) }
    }

    private mutating func addLeaf(_ firstValue: Int) {
        left.append(-1)
        right.append(-1)
        feature.append(0)
        threshold.append(0)
        missingLeft.append(false)
        leafValues.append(contentsOf: values[firstValue..<firstValue + outputCount])
    }
}
