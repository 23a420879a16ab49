public import Bytes

/// A model of XGBoost as its file holds it, checked: what is named exists, and every walk through a tree ends.
///
/// Supported: the old binary format (up to 2.x), JSON and UBJSON, and the snapshot with configuration that pickles hold.
/// Unsupported: the base64 text of versions before 0.6, and snapshots of versions before 1.6.
public struct XGBoostModel: Sendable {
    /// The version of the library that wrote the file.
    public struct Version: Sendable, Comparable {
        /// The major version: 3 of 3.2.0.
        public var major: Int
        /// The minor version: 2 of 3.2.0.
        public var minor: Int

        /// Makes a version.
        public init(_ major: Int, _ minor: Int) {
            self.major = major
            self.minor = minor
        }

        /// Major, then minor.
        public static func < (left: Version, right: Version) -> Bool {
            (left.major, left.minor) < (right.major, right.minor)
        }
    }

    /// What makes the raw score of a row.
    public enum Booster: Sendable {
        /// `gbtree`, and `dart`, whose forest has tree weights.
        case trees(XGBoostForest)
        /// `gblinear`: [features + 1 x outputs], row-major; the last row holds the biases.
        case linear([Float])
    }

    /// Who wrote it.
    public var version: Version
    /// The name of the objective: `binary:logistic`.
    public var objective: String
    /// `base_score`, before the objective's link: one number, or one per output from 3.1 on.
    public var baseScores: [Float]
    /// The number of features.
    public var featureCount: Int
    /// `num_class`; 0 for models that are not multi-class.
    public var classCount: Int
    /// `num_target`.
    public var targetCount: Int
    /// The names of the features; empty when it was trained without.
    public var featureNames: [String]
    /// `int`, `float`, `i` (truth value), `q` or `c` (category); empty when it was trained without.
    public var featureTypes: [String]
    /// What training left: `best_iteration`, `scikit_learn`.
    public var attributes: [String: String]
    /// Trees or weights.
    public var booster: Booster

    /// The number of raw scores of a row.
    public var outputCount: Int { max(classCount, targetCount, 1) }

    /// Reads the model in `range` of `region`, by default all of it; the format is found by its first bytes.
    ///
    /// - Throws: at the first byte that is not as XGBoost writes it. Nothing is executed.
    public static func read(
        _ region: ByteRegion, range: Range<Int>? = nil, limits: BoosterLimits = .standard
    ) throws(BoostersError) -> XGBoostModel {
        let range = range ?? region.range
        guard range.count <= limits.maxBytes else {
            throw BoostersError.beyond("maxBytes", limits.maxBytes, "bytes", count: range.count)
        }
        switch XGBoostFormat(region, range) {
        case .empty: throw BoostersError(.truncated, "it is empty", offset: range.lowerBound)
        case .json:
            return try XGBoostDocument.model(
                try BoosterJSONReader.read(region, range: range, limits: limits), limits)
        case .universalBinary:
            return try XGBoostDocument.model(try UBJSONReader.read(region, range: range, limits: limits), limits)
        case .binary(let start):
            return try XGBoostBinaryReader.read(region, range: start..<range.upperBound, limits: limits)
        case .unsupported(let words): throw BoostersError(.unsupported, words, offset: range.lowerBound)
        }
    }

    /// Checks what concerns the model as a whole.
    func checked(_ limits: BoosterLimits) throws(BoostersError) -> XGBoostModel {
        func refuse(_ reason: String) -> BoostersError { BoostersError(.malformed, reason) }
        guard featureCount >= 1, classCount >= 0, targetCount >= 1, classCount <= 1 || targetCount <= 1 else {
            throw refuse("it has \(featureCount) features, \(classCount) classes and \(targetCount) targets")
        }
        guard featureCount <= limits.maxFeatures else {
            throw BoostersError.beyond("maxFeatures", limits.maxFeatures, "features", count: featureCount)
        }
        guard outputCount <= limits.maxOutputs else {
            throw BoostersError.beyond("maxOutputs", limits.maxOutputs, "outputs", count: outputCount)
        }
        guard baseScores.count == 1 || baseScores.count == outputCount, baseScores.allSatisfy(\.isFinite) else {
            throw refuse("its `base_score` does not suit its \(outputCount) outputs")
        }
        guard featureNames.isEmpty || featureNames.count == featureCount,
            featureTypes.isEmpty || featureTypes.count == featureCount
        else { throw refuse("the names or types of its features are not \(featureCount)") }
        switch booster {
        case .linear(let weights):
            guard weights.count == (featureCount + 1) * outputCount, weights.allSatisfy(\.isFinite) else {
                throw refuse(
                    "it has \(weights.count) weights for \(featureCount) features and \(outputCount) outputs")
            }
        case .trees(let forest): try forest.check(featureCount: featureCount, outputCount: outputCount, limits)
        }
        return self
    }
}

/// How a file holds a model; `src/learner.cc` (`LoadModel`, `Load`).
private enum XGBoostFormat {
    case empty
    case json
    case universalBinary
    /// The old format, from this offset on.
    case binary(start: Int)
    case unsupported(String)

    init(_ region: ByteRegion, _ range: Range<Int>) {
        let head = Array(region.slice(range.lowerBound..<min(range.upperBound, range.lowerBound + 64)))
        if head.isEmpty {
            self = .empty
        } else if head.starts(with: "binf".utf8) {
            self = .binary(start: range.lowerBound + 4)
        } else if head.starts(with: "bs64".utf8) {
            self = .unsupported("it is in the base64 text of old versions, which XGBoost itself no longer reads")
        } else if head.starts(with: "CONFIG-offset:".utf8) {
            self = .unsupported("it is a snapshot of XGBoost before 1.6")
        } else if head[0] == UInt8(ascii: "{") {
            let next = head.dropFirst().first { ![0x20, 0x09, 0x0a, 0x0d].contains($0) }
            self = next == UInt8(ascii: "\"") || next == UInt8(ascii: "}") ? .json : .universalBinary
        } else {
            self = .binary(start: range.lowerBound)
        }
    }
}
