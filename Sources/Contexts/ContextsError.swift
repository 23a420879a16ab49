public import Converters
public import Diagnostics

/// Why a context cannot be planned, rendered or written.
public struct ContextsError: DiagnosticConvertible, Sendable, Equatable {
    /// The kinds that callers tell apart.
    public enum Kind: Sendable, Equatable {
        /// The folder is not a model, or lacks a file that it names.
        case model
        /// The wanted runtime cannot serve this model.
        case refused
        /// An option's value cannot be used.
        case option
        /// No usable `skiff-scorer` executable.
        case scorer
        /// A template and its values do not fit together: a defect of skiff.
        case template
        /// A context would hold a token or password.
        case secret
        /// The output is taken by something that skiff did not make.
        case occupied
        /// A context does not describe itself as skiff's contexts do.
        case manifest
    }

    /// Which kind of failure this is.
    public var kind: Kind
    /// Of kind `.refused`: why the model does not convert.
    public var refusals: [Refusal] = []
    /// What to tell the person.
    public var diagnostic: Diagnostic

    /// Makes an error of `kind` that says `summary`.
    public init(
        _ kind: Kind, _ summary: String, place: Place? = nil, details: [String] = [], hints: [String] = [],
        status: ExitStatus = .failed
    ) {
        self.kind = kind
        diagnostic = Diagnostic(summary, place: place, details: details, hints: hints, status: status)
    }
}
