public import Diagnostics

/// Why bytes are not XML that we read.
public struct XMLError: DiagnosticConvertible, Sendable, Equatable {
    /// What is wrong, as the end of a sentence.
    public let reason: String
    /// Where, in bytes from 0.
    public let offset: Int

    init(_ reason: String, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    /// "cannot read the XML: …".
    public var diagnostic: Diagnostic {
        Diagnostic("cannot read the XML: \(reason)", place: Place(byteOffset: offset))
    }
}

/// What no document may pass.
public struct XMLLimits: Sendable, Equatable {
    /// Bytes of the whole document.
    public var maxBytes: Int
    /// Elements inside each other, the outermost counting 1.
    public var maxDepth: Int
    /// Elements in all.
    public var maxElements: Int
    /// Bytes of one name.
    public var maxNameBytes: Int
    /// Attributes of one element.
    public var maxAttributes: Int

    /// A page of a storage's listing has 1,000 entries, and a name at most 3,072 bytes when it is percent-encoded.
    public init(
        maxBytes: Int = 16 << 20, maxDepth: Int = 16, maxElements: Int = 200_000, maxNameBytes: Int = 128,
        maxAttributes: Int = 16
    ) {
        self.maxBytes = maxBytes
        self.maxDepth = maxDepth
        self.maxElements = maxElements
        self.maxNameBytes = maxNameBytes
        self.maxAttributes = maxAttributes
    }
}
