import Bytes
import Diagnostics

/// Reads the old binary format, which XGBoost wrote up to 2.0 and reads up to 2.1.
///
/// It has no categories, no vector leaves, and no names of features: fixed records, texts and lists with a length of eight bytes.
/// Source: `src/learner.cc` (`LearnerModelParamLegacy`, `LoadModel`), `src/gbm/gbtree_model.h`, `src/tree/tree_model.cc`
/// (`TreeParam`, `Node`), `src/gbm/gblinear_model.h` of 1.7.6.
struct XGBoostBinaryReader {
    private var reader: ByteReader
    private let limits: BoosterLimits

    /// The bytes of the records before the trees' nodes.
    private enum Size {
        static let learnerReserved = 100
        static let forestReserved = 152
        static let treeReserved = 124
        static let node = 20
        static let statistics = 16
        static let linearReserved = 136
    }

    static func read(
        _ region: ByteRegion, range: Range<Int>, limits: BoosterLimits
    ) throws(BoostersError) -> XGBoostModel {
        var reader = XGBoostBinaryReader(reader: ByteReader(region, range: range), limits: limits)
        return try reader.model().checked(limits)
    }

    private mutating func model() throws(BoostersError) -> XGBoostModel {
        let start = reader.offset
        let baseScore = try get { reader throws(ByteReaderError) in try reader.readFloat32() }
        let featureCount = Int(try unsigned())
        let classCount = Int(try signed())
        let hasAttributes = try signed() != 0
        _ = try signed()
        let version = XGBoostModel.Version(Int(try unsigned()), Int(try unsigned()))
        let targetCount = Int(try unsigned())
        _ = try signed()
        try skip(Size.learnerReserved)
        // Before 1.0 there was no version, and `base_score` had another meaning.
        guard version.major >= 1, version.major < 100, version.minor < 100 else {
            throw BoostersError(
                .unsupported, "it is no model of XGBoost 1.0 or newer", offset: start)
        }
        guard featureCount >= 1, featureCount <= limits.maxFeatures, classCount >= 0, classCount <= limits.maxOutputs,
            targetCount <= limits.maxOutputs
        else {
            throw BoostersError(
                .malformed, "it has \(featureCount) features, \(classCount) classes and \(targetCount) targets",
                offset: start)
        }
        var model = XGBoostModel(
            version: version, objective: try text(), baseScores: [baseScore], featureCount: featureCount,
            classCount: classCount, targetCount: max(1, targetCount), featureNames: [], featureTypes: [],
            attributes: [:], booster: .linear([]))
        let place = reader.offset
        switch try text() {
        case "gbtree": model.booster = .trees(try forest(model, isDart: false))
        case "dart": model.booster = .trees(try forest(model, isDart: true))
        case "gblinear":
            try skip(Size.linearReserved)
            model.booster = .linear(try floats())
        case let name:
            throw BoostersError(.unsupported, "its booster `\(escaped(name))` is not known", offset: place)
        }
        if hasAttributes { model.attributes = try attributes() }
        guard reader.isAtEnd else {
            throw BoostersError(.malformed, "bytes follow the model", offset: reader.offset)
        }
        return model
    }

    private mutating func forest(_ model: XGBoostModel, isDart: Bool) throws(BoostersError) -> XGBoostForest {
        let place = reader.offset
        let treeCount = Int(try signed())
        let parallel = Int(try signed())
        try skip(Size.forestReserved)
        guard treeCount >= 0, treeCount <= limits.maxTrees, parallel >= 0, parallel <= limits.maxTrees else {
            throw BoostersError(.malformed, "it has \(treeCount) trees, \(parallel) at a time", offset: place)
        }
        var trees: [XGBoostTree] = []
        for number in 0..<treeCount { trees.append(try tree(number, model.featureCount)) }
        var groups: [Int32] = []
        for _ in 0..<treeCount { groups.append(try signed()) }
        return XGBoostForest(
            trees: trees, groups: groups, weights: isDart ? (treeCount == 0 ? [] : try floats()) : nil,
            iterationStarts: try XGBoostForest.iterationStarts(
                treeCount: treeCount, perIteration: max(1, parallel) * model.outputCount, offset: place),
            hasCategoryNames: false)
    }

    private mutating func tree(_ number: Int, _ featureCount: Int) throws(BoostersError) -> XGBoostTree {
        let place = reader.offset
        _ = try signed()
        let count = Int(try signed())
        _ = try signed()
        _ = try signed()
        _ = try signed()
        let vectorSize = try signed()
        try skip(Size.treeReserved)
        guard count >= 1, vectorSize == 0 || vectorSize == 1 else {
            throw BoostersError(.malformed, "tree \(number) has \(count) nodes", offset: place)
        }
        guard count <= reader.remaining / (Size.node + Size.statistics) else {
            throw BoostersError(.truncated, "it ends inside of tree \(number)", offset: reader.offset)
        }
        var (left, right, feature) = ([Int32](), [Int32](), [Int32]())
        var conditions: [Float] = []
        var defaultLeft: [Bool] = []
        for _ in 0..<count {
            _ = try signed()
            left.append(try signed())
            right.append(try signed())
            // The top bit says where missing values go.
            let index = try unsigned()
            feature.append(Int32(index & 0x7fff_ffff))
            defaultLeft.append(index >> 31 == 1)
            conditions.append(try get { reader throws(ByteReaderError) in try reader.readFloat32() })
        }
        try skip(count * Size.statistics)
        return try XGBoostTree(
            left: left, right: right, feature: feature, condition: conditions, defaultLeft: defaultLeft,
            categories: [:], leafWidth: 1, vectors: [], featureCount: featureCount, number: number, offset: place)
    }

    private mutating func attributes() throws(BoostersError) -> [String: String] {
        let place = reader.offset
        let count = try length(atLeast: 16)
        var attributes: [String: String] = [:]
        for _ in 0..<count {
            let key = try text()
            guard attributes.updateValue(try text(), forKey: key) == nil else {
                throw BoostersError(.malformed, "the attribute `\(escaped(key))` appears twice", offset: place)
            }
        }
        return attributes
    }
}

// Plain values.
extension XGBoostBinaryReader {
    private mutating func get<Value>(
        _ read: (inout ByteReader) throws(ByteReaderError) -> Value
    ) throws(BoostersError) -> Value {
        do throws(ByteReaderError) { return try read(&reader) } catch { throw BoostersError(error) }
    }

    private mutating func signed() throws(BoostersError) -> Int32 {
        try get { reader throws(ByteReaderError) in try reader.readInt32() }
    }

    private mutating func unsigned() throws(BoostersError) -> UInt32 {
        try get { reader throws(ByteReaderError) in try reader.readUInt32() }
    }

    private mutating func skip(_ count: Int) throws(BoostersError) {
        try get { reader throws(ByteReaderError) in try reader.skip(count) }
    }

    /// A count of elements of `size` bytes or more, which must fit the bytes that are left.
    private mutating func length(atLeast size: Int) throws(BoostersError) -> Int {
        let place = reader.offset
        let count = try get { reader throws(ByteReaderError) in try reader.readUInt64() }
        guard let count = Int(exactly: count), count <= reader.remaining / size else {
            throw BoostersError(
                .truncated, "it ends too early: \(count) elements do not fit the \(reader.remaining) bytes left",
                offset: place)
        }
        return count
    }

    private mutating func text() throws(BoostersError) -> String {
        let count = try length(atLeast: 1)
        let range = try get { reader throws(ByteReaderError) in try reader.readBytes(count) }
        guard let text = reader.region.string(range) else {
            throw BoostersError(.malformed, "a text is not UTF-8", offset: range.lowerBound)
        }
        return text
    }

    private mutating func floats() throws(BoostersError) -> [Float] {
        let count = try length(atLeast: 4)
        var numbers: [Float] = []
        numbers.reserveCapacity(count)
        for _ in 0..<count {
            numbers.append(try get { reader throws(ByteReaderError) in try reader.readFloat32() })
        }
        return numbers
    }
}
