/// One thing to tell a person: what happened, where, and how to mend it.
///
/// Only the two executables print diagnostics, through `Rendering`. A library throws its own error type, which converts to a
/// diagnostic by `DiagnosticConvertible`.
public struct Diagnostic: DiagnosticConvertible, Sendable, Equatable {
    /// How much it matters.
    public enum Severity: String, Sendable {
        /// The work could not be done, or its result is not wanted.
        case error
        /// The work goes on; the person should know.
        case warning
        /// Further information.
        case note
    }

    /// How much it matters.
    public var severity: Severity
    /// "cannot <verb> `<thing>`: <reason>", lower case and without a full stop.
    public var summary: String
    /// Where it happened.
    public var place: Place?
    /// Further lines, for example several reasons; each is printed as one item of a list.
    public var details: [String]
    /// What the person can do about it; each is printed after `hint:`.
    public var hints: [String]
    /// The exit status of the program when this diagnostic ends it.
    public var status: ExitStatus

    /// Makes a diagnostic; untrusted words belong through `escaped` first, although `Rendering` escapes control characters again.
    public init(
        _ summary: String, severity: Severity = .error, place: Place? = nil, details: [String] = [],
        hints: [String] = [], status: ExitStatus = .failed
    ) {
        self.summary = summary
        self.severity = severity
        self.place = place
        self.details = details
        self.hints = hints
        self.status = status
    }

    /// Itself.
    public var diagnostic: Diagnostic { self }

    /// The diagnostic of any error: its own when it is `DiagnosticConvertible`, otherwise "unexpected error: …".
    public static func wrapping(_ error: any Error) -> Diagnostic {
        if let convertible = error as? any DiagnosticConvertible { return convertible.diagnostic }
        return Diagnostic(
            "unexpected error: \(escaped(String(describing: error), limit: 1000))",
            hints: ["this is a defect of the tool; please report it with the command that you ran"])
    }
}

/// An error that knows how to tell itself to a person.
public protocol DiagnosticConvertible: Error {
    /// The words, the place and the exit status for this error.
    var diagnostic: Diagnostic { get }
}
