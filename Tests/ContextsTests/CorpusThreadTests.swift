import Testing

@testable import Scoring

@Suite("Recorded models on several threads")
struct CorpusThreadTests {
    @Test("a large batch has the same bits with 1, 2 and 7 threads", arguments: RecordedModel.committed)
    func threads(_ recorded: RecordedModel) throws {
        guard let model = try recorded.converted().model else { return }
        let block = try recorded.block(of: model, copies: 20)
        var expected = AnswerBlock(model: model)
        try Evaluator(model: model).evaluate(block, into: &expected)
        #expect(expected.rowCount > 64)
        for count in [1, 2, 7] {
            // Threads are started after the first block, whatever is left.
            let processors = ScoringProcessors(count: count, rule: .init(spent: 0, left: 1))
            var answers = AnswerBlock(model: model)
            try Evaluator(model: model, sharing: processors).evaluate(block, into: &answers)
            #expect(answers.values.map(\.bitPattern) == expected.values.map(\.bitPattern), "\(count) threads")
        }
    }
}
