import Bytes
import Diagnostics
import TestKit
import Testing

@testable import Scoring

/// Splits on categories, alone and in trees.
@Suite struct CategorySplitTests {
    private static let cells: [Double] = [
        0, -0.0, 0.9, 1, 3, 3.9, 4, 31, 32, 33, 63.99, 64, 99, 100, 255, 256, 259, 300, -0.5, -1, -1.5, -253, -256,
        2_147_483_647, 2_147_483_648, -2_147_483_648, -2_147_483_649, 4_294_967_299, 16_777_215.5, 16_777_216, 1e300,
        .infinity, -.infinity, .nan,
    ]

    @Test("each reading makes the category of a value that its library makes", arguments: CategoryReading.allCases)
    func readings(_ reading: CategoryReading) throws {
        // What C's casts give on x86 (measured with scikit-learn 1.1.3 and 1.3.2, LightGBM 4.6.0): nil is invalid.
        func category(_ x: Double) -> Int? {
            let int = x > -2_147_483_649 && x < 2_147_483_648 ? Int32(x) : Int32.min
            switch reading {
            case .truncated: return int < 0 ? nil : Int(int)
            case .floored: return x < 0 || x >= 16_777_216 ? nil : Int(x)
            case .byte: return Int(UInt8(truncatingIfNeeded: int))
            case .nonnegativeByte: return x < 0 ? nil : Int(UInt8(truncatingIfNeeded: int))
            }
        }
        let limits: [CategoryReading: Int] = [
            .truncated: 1 << 31, .floored: 1 << 24, .byte: 256, .nonnegativeByte: 256,
        ]
        for flags in 0..<8 {
            let split = CategorySplit(
                reading: reading, limit: limits[reading] ?? 1, categoriesGoRight: [0x8000_0009, 1, 0xFFFF_FFFF, 0],
                othersGoRight: flags & 1 != 0, invalidGoesRight: flags & 2 != 0, missingGoesRight: flags & 4 != 0)
            let right: Set = [0, 3, 31, 32]
            let expected = Self.cells.map { cell -> Double in
                if cell.isNaN { return split.missingGoesRight ? 1 : 0 }
                guard let category = category(cell) else { return split.invalidGoesRight ? 1 : 0 }
                if category >= 128 { return split.othersGoRight ? 1 : 0 }
                return right.contains(category) || (64..<96).contains(category) ? 1 : 0
            }
            #expect(try score(Self.cells, [split]) == expected)
        }
    }

    @Test("a value is rounded to float32 before it is read, when the trees are float32")
    func float32() throws {
        let split = CategorySplit(
            reading: .floored, limit: 1 << 24, categoriesGoRight: [1 << 2], othersGoRight: false,
            invalidGoesRight: true, missingGoesRight: false)
        let cells = [1.999_999_999, (2 as Double).nextDown, 2, 16_777_215.9]
        #expect(try score(cells, [split], width: .float64) == [0, 0, 1, 0])
        #expect(try score(cells, [split], width: .float32) == [1, 1, 1, 1])
    }

    @Test("splits of different lengths share an operator, and words that add nothing make no difference")
    func lengths() throws {
        func split(_ words: [UInt32], _ others: Bool) -> CategorySplit {
            CategorySplit(
                reading: .truncated, limit: 1 << 31, categoriesGoRight: words, othersGoRight: others,
                invalidGoesRight: true, missingGoesRight: true)
        }
        #expect(split([5, .max, .max], true) == split([5], true))
        #expect(split([5, 0], true) != split([5], true))
        #expect(split([], false).categoriesGoRight.isEmpty)
        let splits = [split([], true), split([], false), split([1], true), split([0, 0, 1], false)]
        #expect(
            try score([0, 40, 64, 1000], splits) == [1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 0])
    }

    @Test("trees with categorical splits, zero as missing and missing as zero score as a walk from node to node")
    func trees() throws {
        var random = SplitMix64(seed: 9)
        for missing in [TreeForest.MissingRule.perNode, .never] {
            try compareTrees(missing, &random)
        }
    }

    private func compareTrees(_ missing: TreeForest.MissingRule, _ random: inout SplitMix64) throws {
        let near = Double(Float(1e-35))
        var forest = TreeForest(
            featureCount: 2, leafWidth: 1, comparison: .lessOrEqual, inputWidth: .float64, missing: missing)
        var stumps: [(Double, Double) -> Double] = []
        for tree in 0..<40 {
            let feature = tree % 2
            let word = UInt32(truncatingIfNeeded: random.next())
            let goesLeft = random.chance(0.5)
            let threshold = random.chance(0.5) ? 0 : 2.5
            let test: (Double) -> Bool
            let number: Int32
            switch tree % 5 {
            case 0:
                number = Int32(feature)
                test = { $0.isNaN ? missing == .never || goesLeft : $0 <= threshold }
            case 1:
                number = try forest.derive(.zeroForMissing, from: feature)
                test = { ($0.isNaN ? 0 : $0) <= threshold }
            case 2:
                number = try forest.derive(.missing(-near...near), from: feature)
                test = { $0.isNaN || abs($0) <= near ? missing == .never || goesLeft : $0 <= threshold }
            default:
                let split = CategorySplit(
                    reading: .floored, limit: 1 << 24, categoriesGoRight: [word], othersGoRight: false,
                    invalidGoesRight: goesLeft, missingGoesRight: !goesLeft)
                number = try forest.derive(.split(split), from: feature)
                #expect(try forest.derive(.split(split), from: feature) == number)
                test = { x in
                    x.isNaN ? goesLeft : x < 0 || x >= 16_777_216 ? !goesLeft : x >= 32 || (word >> UInt32(x)) & 1 == 0
                }
            }
            try forest.append(
                left: [1, -1, -1], right: [2, -1, -1], feature: [number, 0, 0],
                threshold: [tree % 5 > 2 ? TreeForest.splitThreshold : threshold, 0, 0],
                missingGoesLeft: missing == .never ? [] : [goesLeft, false, false],
                values: [0, Double(tree), 0.5], firstOutput: 0)
            stumps.append { test(feature == 0 ? $0 : $1) ? Double(tree) : 0.5 }
        }
        let cells: [Double] = [0, 1e-36, -1e-36, near, near.nextUp, 1, 2, 2.5, 3, 30, 40, -1, 1e9, .nan, .infinity]
        let rows = cells.flatMap { first in cells.map { (first, $0) } }
        var builder = try ModelBuilder(
            inputs: InputSchema(columns: ["a", "b"].map { InputColumn(name: $0, type: .double, required: true) }))
        let slots = builder.inputSlots
        let sums = try builder.trees(slots, forest: forest, start: [0], sumWidth: .float64)
        let model = try builder.finish(answer: .rows(sums), source: SampleModel.source)
        var block = InputBlock(model: model)
        block.appendRows(rows.count)
        for (row, pair) in rows.enumerated() {
            block.set(pair.0, row: row, column: 0)
            block.set(pair.1, row: row, column: 1)
        }
        var answers = AnswerBlock(model: model)
        try Evaluator(model: model).evaluate(block, into: &answers)
        #expect(answers.values == rows.map { row in stumps.reduce(0) { $0 + $1(row.0, row.1) } })
    }

    @Test("a derived feature of a feature that does not exist is refused")
    func unknownFeature() {
        var forest = TreeForest(
            featureCount: 1, leafWidth: 1, comparison: .less, inputWidth: .float32, missing: .never)
        let error = #expect(throws: ScoringError.self) { try forest.derive(.zeroForMissing, from: 1) }
        #expect(
            error?.diagnostic.summary
                == "cannot compile the model: tree 0: feature 1 is out of range, or there are too many splits on categories"
        )
    }

    @Test(
        "an unsound description is refused",
        arguments: [
            ("\"words\":2", "\"words\":1", "`sets` are not 2 sets of 2 words"),
            ("\"words\":2", "\"words\":-1", "`words` is not a whole number from 0 to 67108864"),
            ("\"limit\":256", "\"limit\":0", "`limit` is not a whole number from 1 to 2147483648"),
            ("\"limit\":256", "\"limit\":2147483649", "`limit` is not a whole number from 1 to 2147483648"),
            ("\"byte\"", "\"rounded\"", "`reading` is not one of `truncated`, `floored`, `byte`, `nonnegativeByte`"),
            ("\"in\":[0,1]", "\"in\":[0,1,0,1]", "it has 2 inputs instead of 1"),
            ("\"out\":[1,2]", "\"out\":[1,3]", "`sets` are not 3 sets of 3 words"),
        ])
    func unsound(old: String, new: String, reason: String) throws {
        let splits = [[1, 2], [3]].map { (words: [UInt32]) in
            CategorySplit(
                reading: .byte, limit: 256, categoriesGoRight: words, othersGoRight: false, invalidGoesRight: false,
                missingGoesRight: false)
        }
        let bytes = try model(splits, width: .float64).serialized()
        let program = try FileSurgery.program(of: bytes)
        let parts = program.split(separator: old, maxSplits: 1, omittingEmptySubsequences: false)
        try #require(parts.count == 2)
        let file = try FileSurgery.replacingProgram(of: bytes, with: parts.joined(separator: new))
        let error = #expect(throws: ScoringError.self) { try CompiledModel.load(file, file: "m.skiff") }
        #expect(error?.diagnostic.summary == "cannot read `m.skiff`: operator 0 (categorySplits): \(reason)")
    }

    @Test("blank makes a range missing, bounds included, and leaves other values")
    func blank() throws {
        var builder = try ModelBuilder(
            inputs: InputSchema(columns: [InputColumn(name: "x", type: .double, required: true)]))
        let slots = try builder.blank([0], -1...2)
        let model = try builder.finish(answer: .rows(slots), source: SampleModel.source)
        let values = try evaluate(model, [-1, (-1 as Double).nextDown, 0, 2, (2 as Double).nextUp, .nan, .infinity])
        #expect(values.map(\.isNaN) == [true, false, true, true, false, true, false])
        #expect(values[1] == (-1 as Double).nextDown && values[6] == .infinity)
    }

    private func score(
        _ cells: [Double], _ splits: [CategorySplit], width: FloatWidth = .float64
    ) throws -> [Double] {
        try evaluate(model(splits, width: width), cells)
    }

    private func model(_ splits: [CategorySplit], width: FloatWidth) throws -> CompiledModel {
        var builder = try ModelBuilder(
            inputs: InputSchema(columns: [InputColumn(name: "x", type: .double, required: true)]))
        let slots = try builder.categorySplits(0, splits, width: width)
        return try builder.finish(answer: .rows(slots), source: SampleModel.source)
    }

    private func evaluate(_ model: CompiledModel, _ cells: [Double]) throws -> [Double] {
        var block = InputBlock(model: model)
        block.appendRows(cells.count)
        for (row, cell) in cells.enumerated() { block.set(cell, row: row, column: 0) }
        var answers = AnswerBlock(model: model)
        try Evaluator(model: model).evaluate(block, into: &answers)
        return answers.values
    }
}
