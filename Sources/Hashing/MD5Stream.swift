import CCrypto

/// An MD5 computation (RFC 1321) over bytes that arrive in pieces.
///
/// Only for comparing with what a store says about its objects: MD5 finds accidents, not attacks.
public struct MD5Stream: ~Copyable {
    /// Number of bytes in a digest.
    public static let byteCount = 16

    private let context: OpaquePointer

    /// Starts with no bytes; nil where libcrypto has no MD5, as on a machine that is restricted to FIPS 140 algorithms.
    public init?() {
        guard let context = EVP_MD_CTX_new() else { return nil }
        guard EVP_DigestInit_ex(context, EVP_md5(), nil) == 1 else {
            EVP_MD_CTX_free(context)
            return nil
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
            preconditionFailure("libcrypto cannot continue MD5")
        }
    }

    /// The 16 bytes of the digest of all bytes so far; the stream is used up.
    public consuming func finish() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.byteCount)
        guard EVP_DigestFinal_ex(context, &bytes, nil) == 1 else {
            preconditionFailure("libcrypto cannot finish MD5")
        }
        return bytes
    }
}
