/// Message authentication codes with SHA-256 (RFC 2104, RFC 4231).
public enum HMACSHA256 {
    private static let blockBytes = 64

    /// The 32 bytes of the code of `message` under `key`, which may have any length.
    public static func code(of message: [UInt8], key: [UInt8]) -> [UInt8] {
        let short = key.count > blockBytes ? SHA256Digest(of: key).bytes : key
        let padded = short + [UInt8](repeating: 0, count: blockBytes - short.count)
        let inner = SHA256Digest(of: padded.map { $0 ^ 0x36 } + message)
        return SHA256Digest(of: padded.map { $0 ^ 0x5c } + inner.bytes).bytes
    }
}
