import Bytes
import Diagnostics
import TestKit
import Testing

@testable import Scoring

@Suite struct ModelBuilderTests {
    struct Mistake: CustomTestStringConvertible {
        var testDescription: String
        var reason: String
        var make: @Sendable (inout ModelBuilder) throws -> Void
    }

    @Test("a description that does not fit together is refused at once", arguments: Self.mistakes)
    func mistake(_ row: Mistake) throws {
        var builder = try Self.builder()
        let error = #expect(throws: ScoringError.self) { try row.make(&builder) }
        #expect(error?.kind == .unsound)
        #expect(error?.diagnostic.summary == "cannot compile the model: \(row.reason)")
    }

    private static func builder() throws -> ModelBuilder {
        try ModelBuilder(
            inputs: InputSchema(columns: [
                InputColumn(name: "a", type: .double, required: true),
                InputColumn(name: "b", type: .string, required: true),
            ]))
    }

    private static func finish(_ builder: ModelBuilder, _ answer: Answer) throws {
        _ = try builder.finish(answer: answer, source: SampleModel.source)
    }

    static let mistakes: [Mistake] = [
        Mistake(
            testDescription: "no columns", reason: "it takes no columns",
            make: { _ in _ = try ModelBuilder(inputs: InputSchema(columns: [])) }),
        Mistake(
            testDescription: "two columns of one name", reason: "two columns have the name `a`",
            make: { _ in
                let column = InputColumn(name: "a", type: .long, required: true)
                _ = try ModelBuilder(inputs: InputSchema(columns: [column, column]))
            }),
        Mistake(
            testDescription: "a slot that does not exist", reason: "`impute` reads slot 2, but there are only 2",
            make: { _ = try $0.impute([2], missing: .nan, fill: [0]) }),
        Mistake(
            testDescription: "a negative slot", reason: "`argmax` reads slot -1, but there are only 2",
            make: { _ = try $0.argmax([-1]) }),
        Mistake(
            testDescription: "too few fill values",
            reason: "operator 0 (impute): the array `fill` has 1 elements instead of 2",
            make: { _ = try $0.impute([0, 1], missing: .nan, fill: [0]) }),
        Mistake(
            testDescription: "texts in a column of numbers", reason: "column 0 does not hold texts",
            make: { _ = try $0.code(of: "x", column: 0) }),
        Mistake(
            testDescription: "a category twice", reason: "`recode` names category code 4 twice",
            make: { _ = try $0.recode(1, codes: [4, 4], values: [0, 1], unknown: .refuse, missing: .refuse) }),
        Mistake(
            testDescription: "too few values", reason: "`recode` has 1 values for 2 categories",
            make: { _ = try $0.recode(1, codes: [4, 3], values: [0], unknown: .refuse, missing: .refuse) }),
        Mistake(
            testDescription: "a negative code", reason: "`recode` has a category code out of range",
            make: { _ = try $0.recode(1, codes: [-1], values: [0], unknown: .refuse, missing: .refuse) }),
        Mistake(
            testDescription: "a one-hot column too many", reason: "`oneHot` names column 1, but there are only 1",
            make: { _ = try $0.oneHot(1, width: 1, codes: [0], columns: [0], unknown: .column(1), missing: .zeros) }),
        Mistake(
            testDescription: "values out of order", reason: "operator 0 (match): `values` are not ascending numbers",
            make: { _ = try $0.match(0, values: [1, 1]) }),
        Mistake(
            testDescription: "too few weights",
            reason: "operator 0 (linear): the array `weights` has 3 elements instead of 4",
            make: { _ = try $0.linear([0, 1], weights: [1, 2, 3], intercepts: [0, 0], width: .float64) }),
        Mistake(
            testDescription: "nothing to take the largest of", reason: "operator 0 (argmax): it has no inputs",
            make: { _ = try $0.argmax([]) }),
        Mistake(
            testDescription: "a forest of another width",
            reason: "a forest of 0 trees with 3 features and 1 values a leaf does not fit 1 slots and 1 outputs",
            make: {
                let forest = TreeForest(
                    featureCount: 3, leafWidth: 1, comparison: .less, inputWidth: .float32, missing: .never)
                _ = try $0.trees([0], forest: forest, start: [0], sumWidth: .float64)
            }),
        Mistake(
            testDescription: "labels for what is not an index", reason: "slot 0 is not an index into its 2 labels",
            make: { try finish($0, .labels(0, .booleans([false, true]))) }),
        Mistake(
            testDescription: "too few labels", reason: "slot 2 is not an index into its 1 labels",
            make: {
                let index = try $0.argmax([0, 1])
                try finish($0, .labels(index, .strings(["only"])))
            }),
        Mistake(
            testDescription: "a short digest", reason: "the digest of the source has 3 bytes instead of 32",
            make: {
                let source = SourceArtefact(sha256: [1, 2, 3], name: "m", library: "l")
                _ = try $0.finish(answer: .numbers(0), source: source)
            }),
    ]

    @Test("texts are told apart by their bytes, not by canonical equivalence")
    func canonicalEquivalence() throws {
        let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}")
        var builder = try Self.builder()
        let codes = try builder.codes(of: [composed, decomposed, "", composed], column: 1)
        #expect(codes == [0, 1, 2, 0])
        let model = try builder.finish(answer: .numbers(1), source: SampleModel.source)
        var block = InputBlock(model: model)
        block.appendRows(5)
        for (row, text) in [decomposed, "", composed, "cafe"].enumerated() { block.set(text, row: row, column: 1) }
        var answers = AnswerBlock(model: model)
        try Evaluator(model: model).evaluate(block, into: &answers)
        #expect(Array(answers.values[..<4]) == [1, 2, 0, -1])
        #expect(answers.values[4].isNaN)
    }

    @Test("a column of type float takes the nearest float32, others take float64")
    func floatColumns() throws {
        let columns = ValueType.allCases.filter { $0 != .string }.map {
            InputColumn(name: $0.rawValue, type: $0, required: false)
        }
        let builder = try ModelBuilder(inputs: InputSchema(columns: columns))
        let model = try builder.finish(answer: .rows(builder.inputSlots), source: SampleModel.source)
        var block = InputBlock(model: model)
        block.appendRow()
        for column in columns.indices { block.set(0.1, row: 0, column: column) }
        var answers = AnswerBlock(model: model)
        try Evaluator(model: model).evaluate(block, into: &answers)
        #expect(answers.values == columns.map { $0.type == .float ? Double(Float(0.1)) : 0.1 })
    }

    @Test("rows are independent of their number and place", arguments: [1, 2, 8, 63, 64, 65, 200])
    func anyNumberOfRows(count: Int) throws {
        let model = try SampleModel.allOperators()
        var random = SplitMix64(seed: UInt64(count))
        var block = InputBlock(model: model)
        let evaluator = Evaluator(model: model)
        var (all, one) = (AnswerBlock(model: model), AnswerBlock(model: model))
        let cells = (0..<count).map { _ in (["blue", "red", "pink"][random.below(3)], random.unit() * 60) }
        func fill(_ rows: ArraySlice<(String, Double)>) {
            block.removeAll()
            for cell in rows {
                let row = block.appendRow()
                block.set(cell.0, row: row, column: 0)
                block.set(cell.1, row: row, column: 1)
            }
        }
        fill(cells[...])
        try evaluator.evaluate(block, into: &all)
        for row in 0..<count {
            fill(cells[row...row])
            try evaluator.evaluate(block, into: &one)
            #expect(one.values == Array(all.values[(row * 2)..<(row * 2 + 2)]))
        }
    }

    @Test("a block of another model is refused")
    func otherModel() throws {
        let (model, other) = (try SampleModel.pipeline(), try SampleModel.pipeline())
        var answers = AnswerBlock(model: model)
        let error = #expect(throws: ScoringError.self) {
            try Evaluator(model: model).evaluate(InputBlock(model: other), into: &answers)
        }
        #expect(error?.diagnostic.summary == "cannot score the rows: they were bound to another model")
    }

    @Test("a model with more slots than fit the workspace is scored in smaller blocks")
    func manySlots() throws {
        var builder = try Self.builder()
        let wide = try builder.oneHot(
            1, width: 300_000, codes: [0], columns: [299_999], unknown: .column(7), missing: .zeros)
        let position = try builder.argmax(wide)
        let model = try builder.finish(answer: .numbers(position), source: SampleModel.source)
        var block = InputBlock(model: model)
        block.appendRows(3)
        block.set("?", row: 1, column: 1)
        var answers = AnswerBlock(model: model)
        try Evaluator(model: model).evaluate(block, into: &answers)
        #expect(answers.values == [0, 7, 0])
    }
}
