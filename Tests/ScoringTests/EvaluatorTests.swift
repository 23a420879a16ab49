import Bytes
import Testing

@testable import Scoring

/// A model like `Pipeline(ColumnTransformer(SimpleImputer + OneHotEncoder; SimpleImputer + StandardScaler), forest)`.
enum SampleModel {
    static let source = SourceArtefact(
        sha256: [UInt8](0..<32), name: "model.pkl", library: "scikit-learn 1.7.2")

    static func build(_ change: (inout ModelBuilder, [Slot]) throws(ScoringError) -> Answer) throws -> CompiledModel {
        var builder = try ModelBuilder(
            inputs: InputSchema(columns: [
                InputColumn(name: "colour", type: .string, required: true),
                InputColumn(name: "age", type: .double, required: true),
                InputColumn(name: "höhe", type: .float, required: false),
            ]))
        let slots = builder.inputSlots
        let answer = try change(&builder, slots)
        return try builder.finish(answer: answer, source: source)
    }

    static func pipeline() throws -> CompiledModel {
        try build { (builder, slots) throws(ScoringError) in
            let colours = try builder.codes(of: ["blue", "grün", "red"], column: 0)
            let filled = try builder.impute([slots[0]], missing: .nan, fill: [Double(colours[2])])
            let oneHot = try builder.oneHot(
                filled[0], width: 3, codes: colours, columns: [0, 1, 2], unknown: .zeros, missing: .zeros)
            let numbers = try builder.impute(Array(slots[1...]), missing: .nan, fill: [40, 1.75])
            let scaled = try builder.scale(
                numbers, steps: [.subtract([38, 1.7]), .divide([12, 0.1])], width: .float64)
            try builder.requireFinite(oneHot + scaled, width: .float32, allowsMissing: false)
            var forest = TreeForest(
                featureCount: 5, leafWidth: 2, comparison: .lessOrEqual, inputWidth: .float32, missing: .never)
            try forest.append(
                left: [1, -1, 3, -1, -1], right: [2, -1, 4, -1, -1], feature: [3, -1, 0, -1, -1],
                threshold: [0.1, 0, 0.5, 0, 0], missingGoesLeft: [],
                values: [0, 0, 0.25, 0.75, 0, 0, 0.5, 0.5, 1, 0], firstOutput: 0)
            try forest.append(
                left: [-1], right: [-1], feature: [-1], threshold: [0], missingGoesLeft: [], values: [0.125, 0.875],
                firstOutput: 0)
            let sums = try builder.trees(oneHot + scaled, forest: forest, start: [0, 0], sumWidth: .float64)
            let means = try builder.scale(sums, steps: [.divide([2, 2])], width: .float64)
            return .rows(means)
        }
    }

    /// Every operator once.
    static func allOperators() throws -> CompiledModel {
        try build { (builder, slots) throws(ScoringError) in
            let colours = try builder.codes(of: ["blue", "red", "blå"], column: 0)
            let ordinal = try builder.recode(
                slots[0], codes: colours, values: [2, 1, 0], unknown: .value(-1), missing: .value(.nan))
            let oneHot = try builder.oneHot(
                slots[0], width: 2, codes: colours, columns: [nil, 0, 1], unknown: .column(1), missing: .zeros)
            let filled = try builder.impute([ordinal] + Array(slots[1...]), missing: .nan, fill: [0.5, 40, 1.5])
            let gaps = try builder.missingIndicator([slots[1]], missing: .nan)
            let position = try builder.match(filled[1], values: [18, 40, 50])
            try builder.requireFinite(filled, width: .float64, allowsMissing: false)
            let scaled = try builder.scale(
                filled, steps: [.multiply([0.5, 0.1, 2]), .atMost([1, 5, 4]), .atLeast([-1, -5, -4])], width: .float32)
            let features = scaled + oneHot + gaps + [position]
            let raw = try builder.linear(
                features, weights: (0..<14).map { Double($0 % 5) / 7 - 0.3 }, intercepts: [0.25, -0.5], width: .float64)
            let shares = try builder.link(.softmax, raw, width: .float64)
            let odds = try builder.link(.normalize, builder.link(.exponential, raw, width: .float64), width: .float64)
            let pair = try builder.link(
                .complement, [builder.link(.sigmoid, [raw[0]], width: .float64)[0]], width: .float64)
            let label = try builder.argmax(shares + odds + pair)
            let isHigh = try builder.threshold(raw[1], above: 0.125)
            return Answer(
                slots: [label, isHigh], layout: .groups([1, 1]),
                labels: [.strings(["a", "b", "ç", "\u{1F600}", "e", "f"]), .booleans([false, true])])
        }
    }
}

@Suite struct EvaluatorTests {
    @Test("a pipeline of encoder, imputer, scaler and forest gives the forest's mean per row")
    func pipeline() throws {
        let model = try SampleModel.pipeline()
        var block = InputBlock(model: model)
        for (row, cells) in [("blue", 50.0), ("red", 39.3), ("pink", 60.0), ("red", 20.0)].enumerated() {
            block.appendRow()
            block.set(cells.0, row: row, column: 0)
            block.set(cells.1, row: row, column: 1)
        }
        block.appendRow()
        var answers = AnswerBlock(model: model)
        try Evaluator(model: model).evaluate(block, into: &answers)
        var text: [UInt8] = []
        answers.appendPythonJSON(to: &text)
        #expect(
            String(decoding: text, as: UTF8.self)
                == "[[0.5625, 0.4375], [0.3125, 0.6875], [0.3125, 0.6875], [0.1875, 0.8125], [0.3125, 0.6875]]")
    }
}
