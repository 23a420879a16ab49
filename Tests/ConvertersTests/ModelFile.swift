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

/// A zip archive of stored files, as Python's `zipfile` writes it.
struct StoredZip {
    var files: [(name: String, bytes: [UInt8])]

    /// The files of an archive that is read by our own reader.
    var bytes: [UInt8] {
        func number(_ value: Int, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        var result: [UInt8] = []
        var directory: [UInt8] = []
        for file in files {
            let name = Array(file.name.utf8)
            let checksum = Int(Checksum32.crc32(file.bytes))
            let sizes =
                number(checksum, 4) + number(file.bytes.count, 4) + number(file.bytes.count, 4) + number(name.count, 2)
                + number(0, 2)
            let head = number(20, 2) + number(0, 2) + number(0, 2) + number(0, 2) + number(0x21, 2)
            directory +=
                [0x50, 0x4b, 1, 2] + number(20, 2) + head + sizes + number(0, 10) + number(result.count, 4) + name
            result += [0x50, 0x4b, 3, 4] + head + sizes + name + file.bytes
        }
        return result + directory + [0x50, 0x4b, 5, 6] + number(0, 4) + number(files.count, 2) + number(files.count, 2)
            + number(directory.count, 4) + number(result.count, 4) + number(0, 2)
    }
}
