import Diagnostics
import HTTPTransport
import JSONText
import Platform
import TestKit
import Testing

@testable import Credentials

@Suite struct AuthReportTests {
    private static func server() throws -> FaultServer {
        try #require(
            FaultServer { request in
                if let document = hostDocument(request) { return document }
                switch request.path {
                case "/oidc/v1/token": return token(request)
                case "/api/2.0/preview/scim/v2/Me":
                    let isKnown = ["Bearer token-0", "Bearer good-token"].contains(
                        request.headers["authorization"] ?? "")
                    return isKnown
                        ? .text(200, #"{"userName":"ci@\u001bh.example"}"#)
                        : .text(403, #"{"error_code":403,"message":"Invalid access token."}"#)
                case "/api/2.0/mlflow/registered-models/search":
                    return request.headers["authorization"] == "Basic dXNlcjpwYXNzLXdvcmQtMQ=="
                        ? .text(200, "{}") : .text(401, "You are not authenticated", type: "text/html")
                default: return .text(404, "")
                }
            })
    }

    private func report(
        _ variables: [String: String], file: String? = nil, profile: String? = nil, isOffline: Bool = false
    ) throws -> AuthReport {
        let home = TemporaryDirectory()
        if let file { try home.write(".databrickscfg", file, mode: 0o600) }
        return try AuthReport.make(
            profile: profile, try surroundings(home, variables), http: http(), isOffline: isOffline)
    }

    @Test("both servers work: what was chosen, from where, and the check; no secret in text or JSON")
    func works() throws {
        let server = try Self.server()
        defer { server.stop() }
        let report = try report([
            "DATABRICKS_HOST": server.origin, "DATABRICKS_CLIENT_ID": "client",
            "DATABRICKS_CLIENT_SECRET": "dose-of-secret", "MLFLOW_TRACKING_URI": server.origin + "/",
            "MLFLOW_TRACKING_USERNAME": "user", "MLFLOW_TRACKING_PASSWORD": "pass-word-1",
        ])
        #expect(report.works)
        #expect(
            report.text == """
                Databricks \(server.origin), from `DATABRICKS_HOST`
                  signs in with: oauth-m2m, from `DATABRICKS_CLIENT_ID` and `DATABRICKS_CLIENT_SECRET`
                  token: obtained, good for 60 min
                  check: `GET /api/2.0/preview/scim/v2/Me` is answered, as `ci@\\u{1b}h.example`
                  result: works
                  not used:
                    pat: `token` (`DATABRICKS_TOKEN`) is not set
                    basic: `username` (`DATABRICKS_USERNAME`) and `password` (`DATABRICKS_PASSWORD`) are not set
                    metadata-service: `metadata_service_url` (`DATABRICKS_METADATA_SERVICE_URL`) is not set
                  not looked at, since an earlier one was chosen: env-oidc, file-oidc, github-oidc, azure-client-secret, github-oidc-azure, azure-cli, azure-devops-oidc, external-browser, databricks-cli, runtime-oauth, runtime, google-credentials, google-id, model-serving
                  note: `~/.databrickscfg` is not read: the environment has a host or a credential, and no profile is named

                MLflow server \(server.origin), from `MLFLOW_TRACKING_URI`
                  signs in with: user and password, from `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`
                  check: `GET /api/2.0/mlflow/registered-models/search` is answered
                  result: works

                """)
        let json = JSONWriter.text(.object(report.json), style: .compact)
        for secret in ["dose-of-secret", "token-0", "pass-word-1", "dXNlcjpw"] {
            #expect(!json.contains(secret) && !report.text.contains(secret))
        }
        let first = report.json["servers"]?.arrayValue?.first
        #expect(first?["outcome"] == "works")
        #expect(first?["method"] == "oauth-m2m")
        #expect(first?["token_seconds"]?.intValue.map { $0 > 3500 } == true)
        #expect(first?["methods"]?.arrayValue?.count == AuthMethod.allCases.count)
        #expect(
            first?["methods"]?.arrayValue?.first == [
                "method": "pat", "verdict": "missing", "reason": "`token` (`DATABRICKS_TOKEN`) is not set",
            ])
    }

    @Test("a refused token does not work: whence it came, and the server's words")
    func refused() throws {
        let server = try Self.server()
        defer { server.stop() }
        let report = try report([:], file: "[p]\nhost=\(server.origin)\ntoken=stale-token\n", profile: "p")
        #expect(!report.works)
        #expect(report.servers.first?.outcome == .fails)
        let error = try #require(report.servers.first?.error)
        #expect(
            Rendering.text(error, colour: false) == """
                error: cannot sign in to `\(server.origin)`: it does not accept the credentials
                  --> \(server.origin)/api/2.0/preview/scim/v2/Me (GET, status 403)
                  - the server says: Invalid access token.
                hint: they come from the profile `p` of `~/.databrickscfg`: are they right, still good, and for this server?

                """)
        #expect(report.text.contains("stale-token") == false)
    }

    @Test("an MLflow server that asks for credentials, and none are set")
    func noCredentials() throws {
        let server = try Self.server()
        defer { server.stop() }
        let report = try report(["MLFLOW_TRACKING_URI": server.origin])
        #expect(!report.works)
        #expect(report.servers.map(\.kind) == [.mlflow])
        #expect(
            report.text == """
                MLflow server \(server.origin), from `MLFLOW_TRACKING_URI`
                  signs in with: no credential
                  check: `GET /api/2.0/mlflow/registered-models/search` is refused
                  result: does not work
                  error: cannot sign in to `\(server.origin)`: it asks for credentials
                    --> \(server.origin)/api/2.0/mlflow/registered-models/search (GET, status 401)
                    hint: set `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`, or `MLFLOW_TRACKING_TOKEN`

                """)
    }

    @Test("a profile in the address of the registry; what has no such call is not checked")
    func profileInAddress() throws {
        let server = try #require(FaultServer { _ in .text(404, "") })
        defer { server.stop() }
        let report = try report(
            ["MLFLOW_TRACKING_URI": "databricks://p", "MLFLOW_REGISTRY_URI": "databricks-uc://p"],
            file: "[p]\nhost=\(server.origin)\ntoken=good-token\n")
        #expect(report.works)
        #expect(report.servers.count == 1)
        #expect(report.servers.first?.choice?.profile == "p")
        #expect(report.servers.first?.outcome == .unchecked)
        #expect(
            report.servers.first?.notes == [
                "no `/.well-known/databricks-config` on the host (status 404): the documented addresses are used"
            ])
        #expect(
            report.servers.first?.check == "not checked: `GET /api/2.0/preview/scim/v2/Me` is answered with status 404")
    }

    @Test("offline nobody is asked")
    func offline() throws {
        let server = try Self.server()
        defer { server.stop() }
        let report = try report(
            [
                "DATABRICKS_HOST": server.origin, "DATABRICKS_CLIENT_ID": "client",
                "DATABRICKS_CLIENT_SECRET": "dose-of-secret", "MLFLOW_TRACKING_URI": server.origin,
            ], isOffline: true)
        #expect(report.works)
        #expect(report.servers.map(\.outcome) == [.unchecked, .unchecked])
        #expect(report.servers.first?.token == "not asked for (`--offline`)")
        #expect(server.requests.map(\.line) == [])
    }

    @Test("nothing is named: what to set")
    func nothing() throws {
        let report = try report([:])
        #expect(!report.works)
        #expect(report.text.contains("  error: cannot sign in to Databricks: no host is set\n"))
        #expect(report.text.contains("    - there is no file `~/.databrickscfg`\n"))
    }

    @Test("a method that is recognised and not supported is refused with those that are")
    func unsupported() throws {
        #expect(
            message {
                try DatabricksConfiguration.workspace(
                    profile: nil,
                    try surroundings(
                        TemporaryDirectory(),
                        ["DATABRICKS_HOST": "https://h.example", "DATABRICKS_AUTH_TYPE": "external-browser"]),
                    http: http())
            } == """
                error: cannot sign in to Databricks with `external-browser`: a person in a browser is not supported: `databricks auth login`, then `databricks-cli`
                  - `auth_type` comes from `DATABRICKS_AUTH_TYPE`
                hint: this version speaks `pat`, `basic`, `oauth-m2m`, `env-oidc`, `file-oidc`, `github-oidc`, `azure-client-secret`, `github-oidc-azure`, `azure-cli`, `azure-devops-oidc`, `databricks-cli`

                """)
    }
}
