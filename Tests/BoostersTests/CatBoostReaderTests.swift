import Boosters
import Bytes
import Platform
import TestKit
import Testing

/// Files of CatBoost 1.2.10 in `Tests/Fixtures/catboost`.
@Suite("Models of CatBoost")
struct CatBoostReaderTests {
    private static func file(_ name: String) throws -> [UInt8] {
        try readFile(Checkout.fixture("catboost/\(name).cb"), limit: 1 << 16)
    }

    private static func error(of bytes: [UInt8]) -> BoostersError? {
        do throws(BoostersError) {
            _ = try CatBoostReader.read(ByteRegion(bytes))
            return nil
        } catch { return error }
    }

    @Test("oblivious trees have a split for each level, columns their borders, names and way with NaN")
    func levels() throws {
        let model = try CatBoostReader.read(ByteRegion(try Self.file("levels")))
        #expect(model.features.map(\.column) == [0, 1, 2])
        #expect(model.features.map(\.name) == ["age", "größe", "score"])
        #expect(model.features.map(\.missingIsAbove) == [true, false, false])
        #expect(model.features[2].borders == [1.0154438018798828])
        #expect(model.outputCount == 1 && model.scale == 1 && model.bias == [-0.31457728147506714])
        #expect(model.trees.count == 3)
        guard case .oblivious(let splits, firstValue: 0) = model.trees[0] else {
            Issue.record("the first tree is not oblivious")
            return
        }
        #expect(splits.map(\.column) == [0, 0] && splits.allSatisfy(\.missingPasses))
        #expect(splits.map(\.border) == [model.features[0].borders[2], model.features[0].borders[3]])
        #expect(model.leafValues[..<4] == [-0.26595610944610654, 0.4400024975960453, 0, -0.04414295892985094])
    }

    @Test("trees of other policies have nodes and leaves of several outputs")
    func nodes() throws {
        let model = try CatBoostReader.read(ByteRegion(try Self.file("nodes")))
        #expect(model.outputCount == 3 && model.bias == [0, 0, 0] && model.features.allSatisfy { $0.name == nil })
        guard case .nodes(let nodes) = model.trees[0] else {
            Issue.record("the first tree has no nodes")
            return
        }
        #expect(nodes.count == 3)
        #expect(nodes[0].below == .node(1) && nodes[0].above == .node(2))
        #expect(nodes[1].below == .leaf(firstValue: 0) && nodes[1].above == .leaf(firstValue: 3))
        #expect(nodes[2].above == .leaf(firstValue: 9))
        #expect(model.information["class_params"]?.contains("\"String\"") == true)
    }

    @Test("what is not converted, and what is no whole file, is refused in words")
    func refusals() throws {
        let categories = try #require(Self.error(of: try Self.file("categories")))
        #expect(categories.kind == .unsupported)
        #expect(
            categories.reason
                == "it was trained on columns of categories, for which it keeps statistics of the training table")
        var bytes = try Self.file("levels")
        let cut = try #require(Self.error(of: Array(bytes.dropLast(100))))
        #expect(
            cut
                == BoostersError(
                    .truncated,
                    "it says that it has \(bytes.count - 8) bytes after the first 8, and has \(bytes.count - 108)",
                    offset: 4))
        bytes[0] = 0x58
        #expect(
            Self.error(of: bytes) == BoostersError(.malformed, "it does not begin with CatBoost's `CBM1`", offset: 0))
        #expect(
            Self.error(of: [0x43, 0x42, 0x4d, 0x31, 4, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f])
                == BoostersError(.truncated, "an offset in it points beyond its end", offset: 12))
    }

    @Test("10,000 damaged files give no tree that leaves its splits or leaves")
    func mutations() throws {
        let sources = [try Self.file("levels"), try Self.file("nodes")]
        var random = SplitMix64(seed: 20_261_127)
        func below(_ bound: Int) -> Int { Int(random.next() % UInt64(max(1, bound))) }
        var accepted = 0
        for round in 0..<10_000 {
            var bytes = sources[round % 2]
            for _ in 0...below(3) {
                // The trees are at the end of the file; texts of parameters fill its middle.
                let offset = below(2) == 0 ? below(bytes.count) : bytes.count - 1 - below(1200)
                switch below(4) {
                case 0: bytes[offset] = [0, 255, 0x7f, 0x80][below(4)]
                case 1: bytes[offset] = UInt8(below(256))
                case 2 where below(8) == 0: bytes.removeLast(below(200))
                default: bytes[offset] ^= 1 << UInt8(below(8))
                }
            }
            do throws(BoostersError) {
                let model = try CatBoostReader.read(ByteRegion(bytes))
                accepted += 1
                #expect(isSound(model), "round \(round) of seed \(random.seed)")
            } catch {
                #expect((error.offset ?? 0) <= bytes.count, "round \(round) of seed \(random.seed)")
            }
        }
        #expect(accepted > 1000, "mutations are too coarse to reach the trees")
    }

    private func isSound(_ model: CatBoostModel) -> Bool {
        func holds(_ first: Int, leaves: Int = 1) -> Bool {
            first >= 0 && first + leaves * model.outputCount <= model.leafValues.count
        }
        return model.trees.allSatisfy { tree in
            switch tree {
            case .oblivious(let splits, let first): return holds(first, leaves: 1 << splits.count)
            case .nodes(let nodes):
                var parents = [0] + Array(repeating: 0, count: nodes.count)
                for (number, node) in nodes.enumerated() {
                    for child in [node.below, node.above] {
                        switch child {
                        case .leaf(let first): if !holds(first) { return false }
                        case .node(let next):
                            guard next > number, next < nodes.count else { return false }
                            parents[next] += 1
                        }
                    }
                }
                return (1..<max(1, nodes.count)).allSatisfy { parents[$0] == 1 }
            }
        }
    }
}
