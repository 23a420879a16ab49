public import Diagnostics

/// Why the scoring server cannot start or go on. Requests never make one: they are answered.
public struct ServerError: DiagnosticConvertible, Sendable, Equatable {
    /// What went wrong, for programs.
    public enum Kind: Sendable, Equatable {
        /// The listening address is not usable.
        case address
        /// `serving.json`, a variable or an option says something that cannot be.
        case configuration
        /// The model cannot be read or does not answer as recorded.
        case model
        /// A worker process cannot be started.
        case worker
        /// The operating system or libevent refused something.
        case system
    }

    /// What went wrong.
    public var kind: Kind
    /// The words for a person.
    public var diagnostic: Diagnostic

    init(_ kind: Kind, _ summary: String, place: Place? = nil, details: [String] = [], hints: [String] = []) {
        self.kind = kind
        diagnostic = Diagnostic(summary, place: place, details: details, hints: hints)
    }

    /// An option or a variable says what no such option can: the words of whoever starts the server, and not of a file, are wrong.
    static func misuse(_ kind: Kind, _ summary: String, hints: [String] = []) -> ServerError {
        var error = ServerError(kind, summary)
        error.diagnostic = Diagnostic(summary, hints: hints, status: .misuse)
        return error
    }
}
