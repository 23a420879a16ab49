/// How much of a YAML file is read before it is refused.
public struct YAMLLimits: Sendable {
    /// Size of the whole text.
    public var maxBytes = 8 << 20
    /// Levels of nesting, counted after aliases are replaced.
    public var maxDepth = 64
    /// Keys, scalars, lists and mappings, counted after aliases are replaced.
    public var maxNodes = 200_000
    /// Bytes of all scalars and keys, counted after aliases are replaced.
    public var maxTextBytes = 16 << 20
    /// Anchors (`&name`) in one document.
    public var maxAnchors = 10_000

    /// The standard limits.
    public init() {}

    /// The limits for every file of a model folder.
    public static let standard = YAMLLimits()
}
