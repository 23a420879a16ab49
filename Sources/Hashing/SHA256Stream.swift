import CCrypto

/// A SHA-256 computation over bytes that arrive in pieces.
///
/// Runs in libcrypto, which uses the processor's own instructions (about 7 times faster than plain Swift). The only
/// failure that libcrypto can report here is lack of memory or a broken installation, which traps.
public struct SHA256Stream: ~Copyable {
    private let context: OpaquePointer

    /// Starts with no bytes.
    public init() {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            preconditionFailure("libcrypto cannot start SHA-256: it is out of memory or lacks its default provider")
        }
        self.context = context
    }

    deinit {
        EVP_MD_CTX_free(context)
    }

    /// Appends `bytes`; an empty buffer changes nothing.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
        guard EVP_DigestUpdate(context, start, bytes.count) == 1 else {
            preconditionFailure("libcrypto cannot continue SHA-256")
        }
    }

    /// The digest of all bytes so far; the stream goes on.
    public borrowing func digestSoFar() -> SHA256Digest {
        let copy = SHA256Stream()
        guard EVP_MD_CTX_copy_ex(copy.context, context) == 1 else {
            preconditionFailure("libcrypto cannot copy SHA-256")
        }
        return copy.finish()
    }

    /// The digest of all bytes so far; the stream is used up.
    public consuming func finish() -> SHA256Digest {
        var bytes = [UInt8](repeating: 0, count: SHA256Digest.byteCount)
        guard EVP_DigestFinal_ex(context, &bytes, nil) == 1, let digest = SHA256Digest(bytes: bytes) else {
            preconditionFailure("libcrypto cannot finish SHA-256")
        }
        return digest
    }
}
