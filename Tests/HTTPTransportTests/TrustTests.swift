import Diagnostics
import Foundation
import TestKit
import Testing

@testable import HTTPTransport

@Suite struct TrustTests {
    /// A server whose certificate no system knows, as long as this value lives.
    private final class TLSServer {
        let folder = TemporaryDirectory()
        let origin: String
        private let process = Process()
        private let input = Pipe()

        init() throws {
            let output = Pipe()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = ["python3", Checkout.fixture("registry/tls_server.py"), folder.path]
            process.standardInput = input
            process.standardOutput = output
            try process.run()
            let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
            origin = "https://127.0.0.1:\(try #require(Int(line.filter(\.isNumber)), "the server did not start"))"
        }

        deinit {
            input.fileHandleForWriting.closeFile()
            process.waitUntilExit()
        }

        func get(
            _ environment: [String: String], acceptsAny: Bool = false, unchecked: Set<HTTPOrigin> = []
        ) throws -> HTTPResponse {
            var settings = HTTPSettings(userAgent: "t", environment: environment)
            settings.trust.acceptsAnyCertificate = acceptsAny
            settings.trust.uncheckedOrigins = unchecked
            var session = try HTTPSession(settings: settings)
            return try session.send(HTTPRequest(.get, try HTTPURL(origin + "/x")), bodyLimit: 10)
        }
    }

    @Test("an unknown certificate is refused at once; its authority or an explicit wish lets it through")
    func trust() throws {
        let server = try TLSServer()
        let error = #expect(throws: HTTPError.self) { try server.get([:]) }
        #expect(error?.attempts == 1)
        #expect(
            error?.diagnostic.summary.hasPrefix("cannot trust `\(server.origin)`: SSL certificate problem: self")
                == true)
        #expect(
            error?.diagnostic.hints == [
                "name a file with the certificate authority's certificate in `SSL_CERT_FILE`, or for an MLflow server in `MLFLOW_TRACKING_SERVER_CERT_PATH`"
            ])
        let authority = server.folder.file("authority.pem")
        for name in ["SSL_CERT_FILE", "CURL_CA_BUNDLE"] {
            #expect(try server.get([name: authority]).body == Array("hello".utf8))
        }
        #expect(try server.get([:], acceptsAny: true).body == Array("hello".utf8))
    }

    @Test("a server that is left unchecked is trusted, and no other")
    func unchecked() throws {
        let server = try TLSServer()
        let origin = try HTTPURL(server.origin).origin
        #expect(try server.get([:], unchecked: [origin]).body == Array("hello".utf8))
        let others = [
            HTTPOrigin(scheme: "https", host: "localhost", port: origin.port),
            HTTPOrigin(scheme: "https", host: origin.host, port: origin.port ^ 1),
        ]
        #expect(throws: HTTPError.self) { try server.get([:], unchecked: Set(others)) }
    }

    @Test("a file of authorities that is not there is named")
    func missingFile() throws {
        var session = try HTTPSession(
            settings: HTTPSettings(userAgent: "t", environment: ["CURL_CA_BUNDLE": "/nowhere/ca.pem"]))
        let text = message {
            _ = try session.send(HTTPRequest(.get, try HTTPURL("https://127.0.0.1:9/x")), bodyLimit: 10)
        }
        #expect(
            text == """
                error: cannot set up the connection to `https://127.0.0.1:9`: the certificate authority file `/nowhere/ca.pem` cannot be read: No such file or directory
                  --> https://127.0.0.1:9/x (GET)

                """)
    }

    @Test("a proxy gets the whole request and answers in the server's place; no_proxy goes round it")
    func proxy() throws {
        let proxy = try #require(FaultServer { _ in .text(200, "proxy") })
        let server = try #require(FaultServer { _ in .text(200, "server") })
        defer {
            proxy.stop()
            server.stop()
        }
        func body(_ environment: [String: String]) throws -> String {
            var session = try HTTPSession(settings: HTTPSettings(userAgent: "t", environment: environment))
            let request = HTTPRequest(.get, try HTTPURL(server.origin + "/x"))
            return String(decoding: try session.send(request, bodyLimit: 10).body, as: UTF8.self)
        }
        #expect(try body(["http_proxy": proxy.origin]) == "proxy")
        #expect(proxy.requests.first?.target == server.origin + "/x")
        #expect(try body(["http_proxy": proxy.origin, "no_proxy": "127.0.0.1"]) == "server")
        #expect(try body(["HTTP_PROXY": proxy.origin]) == "server")
    }
}
