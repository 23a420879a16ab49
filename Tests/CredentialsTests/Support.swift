import Diagnostics
import HTTPTransport
import JSONText
import Platform
import TestKit

@testable import Credentials

/// Surroundings with a home of their own and nothing else of this machine.
func surroundings(_ home: TemporaryDirectory, _ variables: [String: String] = [:]) throws -> Surroundings {
    try Surroundings(environment: ["HOME": home.path, "PATH": home.path].merging(variables) { $1 })
}

/// Settings that reach nothing but the loopback, and do not wait.
func http(proxy: FaultServer? = nil) -> HTTPSettings {
    var settings = HTTPSettings(userAgent: "test", environment: [:])
    settings.retry.attempts = 1
    if let proxy {
        settings.proxies.http = Secret(proxy.origin)
        settings.proxies.https = Secret(proxy.origin)
    }
    return settings
}

extension FaultServer.Request {
    /// "METHOD /path?query".
    var line: String { "\(method) \(target)" }
    /// The body as text.
    var text: String { String(decoding: body, as: UTF8.self) }
    /// The address under which the client knows the server.
    var origin: String { "http://\(headers["host"] ?? "")" }
}

/// What a host of Databricks with documents answers; nil for other addresses.
func hostDocument(_ request: FaultServer.Request) -> FaultServer.Reply? {
    switch request.path {
    case "/.well-known/databricks-config":
        .text(
            200,
            #"{"oidc_endpoint":"\#(request.origin)/oidc","account_id":"acc","workspace_id":"123","cloud":"AWS"}"#)
    case "/oidc/.well-known/oauth-authorization-server":
        .text(200, #"{"token_endpoint":"\#(request.origin)/oidc/v1/token"}"#)
    default: nil
    }
}

/// An answer with a token that names how many came before it.
func token(_ request: FaultServer.Request, seconds: String = "3600") -> FaultServer.Reply {
    .text(200, #"{"access_token":"token-\#(request.earlierCount)","token_type":"Bearer","expires_in":\#(seconds)}"#)
}
