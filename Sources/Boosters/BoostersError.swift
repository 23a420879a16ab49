public import Diagnostics

/// Why the file of a booster could not be read: what is wrong, and where.
public struct BoostersError: Error, Sendable, Equatable, DiagnosticConvertible {
    /// The family of the fault.
    public enum Kind: Sendable, Equatable {
        /// The bytes are not what the library writes.
        case malformed
        /// The bytes end too early.
        case truncated
        /// A named limit is exceeded.
        case limit(name: String, value: Int)
        /// What the library can write, and we do not reproduce exactly.
        case unsupported
    }

    /// The family of the fault.
    public var kind: Kind
    /// One sentence in the user's words, without a full stop.
    public var reason: String
    /// The byte of the file that shows it; nil when it is about the whole.
    public var offset: Int?
    /// The line of a text that shows it, from 1.
    public var line: Int?

    /// Makes an error.
    public init(_ kind: Kind, _ reason: String, offset: Int? = nil, line: Int? = nil) {
        self.kind = kind
        self.reason = reason
        self.offset = offset
        self.line = line
    }

    /// The same error as something to tell a person.
    public var diagnostic: Diagnostic {
        Diagnostic("cannot read the booster: \(reason)", place: Place(line: line, byteOffset: offset))
    }
}
