import TestKit
import Testing

@testable import Scoring

@Suite struct TextOperatorTests {
    private static let vocabulary = ["café", "good", "good day", "day", "σοφός"]

    private func model(
        _ change: (inout TermRules) -> Void = { _ in }, terms: CountedTerms = .known(vocabulary),
        weighing weigh: (inout ModelBuilder, [Slot]) throws(ScoringError) -> [Slot] = { $1 }
    ) throws -> CompiledModel {
        var rules = TermRules()
        change(&rules)
        return try SampleModel.build { (builder, slots) throws(ScoringError) in
            .rows(try weigh(&builder, try builder.tokens(slots[0], rules: rules, terms: terms)))
        }
    }

    private func score(_ texts: [String?], _ model: CompiledModel) throws -> [[Double]] {
        var block = InputBlock(model: model)
        block.appendRows(texts.count)
        for (row, text) in texts.enumerated() { if let text { block.set(text, row: row, column: 0) } }
        var answers = AnswerBlock(model: model)
        try Evaluator(model: model).evaluate(block, into: &answers)
        return (0..<texts.count).map { Array(answers.values[$0 * answers.width..<($0 + 1) * answers.width]) }
    }

    @Test("terms of a vocabulary are counted, over more rows than fit a block, and a text without any gives zeros")
    func counts() throws {
        let model = try model { $0.lengths = 1...2 }
        let texts =
            (0..<200).map { String(repeating: "Good DAY, ", count: $0 % 3) + "CAFÉ ΣΟΦΌΣ" } + ["", "unknown words"]
        let found = try score(texts, model)
        for (row, values) in found.prefix(200).enumerated() {
            let days = Double(row % 3)
            #expect(values == [1, days, days, days, 1])
        }
        #expect(found.suffix(2) == [[0, 0, 0, 0, 0], [0, 0, 0, 0, 0]])
    }

    @Test("a term that occurs often counts once when it is asked for")
    func binary() throws {
        let model = try model { $0.isBinary = true }
        #expect(try score(["good good day"], model) == [[0, 1, 0, 1, 0]])
    }

    @Test("hashed terms add and subtract, and those that meet may be nothing together")
    func hashed() throws {
        // "good" has the hash 115,441,729 and "day" -520,205,939, says scikit-learn's murmurhash3_32.
        let signed = try model(terms: .hashed(count: 1, alternates: true))
        #expect(try score(["good good", "good day", "day"], signed) == [[2], [0], [-1]])
        let plain = try model(terms: .hashed(count: 1, alternates: false))
        #expect(try score(["good good", "good day", ""], plain) == [[2], [2], [0]])
        let binary = try model({ $0.isBinary = true }, terms: .hashed(count: 1, alternates: true))
        #expect(try score(["good good", "good day", ""], binary) == [[1], [1], [0]])
    }

    @Test("a column's texts are counted and known as categories at once")
    func besideCodes() throws {
        let model = try SampleModel.build { (builder, slots) throws(ScoringError) in
            let codes = try builder.codes(of: ["good day"], column: 0)
            let known = try builder.oneHot(
                slots[0], width: 1, codes: codes, columns: [0], unknown: .zeros, missing: .zeros)
            return .rows(known + (try builder.tokens(slots[0], rules: TermRules(), terms: .known(["day"]))))
        }
        #expect(try score(["good day", "day day"], model) == [[1, 1], [0, 2]])
    }

    private struct Refused: CustomTestStringConvertible {
        let text: String?
        let reason: String
        var testDescription: String { reason }
    }

    private static let refused = [
        Refused(text: nil, reason: "a missing text is not allowed here"),
        Refused(
            text: String(repeating: "a ", count: 1 << 19) + "b",
            reason: "the text has 1048577 bytes; the limit is 1048576"),
        Refused(
            text: "é \u{1FAE9}",
            reason: "the versions of Python differ in the character U+1FAE9 of the text, or do not know it"),
        Refused(
            text: "\u{55F}",
            reason: "the versions of Python differ in the character U+055F of the text, or do not know it"),
    ]

    @Test(
        "a row whose text is missing, too long, or read differently by versions of Python is refused",
        arguments: refused)
    private func refusals(_ row: Refused) throws {
        let model = try model()
        let error = #expect(throws: ScoringError.self) { try score(["fine", row.text], model) }
        #expect(error?.kind == .rejectedRow(row: 1, column: "colour", reason: row.reason))
    }

    @Test("memory is used again: a later request knows nothing of the texts of an earlier one")
    func reuse() throws {
        let model = try model()
        let evaluator = Evaluator(model: model)
        var block = InputBlock(model: model)
        var answers = AnswerBlock(model: model)
        for text in ["good good", "", "good"] {
            block.removeAll()
            block.appendRows(1)
            block.set(text, row: 0, column: 0)
            try evaluator.evaluate(block, into: &answers)
            #expect(answers.values[1] == Double(text.count { $0 == "g" }))
        }
        block.setMissing(row: 0, column: 0)
        #expect(throws: ScoringError.self) { try evaluator.evaluate(block, into: &answers) }
    }

    @Test("weights: rarity, logarithms and norms, and a row of zeros stays one")
    func weights() throws {
        let rare = try model(weighing: { (builder, slots) throws(ScoringError) in
            try builder.termWeights(
                slots, isSublinear: false, idf: [1, 2, 3, 4, 5], norm: .l2, descends: false, width: .float64)
        })
        let length = (4.0 * 4 + 4 * 4).squareRoot()
        #expect(try score(["good good day", ""], rare) == [[0, 4 / length, 0, 4 / length, 0], [0, 0, 0, 0, 0]])
        let sublinear = try model(weighing: { (builder, slots) throws(ScoringError) in
            try builder.termWeights(
                slots, isSublinear: true, idf: nil, norm: .l1, descends: true, width: .float64)
        })
        let weight = 1 + 0.6931471805599453
        #expect(try score(["good good day"], sublinear) == [[0, weight / (weight + 1), 0, 1 / (weight + 1), 0]])
        let single = try model(weighing: { (builder, slots) throws(ScoringError) in
            try builder.termWeights(
                slots, isSublinear: false, idf: [1, 0.1, 3, 0.2, 5], norm: .l2, descends: false, width: .float32)
        })
        let (good, day) = (Float(2) * Float(0.1), Float(0.2))
        let norm = (Double(good * good) + Double(day * day)).squareRoot()
        #expect(
            try score(["good good day"], single) == [
                [
                    0, Double(Float(Double(good) / norm)), 0, Double(Float(Double(day) / norm)), 0,
                ]
            ])
    }

    @Test("a program whose fields do not fit together is refused")
    func damaged() throws {
        let model = try model()
        for (old, new, reason) in [
            (",\"text\":\"kept\"", "", "its input is not a column whose texts are kept"),
            ("\"analyzer\":\"words\"", "\"analyzer\":\"lines\"", "`analyzer` is not one of"),
            ("\"shortest\":1", "\"shortest\":0", "`shortest` is not a whole number from 1 to 64"),
            ("\"longest\":1", "\"longest\":65", "`longest` is not a whole number from 1 to 64"),
            ("\"minimum\":2", "\"minimum\":0", "`minimum` is not a whole number from 1 to 64"),
            ("\"characters\":\"word\"", "\"characters\":\"all\"", "`characters` is not one of"),
            ("\"out\":[3,5]", "\"out\":[3,4]", "it has 4 outputs instead of 5"),
        ] {
            let found = try OperatorBench.refusal(of: model, replacing: old, with: new)
            #expect(found?.contains(reason) == true, "\(found ?? "accepted")")
        }
    }

    @Test("sums of terms have the same bits whether the columns of terms are made or not", arguments: [true, false])
    func fusion(isWeighted: Bool) throws {
        var random = SplitMix64(seed: 5)
        let weights = (0..<2 * 12).map { _ in Double(random.below(2001)) / 7 - 143 }
        func model(answersTerms: Bool) throws -> CompiledModel {
            try SampleModel.build { (builder, slots) throws(ScoringError) in
                var terms = try builder.tokens(slots[0], rules: TermRules(), terms: .known(Self.vocabulary))
                if isWeighted {
                    terms = try builder.termWeights(
                        terms, isSublinear: true, idf: [1.1, 1.2, 1.3, 1.4, 1.5], norm: .l2, descends: true,
                        width: .float64)
                }
                let others = try builder.tokens(
                    slots[0], rules: TermRules(), terms: .hashed(count: 5, alternates: true))
                let sums = try builder.linear(
                    others + [slots[1]] + terms + [slots[2]], weights: weights, intercepts: [0.1, -0.2], width: .float64
                )
                return .rows(sums + (answersTerms ? terms + others : []))
            }
        }
        func sums(_ model: CompiledModel) throws -> [UInt64] {
            var block = InputBlock(model: model)
            block.appendRows(99)
            for row in 0..<99 {
                block.set(
                    (0..<row % 9).map { Self.vocabulary[$0 * row % 5] }.joined(separator: " "), row: row, column: 0)
                block.set(Double(row) / 3 - 11, row: row, column: 1)
                block.set(0.1 * Double(row), row: row, column: 2)
            }
            var answers = AnswerBlock(model: model)
            try Evaluator(model: model).evaluate(block, into: &answers)
            return (0..<99).flatMap { answers.values[$0 * answers.width..<$0 * answers.width + 2].map(\.bitPattern) }
        }
        let (fused, plain) = (try model(answersTerms: false), try model(answersTerms: true))
        #expect(fused.steps.contains { $0 is SparseLinear } && !plain.steps.contains { $0 is SparseLinear })
        #expect(try sums(fused) == sums(plain))
    }

    @Test("an outline says which terms a column's texts are searched for")
    func outline() throws {
        let column = try model().outline().columns[0]
        #expect(column.readers == ["tokens"] && column.isUsed && column.texts.isEmpty)
        #expect(column.terms == Self.vocabulary.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        #expect(try model(terms: .hashed(count: 9, alternates: true)).outline().columns[0].terms.isEmpty)
    }
}

extension SampleModel {
    /// Terms of a vocabulary with weights and of hashes, summed.
    static func texts() throws -> CompiledModel {
        try build { (builder, slots) throws(ScoringError) in
            var rules = TermRules()
            rules.lengths = 1...2
            rules.stopWords = ["and", "the"]
            rules.accents = .unicode
            let terms = try builder.tokens(slots[0], rules: rules, terms: .known(["red", "blue", "red blue", "bla"]))
            let weights = try builder.termWeights(
                terms, isSublinear: true, idf: [1, 2, 0.5, 3], norm: .l2, descends: false, width: .float64)
            let sums = try builder.linear(
                weights + [slots[1]], weights: [1, 2, 3, 4, 5, -1, -2, -3, -4, -5], intercepts: [0.5, 0],
                width: .float64)
            rules.analyzer = .charactersInWords
            rules.lengths = 2...4
            let hashed = try builder.tokens(slots[0], rules: rules, terms: .hashed(count: 6, alternates: true))
            let single = try builder.termWeights(
                hashed, isSublinear: false, idf: nil, norm: .l1, descends: true, width: .float32)
            return .rows(sums + single)
        }
    }
}
