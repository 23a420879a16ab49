import Boosters
import Bytes
import TestKit
import Testing

/// Damaged files must be refused, or give a model in which every walk ends at a leaf that exists.
@Suite("Mutations of models of XGBoost")
struct XGBoostMutationTests {
    struct Reader: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var files: [String]
    }

    @Test(
        "10,000 damaged files give no structure that is out of range",
        arguments: [
            Reader(testDescription: "binary", files: ["trees-17.bin", "dart-17.bin", "linear-17.bin"]),
            Reader(testDescription: "UBJSON", files: ["trees-17.ubj", "trees-32.ubj", "vectors-32.ubj"]),
            Reader(testDescription: "JSON", files: ["trees-32.json", "codes-17.json", "linear-32.json"]),
        ])
    func mutations(_ reader: Reader) throws {
        let sources = try reader.files.map(xgboostFile)
        var random = SplitMix64(seed: 20_261_127)
        var accepted = 0
        for round in 0..<10_000 {
            var bytes = sources[Int(random.next() % UInt64(sources.count))]
            damage(&bytes, &random)
            do {
                let model = try XGBoostModel.read(ByteRegion(bytes))
                accepted += 1
                expectSound(model, round)
            } catch {
                #expect((error.offset ?? 0) <= bytes.count, "round \(round) of seed \(random.seed)")
            }
        }
        #expect(accepted > 100, "mutations are too coarse to reach the model")
    }

    private func damage(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
        func below(_ bound: Int) -> Int { Int(random.next() % UInt64(max(1, bound))) }
        for _ in 0...below(3) {
            let offset = below(bytes.count)
            switch below(8) {
            case 0: bytes[offset] = UInt8(below(256))
            case 1: bytes[offset] = [0, 255, 0x7f, 0x80, 0x5b, 0x7b, 0x24, 0x23][below(8)]
            case 2: bytes.insert(contentsOf: bytes[offset..<min(bytes.count, offset + below(40))], at: offset)
            case 3: bytes.removeSubrange(offset..<min(bytes.count, offset + 1 + below(12)))
            case 4 where below(8) == 0: bytes.removeLast(below(bytes.count))
            default: bytes[offset] ^= 1 << UInt8(below(8))
            }
            if bytes.isEmpty { return }
        }
    }

    private func expectSound(_ model: XGBoostModel, _ round: Int) {
        guard case .trees(let forest) = model.booster else { return }
        for (number, tree) in forest.trees.enumerated() {
            guard walkIsSound(tree, model.featureCount, model.outputCount - Int(forest.groups[number])) else {
                Issue.record("round \(round): tree \(number) is unsound")
                return
            }
        }
    }

    /// Walks the whole tree with a count of steps that no tree exceeds.
    private func walkIsSound(_ tree: XGBoostTree, _ featureCount: Int, _ room: Int) -> Bool {
        guard room >= 1, tree.leafWidth == 1 || tree.leafWidth <= room else { return false }
        var stack = [0]
        var steps = 0
        while let node = stack.popLast() {
            steps += 1
            guard steps <= tree.left.count, tree.left.indices.contains(node) else { return false }
            if tree.left[node] == -1 {
                guard tree.leafValues(node).count == tree.leafWidth else { return false }
                continue
            }
            guard (0..<featureCount).contains(Int(tree.feature[node])) else { return false }
            stack += [Int(tree.left[node]), Int(tree.right[node])]
        }
        return true
    }
}
