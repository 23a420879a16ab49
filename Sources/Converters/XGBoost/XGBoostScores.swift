import Boosters
import Diagnostics
import Scoring

/// Adds the raw scores of a model of XGBoost to a program.
///
/// The sums are float32 in the order of the trees and begin at the base score, as in `src/predictor/cpu_predictor.cc`; the compiled
/// libraries for x86-64 add and multiply without fusing.
struct XGBoostScores {
    /// The way by which rows come to the booster.
    enum Path {
        /// `Booster.predict(DMatrix(…))`: infinite values are refused, and tables without names when it knows names.
        case matrix
        /// `Booster.inplace_predict(…)`.
        case inPlace
    }

    let model: XGBoostModel
    let objective: XGBoostObjective
    let path: Path
    /// The number that counts as missing beside NaN; NaN for none.
    let missing: Double
    /// How many iterations are used; nil for all.
    let iterations: Int?
    /// A reason to refuse the model, with what would help.
    let refuse: @Sendable (_ reason: String, _ help: String?) -> Refused

    /// The raw scores of `table`: one slot per output.
    func slots(_ table: Table, into program: inout Program) throws -> [Slot] {
        try requireColumns(table)
        let margins = try startingScores()
        let lanes = try inputs(table, into: &program)
        switch model.booster {
        case .trees(let forest): return try sum(forest, lanes, margins, into: &program)
        case .linear(let weights): return try sum(weights, lanes, margins, into: &program)
        }
    }

    /// Throws when XGBoost would refuse every table like this one.
    private func requireColumns(_ table: Table) throws {
        for lane in table.lanes {
            switch lane.kind {
            case .number where !lane.missingIsText: continue
            case .number, .text:
                throw refuse(
                    "it takes numbers, and column `\(escaped(lane.name))` holds texts, which XGBoost refuses when served",
                    "encode the column before this step")
            case .unusable(let type):
                throw refuse(
                    "it uses column `\(escaped(lane.name))` of type `\(type)`, which native models do not take", nil)
            }
        }
        guard table.lanes.count == model.featureCount else {
            throw refuse(
                "it was trained on \(model.featureCount) features and would get \(table.lanes.count)", nil)
        }
        if path == .inPlace, case .trees(let forest) = model.booster, forest.hasCategoryNames {
            throw refuse(
                "it was trained on columns of categories, and its class refuses the numbers and texts that are served",
                "encode the categories as numbers before training, and say so by `feature_types`")
        }
        guard !model.featureNames.isEmpty else { return }
        if table.form != .frame {
            if path == .matrix {
                throw refuse("it was trained on named features and would get a table without names", nil)
            }
        } else if let names = table.names,
            let pair = zip(model.featureNames, names).first(where: { !$0.utf8.elementsEqual($1.utf8) })
        {
            throw refuse(
                "the columns of the signature are not the features it was trained on, in their order: "
                    + "`\(escaped(pair.0))` was trained where the signature has `\(escaped(pair.1))`",
                "log the model with a signature inferred from the training table")
        }
    }

    private func startingScores() throws -> [Float] {
        var margins: [Float] = []
        for base in model.baseScores {
            guard let margin = objective.margin(ofBase: base) else {
                throw refuse("its `base_score` \(base) is not one that its objective can begin with", nil)
            }
            margins.append(margin)
        }
        return margins.count == 1 ? Array(repeating: margins[0], count: model.outputCount) : margins
    }

    /// The columns with NaN for whatever XGBoost takes for missing.
    private func inputs(_ table: Table, into program: inout Program) throws -> [Lane] {
        var lanes = table.lanes
        func replace(_ slots: [Slot]) {
            for (index, slot) in slots.enumerated() { lanes[index].slot = slot }
        }
        let blank = Array(repeating: Double.nan, count: lanes.count)
        if table.isSparse {
            // What a sparse matrix does not store is missing; a zero that it stores is a number.
            if let lane = lanes.first(where: \.hasUncertainZeros) {
                throw refuse(
                    "it gets a sparse matrix whose column `\(lane.name)` may store zeros, which are not missing to XGBoost",
                    "make the matrix dense before this step, by `sparse_threshold=0` or `sparse_output=False`")
            }
            replace(try program.builder.impute(lanes.map(\.slot), missing: 0, fill: blank))
        }
        if !missing.isNaN {
            if let lane = lanes.first(where: \.isApproximate) {
                throw refuse(
                    "it looks for the missing number \(missing) in column `\(lane.name)`, and an earlier step gives numbers that "
                        + "differ in the last bits between processors", nil)
            }
            // Compared as float32.
            let rounded = try program.builder.scale(lanes.map(\.slot), steps: [], width: .float32)
            replace(try program.builder.impute(rounded, missing: Double(Float(missing)), fill: blank))
        }
        if table.isSparse || !missing.isNaN {
            for index in lanes.indices { lanes[index].mayBeMissing = true }
        }
        if path == .matrix {
            let unbounded = lanes.filter { !$0.isBounded }.map(\.slot)
            if !unbounded.isEmpty {
                try program.builder.requireFinite(unbounded, width: .float32, allowsMissing: true)
            }
        }
        return lanes
    }

    private func sum(
        _ forest: XGBoostForest, _ lanes: [Lane], _ margins: [Float], into program: inout Program
    ) throws -> [Slot] {
        let trees = try treeRange(forest)
        let widths = Set(trees.map { forest.trees[$0].leafWidth })
        guard widths.count == 1, let width = widths.first else {
            throw refuse(widths.isEmpty ? "it has no trees" : "its trees have leaves of different widths", nil)
        }
        var target = TreeForest(
            featureCount: lanes.count, leafWidth: width, comparison: .less, inputWidth: .float32,
            missing: lanes.contains(where: \.mayBeMissing) ? .perNode : .never)
        for number in trees {
            let tree = forest.trees[number]
            let group = width == 1 ? Int(forest.groups[number]) : 0
            let weight = forest.weights?[number]
            var values = [Double](repeating: 0, count: tree.left.count * width)
            for node in tree.left.indices where tree.left[node] == -1 {
                for (index, value) in tree.leafValues(node).enumerated() {
                    let value = weight.map { weighted(value, by: $0, base: margins[group]) } ?? value
                    values[node * width + index] = Double(value)
                }
            }
            var features = tree.feature
            var thresholds = tree.condition.map { $0.isNaN ? 0 : Double($0) }
            for node in tree.categories.keys.sorted() where tree.left[Int(node)] != -1 {
                let split = categorySplit(tree, node)
                features[Int(node)] = try target.derive(.split(split), from: Int(tree.feature[Int(node)]))
                thresholds[Int(node)] = TreeForest.splitThreshold
            }
            try target.append(
                left: tree.left, right: tree.right, feature: features, threshold: thresholds,
                missingGoesLeft: target.missing == .perNode ? tree.defaultLeft : [], values: values,
                firstOutput: group)
        }
        return try program.builder.trees(
            lanes.map(\.slot), forest: target, start: margins.map { Double($0) }, sumWidth: .float32)
    }

    /// `Decision` in `src/common/categorical.h`: what is stored goes right; negative numbers and those from 2^24 on go left.
    private func categorySplit(_ tree: XGBoostTree, _ node: Int32) -> CategorySplit {
        let categories = tree.categories[node] ?? []
        var words = [UInt32](repeating: 0, count: Int(categories.max() ?? 0) / 32 + 1)
        for category in categories { words[Int(category) / 32] |= 1 << UInt32(category % 32) }
        return CategorySplit(
            reading: .floored, limit: 1 << 24, categoriesGoRight: words, othersGoRight: false, invalidGoesRight: false,
            missingGoesRight: !tree.defaultLeft[Int(node)])
    }

    /// What a tree of `dart` adds: `inplace_predict` takes it out of a sum that began at the base score.
    private func weighted(_ value: Float, by weight: Float, base: Float) -> Float {
        switch path {
        case .matrix: value * weight
        case .inPlace: ((base + value) - base) * weight
        }
    }

    private func treeRange(_ forest: XGBoostForest) throws -> Range<Int> {
        guard let iterations else { return 0..<forest.trees.count }
        guard iterations < forest.iterationStarts.count else {
            throw refuse(
                "its best iteration is \(iterations - 1), and it has \(forest.iterationStarts.count - 1) iterations",
                nil)
        }
        return 0..<forest.iterationStarts[iterations]
    }

    /// (bias + base) + x[0]·w[0] + x[1]·w[1] + …, missing values left out: `GBLinear::Pred`.
    private func sum(
        _ weights: [Float], _ lanes: [Lane], _ margins: [Float], into program: inout Program
    ) throws -> [Slot] {
        let outputs = model.outputCount
        // `base_score(0)` for every output, in all versions.
        let biases = (0..<outputs).map { weights[model.featureCount * outputs + $0] + margins[0] }
        let blank = Array(repeating: 0.0, count: lanes.count)
        let filled = try program.builder.impute(lanes.map(\.slot), missing: .nan, fill: blank)
        // A slot that is always 1, so that the sum begins with the bias.
        let one = try program.builder.scale([filled[0]], steps: [.atLeast([1]), .atMost([1])], width: .float32)
        var matrix: [Double] = []
        for output in 0..<outputs {
            matrix.append(Double(biases[output]))
            matrix += (0..<model.featureCount).map { Double(weights[$0 * outputs + output]) }
        }
        return try program.builder.linear(
            one + filled, weights: matrix, intercepts: Array(repeating: 0, count: outputs), width: .float32)
    }
}
