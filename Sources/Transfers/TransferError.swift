public import Diagnostics
import HTTPTransport

/// Why an object did not arrive as it was listed.
public struct TransferError: DiagnosticConvertible, Sendable, Equatable {
    /// The sentence, place and hints.
    public let diagnostic: Diagnostic

    /// What the transport says, under the sentence of what was being done.
    init(_ error: HTTPError, doing task: String) {
        let cause = error.diagnostic
        let reason = cause.summary.hasPrefix("cannot ") ? String(cause.summary.dropFirst(7)) : cause.summary
        diagnostic = Diagnostic(
            "cannot \(task): cannot \(reason)", place: cause.place, details: cause.details, hints: cause.hints)
    }

    init(_ summary: String, place: Place? = nil, hints: [String] = []) {
        diagnostic = Diagnostic(summary, place: place, hints: hints)
    }
}
