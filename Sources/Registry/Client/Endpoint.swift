import Credentials
import HTTPTransport

/// One server: where its API is, who we are there, what every request carries, and what its errors mean.
struct Endpoint {
    /// With the static prefix, without a slash at its end.
    let base: HTTPURL
    /// Bound to the origin of `base`.
    let login: Login
    /// Headers of every request to the origin of `base`; no secrets.
    let headers: [HTTPHeader]
    /// Looks at an error answer first; nil leaves it to what every MLflow server means.
    var meaning: (ServerAnswer) -> ServerMeaning? = { _ in nil }

    /// The URL of `path` (segments joined by `/`, each percent-encoded here) below the server's base.
    func url(_ path: String, _ query: [(name: String, value: String)] = []) -> HTTPURL {
        base.appending(segments: path.split(separator: "/").map(String.init), query: query)
    }

    /// A `GET` of `url`; headers and credential go along only to the server's own origin.
    ///
    /// - Throws: what getting a fresh credential throws.
    func request(_ url: HTTPURL) throws -> HTTPRequest {
        guard url.origin == base.origin else { return HTTPRequest(.get, url) }
        return HTTPRequest(.get, url, headers: headers, credential: try login.credential())
    }

    /// A `POST` of a JSON body, as `request(_:)`.
    func request(postJSON body: [UInt8], to url: HTTPURL) throws -> HTTPRequest {
        guard url.origin == base.origin else { return HTTPRequest(postJSON: body, to: url) }
        var request = HTTPRequest(postJSON: body, to: url, credential: try login.credential())
        request.headers += headers
        return request
    }

    /// An error answer of this server.
    func answer(_ response: HTTPResponse) -> ServerAnswer { ServerAnswer(response, meaning: meaning) }
}
