import Bytes
import JSONText
import TestKit
import Testing

@testable import Scoring

@Suite struct AnswerBlockTests {
    struct Layout: CustomTestStringConvertible {
        var testDescription: String
        var answer: @Sendable ([Slot], Slot, Slot) -> Answer
        var text: String
    }

    @Test(
        "answers have the layout of MLflow's json.dumps",
        arguments: [
            Layout(
                testDescription: "a number a row", answer: { slots, _, _ in .numbers(slots[0]) },
                text: "[0.1, 100000.0, Infinity]"),
            Layout(
                testDescription: "rows of numbers", answer: { slots, _, _ in .rows(slots) },
                text: "[[0.1, 1e-05, -0.0], [100000.0, 1e+16, 5e-324], [Infinity, -Infinity, NaN]]"),
            Layout(
                testDescription: "a table per group",
                answer: { slots, _, _ in Answer(slots: slots, layout: .groups([1, 2])) },
                text: "[[[0.1], [100000.0], [Infinity]], [[1e-05, -0.0], [1e+16, 5e-324], [-Infinity, NaN]]]"),
            Layout(
                testDescription: "texts, ASCII only",
                answer: { _, index, _ in .labels(index, .strings(["a\"\\\n", "é\u{1F600}", "\u{7f}"])) },
                text: #"["a\"\\\n", "\u00e9\ud83d\ude00", "\u007f"]"#),
            Layout(
                testDescription: "whole numbers",
                answer: { _, index, _ in .labels(index, .integers([.min, .max, 0])) },
                text: "[-9223372036854775808, 9223372036854775807, 0]"),
            Layout(
                testDescription: "floats", answer: { _, index, _ in .labels(index, .doubles([1, -1.5, .nan])) },
                text: "[1.0, -1.5, NaN]"),
            Layout(
                testDescription: "truth values", answer: { _, _, flag in .labels(flag, .booleans([false, true])) },
                text: "[false, true, false]"),
            Layout(
                testDescription: "labels of two outputs",
                answer: { _, index, flag in
                    Answer(
                        slots: [index, flag], layout: .rows, labels: [.strings(["x", "y", "z"]), .integers([7, 8])])
                }, text: #"[["x", 7], ["y", 8], ["z", 7]]"#),
        ])
    func layouts(_ row: Layout) throws {
        let columns = (0..<4).map { InputColumn(name: "x\($0)", type: .double, required: true) }
        var builder = try ModelBuilder(inputs: InputSchema(columns: columns))
        let index = try builder.argmax(Array(builder.inputSlots[0...2]))
        let flag = try builder.threshold(3, above: 0.5)
        let model = try builder.finish(answer: row.answer([0, 1, 2], index, flag), source: SampleModel.source)
        var block = InputBlock(model: model)
        // The largest of the first three are at 0 and 1, and in the last row the first NaN is at 2.
        let cells: [[Double]] = [
            [0.1, 1e-5, -0.0, 0], [100000, 1e16, .leastNonzeroMagnitude, 1], [.infinity, -.infinity, .nan, 0],
        ]
        block.appendRows(3)
        for (row, cells) in cells.enumerated() {
            for (column, cell) in cells.enumerated() { block.set(cell, row: row, column: column) }
        }
        var answers = AnswerBlock(model: model)
        try Evaluator(model: model).evaluate(block, into: &answers)
        var text: [UInt8] = []
        answers.appendPythonJSON(to: &text)
        #expect(String(decoding: text, as: UTF8.self) == row.text)
    }

    @Test("numbers read back with the same bits, 20,000 random ones")
    func roundTrip() throws {
        let model = try passThrough()
        var block = InputBlock(model: model)
        var random = SplitMix64(seed: 11)
        block.appendRows(10_000)
        var numbers: [Double] = []
        for row in 0..<10_000 {
            for column in 0..<2 {
                numbers.append(column == 0 ? random.anyDouble() : Double(Float(random.unit())))
                block.set(numbers[numbers.count - 1], row: row, column: column)
            }
        }
        var answers = AnswerBlock(model: model)
        try Evaluator(model: model).evaluate(block, into: &answers)
        var text: [UInt8] = []
        answers.appendPythonJSON(to: &text)
        let rows = try #require(try JSONText.parse(ByteRegion(text)).arrayValue)
        let read = rows.flatMap { $0.arrayValue ?? [] }.map { $0.doubleValue ?? .nan }
        #expect(read.map(\.bitPattern) == numbers.map(\.bitPattern))
    }

    @Test("no rows are an empty list")
    func noRows() throws {
        let model = try passThrough()
        var answers = AnswerBlock(model: model)
        try Evaluator(model: model).evaluate(InputBlock(model: model), into: &answers)
        var text: [UInt8] = []
        answers.appendPythonJSON(to: &text)
        #expect(text == Array("[]".utf8))
    }

    @Test("values come with their labels")
    func values() throws {
        let model = try SampleModel.allOperators()
        var block = InputBlock(model: model)
        block.appendRow()
        block.set("red", row: 0, column: 0)
        var answers = AnswerBlock(model: model)
        try Evaluator(model: model).evaluate(block, into: &answers)
        #expect(answers.width == 2)
        guard case .string(let label) = answers.value(row: 0, column: 0) else {
            Issue.record("not a text")
            return
        }
        #expect(["a", "b", "ç", "\u{1F600}", "e", "f"].contains(label))
        #expect([.boolean(true), .boolean(false)].contains(answers.value(row: 0, column: 1)))
    }

    private func passThrough() throws -> CompiledModel {
        let columns = (0..<2).map { InputColumn(name: "x\($0)", type: .double, required: true) }
        let builder = try ModelBuilder(inputs: InputSchema(columns: columns, form: .tensor(type: "float64")))
        return try builder.finish(answer: .rows(builder.inputSlots), source: SampleModel.source)
    }
}
