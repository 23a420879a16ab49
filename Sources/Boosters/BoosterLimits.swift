/// How much of a booster's file is read before it is refused.
public struct BoosterLimits: Sendable, Equatable {
    /// Bytes of the file.
    public var maxBytes: Int
    /// Arrays and objects of a document inside each other, the outermost counting 1.
    public var maxDepth: Int
    /// Values of a document, the elements of arrays of numbers among them.
    public var maxValues: Int
    /// Values of a document that are no numbers, however small it is; a larger one may have one for each 16 bytes.
    public var maxParts: Int
    /// Trees of a model.
    public var maxTrees: Int
    /// Features of a model.
    public var maxFeatures: Int
    /// Outputs of a model: classes or targets.
    public var maxOutputs: Int

    /// Makes limits.
    public init(
        maxBytes: Int = 1 << 30, maxDepth: Int = 64, maxValues: Int = 1 << 28, maxParts: Int = 500_000,
        maxTrees: Int = 1_000_000, maxFeatures: Int = 1_000_000, maxOutputs: Int = 100_000
    ) {
        self.maxBytes = maxBytes
        self.maxDepth = maxDepth
        self.maxValues = maxValues
        self.maxParts = maxParts
        self.maxTrees = maxTrees
        self.maxFeatures = maxFeatures
        self.maxOutputs = maxOutputs
    }

    /// For a file of a model.
    public static let standard = BoosterLimits()

    /// Checks how many values that are no numbers a document of `byteCount` bytes has so far.
    func check(parts: Int, byteCount: Int, offset: Int) throws(BoostersError) {
        let limit = max(maxParts, byteCount / 16)
        guard parts <= limit else {
            throw BoostersError.beyond(
                "maxParts", limit, "values or more that are no numbers", count: parts, offset: offset)
        }
    }
}

extension BoostersError {
    /// A count that is above a named limit.
    static func beyond(
        _ name: String, _ limit: Int, _ what: String, count: Int, offset: Int? = nil
    ) -> BoostersError {
        BoostersError(
            .limit(name: name, value: limit), "it has \(count) \(what); the limit is \(limit)", offset: offset)
    }
}
