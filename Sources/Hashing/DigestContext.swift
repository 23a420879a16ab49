import CCrypto

/// A computation of libcrypto over bytes that arrive in pieces. What it can only refuse for lack of memory traps.
struct DigestContext: ~Copyable {
    private let context: OpaquePointer
    private let name: StaticString

    /// Starts with no bytes; nil where libcrypto does not have the algorithm.
    ///
    /// - Parameter name: the algorithm's, for the words of a trap.
    init?(_ algorithm: OpaquePointer?, _ name: StaticString) {
        guard let context = EVP_MD_CTX_new() else { return nil }
        guard EVP_DigestInit_ex(context, algorithm, nil) == 1 else {
            EVP_MD_CTX_free(context)
            return nil
        }
        self.context = context
        self.name = name
    }

    deinit {
        EVP_MD_CTX_free(context)
    }

    /// Appends `bytes`; an empty buffer changes nothing.
    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
        guard EVP_DigestUpdate(context, start, bytes.count) == 1 else {
            preconditionFailure("libcrypto cannot continue \(name)")
        }
    }

    /// Takes over what `other`, of the same algorithm, has computed so far.
    mutating func copy(_ other: borrowing DigestContext) {
        guard EVP_MD_CTX_copy_ex(context, other.context) == 1 else {
            preconditionFailure("libcrypto cannot copy \(name)")
        }
    }

    /// The `byteCount` bytes of the digest of all bytes so far; the computation is used up.
    consuming func finish(byteCount: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: byteCount)
        guard EVP_DigestFinal_ex(context, &bytes, nil) == 1 else {
            preconditionFailure("libcrypto cannot finish \(name)")
        }
        return bytes
    }
}
