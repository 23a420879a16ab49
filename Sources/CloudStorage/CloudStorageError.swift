public import Diagnostics
import HTTPTransport

/// What a storage's address or answer has that we cannot use.
public struct CloudStorageError: DiagnosticConvertible, Sendable, Equatable {
    /// The kinds that callers tell apart.
    public enum Kind: Sendable, Equatable {
        /// An address of a form that we do not know.
        case location
        /// An answer that is no listing.
        case answer
        /// A listing with a file that cannot be read.
        case listing
    }

    /// Which of them.
    public let kind: Kind
    /// What is wrong, as the end of a sentence: "it names no bucket".
    public let reason: String
    private let subject: String

    init(location text: String, _ reason: String) {
        kind = .location
        subject = "use `\(escaped(HTTPURL.withoutSecrets(text)))` as the address of a storage"
        self.reason = reason
    }

    init(_ kind: Kind, _ reason: String) {
        self.kind = kind
        subject = "read the storage's listing"
        self.reason = reason
    }

    /// "cannot read the storage's listing: …".
    public var diagnostic: Diagnostic { Diagnostic("cannot \(subject): \(reason)") }
}

/// `text`, which we have put together.
func url(_ text: String) throws(CloudStorageError) -> HTTPURL {
    do { return try HTTPURL(text) } catch { throw CloudStorageError(location: text, error.reason) }
}

/// The parts of an object's name between slashes.
func segments(of name: String) -> [String] {
    name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map { String(Substring($0)) }
}
