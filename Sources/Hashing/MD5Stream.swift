import CCrypto

/// An MD5 computation (RFC 1321) over bytes that arrive in pieces.
///
/// Only for comparing with what a store says about its objects: MD5 finds accidents, not attacks.
public struct MD5Stream: ~Copyable {
    /// Number of bytes in a digest.
    public static let byteCount = 16

    private var context: DigestContext

    /// Starts with no bytes; nil where libcrypto has no MD5, as on a machine that is restricted to FIPS 140 algorithms.
    public init?() {
        guard let context = DigestContext(EVP_md5(), "MD5") else { return nil }
        self.context = context
    }

    /// Appends `bytes`; an empty buffer changes nothing.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) { context.update(bytes) }

    /// The 16 bytes of the digest of all bytes so far; the stream is used up.
    public consuming func finish() -> [UInt8] { context.finish(byteCount: Self.byteCount) }
}
