public import Diagnostics

/// Why no answer came, or none that can be used. An answer with an error status is no `HTTPError`.
public struct HTTPError: Error, DiagnosticConvertible {
    /// What went wrong.
    public enum Kind: Sendable, Equatable {
        /// Text that is not an `http` or `https` URL.
        case url(text: String, reason: String)
        /// No connection: name not found, refused, unreachable, or cut before the answer was complete.
        case connection(reason: String)
        /// No certificate that this machine trusts, or no common TLS version.
        case tls(reason: String)
        /// Nothing came for too long.
        case timeout(reason: String)
        /// The answer breaks HTTP, or is in a form that was not asked for.
        case answer(reason: String)
        /// A redirect that is not followed.
        case redirect(reason: String, location: String?)
        /// The body is longer than the caller's limit, in bytes.
        case tooLong(limit: Int)
        /// The settings name something that libcurl refuses: a CA file, a proxy.
        case settings(reason: String)
        /// The caller's cancellation was seen.
        case cancelled
    }

    /// What went wrong.
    public let kind: Kind
    /// Method and URL, without its query, of the request that failed; nil when there was none yet.
    public private(set) var place: Place?
    /// The server as a person names it.
    public private(set) var origin: HTTPOrigin?
    /// How often the request was sent.
    public var attempts: Int

    /// An error of `kind` that concerns `request`, if there was one.
    public init(_ kind: Kind, request: HTTPRequest? = nil, attempts: Int = 1) {
        self.kind = kind
        self.attempts = attempts
        if let request { concerns(request) }
    }

    /// Says which request failed.
    mutating func concerns(_ request: HTTPRequest) {
        place = Place(file: request.url.description, note: request.method.rawValue)
        origin = request.url.origin
    }

    /// Whether the same request may succeed a moment later.
    public var isTransient: Bool {
        switch kind {
        case .connection, .timeout: true
        case .url, .tls, .answer, .redirect, .tooLong, .settings, .cancelled: false
        }
    }

    /// Summary, place and hints for a person.
    public var diagnostic: Diagnostic {
        var result = Diagnostic(summary, place: place, hints: hints)
        if attempts > 1 { result.details.append("tried \(attempts) times") }
        return result
    }

    /// Why, without what: "connection refused".
    public var reason: String {
        switch kind {
        case .url(_, let reason), .connection(let reason), .tls(let reason), .timeout(let reason), .answer(let reason),
            .redirect(let reason, _), .settings(let reason):
            reason
        case .tooLong(let limit): "it is longer than the limit of \(grouped(limit)) bytes"
        case .cancelled: "interrupted"
        }
    }

    private var summary: String {
        let server = origin.map { "`\($0)`" } ?? "the server"
        return switch kind {
        case .url(let text, _): "cannot use `\(text)` as a URL: \(reason)"
        case .connection: "cannot reach \(server): \(reason)"
        case .tls: "cannot trust \(server): \(reason)"
        case .timeout: "cannot wait any longer for \(server): \(reason)"
        case .answer: "cannot understand \(server): \(reason)"
        case .redirect(_, let location):
            "cannot follow the redirect of \(server)\(location.map { " to `\($0)`" } ?? ""): \(reason)"
        case .tooLong: "cannot read the answer of \(server): \(reason)"
        case .settings: "cannot set up the connection to \(server): \(reason)"
        case .cancelled: "interrupted"
        }
    }

    private var hints: [String] {
        switch kind {
        case .connection:
            [
                "check that the address is right and the server is running; "
                    + "proxies are taken from `HTTPS_PROXY` and `NO_PROXY`"
            ]
        case .tls:
            [
                "name a file with the certificate authority's certificate in `SSL_CERT_FILE`, or for an MLflow server "
                    + "in `MLFLOW_TRACKING_SERVER_CERT_PATH`"
            ]
        case .redirect(_, let location?): ["name `\(location)` itself as the server, if you trust it"]
        case .url, .timeout, .answer, .redirect, .tooLong, .settings, .cancelled: []
        }
    }
}
