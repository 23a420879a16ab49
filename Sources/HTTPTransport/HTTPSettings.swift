public import Diagnostics

/// Everything that decides how requests are sent. Nothing is taken from the process's environment behind its back.
public struct HTTPSettings: Sendable {
    /// Sent as `User-Agent`.
    public var userAgent: String
    /// How long to wait.
    public var timeouts: HTTPTimeouts
    /// How often to try again.
    public var retry: RetryPolicy
    /// Which proxy to use.
    public var proxies: ProxySettings
    /// Whom to trust.
    public var trust: TrustSettings
    /// Asked several times a second during a transfer and while waiting; true ends it with `HTTPError.Kind.cancelled`.
    public var isCancelled: @Sendable () -> Bool

    /// Default times and retries, and the proxies and certificate authorities that `environment` names.
    public init(
        userAgent: String, environment: [String: String], isCancelled: @escaping @Sendable () -> Bool = { false }
    ) {
        self.userAgent = userAgent
        self.timeouts = HTTPTimeouts()
        self.retry = RetryPolicy()
        self.proxies = ProxySettings(environment: environment)
        self.trust = TrustSettings(environment: environment)
        self.isCancelled = isCancelled
    }
}

/// How long to wait, in seconds. There is no limit on a whole transfer.
public struct HTTPTimeouts: Sendable, Equatable {
    /// For name resolution, TCP and TLS.
    public var connectSeconds = 10.0
    /// From then until the first byte of the body or the end of the answer: a server may first have to fetch the file.
    public var firstByteSeconds = 60.0
    /// A transfer that moves fewer than `stallBytes` bytes in this time has stalled.
    public var stallSeconds = 30.0
    /// See `stallSeconds`.
    public var stallBytes = 30 * 1024

    /// The defaults.
    public init() {}
}

/// Which proxy to use, with curl's variables and curl's meaning of them.
public struct ProxySettings: Sendable, Equatable {
    /// For `http` URLs: `http_proxy`, in lower case only (a CGI server sets `HTTP_PROXY` from a request).
    public var http: Secret?
    /// For `https` URLs: `https_proxy`, `HTTPS_PROXY`.
    public var https: Secret?
    /// Hosts that are asked directly: `no_proxy`, `NO_PROXY`.
    public var none: String

    /// No proxy.
    public init() {
        none = ""
    }

    /// The proxies that `environment` names; `all_proxy`, `ALL_PROXY` where there is no variable for the scheme.
    public init(environment: [String: String]) {
        func first(_ names: String...) -> String? {
            names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        }
        let all = first("all_proxy", "ALL_PROXY")
        http = (first("http_proxy") ?? all).map(Self.address)
        https = (first("https_proxy", "HTTPS_PROXY") ?? all).map(Self.address)
        none = first("no_proxy", "NO_PROXY") ?? ""
    }

    /// Only an address with a password in it has to be blotted out wherever it appears.
    private static func address(_ text: String) -> Secret { text.contains("@") ? Secret(text) : .fleeting(text) }
}

/// Whom to trust as a server, and who we are.
public struct TrustSettings: Sendable, Equatable {
    /// A PEM file of certificate authorities in place of the system's: `CURL_CA_BUNDLE`, `SSL_CERT_FILE`.
    public var authorityFile: String?
    /// A folder of such files, hashed as OpenSSL does: `SSL_CERT_DIR`.
    public var authorityFolder: String?
    /// Accept any certificate. Off unless a person asked for it by name.
    public var acceptsAnyCertificate = false
    /// Servers of which any certificate is accepted, and of no others.
    public var uncheckedOrigins: Set<HTTPOrigin> = []
    /// A PEM file with our certificate and key, and the only origin that may ask for it.
    public var client: ClientCertificate?

    /// A certificate of ours.
    public struct ClientCertificate: Sendable, Equatable {
        /// The PEM file, certificate and key in one.
        public var file: String
        /// The only origin that may ask for it.
        public var origin: HTTPOrigin

        /// Binds a file to an origin.
        public init(file: String, origin: HTTPOrigin) {
            self.file = file
            self.origin = origin
        }
    }

    /// The system's certificate authorities, or those that `environment` names as it does for the `curl` command.
    public init(environment: [String: String]) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        authorityFile = value("CURL_CA_BUNDLE") ?? value("SSL_CERT_FILE")
        authorityFolder = value("SSL_CERT_DIR")
    }
}
