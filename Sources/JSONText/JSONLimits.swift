/// What a JSON text may grow to; the error names the limit that was passed.
public struct JSONLimits: Sendable, Equatable {
    /// Arrays and objects inside each other, the outermost counting 1.
    public var maxDepth: Int
    /// Bytes of the whole text.
    public var maxBytes: Int
    /// Bytes of one number. A binary64 never needs more than 25; a thousand digits are an attack or a mistake.
    public var maxNumberLength: Int

    /// Makes limits.
    public init(maxDepth: Int = 64, maxBytes: Int = 16 << 20, maxNumberLength: Int = 400) {
        self.maxDepth = maxDepth
        self.maxBytes = maxBytes
        self.maxNumberLength = maxNumberLength
    }

    /// For a body that came over the network: 16 MiB.
    public static let request = JSONLimits()
    /// For a file of a model: 1 GiB.
    public static let document = JSONLimits(maxBytes: 1 << 30)
}
