import Bytes
import Platform
import TestKit
import Testing

@testable import Scoring

/// Files of old format versions stay readable and score the same; see Tests/Fixtures/skiff/README.md.
@Suite struct CompatibilityTests {
    struct Old: CustomTestStringConvertible {
        var file: String
        var answer: String
        var testDescription: String { file }
    }

    @Test(
        "an old file is read from a mapping and scores as it did",
        arguments: [
            Old(
                file: "v1-pipeline.skiff",
                answer: #"[[0.1875, 0.8125], [0.1875, 0.8125], [0.1875, 0.8125], [0.1875, 0.8125], [0.1875, 0.8125], "#
                    + #"[0.3125, 0.6875], [0.1875, 0.8125], [0.1875, 0.8125], [0.1875, 0.8125], [0.1875, 0.8125], "#
                    + #"[0.1875, 0.8125]]"#),
            Old(
                file: "v1-operators.skiff",
                answer:
                    #"[[["b"], ["a"], ["b"], ["b"], ["\u00e7"], ["\ud83d\ude00"], ["b"], ["\u00e7"], ["f"], ["b"], "#
                    + #"["a"]], [[true], [false], [true], [true], [false], [true], [true], [false], [true], [true], "#
                    + #"[false]]]"#),
            Old(
                file: "v1-wide-forest.skiff",
                answer: #"[[1.6812037229537964, 5.828979015350342, 5.385777473449707], [1.973741888999939, "#
                    + #"5.486502647399902, 5.051286697387695], [1.6812037229537964, 5.585806846618652, "#
                    + #"5.984003067016602], [1.6812037229537964, 5.828979015350342, 5.385777473449707], "#
                    + #"[1.7151130437850952, 5.055421352386475, 4.684905052185059], [1.7151130437850952, "#
                    + #"4.806704998016357, 5.8930583000183105], [1.5780174732208252, 5.597817420959473, "#
                    + #"5.593900680541992], [1.973741888999939, 5.486502647399902, 5.051286697387695], "#
                    + #"[1.6812037229537964, 5.585806846618652, 5.984003067016602], [1.6812037229537964, "#
                    + #"5.828979015350342, 5.385777473449707], [1.973741888999939, 5.486502647399902, "#
                    + #"5.051286697387695]]"#),
        ])
    func oldFile(_ old: Old) throws {
        let region = try MappedFile.open(Checkout.fixture("skiff/\(old.file)"))
        let model = try CompiledModel.load(region, file: old.file)
        var block = InputBlock(model: model)
        let texts = ["red", "grün", "blue", "pink", "blå"]
        let numbers = [40.0, 18, 50.5, -3.25, 0.125, 1.75]
        for row in 0..<11 {
            block.appendRow()
            for (column, input) in model.inputs.columns.enumerated() where (row + column) % 7 != 6 {
                if input.type == .string {
                    block.set(texts[row % texts.count], row: row, column: column)
                } else {
                    block.set(numbers[(row * 2 + column) % numbers.count], row: row, column: column)
                }
            }
        }
        var answers = AnswerBlock(model: model)
        try Evaluator(model: model).evaluate(block, into: &answers)
        var text: [UInt8] = []
        answers.appendPythonJSON(to: &text)
        #expect(String(decoding: text, as: UTF8.self) == old.answer)
    }
}
