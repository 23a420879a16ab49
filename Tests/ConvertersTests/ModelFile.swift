import Bytes
import JSONText
import MLmodelFormat
import Platform
import Scoring
import TestKit

@testable import Converters

/// One model of `Fixtures/formats`, which several writers have saved.
struct ModelFile {
    var folder: String
    var mlmodel: MLmodel

    init(_ name: String) throws {
        folder = Checkout.fixture("formats/\(name)")
        mlmodel = try MLmodel.parse(ByteRegion(try readFile("\(folder)/MLmodel", limit: 1 << 20)), file: "MLmodel")
    }

    func bytes(_ writer: String) throws -> [UInt8] { try readFile("\(folder)/\(writer)", limit: 1 << 24) }

    /// Converts the bytes, always under one name, so that the results can be compared.
    func convert(_ bytes: [UInt8]) -> ConversionOutcome {
        ModelConverter.convert(
            ConversionSource(
                artefact: ByteRegion(bytes), artefactName: "model", mlmodel: mlmodel, inputExample: nil,
                digest: Array(repeating: 7, count: 32)))
    }

    /// Scores the example rows.
    func score(_ model: CompiledModel) throws -> [[AnswerValue]] {
        var block = InputBlock(model: model)
        for record in try ParityCase.records("\(folder)/rows.json") {
            let row = block.appendRow()
            for (index, column) in model.inputs.columns.enumerated() {
                switch record[column.name] ?? .null {
                case .string(let text): block.set(text, row: row, column: index)
                case .number(let number): block.set(number.double ?? .nan, row: row, column: index)
                default: block.setMissing(row: row, column: index)
                }
            }
        }
        var answers = AnswerBlock(model: model)
        try Evaluator(model: model).evaluate(block, into: &answers)
        return (0..<answers.rowCount).map { row in (0..<answers.width).map { answers.value(row: row, column: $0) } }
    }
}
