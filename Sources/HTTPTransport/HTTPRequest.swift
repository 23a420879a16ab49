public import Diagnostics

/// A header of a request or of an answer.
public struct HTTPHeader: Sendable, Equatable {
    /// As it is written; compared without case.
    public let name: String
    /// Without surrounding spaces.
    public let value: String

    /// A header; it is not checked here but when it is sent.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// Secret headers bound to the one origin that may see them.
public struct HTTPCredential: Sendable, Equatable {
    /// One of its headers.
    public struct Header: Sendable, Equatable {
        /// Usually `Authorization`.
        public let name: String
        /// For instance `Bearer …`.
        public let value: Secret

        /// A header; its value is checked when it is sent.
        public init(_ name: String, _ value: Secret) {
            self.name = name
            self.value = value
        }
    }

    /// The only origin that they are sent to.
    public let origin: HTTPOrigin
    /// One or more headers, all of them secret.
    public let headers: [Header]
    /// Where it came from, for people: "`MLFLOW_TRACKING_TOKEN`".
    public let source: String

    /// Binds headers to `origin`.
    public init(origin: HTTPOrigin, headers: [Header], source: String) {
        self.origin = origin
        self.headers = headers
        self.source = source
    }

    /// Binds one header to `origin`.
    public init(origin: HTTPOrigin, headerName: String, headerValue: Secret, source: String) {
        self.init(origin: origin, headers: [Header(headerName, headerValue)], source: source)
    }
}

/// One request.
public struct HTTPRequest: Sendable {
    /// The methods that this tool uses; none of its requests changes anything on a server.
    public enum Method: String, Sendable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
    }

    /// What is asked.
    public var method: Method
    /// Of whom.
    public var url: HTTPURL
    /// Sent to the URL's own origin; after a redirect to another one only `Accept`, `Range` and `User-Agent` are kept.
    public var headers: [HTTPHeader]
    /// Sent when its origin is the URL's, and never again after a redirect has left that origin.
    public var credential: HTTPCredential?
    /// Sent with `Content-Length`; nil sends none.
    public var body: [UInt8]?
    /// Whether a redirect is followed; when not, it is the answer.
    public var followsRedirects = true

    /// A request without a body.
    public init(
        _ method: Method, _ url: HTTPURL, headers: [HTTPHeader] = [], credential: HTTPCredential? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.credential = credential
        self.body = nil
    }

    /// A `POST` with a JSON body.
    public init(postJSON body: [UInt8], to url: HTTPURL, credential: HTTPCredential? = nil) {
        self.init(.post, url, headers: [HTTPHeader("Content-Type", "application/json")], credential: credential)
        self.body = body
    }
}
