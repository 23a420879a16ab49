import Diagnostics
import Synchronization
import TestKit
import Testing

@testable import HTTPTransport

@Suite struct HTTPSessionTests {
    /// No waiting between attempts, no proxy.
    static var settings: HTTPSettings {
        var settings = HTTPSettings(userAgent: "skiff-test", environment: [:])
        settings.retry.firstWaitSeconds = 0
        return settings
    }

    static func get(
        _ url: String, credentialFor origin: String? = nil, settings: HTTPSettings = settings
    ) throws -> HTTPResponse {
        var session = try HTTPSession(settings: settings)
        return try session.send(request(url, credentialFor: origin), bodyLimit: 1000)
    }

    static func request(_ url: String, credentialFor origin: String? = nil) throws -> HTTPRequest {
        var request = HTTPRequest(
            .get, try HTTPURL(url), headers: [HTTPHeader("Accept", "*/*"), HTTPHeader("X-Api-Key", "key")])
        if let origin {
            request.credential = HTTPCredential(
                origin: try HTTPURL(origin).origin, headerName: "Authorization",
                headerValue: Secret("Bearer token"), source: "test")
        }
        return request
    }

    @Test("an answer comes back with status, headers and body, and the URL goes out byte for byte")
    func answer() throws {
        let server = try #require(FaultServer { _ in .text(200, "{}", headers: ["X-One": "1"]) })
        defer { server.stop() }
        let response = try Self.get("\(server.origin)/a/../b%2F?q=a+b%20")
        #expect(response.head.status == 200)
        #expect(response.head["x-one"] == "1")
        #expect(response.head.mediaType == "application/json")
        #expect(response.body == Array("{}".utf8))
        #expect(server.requests.map(\.target) == ["/a/../b%2F?q=a+b%20"])
        #expect(server.requests.first?.headers["user-agent"] == "skiff-test")
        #expect(server.requests.first?.headers["accept-encoding"] == nil)
    }

    @Test("a POST sends its body, also an empty one")
    func post() throws {
        let server = try #require(FaultServer { .answer(200, $0.body) })
        defer { server.stop() }
        var session = try HTTPSession(settings: Self.settings)
        for body in [Array(#"{"a":1}"#.utf8), []] {
            let response = try session.send(
                HTTPRequest(postJSON: body, to: try HTTPURL(server.origin + "/p")), bodyLimit: 100)
            #expect(response.body == body)
        }
        #expect(server.requests.map(\.method) == ["POST", "POST"])
    }

    @Test("temporary trouble is retried and then forgotten", arguments: [408, 429, 500, 502, 503, 504])
    func retried(status: Int) throws {
        let server = try #require(
            FaultServer { $0.earlierCount < 2 ? .text(status, "later") : .text(200, "now") })
        defer { server.stop() }
        let response = try Self.get(server.origin + "/x")
        #expect(response.body == Array("now".utf8))
        #expect(response.attempts == 3)
    }

    @Test("trouble that stays comes back as it is, with the number of attempts")
    func gaveUp() throws {
        let server = try #require(FaultServer { _ in .text(503, "never") })
        defer { server.stop() }
        let response = try Self.get(server.origin + "/x")
        #expect(response.head.status == 503)
        #expect(response.body == Array("never".utf8))
        #expect(response.attempts == 5)
    }

    @Test("a refusal is not retried", arguments: [400, 401, 403, 404, 416])
    func notRetried(status: Int) throws {
        let server = try #require(FaultServer { _ in .text(status, "no") })
        defer { server.stop() }
        #expect(try Self.get(server.origin + "/x").head.status == status)
        #expect(server.requests.count == 1)
    }

    @Test("a Retry-After that is too long ends the tries")
    func longRetryAfter() throws {
        let server = try #require(FaultServer { _ in .text(429, "no", headers: ["Retry-After": "3600"]) })
        defer { server.stop() }
        #expect(try Self.get(server.origin + "/x").attempts == 1)
    }

    @Test("after a reset the request is sent again, and the receiver begins again")
    func resumed() throws {
        let server = try #require(
            FaultServer { $0.earlierCount == 0 ? .short("half", declared: 8) : .text(200, "complete") })
        defer { server.stop() }
        let response = try Self.get(server.origin + "/x")
        #expect(response.body == Array("complete".utf8))
        #expect(response.attempts == 2)
    }

    struct Failure: CustomTestStringConvertible, Sendable {
        let name: String
        let reply: FaultServer.Reply
        let message: String
        var details: [String] = []
        var testDescription: String { name }
    }

    static let failures = [
        Failure(
            name: "short body", reply: .short("abc", declared: 10),
            message: "cannot reach `ORIGIN`: it closed the connection before the answer was complete",
            details: ["tried 5 times"]),
        Failure(
            name: "no answer", reply: .raw(""),
            message: "cannot reach `ORIGIN`: it closed the connection without an answer", details: ["tried 5 times"]),
        Failure(
            name: "not HTTP", reply: .raw("SSH-2.0-OpenSSH\r\n"),
            message: "cannot understand `ORIGIN`: it does not speak HTTP"),
        Failure(
            name: "compressed", reply: .text(200, "x", headers: ["Content-Encoding": "gzip"]),
            message: "cannot understand `ORIGIN`: it sends the body encoded as `gzip`, which was not asked for"),
        Failure(
            name: "too long", reply: .answer(200, [UInt8](repeating: 1, count: 1001)),
            message: "cannot read the answer of `ORIGIN`: it is longer than the limit of 1,000 bytes"),
        Failure(
            name: "redirect to a file", reply: .redirect(302, to: "file:///etc/hostname"),
            message: "cannot follow the redirect of `ORIGIN`: its target is not an `http` or `https` URL"),
    ]

    @Test("a broken answer is an error that says what is wrong", arguments: failures)
    func broken(_ row: Failure) throws {
        let server = try #require(FaultServer { _ in row.reply })
        defer { server.stop() }
        let error = #expect(throws: HTTPError.self) { try Self.get(server.origin + "/x?secret=1") }
        let diagnostic = try #require(error?.diagnostic)
        #expect(diagnostic.summary == row.message.replacing("ORIGIN", with: server.origin))
        #expect(diagnostic.place?.description == "\(server.origin)/x (GET)")
        #expect(diagnostic.details == row.details)
    }

    @Test(
        "a server that falls silent is given up, with the time that was waited",
        arguments: [
            ("", "no answer for 1 s"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "only 3 bytes came in 1 s"),
        ])
    func silent(sent: String, reason: String) throws {
        let server = try #require(FaultServer { _ in .hanging(after: sent) })
        defer { server.stop() }
        var settings = Self.settings
        settings.retry.attempts = 1
        settings.timeouts.firstByteSeconds = 1
        settings.timeouts.stallSeconds = 1
        let error = #expect(throws: HTTPError.self) { try Self.get(server.origin + "/x", settings: settings) }
        #expect(error?.diagnostic.summary == "cannot wait any longer for `\(server.origin)`: \(reason)")
    }

    @Test("a port where nobody listens: the whole message")
    func refused() throws {
        let server = try #require(FaultServer { _ in .reset })
        server.stop()
        let error = #expect(throws: HTTPError.self) { try Self.get(server.origin + "/api?token=secret") }
        let diagnostic = try #require(error?.diagnostic)
        #expect(
            Rendering.text(diagnostic, colour: false) == """
                error: cannot reach `\(server.origin)`: connection refused
                  --> \(server.origin)/api (GET)
                  - tried 5 times
                hint: check that the address is right and the server is running; proxies are taken from `HTTPS_PROXY` and `NO_PROXY`

                """)
    }

    @Test("TLS against a plain server is an error, not retried and never plain")
    func plainServer() throws {
        let server = try #require(FaultServer { _ in .text(200, "plain") })
        defer { server.stop() }
        let error = #expect(throws: HTTPError.self) {
            try Self.get("https://127.0.0.1:\(server.port)/x")
        }
        guard case .tls? = error?.kind else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.attempts == 1)
    }

    @Test("a connection that is cut during the TLS handshake is tried again")
    func cutHandshake() throws {
        let server = try #require(FaultServer { _ in .reset })
        defer { server.stop() }
        let error = #expect(throws: HTTPError.self) { try Self.get("https://127.0.0.1:\(server.port)/x") }
        guard case .connection? = error?.kind else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.attempts == 5)
    }

    @Test("a redirect on the same origin keeps headers and credential", arguments: [301, 302, 303, 307, 308])
    func sameOrigin(status: Int) throws {
        let server = try #require(
            FaultServer { $0.path == "/a" ? .redirect(status, to: "/b?x=1") : .text(200, "b") })
        defer { server.stop() }
        let response = try Self.get(server.origin + "/a", credentialFor: server.origin)
        #expect(response.body == Array("b".utf8))
        #expect(response.credentialWasSent)
        #expect(server.requests.map { $0.headers["authorization"] } == ["Bearer token", "Bearer token"])
        #expect(server.requests.last?.headers["x-api-key"] == "key")
    }

    @Test("a redirect to another origin carries no credential and no header of ours, nor does the way back")
    func otherOrigin() throws {
        let home = Mutex("")
        let other = try #require(FaultServer { _ in .redirect(302, to: home.withLock { $0 } + "/back") })
        let server = try #require(
            FaultServer { $0.path == "/a" ? .redirect(302, to: "\(other.origin)/b") : .text(200, "back") })
        defer {
            server.stop()
            other.stop()
        }
        home.withLock { $0 = server.origin }
        let response = try Self.get(server.origin + "/a", credentialFor: server.origin)
        #expect(response.body == Array("back".utf8))
        #expect(response.credentialWasSent == false)
        let later = try [#require(other.requests.last), #require(server.requests.last)]
        #expect(later.map(\.path) == ["/b", "/back"])
        for request in later {
            #expect(Set(request.headers.keys) == ["host", "accept", "user-agent"])
        }
    }

    @Test("a credential for another origin is not sent at all")
    func foreignCredential() throws {
        let server = try #require(FaultServer { _ in .text(200, "") })
        defer { server.stop() }
        #expect(try Self.get(server.origin, credentialFor: "http://127.0.0.1:1").credentialWasSent == false)
        #expect(server.requests.first?.headers["authorization"] == nil)
    }

    @Test("a circle of redirects ends after ten")
    func circle() throws {
        let server = try #require(FaultServer { _ in .redirect(302, to: "/again") })
        defer { server.stop() }
        let error = #expect(throws: HTTPError.self) { try Self.get(server.origin + "/again") }
        #expect(
            error?.diagnostic.summary
                == "cannot follow the redirect of `\(server.origin)` to `\(server.origin)/again`: it is the eleventh in a row"
        )
        #expect(server.requests.count == 11)
    }

    @Test("a redirect from https to http is refused, on the same host too")
    func downgrade() throws {
        let request = HTTPRequest(.get, try HTTPURL("https://a.example/x?sig=1"))
        let text = message { try request.redirected(to: "http://a.example/y?sig=2", hopCount: 1) }
        #expect(
            text == """
                error: cannot follow the redirect of `https://a.example` to `http://a.example/y`: it leads from `https` to `http`
                  --> https://a.example/x (GET)
                hint: name `http://a.example/y` itself as the server, if you trust it

                """)
    }

    @Test("a POST is not repeated elsewhere: the message names the new address")
    func redirectedPost() throws {
        let server = try #require(FaultServer { _ in .redirect(308, to: "https://new.example/api") })
        defer { server.stop() }
        var session = try HTTPSession(settings: Self.settings)
        let error = #expect(throws: HTTPError.self) {
            _ = try session.send(HTTPRequest(postJSON: [], to: try HTTPURL(server.origin)), bodyLimit: 10)
        }
        #expect(
            error?.diagnostic.summary
                == "cannot follow the redirect of `\(server.origin)` to `https://new.example`: a `POST` is not repeated at another address"
        )
        #expect(error?.diagnostic.hints == ["name `https://new.example` itself as the server, if you trust it"])
    }

    @Test("what the receiver throws ends the transfer and comes out unchanged, without a second try")
    func receiverThrows() throws {
        struct Full: Error, Equatable {}
        final class Receiver: BodyReceiver {
            func begin(_ head: HTTPResponseHead) throws {}
            func receive(_ bytes: UnsafeRawBufferPointer) throws { throw Full() }
        }
        let server = try #require(FaultServer { _ in .text(200, "body") })
        defer { server.stop() }
        var session = try HTTPSession(settings: Self.settings)
        #expect(throws: Full()) { _ = try session.send(Self.request(server.origin), to: Receiver()) }
        #expect(server.requests.count == 1)
    }

    @Test("an endless error page is cut")
    func endlessError() throws {
        let server = try #require(
            FaultServer { _ in .hanging(after: "HTTP/1.1 404 No\r\n\r\n" + String(repeating: "x", count: 100_000)) })
        defer { server.stop() }
        let response = try Self.get(server.origin)
        #expect(response.head.status == 404)
        #expect(response.body.count == HTTPSession.errorBodyLimit)
    }

    @Test("cancellation ends a transfer and the waiting")
    func cancelled() throws {
        let server = try #require(FaultServer { _ in .hanging(after: "") })
        defer { server.stop() }
        let settings = HTTPSettings(userAgent: "t", environment: [:], isCancelled: { true })
        let error = #expect(throws: HTTPError.self) { try Self.get(server.origin, settings: settings) }
        #expect(error?.kind == .cancelled)
        #expect(error?.attempts == 1)
    }

    @Test("a token with a line break is refused before anything is sent, and not shown")
    func lineBreak() throws {
        let server = try #require(FaultServer { _ in .text(200, "") })
        defer { server.stop() }
        var request = try Self.request(server.origin)
        request.credential = HTTPCredential(
            origin: request.url.origin, headerName: "Authorization", headerValue: Secret("Bearer a\r\nX-Evil: 1"),
            source: "test")
        var session = try HTTPSession(settings: Self.settings)
        let error = #expect(throws: HTTPError.self) { _ = try session.send(request, bodyLimit: 10) }
        #expect(
            error?.diagnostic.summary
                == "cannot set up the connection to `\(server.origin)`: the value of the header `Authorization` holds a control character"
        )
        #expect(server.requests.isEmpty)
    }
}
