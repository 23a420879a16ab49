import Credentials
public import Diagnostics
import HTTPTransport
import Transfers

/// Why a model could not be found, listed or brought here.
public struct RegistryError: DiagnosticConvertible, Sendable, Equatable {
    /// The kinds that callers tell apart.
    public enum Kind: Sendable, Equatable {
        /// The text names no model in any form that we know.
        case reference
        /// An environment variable or the credentials file is missing or wrong.
        case configuration
        /// A registry, a store or a way to sign in that this version does not speak.
        case unsupported
        /// The server has no such model, version, alias, run or file.
        case notFound
        /// The server wants other credentials, or other rights.
        case denied
        /// The model version exists but is not ready.
        case notReady
        /// The server could not be reached, or answered with trouble of its own.
        case server
        /// The server's answer makes no sense to us.
        case answer
        /// The server lists files that no model may have.
        case listing
        /// A file did not arrive as it was listed.
        case transfer
        /// The folder cannot be written, or its disk is full.
        case disk
        /// What was found is no MLflow model.
        case notAModel
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

    /// The same error with one more hint.
    func adding(hint: String) -> RegistryError {
        var diagnostic = diagnostic
        diagnostic.hints.append(hint)
        return RegistryError(kind, diagnostic)
    }

    private init(_ kind: Kind, _ diagnostic: Diagnostic) {
        self.kind = kind
        self.diagnostic = diagnostic
    }

    /// What the transport says, under the sentence of what was being done.
    init(_ error: HTTPError, doing task: String) {
        let cause = error.diagnostic
        guard error.kind != .cancelled else {
            self.init(.cancelled, "cannot \(task): interrupted", status: .interrupted)
            return
        }
        let reason = cause.summary.hasPrefix("cannot ") ? String(cause.summary.dropFirst(7)) : cause.summary
        self.init(
            .server, "cannot \(task): cannot \(reason)", place: cause.place, details: cause.details, hints: cause.hints)
    }

    /// Why there is no credential, under the sentence of what was being done.
    init(signIn cause: Diagnostic, doing task: String) {
        self.init(
            .configuration, "cannot \(task): \(cause.summary)", place: cause.place, details: cause.details,
            hints: cause.hints, status: cause.status)
    }

    /// What `~/.mlflow/credentials` or a variable says about how to sign in.
    init(_ error: CredentialsError) {
        kind = error.kind == .unsupported ? .unsupported : .configuration
        diagnostic = error.diagnostic
    }

    /// A file that did not arrive as it was listed.
    init(transfer error: TransferError) {
        kind = .transfer
        diagnostic = error.diagnostic
    }

    /// What the file system says about the place where the model should go.
    init(disk diagnostic: Diagnostic, details: [String] = []) {
        kind = .disk
        var diagnostic = diagnostic
        diagnostic.details += details
        self.diagnostic = diagnostic
    }
}
