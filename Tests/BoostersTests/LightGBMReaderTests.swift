import Boosters
import Bytes
import Platform
import TestKit
import Testing

@Suite("The text of LightGBM models")
struct LightGBMReaderTests {
    static let names: [String] = ["categories", "classes", "linear", "old"]

    private static func text(_ name: String) throws -> [UInt8] {
        try readFile(Checkout.fixture("lightgbm/\(name).txt"), limit: 1 << 16)
    }

    private static func read(_ name: String) throws -> LightGBMModel {
        try LightGBMReader.read(ByteRegion(try text(name)))
    }

    @Test("categorical splits have their sets, and the root of a target is squared")
    func categories() throws {
        let model = try Self.read("categories")
        #expect(model.libraryVersion == 4 && model.featureCount == 3 && model.outputCount == 1)
        #expect(model.objective == .signedSquare && !model.averagesOutput && model.iterationCount == 2)
        var sets: [[UInt32]] = []
        for node in model.trees.flatMap(\.nodes) {
            if case .categorical(let words) = node.test {
                #expect(node.feature == 2)
                sets.append(words)
            }
        }
        #expect(!sets.isEmpty && sets.allSatisfy { !$0.isEmpty && $0.count <= 3 })
    }

    @Test("several classes, zeros that are missing, linear leaves, averages and the older format are read")
    func kinds() throws {
        let classes = try Self.read("classes")
        #expect(classes.outputCount == 3 && classes.trees.count == 3 && classes.objective == .softmax)
        #expect(
            classes.trees.flatMap(\.nodes).allSatisfy { node in
                if case .numeric(_, .zero, _) = node.test { true } else { false }
            })
        let linear = try Self.read("linear")
        #expect(linear.trees.allSatisfy { $0.linearLeaves.count == $0.leafValues.count })
        #expect(linear.trees[1].linearLeaves.contains { !$0.features.isEmpty })
        let old = try Self.read("old")
        #expect(old.libraryVersion == 3 && old.averagesOutput && old.objective == .sigmoid(scale: 1))
    }

    struct Change: CustomTestStringConvertible {
        var file = "categories"
        var old: String
        var new: String
        var kind = BoostersError.Kind.malformed
        var reason: String
        var testDescription: String { "\(old) → \(new)" }
    }

    @Test("what LightGBM does not write is refused with its line", arguments: Self.changes)
    func refused(_ row: Change) throws {
        let text = String(decoding: try Self.text(row.file), as: UTF8.self)
        let parts = text.split(separator: row.old, maxSplits: 1, omittingEmptySubsequences: false)
        try #require(parts.count == 2)
        let changed = parts.joined(separator: row.new)
        let error = #expect(throws: BoostersError.self) { try LightGBMReader.read(ByteRegion(changed)) }
        #expect(error?.reason == row.reason)
        #expect(error?.kind == row.kind)
        #expect(error?.line != nil)
    }

    static let changes: [Change] = [
        Change(old: "tree\n", new: "tres\n", reason: "its first line is not `tree`"),
        Change(
            old: "version=v4", new: "version=v2", kind: .unsupported,
            reason: "its format is `v2`, and v3 and v4 are known"),
        Change(old: "label_index", new: "label_jndex", reason: "the line begins with a key that is not known"),
        Change(old: "num_class=1", new: "num_class=2", reason: "it has 2 classes and 1 raw scores"),
        Change(old: "num_class=1\n", new: "", reason: "the key `num_class` is missing"),
        Change(old: "num_class=1\n", new: "num_class=1\nnum_class=1\n", reason: "the key `num_class` is there twice"),
        Change(
            old: "max_feature_idx=2", new: "max_feature_idx=1000000",
            kind: .limit(name: "maxFeatures", value: 999_999),
            reason: "`max_feature_idx` is 1000000, more than 999999"),
        Change(old: "=regression sqrt", new: "=lambdaloss", kind: .unsupported, reason: "its objective is not known"),
        Change(
            old: "=regression sqrt", new: "=regression root", kind: .unsupported,
            reason: "its objective `regression` has a parameter that is not known"),
        Change(old: "tree_sizes=", new: "tree_sizes=1 ", reason: "tree 1 is not where `tree_sizes` says"),
        Change(old: "Tree=1", new: "Tree=2", reason: "tree 1 is not where `tree_sizes` says"),
        Change(
            old: "num_leaves=4", new: "num_leaves=5", reason: "`leaf_value` has 4 elements instead of 5"),
        Change(
            old: "num_leaves=4", new: "num_leaves=131073", kind: .limit(name: "maxLeaves", value: 131_072),
            reason: "`num_leaves` is 131073, more than 131072"),
        Change(
            old: "left_child=", new: "left_child=9",
            reason: "`left_child` holds something else than whole numbers from -4 to 2"),
        Change(
            old: "leaf_value=", new: "leaf_value=0x", reason: "`leaf_value` holds something else than finite numbers"),
        Change(
            file: "old", old: "threshold=", new: "threshold=i", reason: "`threshold` holds something else than numbers"),
        Change(old: "categorical:null", new: "categorical:[1]", reason: "`pandas_categorical` is not a list of lists"),
    ]

    @Test("a text that is cut off anywhere in its trees is refused as one that is not whole")
    func truncated() throws {
        for name in Self.names {
            let text = try Self.text(name)
            let end =
                String(decoding: text, as: UTF8.self).utf8.count
                - "end of trees\n\npandas_categorical:null\n".utf8.count
            for length in stride(from: 0, to: end - 30, by: 7) {
                let error = #expect(throws: BoostersError.self) {
                    try LightGBMReader.read(ByteRegion(Array(text[..<length])))
                }
                #expect(error?.kind == .truncated || length < "tree\n".utf8.count, "\(length) bytes")
            }
        }
    }

    @Test("ten thousand damaged texts are refused, or read as models whose trees cannot be left", arguments: Self.names)
    func mutations(_ name: String) throws {
        let original = try Self.text(name)
        var read = 0
        for round in 0..<2500 {
            var random = SplitMix64(seed: UInt64(round))
            var bytes = original
            for _ in 0...Self.below(3, &random) { Self.damage(&bytes, &random) }
            guard let model = try? LightGBMReader.read(ByteRegion(bytes)) else { continue }
            read += 1
            #expect(Self.isSound(model), "round \(round)")
        }
        #expect(read > 100, "damage that is always refused says little")
    }

    /// A digit for another, which keeps the lengths right, or anything.
    private static func damage(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
        guard !bytes.isEmpty else { return }
        let place = below(bytes.count, &random)
        switch below(10, &random) {
        case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(bytes[below(bytes.count, &random)], at: place)
        case 3: bytes.removeSubrange(place..<min(bytes.count, place + below(40, &random)))
        default:
            let digits = bytes.indices.filter { $0 >= place && (48...57).contains(bytes[$0]) }
            if let digit = digits.first { bytes[digit] = [45, 32, 46, 48, 49, 50, 51, 57, 56, 55][below(10, &random)] }
        }
    }

    private static func below(_ bound: Int, _ random: inout SplitMix64) -> Int {
        Int(random.next() % UInt64(bound))
    }

    private static func isSound(_ model: LightGBMModel) -> Bool {
        guard model.outputCount > 0, model.trees.count.isMultiple(of: model.outputCount) else { return false }
        return model.trees.allSatisfy { tree in
            guard tree.nodes.count + 1 == tree.leafValues.count, tree.leafValues.allSatisfy(\.isFinite),
                tree.linearLeaves.isEmpty || tree.linearLeaves.count == tree.leafValues.count,
                tree.linearLeaves.allSatisfy({ leaf in
                    leaf.features.count == leaf.coefficients.count
                        && leaf.features.allSatisfy { (0..<model.featureCount).contains($0) }
                }), tree.nodes.allSatisfy({ (0..<model.featureCount).contains($0.feature) })
            else { return false }
            // Each leaf is reached, and no walk is longer than there are nodes.
            var reached = 0
            var stack = [(tree.nodes.isEmpty ? -1 : 0, 0)]
            while let (node, depth) = stack.popLast() {
                guard depth <= tree.nodes.count else { return false }
                if node < 0 {
                    guard tree.leafValues.indices.contains(~node) else { return false }
                    reached += 1
                } else {
                    guard tree.nodes.indices.contains(node) else { return false }
                    stack.append((tree.nodes[node].left, depth + 1))
                    stack.append((tree.nodes[node].right, depth + 1))
                }
            }
            return reached == tree.leafValues.count
        }
    }
}
