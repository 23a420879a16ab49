import Diagnostics
public import HTTPTransport

/// One way to prove who we are to one origin. It asks for a token when one is first needed, keeps it, and asks for the next one
/// before it ends; everything happens on the calling thread.
public final class Login {
    /// What a login sends, and how long it is good for.
    struct Grant {
        /// The headers, each with the token that is in it; a token of nil does not end.
        let headers: [HTTPCredential.Header]
        /// The tokens that are in the headers.
        let tokens: [AccessToken]

        /// One `Authorization` header.
        init(_ token: AccessToken) {
            headers = [HTTPCredential.Header("Authorization", token.authorization)]
            tokens = [token]
        }

        init(headers: [HTTPCredential.Header], tokens: [AccessToken]) {
            self.headers = headers
            self.tokens = tokens
        }
    }

    private enum Way {
        case fixed(HTTPCredential?)
        case exchange(() throws(CredentialsError) -> Grant)
    }

    /// The only origin that the credential is sent to.
    public let origin: HTTPOrigin
    /// Where it comes from, for people: "`DATABRICKS_TOKEN`"; nil when there is none.
    public let source: String?
    private let way: Way
    private var grant: Grant?

    private init(origin: HTTPOrigin, source: String?, way: Way) {
        self.origin = origin
        self.source = source
        self.way = way
    }

    /// No login: requests go without a credential.
    public static func none(for origin: HTTPOrigin) -> Login { Login(fixed: nil, for: origin) }

    /// A credential that never changes, such as a password or a token that a person made; or none.
    public convenience init(fixed: HTTPCredential?, for origin: HTTPOrigin) {
        self.init(origin: origin, source: fixed?.source, way: .fixed(fixed))
    }

    /// A credential that is asked for when it is needed.
    convenience init(
        origin: HTTPOrigin, source: String, exchange: @escaping () throws(CredentialsError) -> Grant
    ) {
        self.init(origin: origin, source: source, way: .exchange(exchange))
    }

    /// Whether the credential is a token that is asked for when it is needed.
    public var isRenewable: Bool { if case .exchange = way { true } else { false } }

    /// The credential to send now; nil for none. A token that ends within 40 seconds is replaced first; when that fails while it
    /// is still good, it is used on.
    public func credential() throws(CredentialsError) -> HTTPCredential? {
        switch way {
        case .fixed(let credential): return credential
        case .exchange(let exchange):
            if let grant, grant.tokens.allSatisfy(\.isFresh) { return credential(of: grant) }
            do {
                let new = try exchange()
                grant = new
                return credential(of: new)
            } catch {
                guard error.kind != .cancelled, let grant, grant.tokens.allSatisfy(\.isAlive) else { throw error }
                return credential(of: grant)
            }
        }
    }

    /// Forgets the token after the server refused it (401).
    ///
    /// - Returns: whether another one can be had; false for a password or a token that a person made.
    public func renew() throws(CredentialsError) -> Bool {
        guard case .exchange = way else { return false }
        grant = nil
        return true
    }

    /// As `renew`, for callers with several requests under way: a token that took the place of `refused` already is kept.
    public func renew(after refused: HTTPCredential?) throws(CredentialsError) -> Bool {
        guard case .exchange = way else { return false }
        if let grant, let refused, credential(of: grant) != refused { return true }
        return try renew()
    }

    /// How long the token lives that `credential` gave last, in seconds; nil when it does not end or there is none yet.
    public var remainingSeconds: Double? { grant?.tokens.compactMap(\.remainingSeconds).min() }

    private func credential(of grant: Grant) -> HTTPCredential {
        HTTPCredential(origin: origin, headers: grant.headers, source: source ?? "nowhere")
    }
}
