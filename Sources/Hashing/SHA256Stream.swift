import CCrypto

/// A SHA-256 computation over bytes that arrive in pieces.
///
/// Runs in libcrypto, which uses the processor's own instructions (about 7 times faster than plain Swift). The only
/// failure that libcrypto can report here is lack of memory or a broken installation, which traps.
public struct SHA256Stream: ~Copyable {
    private var context: DigestContext

    /// Starts with no bytes.
    public init() {
        guard let context = DigestContext(EVP_sha256(), "SHA-256") else {
            preconditionFailure("libcrypto cannot start SHA-256: it is out of memory or lacks its default provider")
        }
        self.context = context
    }

    /// Appends `bytes`; an empty buffer changes nothing.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) { context.update(bytes) }

    /// The digest of all bytes so far; the stream goes on.
    public borrowing func digestSoFar() -> SHA256Digest {
        var copy = SHA256Stream()
        copy.context.copy(context)
        return copy.finish()
    }

    /// The digest of all bytes so far; the stream is used up.
    public consuming func finish() -> SHA256Digest {
        guard let digest = SHA256Digest(bytes: context.finish(byteCount: SHA256Digest.byteCount)) else {
            preconditionFailure("a digest of SHA-256 has \(SHA256Digest.byteCount) bytes")
        }
        return digest
    }
}
