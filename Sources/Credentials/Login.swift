public import HTTPTransport

/// One way to prove who we are to one origin.
public final class Login {
    /// The only origin that hears of it.
    public let origin: HTTPOrigin
    /// Where it comes from, for people: "`MLFLOW_TRACKING_TOKEN`"; nil when there is none.
    public let source: String?
    private let fixed: HTTPCredential?

    /// A credential that never changes, or none.
    public init(fixed: HTTPCredential?, for origin: HTTPOrigin) {
        self.origin = origin
        self.fixed = fixed
        source = fixed?.source
    }

    /// No credential.
    public static func none(for origin: HTTPOrigin) -> Login { Login(fixed: nil, for: origin) }

    /// A credential that is good for a while; nil for none. May ask a server for it, and blocks meanwhile.
    public func credential() throws -> HTTPCredential? { fixed }

    /// Forgets the token that a server has just refused.
    ///
    /// - Returns: whether another one can be had.
    public func renew() throws -> Bool { false }
}
