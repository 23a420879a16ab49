import Bytes
import TestKit
import Testing

@testable import Scoring

/// Damaged files must be refused, or score without leaving their memory. (Run once with `--sanitize=address` to see it.)
@Suite struct MutationTests {
    @Test("a file with any one bit flipped is refused")
    func everyBit() throws {
        let bytes = try SampleModel.pipeline().serialized()
        var region = ByteRegion(bytes)
        for offset in bytes.indices {
            var damaged = bytes
            damaged[offset] ^= 1 << UInt8(offset % 8)
            region = ByteRegion(damaged)
            #expect(throws: ScoringError.self, "byte \(offset)") { try CompiledModel.load(region, file: nil) }
        }
    }

    @Test("10,000 damaged files with mended checksums are refused or score within bounds", arguments: 0..<4)
    func mended(part: Int) throws {
        let sources = [
            try SampleModel.pipeline().serialized(), try SampleModel.allOperators().serialized(),
            try smallForest(.float64).serialized(), try smallForest(.float32).serialized(),
            try SampleModel.measures().serialized(), try SampleModel.texts().serialized(),
        ]
        var random = SplitMix64(seed: UInt64(part))
        var accepted = 0
        for _ in 0..<2_500 {
            var bytes = sources[random.below(sources.count)]
            damage(&bytes, &random)
            FileSurgery.mend(&bytes)
            guard let model = try? CompiledModel.load(ByteRegion(bytes), file: nil) else { continue }
            accepted += 1
            score(model, &random)
        }
        #expect(accepted > 50, "mutations are too coarse to reach the operators")
    }

    private func damage(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
        for _ in 0...random.below(3) {
            // Mostly behind the header and table, whose every check has its own test.
            let offset = random.chance(0.1) ? random.below(bytes.count) : 640 + random.below(bytes.count - 640)
            switch random.below(5) {
            case 0: bytes[offset] = UInt8(random.below(256))
            case 1: bytes[offset] = [0, 255, 0x7f, 0x80, 0x31, 0x39][random.below(6)]
            default: bytes[offset] ^= 1 << UInt8(random.below(8))
            }
            if random.chance(0.02) { bytes.removeLast(1 + random.below(bytes.count / 2)) }
            if bytes.count < 700 { return }
        }
    }

    private func score(_ model: CompiledModel, _ random: inout SplitMix64) {
        var block = InputBlock(model: model)
        block.appendRows(9)
        for row in 0..<9 {
            for (column, input) in model.inputs.columns.enumerated() {
                if input.type == .string {
                    block.set(
                        ["blue", "red", "", "pink", "Red BLUE ΑΣ, red blå", "é\u{1FAE9}"][random.below(6)], row: row,
                        column: column)
                } else {
                    block.set(
                        [0, 1, -2.5, .nan, 1e300, -.infinity][random.below(6)], row: row, column: column)
                }
            }
        }
        var answers = AnswerBlock(model: model)
        var text: [UInt8] = []
        do throws(ScoringError) {
            try Evaluator(model: model).evaluate(block, into: &answers)
            answers.appendPythonJSON(to: &text)
        } catch {
            if case .rejectedRow = error.kind { return }
            Issue.record(error)
        }
    }

    private func smallForest(_ width: FloatWidth) throws -> CompiledModel {
        var random = SplitMix64(seed: 9)
        var forest = NaiveForest(
            featureCount: 3, leafWidth: 2, outputCount: 3, comparison: .less, inputWidth: width, sumWidth: width,
            missing: .perNode, start: [0, 0.5, 1])
        forest.grow(.init(treeCount: 9, leafCount: 1...12), &random)
        return try forest.model()
    }
}
