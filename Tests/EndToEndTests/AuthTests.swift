import Foundation
import TestKit
import Testing

@Suite("auth: how we sign in, told without a secret")
struct AuthTests {
    private static let secret = "dose-0123456789"

    /// A workspace that knows one service principal.
    private func workspace() throws -> FaultServer {
        try #require(
            FaultServer { request in
                switch request.path {
                case "/oidc/v1/token":
                    let known = "Basic " + Data("client:\(Self.secret)".utf8).base64EncodedString()
                    return request.headers["authorization"] == known
                        ? .text(200, #"{"access_token":"token-0123456789","token_type":"Bearer","expires_in":3600}"#)
                        // As a careless server does: it repeats what it was sent.
                        : .text(
                            401,
                            #"{"error":"invalid_client","error_description":"\#(request.headers["authorization"] ?? "")"}"#
                        )
                case "/api/2.0/preview/scim/v2/Me":
                    return request.headers["authorization"] == "Bearer token-0123456789"
                        ? .text(200, #"{"userName":"ci"}"#) : .text(401, "")
                default: return .text(404, "")
                }
            })
    }

    /// The environment of a service principal, and nothing of whoever runs the tests.
    private func environment(_ server: FaultServer, secret: String, home: TemporaryDirectory) -> [String: String] {
        [
            "HOME": home.path, "DATABRICKS_HOST": server.origin, "DATABRICKS_CLIENT_ID": "client",
            "DATABRICKS_CLIENT_SECRET": secret, "MLFLOW_TRACKING_URI": "", "MLFLOW_REGISTRY_URI": "",
        ]
    }

    @Test("a service principal that works: status 0, as JSON too")
    func works() throws {
        let server = try workspace()
        defer { server.stop() }
        let home = TemporaryDirectory()
        let variables = environment(server, secret: Self.secret, home: home)
        let result = try skiff("auth", environment: variables)
        #expect(result.status == 0, "\(result.text)\(result.errors)")
        #expect(
            result.text.contains(
                "\n  signs in with: oauth-m2m, from `DATABRICKS_CLIENT_ID` and `DATABRICKS_CLIENT_SECRET`\n"))
        #expect(result.text.contains("\n  check: `GET /api/2.0/preview/scim/v2/Me` is answered, as `ci`\n"))
        let json = try skiff("auth", "--json", environment: variables)
        let document = try #require(try JSONSerialization.jsonObject(with: json.output) as? [String: Any])
        #expect(document["works"] as? Bool == true)
        #expect((document["servers"] as? [[String: Any]])?.first?["method"] as? String == "oauth-m2m")
        for text in [result.text, result.errors, json.text, json.errors] {
            #expect(!text.contains(Self.secret) && !text.contains("token-0123456789"))
        }
    }

    @Test("a wrong secret: status 1, the reason on standard output, and not the secret that the server repeats")
    func refused() throws {
        let server = try workspace()
        defer { server.stop() }
        let home = TemporaryDirectory()
        let result = try skiff("auth", environment: environment(server, secret: "wrong-0123456789", home: home))
        #expect(result.status == 1)
        #expect(result.text.contains("\n  result: does not work\n"))
        #expect(result.text.contains("the server says: invalid_client: "))
        let encoded = Data("client:wrong-0123456789".utf8).base64EncodedString()
        #expect(!result.text.contains("wrong-0123456789") && !result.text.contains(encoded), "\(result.text)")
        #expect(result.errors.isEmpty)
    }

    @Test("a profile that is not there: status 1, and the profiles that are")
    func profile() throws {
        let home = TemporaryDirectory()
        try home.write(".databrickscfg", "[dev]\nhost = https://h.example\n", mode: 0o600)
        let result = try skiff("auth", "--profile", "prod", environment: ["HOME": home.path])
        #expect(result.status == 1)
        #expect(result.text.contains("cannot use the profile `prod`: the file has no such profile"))
        #expect(result.text.contains("hint: it has `dev`"))
    }
}
