import Bytes
import Platform
import TestKit
import Testing

@testable import Scoring

@Suite("Large batches on several threads")
struct SharedBatchTests {
    /// Threads are started after the first block, whatever is left.
    static let eager = ScoringProcessors.Rule(spent: 0, left: 1)

    enum Sample: String, CaseIterable {
        case pipeline, operators, measures, oldPipeline, oldOperators, oldForest

        func model() throws -> CompiledModel {
            func old(_ file: String) throws -> CompiledModel {
                try CompiledModel.load(try MappedFile.open(Checkout.fixture("skiff/\(file)")), file: file)
            }
            return switch self {
            case .pipeline: try SampleModel.pipeline()
            case .operators: try SampleModel.allOperators()
            case .measures: try SampleModel.measures()
            case .oldPipeline: try old("v1-pipeline.skiff")
            case .oldOperators: try old("v1-operators.skiff")
            case .oldForest: try old("v1-wide-forest.skiff")
            }
        }
    }

    @Test("the answers are the same bits with 1, 2 and 7 threads", arguments: Sample.allCases)
    func answers(_ sample: Sample) throws {
        let model = try sample.model()
        var random = SplitMix64(seed: 5)
        var block = InputBlock(model: model)
        for row in 0..<1000 {
            block.appendRow()
            for (column, input) in model.inputs.columns.enumerated() where !random.chance(0.1) || sample == .measures {
                if input.type == .string {
                    block.set(["red", "grün", "blue", "blå", "pink"][random.below(5)], row: row, column: column)
                } else {
                    block.set(random.unit() * 60, row: row, column: column)
                }
            }
        }
        var expected = AnswerBlock(model: model)
        try Evaluator(model: model).evaluate(block, into: &expected)
        for count in [1, 2, 7] {
            let processors = ScoringProcessors(count: count, rule: Self.eager)
            let evaluator = Evaluator(model: model, sharing: processors)
            var answers = AnswerBlock(model: model)
            for _ in 0..<5 {
                try evaluator.evaluate(block, into: &answers)
                expectSame(answers.values, expected.values)
            }
            #expect(processors.take(atMost: 100) == count)
        }
    }

    @Test("the refusal is that of one thread, and the processors are given back", arguments: 0..<20)
    func refusals(seed: Int) throws {
        let model = try OperatorBench.model(columns: 2) { builder, slots in
            try builder.requireFinite([slots[1]], width: .float64, allowsMissing: false)
            try builder.requireFinite([slots[0]], width: .float64, allowsMissing: false)
            return slots
        }
        var random = SplitMix64(seed: UInt64(seed))
        var block = InputBlock(model: model)
        block.appendRows(2000)
        for row in 0..<2000 {
            for column in 0..<2 where !(row > 500 && random.chance(0.01)) {
                block.set(Double(row), row: row, column: column)
            }
        }
        var answers = AnswerBlock(model: model)
        let expected = #expect(throws: ScoringError.self) {
            try Evaluator(model: model).evaluate(block, into: &answers)
        }
        for count in [1, 2, 7] {
            let processors = ScoringProcessors(count: count, rule: Self.eager)
            let evaluator = Evaluator(model: model, sharing: processors)
            let error = #expect(throws: ScoringError.self) { try evaluator.evaluate(block, into: &answers) }
            #expect(error == expected)
            #expect(answers.rowCount == 0)
            #expect(processors.take(atMost: 100) == count)
        }
    }

    @Test("a thread that scores counts, so that others are taken for idle processors only")
    func idleProcessors() {
        let processors = ScoringProcessors(count: 3)
        processors.begin()
        #expect(processors.take(atMost: 1) == 1)
        processors.begin()
        processors.begin()
        #expect(processors.take(atMost: 5) == 0)
        processors.end(3)
        #expect(processors.take(atMost: 5) == 2)
    }
}
