public import Bytes

/// The 32 bytes of a SHA-256 digest (FIPS 180-4), kept without a heap allocation.
///
/// Digests are ordered as their hexadecimal text is.
public struct SHA256Digest: Sendable, Hashable {
    /// Number of bytes in a digest.
    public static let byteCount = 32

    // Four big-endian words: comparing them in order compares the bytes in order.
    private let words: InlineArray<4, UInt64>

    /// Takes the 32 bytes of a digest; nil for any other number of bytes.
    public init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        var words = InlineArray<4, UInt64>(repeating: 0)
        for (index, byte) in bytes.enumerated() {
            words[index / 8] = words[index / 8] << 8 | UInt64(byte)
        }
        self.words = words
    }

    /// Reads 64 hexadecimal digits of either case; nil for anything else, a `sha256:` prefix included.
    public init?(hex: String) {
        guard hex.utf8.count == 2 * Self.byteCount, let bytes = Hexadecimal.decode(hex) else { return nil }
        self.init(bytes: bytes)
    }

    /// The digest of `bytes`.
    public init(of bytes: [UInt8]) {
        var stream = SHA256Stream()
        bytes.withUnsafeBytes { stream.update($0) }
        self = stream.finish()
    }

    /// The digest of all bytes of `region`.
    public init(of region: ByteRegion) {
        var stream = SHA256Stream()
        withExtendedLifetime(region) { stream.update(region.buffer) }
        self = stream.finish()
    }

    /// The digest of the UTF-8 bytes of `text`.
    public init(of text: String) {
        self.init(of: Array(text.utf8))
    }

    /// The 32 bytes, first byte first.
    public var bytes: [UInt8] {
        (0..<Self.byteCount).map { UInt8(truncatingIfNeeded: words[$0 / 8] >> UInt64(56 - 8 * ($0 % 8))) }
    }

    /// 64 lower-case hexadecimal digits.
    public var hex: String { Hexadecimal.encode(bytes) }

    /// Whether both digests have the same bytes.
    public static func == (left: SHA256Digest, right: SHA256Digest) -> Bool {
        (0..<4).allSatisfy { left.words[$0] == right.words[$0] }
    }

    /// Feeds the digest's own bits: they are already evenly spread.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(words[0])
    }
}

extension SHA256Digest: Comparable {
    /// Orders by bytes, first byte first.
    public static func < (left: SHA256Digest, right: SHA256Digest) -> Bool {
        for index in 0..<4 where left.words[index] != right.words[index] {
            return left.words[index] < right.words[index]
        }
        return false
    }
}

extension SHA256Digest: CustomStringConvertible {
    /// The same text as `hex`.
    public var description: String { hex }
}
