import Bytes
import Diagnostics
import MLmodelFormat
import Platform
import Scoring
import TestKit
import Testing

@testable import Converters

@Suite("What a conversion may take")
struct ConversionBudgetTests {
    private func convert(_ bytes: [UInt8]) throws -> ConversionOutcome {
        let mlmodel = try MLmodel.parse(
            ByteRegion(
                """
                flavors:
                  python_function:
                    loader_module: mlflow.sklearn
                    model_path: model.pkl
                  sklearn:
                    pickled_model: model.pkl
                    serialization_format: pickle
                signature:
                  inputs: '[{"type": "double", "name": "a", "required": true}, {"type": "double", "name": "b", "required": true}]'

                """), file: "MLmodel")
        return ModelConverter.convert(
            ConversionSource(
                artefact: ByteRegion(bytes), artefactName: "model.pkl", mlmodel: mlmodel, inputExample: nil,
                digest: Array(repeating: 0, count: 32)))
    }

    @Test(
        "a small pickle that refers to one object thousands of times is refused with the limit",
        arguments: ["boosters", "doubling", "lines", "networks", "vectors"])
    func repeated(_ name: String) throws {
        let bytes = try readFile(Checkout.fixture("repeated/\(name).pkl"), limit: 1 << 16)
        guard case .refused(let refusals) = try convert(bytes) else {
            Issue.record("it was converted")
            return
        }
        let limit = grouped(ConversionBudget.free + ConversionBudget.perByte * bytes.count)
        #expect(refusals.map(\.path) == ["model.pkl"])
        #expect(
            refusals.map(\.reason) == [
                "its estimators and arrays, counted as often as it refers to them, have more than \(limit) bytes, the limit "
                    + "for a file of \(grouped(bytes.count)) bytes, unpacked"
            ])
    }

    @Test("the arrays of a program have a limit")
    func program() throws {
        let columns = [InputColumn(name: "a", type: .double, required: true)]
        var builder = try ModelBuilder(inputs: InputSchema(columns: columns))
        builder.arrayByteLimit = 100
        #expect(
            throws: ScoringError(.unsound, "the arrays of its program have more than 100 bytes, the limit for its size")
        ) {
            for _ in 0..<20 {
                _ = try builder.scale(builder.inputSlots, steps: [.multiply([2])], width: .float64)
            }
        }
        #expect(builder.slotCount > 1)
    }

    @Test("bytes are taken until the limit is reached, and sums do not overflow")
    func takes() throws {
        let budget = ConversionBudget(fileByteCount: 10)
        #expect(budget.limit == ConversionBudget.free + 10 * ConversionBudget.perByte)
        try budget.take(budget.limit)
        #expect(throws: ConversionBudget.Exceeded.self) { try budget.take(1) }
        #expect(throws: ConversionBudget.Exceeded.self) { try budget.take(.max, itemSize: 16) }
        #expect(ConversionBudget(fileByteCount: .max).limit == .max)
    }
}
