public import Bytes
import Diagnostics

/// Reads CatBoost's binary format (`cbm`): the letters `CBM1`, a length, and a FlatBuffers table.
///
/// Supported: numeric features, oblivious trees and trees of the growing policies Depthwise and Lossguide, several outputs.
/// Unsupported: features of categories, texts and embeddings, which need tables that were counted in training.
/// Source: `catboost/libs/model/flatbuffers/model.fbs`, `features.fbs`, `model.cpp`, 1.2 to 1.2.10.
public struct CatBoostReader {
    private var buffer: FlatBuffer
    private let limits: BoosterLimits
    private let start: Int

    /// Fields of `TModelCore`.
    private enum Core { static let version = 0, trees = 1, information = 2, parts = 3 }
    /// Fields of `TModelTrees`.
    private enum Trees {
        static let outputs = 0, splits = 1, sizes = 2, starts = 3, categories = 4, floats = 5, oneHots = 6, counters = 7
        static let values = 8, steps = 10, leafNumbers = 11, texts = 12, estimated = 13, scale = 14, bias = 15,
            biases = 16
    }
    /// Fields of `TFloatFeature`.
    private enum Float32 { static let hasMissing = 0, column = 2, borders = 3, name = 4, missing = 5 }

    /// `ENanValueTreatment.AsTrue`.
    private static let missingIsTrue: UInt8 = 2
    /// The deepest tree that CatBoost trains has 16 levels.
    private static let maxDepth = 16

    /// Reads the model in `region`.
    public static func read(
        _ region: ByteRegion, limits: BoosterLimits = .standard
    ) throws(BoostersError) -> CatBoostModel {
        guard region.count <= limits.maxBytes else {
            throw BoostersError.beyond("maxBytes", limits.maxBytes, "bytes", count: region.count)
        }
        guard region.count >= 8, region.bytes(0..<4) == Array("CBM1".utf8) else {
            throw BoostersError(.malformed, "it does not begin with CatBoost's `CBM1`", offset: 0)
        }
        let length = (4..<8).reversed().reduce(0) { $0 << 8 | Int(region[$1]) }
        guard length <= region.count - 8 else {
            throw BoostersError(
                .truncated, "it says that it has \(length) bytes after the first 8, and has \(region.count - 8)",
                offset: 4)
        }
        var reader = CatBoostReader(
            buffer: FlatBuffer(region, range: 8..<8 + length), limits: limits, start: 8)
        return try reader.model()
    }

    private mutating func model() throws(BoostersError) -> CatBoostModel {
        let core = try buffer.root()
        // The library spells it so.
        guard try buffer.text(Core.version, of: core) == "FlabuffersModel_v1" else {
            throw BoostersError(.unsupported, "its format is not `FlabuffersModel_v1`", offset: start)
        }
        guard let trees = try buffer.table(Core.trees, of: core) else {
            throw BoostersError(.malformed, "it has no trees", offset: start)
        }
        try refuseOtherFeatures(trees)
        var information: [String: String] = [:]
        for entry in try buffer.tables(Core.information, of: core) {
            guard let key = try buffer.text(0, of: entry) else { continue }
            information[key] = try buffer.text(1, of: entry)
        }
        guard try buffer.count(Core.parts, of: core) == 0 else {
            throw BoostersError(.unsupported, "it has parts beside its trees", offset: start)
        }
        let outputCount = try buffer.int32(Trees.outputs, of: trees)
        guard outputCount >= 1, outputCount <= limits.maxOutputs else {
            throw BoostersError(.malformed, "it has \(outputCount) outputs", offset: start)
        }
        let features = try features(trees)
        let values = try buffer.numbers(Trees.values, of: trees) { reader throws(ByteReaderError) in
            try reader.readFloat64()
        }
        guard values.allSatisfy(\.isFinite) else {
            throw BoostersError(.malformed, "a value of a leaf is not finite", offset: start)
        }
        var bias = try buffer.numbers(Trees.biases, of: trees) { reader throws(ByteReaderError) in
            try reader.readFloat64()
        }
        if bias.isEmpty {
            bias = Array(repeating: try buffer.float64(Trees.bias, of: trees, default: 0), count: outputCount)
        }
        let scale = try buffer.float64(Trees.scale, of: trees, default: 1)
        guard bias.count == outputCount, bias.allSatisfy(\.isFinite), scale.isFinite else {
            throw BoostersError(.malformed, "its scale and bias are not those of \(outputCount) outputs", offset: start)
        }
        return CatBoostModel(
            features: features, outputCount: outputCount,
            trees: try self.trees(trees, features, outputCount, valueCount: values.count), leafValues: values,
            scale: scale, bias: bias, information: information)
    }

    private mutating func refuseOtherFeatures(_ trees: FlatBuffer.Table) throws(BoostersError) {
        let others = [
            (Trees.categories, "categories"), (Trees.oneHots, "categories"), (Trees.counters, "categories"),
            (Trees.texts, "texts"), (Trees.estimated, "texts or embeddings"),
        ]
        for (field, what) in others where try buffer.count(field, of: trees) > 0 {
            throw BoostersError(
                .unsupported,
                "it was trained on columns of \(what), for which it keeps statistics of the training table",
                offset: start)
        }
    }

    private mutating func features(_ trees: FlatBuffer.Table) throws(BoostersError) -> [CatBoostModel.Feature] {
        var features: [CatBoostModel.Feature] = []
        var columns: Set<Int> = []
        for table in try buffer.tables(Trees.floats, of: trees) {
            let column = try buffer.int32(Float32.column, of: table, default: -1)
            let borders = try buffer.numbers(Float32.borders, of: table) { reader throws(ByteReaderError) in
                try reader.readFloat32()
            }
            guard column >= 0, column < limits.maxFeatures, columns.insert(column).inserted,
                borders.allSatisfy(\.isFinite), zip(borders, borders.dropFirst()).allSatisfy({ $0 < $1 })
            else {
                throw BoostersError(
                    .malformed, "its feature \(features.count) has no column of its own, or borders out of order",
                    offset: start)
            }
            let hasMissing = try buffer.byte(Float32.hasMissing, of: table) != 0
            let missing = try buffer.byte(Float32.missing, of: table)
            guard missing <= CatBoostReader.missingIsTrue else {
                throw BoostersError(.unsupported, "its way with missing values is not known", offset: start)
            }
            features.append(
                CatBoostModel.Feature(
                    column: column, name: try buffer.text(Float32.name, of: table), borders: borders,
                    missingIsAbove: hasMissing && missing == CatBoostReader.missingIsTrue))
        }
        return features
    }

    // MARK: Trees

    private mutating func trees(
        _ table: FlatBuffer.Table, _ features: [CatBoostModel.Feature], _ outputCount: Int, valueCount: Int
    ) throws(BoostersError) -> [CatBoostModel.Tree] {
        let sizes = try wholeNumbers(Trees.sizes, table)
        let starts = try wholeNumbers(Trees.starts, table)
        let numbers = try wholeNumbers(Trees.splits, table)
        guard sizes.count == starts.count, sizes.count <= limits.maxTrees else {
            throw BoostersError(.malformed, "it has \(sizes.count) trees, and \(starts.count) begin", offset: start)
        }
        var splits: [CatBoostModel.Split] = []
        for feature in features {
            for border in feature.borders {
                splits.append(
                    CatBoostModel.Split(
                        column: feature.column, border: border, missingPasses: feature.missingIsAbove))
            }
        }
        let steps = try buffer.numbers(Trees.steps, of: table) { reader throws(ByteReaderError) in
            try reader.readUInt32()
        }
        let leaves = try buffer.numbers(Trees.leafNumbers, of: table) { reader throws(ByteReaderError) in
            try reader.readUInt32()
        }
        guard steps.isEmpty == leaves.isEmpty,
            steps.isEmpty || (steps.count, leaves.count) == (numbers.count, steps.count)
        else {
            throw BoostersError(.malformed, "its nodes differ in number from its splits", offset: start)
        }
        var trees: [CatBoostModel.Tree] = []
        trees.reserveCapacity(sizes.count)
        var firstValue = 0
        for (size, first) in zip(sizes, starts) {
            guard size >= 0, first >= 0, size <= numbers.count, first <= numbers.count - size else {
                throw BoostersError(.malformed, "tree \(trees.count) goes beyond the splits", offset: start)
            }
            if steps.isEmpty {
                guard size <= CatBoostReader.maxDepth, outputCount << size <= valueCount - firstValue else {
                    throw BoostersError(.malformed, "tree \(trees.count) goes beyond the leaves", offset: start)
                }
                var tests: [CatBoostModel.Split] = []
                for number in numbers[first..<first + size] { tests.append(try split(number, splits, trees.count)) }
                trees.append(.oblivious(tests, firstValue: firstValue))
                firstValue += outputCount << size
            } else {
                let range = first..<first + size
                let nodes = NodeReader(numbers: numbers, steps: steps, leaves: leaves, range: range)
                trees.append(
                    try nodes.tree(lastValue: valueCount - outputCount, tree: trees.count, offset: start) {
                        number throws(BoostersError) in
                        try split(number, splits, trees.count)
                    })
            }
        }
        return trees
    }

    private mutating func wholeNumbers(_ field: Int, _ table: FlatBuffer.Table) throws(BoostersError) -> [Int] {
        try buffer.numbers(field, of: table) { reader throws(ByteReaderError) in try reader.readInt32() }.map {
            Int($0)
        }
    }

    private func split(
        _ number: Int, _ splits: [CatBoostModel.Split], _ tree: Int
    ) throws(BoostersError) -> CatBoostModel.Split {
        guard splits.indices.contains(number) else {
            throw BoostersError(.malformed, "tree \(tree) has a split that is none of the borders", offset: start)
        }
        return splits[number]
    }
}

/// The nodes of one tree that is not oblivious: for each its split, the distances to its two children (0: a leaf of its own), and
/// where that leaf's values begin.
private struct NodeReader {
    let numbers: [Int]
    let steps: [UInt32]
    let leaves: [UInt32]
    let range: Range<Int>

    func tree(
        lastValue: Int, tree: Int, offset: Int, _ split: (Int) throws(BoostersError) -> CatBoostModel.Split
    ) throws(BoostersError) -> CatBoostModel.Tree {
        func malformed(_ reason: String) -> BoostersError {
            BoostersError(.malformed, "tree \(tree) \(reason)", offset: offset)
        }
        func leaf(_ node: Int) throws(BoostersError) -> CatBoostModel.Child {
            guard Int(leaves[node]) <= lastValue else { throw malformed("has a leaf that is not there") }
            return .leaf(firstValue: Int(leaves[node]))
        }
        // Old numbers of the nodes with a test, in the order of their new ones; a node without one is a leaf.
        var order = [range.lowerBound]
        var seen: Set<Int> = [range.lowerBound]
        var nodes: [CatBoostModel.Node] = []
        func child(_ node: Int, _ distance: Int) throws(BoostersError) -> CatBoostModel.Child {
            guard distance > 0 else { return try leaf(node) }
            let next = node + distance
            guard next < range.upperBound, seen.insert(next).inserted else {
                throw malformed("has a node that is out of range or has two parents")
            }
            guard steps[next] != 0 else { return try leaf(next) }
            order.append(next)
            return .node(order.count - 1)
        }
        guard !range.isEmpty else { throw malformed("has no nodes") }
        if steps[range.lowerBound] == 0 {
            guard case .leaf(let first) = try leaf(range.lowerBound) else { throw malformed("has no leaf") }
            return .oblivious([], firstValue: first)
        }
        var index = 0
        while index < order.count {
            let node = order[index]
            let step = steps[node]
            nodes.append(
                CatBoostModel.Node(
                    split: try split(numbers[node]), below: try child(node, Int(step & 0xffff)),
                    above: try child(node, Int(step >> 16))))
            index += 1
        }
        return .nodes(nodes)
    }
}
