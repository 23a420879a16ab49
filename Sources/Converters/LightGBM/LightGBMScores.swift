import Boosters
import Pickle
import Scoring

/// The raw scores and predictions of a booster of LightGBM for a table.
///
/// Raw scores are sums in float64 in the order of the trees, from 0. Source: `src/boosting/gbdt_prediction.cpp`,
/// `include/LightGBM/tree.h`, `src/c_api.cpp`, `python-package/lightgbm/basic.py`, 3.3.5 to 4.7.0.
struct LightGBMScores {
    let model: LightGBMModel
    /// The iterations that count.
    let iterations: Int
    let refuse: @Sendable (_ reason: String, _ help: String?) -> Refused

    /// - Parameter bestIteration: `best_iteration` of the Python object; at most 0 for all iterations.
    init(
        _ model: LightGBMModel, bestIteration: Int, refuse: @escaping @Sendable (String, String?) -> Refused
    ) throws {
        self.model = model
        self.refuse = refuse
        iterations = bestIteration > 0 ? min(bestIteration, model.iterationCount) : model.iterationCount
        guard iterations > 0 else { throw refuse("it has no trees", nil) }
        // MLflow hands over columns of plain texts, which LightGBM does not take for those it was trained on.
        guard model.pandasCategoryCounts.isEmpty else {
            throw refuse(
                "it was trained on pandas columns of type `category`, which no request brings: LightGBM would refuse them",
                "train it on columns of whole numbers with `categorical_feature`")
        }
    }

    /// One slot per output, before the objective's function; not averaged.
    func rawScores(_ table: Table, into program: inout Program) throws -> [Slot] {
        try rawScores(try columns(table, into: &program), table, into: &program)
    }

    /// One slot per output: what `Booster.predict` gives.
    func predictions(_ table: Table, into program: inout Program) throws -> [Slot] {
        var slots = try rawScores(table, into: &program)
        if model.averagesOutput {
            let count = [Double](repeating: Double(iterations), count: slots.count)
            slots = try program.builder.scale(slots, steps: [.divide(count)], width: .float64)
        }
        switch model.objective {
        case nil, .identity?: return slots
        case .signedSquare?: return try program.builder.link(.signedSquare, slots, width: .float64)
        case .exponential?: return try program.builder.link(.exponential, slots, width: .float64)
        case .softplus?: return try program.builder.link(.softplus, slots, width: .float64)
        case .softmax?: return try program.builder.link(.orderedSoftmax, slots, width: .float64)
        case .sigmoid(let scale)?:
            if scale != 1 {
                let scales = [Double](repeating: scale, count: slots.count)
                slots = try program.builder.scale(slots, steps: [.multiply(scales)], width: .float64)
            }
            return try program.builder.link(.sigmoid, slots, width: .float64)
        }
    }

    /// The columns as LightGBM's C interface gets them: float64, or float32 where `basic.py` makes that of them.
    private func columns(_ table: Table, into program: inout Program) throws -> [Slot] {
        guard table.lanes.count == model.featureCount else {
            throw refuse("it was fitted on \(model.featureCount) columns and would get \(table.lanes.count)", nil)
        }
        try table.requireNumbers(refuse)
        guard try isFloat32(table) else { return table.slots }
        let rounded = table.lanes.indices.filter {
            ![ElementType.float32, .boolean].contains(table.lanes[$0].elementType)
        }
        guard !rounded.isEmpty else { return table.slots }
        var slots = table.slots
        let results = try program.builder.scale(rounded.map { slots[$0] }, steps: [], width: .float32)
        for (index, slot) in zip(rounded, results) { slots[index] = slot }
        return slots
    }

    private func isFloat32(_ table: Table) throws -> Bool {
        guard table.form == .frame else {
            let type = table.elementType
            if table.isSparse, type != .float32, type != .float64 {
                throw refuse("it gets a sparse matrix of whole numbers, which LightGBM does not take", nil)
            }
            // `check_array` makes float64 of objects.
            return type != .float64 && type != .object
        }
        // 3.x: `data.values`, and float32 unless that is float64. 4.x: NumPy's common type of the columns and float32.
        if model.libraryVersion < 4 { return table.stackedType != .float64 }
        return table.elementType == .float32 || table.elementType == .boolean
    }

    private func rawScores(_ slots: [Slot], _ table: Table, into program: inout Program) throws -> [Slot] {
        let trees = model.trees[..<(iterations * model.outputCount)]
        let isLinear = trees.contains { !$0.linearLeaves.isEmpty }
        var forest = TreeForest(
            featureCount: slots.count, leafWidth: 1, comparison: .lessOrEqual, inputWidth: .float64, missing: .perNode)
        forest.reserve(nodeCount: trees.reduce(0) { $0 + 2 * $1.leafValues.count - 1 })
        var leaves = LinearLeafTable()
        for (number, tree) in trees.enumerated() {
            let values = isLinear ? Self.append(tree, to: &leaves) : tree.leafValues
            try append(
                tree, values, to: &forest, table, firstOutput: isLinear ? number : number % model.outputCount)
        }
        guard isLinear else {
            let start = [Double](repeating: 0, count: model.outputCount)
            return try program.builder.trees(slots, forest: forest, start: start, sumWidth: .float64)
        }
        // -0 + x is x, for every x.
        let start = [Double](repeating: -0.0, count: trees.count)
        let reached = try program.builder.trees(slots, forest: forest, start: start, sumWidth: .float64)
        return try program.builder.linearLeaves(
            slots, leaves: reached, table: leaves, treeOutputs: trees.indices.map { $0 % model.outputCount },
            outputCount: model.outputCount, zero: table.isSparse ? nil : LightGBMModel.zeroRange.upperBound)
    }

    /// Adds the leaves of a tree and gives their numbers.
    private static func append(_ tree: LightGBMTree, to table: inout LinearLeafTable) -> [Double] {
        tree.leafValues.indices.map { leaf in
            guard !tree.linearLeaves.isEmpty else {
                return Double(table.append(constant: tree.leafValues[leaf], terms: [], fallback: tree.leafValues[leaf]))
            }
            let linear = tree.linearLeaves[leaf]
            let terms = zip(linear.features, linear.coefficients).map { (column: $0, coefficient: $1) }
            return Double(
                table.append(constant: linear.constant, terms: terms, fallback: tree.leafValues[leaf]))
        }
    }

    /// Inner nodes keep their numbers, and leaf `i` becomes number nodes + i.
    private func append(
        _ tree: LightGBMTree, _ values: [Double], to forest: inout TreeForest, _ table: Table, firstOutput: Int
    ) throws {
        let inner = tree.nodes.count
        let count = inner + values.count
        var left = [Int32](repeating: -1, count: count)
        var right = left
        var feature = [Int32](repeating: 0, count: count)
        var threshold = [Double](repeating: 0, count: count)
        var missingLeft = [Bool](repeating: false, count: count)
        for (number, node) in tree.nodes.enumerated() {
            left[number] = Int32(node.left < 0 ? inner + ~node.left : node.left)
            right[number] = Int32(node.right < 0 ? inner + ~node.right : node.right)
            feature[number] = Int32(node.feature)
            switch node.test {
            case .numeric(let limit, let missing, let defaultLeft):
                threshold[number] = table.isSparse ? limit : Self.denseThreshold(limit)
                missingLeft[number] = defaultLeft
                switch missing {
                case .notANumber: break
                case .zero: feature[number] = try forest.derive(.missing(LightGBMModel.zeroRange), from: node.feature)
                case .none where table.lanes[node.feature].mayBeMissing:
                    feature[number] = try forest.derive(.zeroForMissing, from: node.feature)
                case .none: break
                }
            case .categorical(let words):
                // A cast to `int`, as x86 does it: what does not fit is negative.
                let split = CategorySplit(
                    reading: .truncated, limit: 1 << 31, categoriesGoRight: words.map { ~$0 }, othersGoRight: true,
                    invalidGoesRight: true, missingGoesRight: true)
                threshold[number] = TreeForest.splitThreshold
                feature[number] = try forest.derive(.split(split), from: node.feature)
            }
        }
        try forest.append(
            left: left, right: right, feature: feature, threshold: threshold, missingGoesLeft: missingLeft,
            values: [Double](repeating: 0, count: inner) + values, firstOutput: firstOutput)
    }

    /// Rows of a dense table lose what is in `zeroRange` (`RowPairFunctionFromDenseMatric`): 0 is compared instead, so that a
    /// threshold within the range parts the numbers at one of its ends. Rows of a sparse matrix keep it.
    private static func denseThreshold(_ threshold: Double) -> Double {
        let zero = LightGBMModel.zeroRange
        guard zero.contains(threshold), threshold != zero.upperBound else { return threshold }
        return threshold < 0 ? zero.lowerBound.nextDown : zero.upperBound
    }
}
