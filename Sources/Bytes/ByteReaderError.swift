/// A read that the bytes do not allow. `Bytes` knows no diagnostics: the module that reads wraps it with the file's name.
public struct ByteReaderError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Why the read was refused.
    public enum Reason: Sendable, Equatable {
        /// The bytes end first, or the wanted count is negative.
        case endOfBytes
        /// The bytes end before a line feed.
        case noLineFeed
        /// A line is longer than the limit.
        case lineTooLong(limit: Int)
        /// A target of `seek` outside the reader's range.
        case outOfRange(target: Int)
    }

    /// Why the read was refused.
    public let reason: Reason
    /// The offset in the region where the read began.
    public let offset: Int
    /// The number of bytes wanted; may be negative when a negative count was read.
    public let needed: Int
    /// The number of bytes that were left.
    public let available: Int

    /// Makes an error of kind "the bytes end first".
    public init(offset: Int, needed: Int, available: Int) {
        self.init(reason: .endOfBytes, offset: offset, needed: needed, available: available)
    }

    init(reason: Reason, offset: Int, needed: Int, available: Int) {
        self.reason = reason
        self.offset = offset
        self.needed = needed
        self.available = available
    }

    /// The reason in words, without the offset: "the file ends too early: 8 bytes needed, 3 left".
    public var description: String {
        switch reason {
        case .endOfBytes where needed < 0: "a length is negative (\(needed))"
        case .endOfBytes: "it ends too early: \(needed) \(needed == 1 ? "byte" : "bytes") needed, \(available) left"
        case .noLineFeed: "it ends in the middle of a line"
        case .lineTooLong(let limit): "a line is longer than the limit of \(limit) bytes"
        case .outOfRange(let target): "offset \(target) lies outside"
        }
    }
}
