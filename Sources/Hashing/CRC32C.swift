import Bytes

/// The CRC-32 of Castagnoli over bytes that arrive in pieces (RFC 3720, appendix B.4). Google Cloud Storage gives it for every
/// object.
public struct CRC32C: Sendable {
    /// The checksum of all bytes so far; 0 before the first.
    public private(set) var value: UInt32 = 0

    /// Starts with no bytes.
    public init() {}

    /// Appends `bytes`; an empty buffer changes nothing.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        value = Checksum32.crc32c(bytes, seed: value)
    }
}
