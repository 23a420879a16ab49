/// How much of a pickle is followed before reading stops with an error that names the limit.
///
/// The largest honest model seen (a 500-tree forest in a pipeline, protocol 2) has 83,000 opcodes, 16,000 memo
/// entries and marks nested 10 deep.
public struct PickleLimits: Sendable, Equatable {
    /// Opcodes in the stream.
    public var opcodes = 20_000_000
    /// Values on the stack.
    public var stack = 1_000_000
    /// MARKs open at a time.
    public var marks = 10_000
    /// Containers inside containers.
    public var depth = 2_000
    /// How far beyond the last memo entry a PUT may write.
    public var memoGap = 1_000_000
    /// Digits of an integer written as text, as CPython's own limit.
    public var digits = 4_300
    /// Names of classes and functions.
    public var globals = 200_000
    /// Containers, objects, texts and byte strings, however small the file is; a larger one may have one in eight bytes.
    public var values = 1_000_000
    /// Bytes of one line of a text opcode.
    public var line = 16_777_216

    /// The limits for a model file.
    public static let `default` = PickleLimits()

    /// Starts from the default limits.
    public init() {}

    /// The limit of `values` for a file of this size, before anything of it is unpacked.
    func values(ofFile byteCount: Int) -> Int { max(values, byteCount / 8) }
}
