public import Diagnostics
public import HTTPTransport
import Platform

/// Why we cannot say who we are to a server.
public struct CredentialsError: DiagnosticConvertible, Sendable, Equatable {
    /// The kinds that callers tell apart.
    public enum Kind: Sendable, Equatable {
        /// A variable, a profile or a file is missing or wrong, or says two things at once.
        case configuration
        /// A way to sign in that this version does not speak.
        case unsupported
        /// Whoever hands out tokens refuses us.
        case denied
        /// Whoever hands out tokens could not be reached, or is in trouble.
        case server
        /// An answer that makes no sense to us.
        case answer
        /// `az` or `databricks` did not do what it was asked for.
        case program
        /// The caller's cancellation was seen.
        case cancelled
    }

    /// Which kind of failure this is.
    public let kind: Kind
    /// The sentence, place and hints.
    public let diagnostic: Diagnostic

    init(
        _ kind: Kind, _ summary: String, place: Place? = nil, details: [String] = [], hints: [String] = [],
        status: ExitStatus = .failed
    ) {
        self.kind = kind
        diagnostic = Diagnostic(summary, place: place, details: details, hints: hints, status: status)
    }

    /// What the transport says, under the sentence of what was being done.
    ///
    /// - Parameter task: what was being done, after "cannot": "sign in to `https://host`".
    public init(_ error: HTTPError, doing task: String) {
        guard error.kind != .cancelled else {
            self.init(.cancelled, "cannot \(task): interrupted", status: .interrupted)
            return
        }
        let cause = error.diagnostic
        self.init(
            .server, "cannot \(task): \(cause.summary)", place: cause.place, details: cause.details,
            hints: cause.hints)
    }

    /// What the file system says about a file that `task` needs.
    init(_ error: FileError, doing task: String) {
        let cause = error.diagnostic
        self.init(.configuration, "cannot \(task): \(cause.summary)", details: cause.details, hints: cause.hints)
    }

    /// The reason without the task, for one line among several.
    var reason: String {
        let summary = diagnostic.summary
        guard let colon = summary.firstRange(of: ": ") else { return summary }
        return String(summary[colon.upperBound...])
    }
}
