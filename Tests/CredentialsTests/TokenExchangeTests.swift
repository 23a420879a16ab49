import Bytes
import Diagnostics
import HTTPTransport
import Platform
import TestKit
import Testing

@testable import Credentials

/// What is sent to whom for a token: method, address, form and headers.
@Suite struct TokenExchangeTests {
    /// A JWT that says issuer, subject and audience.
    static let jwt =
        "eyJhbGciOiJub25lIn0." + "eyJpc3MiOiJodHRwczovL2kiLCJzdWIiOiJyZXBvOm8vciIsImF1ZCI6WyJhIl19" + ".c2ln"

    /// The workspace of a host with documents; `more` answers what is no document.
    private func workspace(
        _ variables: [String: String], azure: Bool = false,
        _ more: @escaping @Sendable (FaultServer.Request) -> FaultServer.Reply
    ) throws -> (server: FaultServer, workspace: DatabricksWorkspace) {
        let server = try #require(FaultServer { hostDocument($0) ?? more($0) })
        let filled = variables.mapValues { $0.replacing("SERVER", with: server.origin) }
        let home = TemporaryDirectory()
        let cloud: (AzureCloud) -> AzureCloud = { cloud in
            AzureCloud(
                name: cloud.name, login: server.origin + "/login", resourceManager: server.origin + "/arm",
                serviceManagement: cloud.serviceManagement, application: cloud.application)
        }
        let result = DatabricksConfiguration.resolve(
            profile: nil, try surroundings(home, ["DATABRICKS_HOST": server.origin].merging(filled) { $1 }),
            http: http(), isOffline: false, azureCloud: cloud
        ).result
        return (server, try result.get())
    }

    private func sent(_ server: FaultServer, _ path: String) -> [FaultServer.Request] {
        server.requests.filter { $0.path == path }
    }

    @Test("pat: the token as it is, one request to learn the number of the workspace, none for a token")
    func personalToken() throws {
        let (server, workspace) = try workspace(["DATABRICKS_TOKEN": "dapi-1234567890\n"]) { _ in .text(500, "") }
        defer { server.stop() }
        #expect(try workspace.login.credential()?.headers.map(\.value.revealed) == ["Bearer dapi-1234567890"])
        #expect(workspace.headers == [HTTPHeader("x-databricks-org-id", "123")])
        #expect(workspace.choice.source == "`DATABRICKS_TOKEN`")
        #expect(try workspace.login.renew() == false)
        #expect(server.requests.map(\.line) == ["GET /.well-known/databricks-config"])
    }

    @Test("a number of the workspace that is configured spares the request")
    func workspaceNumber() throws {
        let (server, workspace) = try workspace(
            ["DATABRICKS_TOKEN": "dapi-1234567890", "DATABRICKS_WORKSPACE_ID": "77"]
        ) { _ in .text(500, "") }
        defer { server.stop() }
        #expect(workspace.headers == [HTTPHeader("x-databricks-org-id", "77")])
        #expect(server.requests.map(\.line) == [])
    }

    @Test("basic: user and password")
    func basic() throws {
        let (server, workspace) = try workspace(["DATABRICKS_USERNAME": "user", "DATABRICKS_PASSWORD": "pass"]) { _ in
            .text(500, "")
        }
        defer { server.stop() }
        #expect(try workspace.login.credential()?.headers.map(\.value.revealed) == ["Basic dXNlcjpwYXNz"])
    }

    @Test("oauth-m2m: client and secret as Basic to the discovered endpoint, once until the token is refused")
    func machineToMachine() throws {
        let (server, workspace) = try workspace(
            ["DATABRICKS_CLIENT_ID": "client", "DATABRICKS_CLIENT_SECRET": "dose+secret/1"]
        ) { token($0) }
        defer { server.stop() }
        #expect(server.requests.map(\.line) == ["GET /.well-known/databricks-config"])
        let login = workspace.login
        let first = try login.credential()
        #expect(try login.credential() == first)
        #expect(first?.headers.map(\.value.revealed) == ["Bearer token-0"])
        #expect(
            server.requests.map(\.line) == [
                "GET /.well-known/databricks-config", "GET /oidc/.well-known/oauth-authorization-server",
                "POST /oidc/v1/token",
            ])
        let request = try #require(server.requests.last)
        #expect(request.text == "grant_type=client_credentials&scope=all-apis")
        #expect(request.headers["authorization"] == "Basic " + Base64.encode(Array("client:dose+secret/1".utf8)))
        #expect(request.headers["content-type"] == "application/x-www-form-urlencoded")
        #expect(try login.renew(after: first))
        let second = try login.credential()
        #expect(second?.headers.map(\.value.revealed) == ["Bearer token-1"])
        // A second request that failed with the first token does not throw the second one away.
        #expect(try login.renew(after: first))
        #expect(try login.credential() == second)
        #expect(sent(server, "/oidc/v1/token").count == 2)
    }

    @Test("scopes of a profile and a group are asked for")
    func scopesAndGroup() throws {
        let server = try #require(FaultServer { hostDocument($0) ?? token($0) })
        defer { server.stop() }
        let home = TemporaryDirectory()
        try home.write(
            ".databrickscfg",
            "[p]\nhost=\(server.origin)\nclient_id=client\nclient_secret=dose\nscopes=sql, files sql\ngroup_id=g 1\n",
            mode: 0o600)
        let workspace = try DatabricksConfiguration.workspace(profile: "p", try surroundings(home), http: http())
        _ = try workspace.login.credential()
        #expect(server.requests.last?.text == "grant_type=client_credentials&scope=files%20sql&assume_group=g%201")
    }

    @Test(
        "a missing or odd discovery document never breaks oauth-m2m",
        arguments: [
            ("no document at all", [:], "/oidc/v1/token"),
            (
                "only the documented one",
                ["/oidc/.well-known/oauth-authorization-server": #"{"token_endpoint":"ORIGIN/other/token"}"#],
                "/other/token"
            ),
            (
                "a web page in its place", ["/.well-known/databricks-config": "<html>"], "/oidc/v1/token"
            ),
            (
                "another place for it",
                [
                    "/.well-known/databricks-config": #"{"oidc_endpoint":"ORIGIN/deep/"}"#,
                    "/deep/.well-known/oauth-authorization-server": #"{"token_endpoint":"ORIGIN/deep/token"}"#,
                ], "/deep/token"
            ),
            (
                "an account that nobody names",
                ["/.well-known/databricks-config": #"{"oidc_endpoint":"ORIGIN/oidc/accounts/{account_id}"}"#],
                "/oidc/v1/token"
            ),
            (
                "an endpoint without https on another host",
                ["/oidc/.well-known/oauth-authorization-server": #"{"token_endpoint":"http://evil.example/token"}"#],
                "/oidc/v1/token"
            ),
            (
                "a document on another host without https",
                ["/.well-known/databricks-config": #"{"oidc_endpoint":"http://evil.example/oidc"}"#], "/oidc/v1/token"
            ),
        ])
    func discovery(name: String, documents: [String: String], endpoint: String) throws {
        let server = try #require(
            FaultServer { request in
                if request.method == "POST" { return token(request) }
                guard let text = documents[request.path] else { return .text(404, "<html>", type: "text/html") }
                return .text(200, text.replacing("ORIGIN", with: request.origin))
            })
        defer { server.stop() }
        let surroundings = try surroundings(
            TemporaryDirectory(),
            ["DATABRICKS_HOST": server.origin, "DATABRICKS_CLIENT_ID": "client", "DATABRICKS_CLIENT_SECRET": "dose"])
        let workspace = try DatabricksConfiguration.workspace(profile: nil, surroundings, http: http())
        #expect(try workspace.login.credential()?.headers.first?.value.revealed == "Bearer token-0")
        #expect(server.requests.filter { $0.method == "POST" }.map(\.path) == [endpoint])
        #expect(server.requests.count { $0.headers["authorization"] != nil } == 1)
    }

    @Test("the secret does not follow a redirect of the token endpoint")
    func redirect() throws {
        let elsewhere = try #require(FaultServer { token($0) })
        let target = elsewhere.origin
        let (server, workspace) = try workspace(
            ["DATABRICKS_CLIENT_ID": "client", "DATABRICKS_CLIENT_SECRET": "dose"]
        ) { _ in .redirect(307, to: target + "/token") }
        defer {
            server.stop()
            elsewhere.stop()
        }
        #expect(throws: CredentialsError.self) { try workspace.login.credential() }
        #expect(elsewhere.requests.count == 0)
    }

    @Test("a refusal tells the server's words and where the secret came from, and not the secret")
    func refusal() throws {
        let (server, workspace) = try workspace(
            ["DATABRICKS_CLIENT_ID": "client", "DATABRICKS_CLIENT_SECRET": "dose-refused-secret"]
        ) { _ in
            .text(401, #"{"error":"invalid_client","error_description":"not dose-refused-secret\r\nagain"}"#)
        }
        defer { server.stop() }
        #expect(
            message { try workspace.login.credential() } == """
                error: cannot sign in to `\(server.origin)` with `oauth-m2m`: `\(server.origin)` refuses to give a token
                  --> \(server.origin)/oidc/v1/token (POST, status 401)
                  - the server says: invalid_client: not [hidden] again
                hint: client and secret come from `DATABRICKS_CLIENT_ID` and `DATABRICKS_CLIENT_SECRET`: do they belong together, is the secret still good, and is the service principal a member of this workspace?

                """)
    }

    @Test(
        "an answer that is no token is said to be none",
        arguments: [
            ("<html>", "`ORIGIN` answers with something else than a JSON object"),
            (#"{"access_token":""}"#, "the answer holds no token in `access_token`"),
            (#"{"access_token":"a\r\nX: y"}"#, "the answer holds no token in `access_token`"),
            (#"{"token":"x"}"#, "the answer holds no token in `access_token`"),
        ])
    func strangeAnswer(body: String, reason: String) throws {
        let (server, workspace) = try workspace(
            ["DATABRICKS_CLIENT_ID": "client", "DATABRICKS_CLIENT_SECRET": "dose"]
        ) { _ in .text(200, body) }
        defer { server.stop() }
        let text = message { try workspace.login.credential() }
        let expected = reason.replacing("ORIGIN", with: server.origin)
        #expect(text.hasPrefix("error: cannot sign in to `\(server.origin)` with `oauth-m2m`: \(expected)\n"))
    }

    // MARK: Identity tokens

    @Test("github-oidc: the job's token for the right audience, in exchange for one of Databricks; anew for a renewal")
    func gitHub() throws {
        let (server, workspace) = try workspace(
            [
                "DATABRICKS_CLIENT_ID": "app", "ACTIONS_ID_TOKEN_REQUEST_URL": "SERVER/github?api=2",
                "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "gh-runtime", "DATABRICKS_TOKEN_AUDIENCE": "a b&c",
            ]
        ) { request in
            request.path == "/github" ? .text(200, #"{"value":"\#(Self.jwt)"}"#) : token(request)
        }
        defer { server.stop() }
        #expect(workspace.choice.method == .githubOIDC)
        #expect(try workspace.login.credential()?.headers.first?.value.revealed == "Bearer token-0")
        let asked = try #require(sent(server, "/github").first)
        #expect(asked.line == "GET /github?api=2&audience=a%20b%26c")
        #expect(asked.headers["authorization"] == "Bearer gh-runtime")
        let exchange = try #require(sent(server, "/oidc/v1/token").first)
        #expect(
            exchange.text
                == "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&scope=all-apis"
                + "&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt&subject_token=\(Self.jwt)&client_id=app"
        )
        #expect(exchange.headers["authorization"] == nil)
        #expect(sent(server, "/github").count == 1)
        #expect(try workspace.login.renew())
        #expect(try workspace.login.credential()?.headers.first?.value.revealed == "Bearer token-1")
        #expect(sent(server, "/github").count == 2)
    }

    @Test(
        "the audience: configured, else the host's first, else the account of a host without workspace, else the endpoint",
        arguments: [
            (["DATABRICKS_TOKEN_AUDIENCE": "mine"], #"{"token_federation_default_oidc_audiences":["theirs"]}"#, "mine"),
            ([:], #"{"token_federation_default_oidc_audiences":["theirs","x"],"account_id":"acc"}"#, "theirs"),
            ([:], #"{"account_id":"acc"}"#, "acc"),
            ([:], #"{"account_id":"acc","workspace_id":"1"}"#, "ORIGIN/oidc/v1/token"),
            ([:], "", "ORIGIN/oidc/v1/token"),
        ])
    func audiences(variables: [String: String], document: String, expected: String) throws {
        let server = try #require(
            FaultServer { request in
                switch request.path {
                case "/.well-known/databricks-config" where !document.isEmpty: .text(200, document)
                case "/github": .text(200, #"{"value":"\#(Self.jwt)"}"#)
                default: .text(404, "")
                }
            })
        defer { server.stop() }
        let base = [
            "DATABRICKS_HOST": server.origin, "DATABRICKS_CLIENT_ID": "app",
            "ACTIONS_ID_TOKEN_REQUEST_URL": server.origin + "/github", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "gh",
        ]
        _ = try DatabricksConfiguration.workspace(
            profile: nil, try surroundings(TemporaryDirectory(), base.merging(variables) { $1 }), http: http())
        let wanted = PercentEncoding.encode(expected.replacing("ORIGIN", with: server.origin))
        #expect(sent(server, "/github").map(\.line) == ["GET /github?audience=\(wanted)"])
    }

    @Test("env-oidc and file-oidc: without a client for the whole account; the file is read again at each exchange")
    func environmentAndFile() throws {
        let (server, workspace) = try workspace(["DATABRICKS_OIDC_TOKEN": Self.jwt]) { token($0) }
        defer { server.stop() }
        #expect(workspace.choice.method == .envOIDC)
        _ = try workspace.login.credential()
        #expect(server.requests.last?.text.hasSuffix("&subject_token=\(Self.jwt)") == true)

        let home = TemporaryDirectory()
        try home.write("jwt", "one.two.three\n")
        let (other, fromFile) = try self.workspace(["DATABRICKS_OIDC_TOKEN_FILEPATH": home.file("jwt")]) { token($0) }
        defer { other.stop() }
        #expect(fromFile.choice.method == .fileOIDC)
        #expect(fromFile.choice.source == "the file `\(home.file("jwt"))`")
        _ = try fromFile.login.credential()
        #expect(other.requests.last?.text.hasSuffix("&subject_token=one.two.three") == true)
        try AtomicOutput.writeFile(at: home.file("jwt"), existing: .replace, bytes: Array("four.five.six".utf8))
        _ = try fromFile.login.renew()
        _ = try fromFile.login.credential()
        #expect(other.requests.last?.text.hasSuffix("&subject_token=four.five.six") == true)
    }

    @Test("a refused identity token: the error tells issuer, subject and audience")
    func refusedIdentity() throws {
        let (server, workspace) = try workspace(["DATABRICKS_OIDC_TOKEN": Self.jwt, "DATABRICKS_CLIENT_ID": "app"]) {
            _ in
            .text(400, #"{"error":"invalid_grant","error_description":"no matching federation policy"}"#)
        }
        defer { server.stop() }
        #expect(
            message { try workspace.login.credential() } == """
                error: cannot sign in to `\(server.origin)` with `env-oidc`: `\(server.origin)` refuses to give a token
                  --> \(server.origin)/oidc/v1/token (POST, status 400)
                  - the server says: invalid_grant: no matching federation policy
                  - the identity token says: issuer `https://i`, subject `repo:o/r`, audience `a`
                hint: has the service principal a federation policy for this issuer, subject and audience?

                """)
    }

    @Test("azure-devops-oidc: the pipeline's token by an empty POST")
    func azurePipelines() throws {
        let (server, workspace) = try workspace(
            [
                "DATABRICKS_CLIENT_ID": "app", "SYSTEM_ACCESSTOKEN": "system-token",
                "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI": "SERVER/org/", "SYSTEM_TEAMPROJECTID": "project",
                "SYSTEM_PLANID": "plan", "SYSTEM_JOBID": "job", "SYSTEM_HOSTTYPE": "build",
            ]
        ) { request in
            request.path.hasPrefix("/org/") ? .text(200, #"{"oidcToken":"\#(Self.jwt)"}"#) : token(request)
        }
        defer { server.stop() }
        #expect(workspace.choice.method == .azureDevOpsOIDC)
        _ = try workspace.login.credential()
        let asked = try #require(server.requests.first { $0.path.hasPrefix("/org/") })
        #expect(
            asked.line
                == "POST /org/project/_apis/distributedtask/hubs/build/plans/plan/jobs/job/oidctoken?api-version=7.2-preview.1"
        )
        #expect(asked.headers["authorization"] == "Bearer system-token")
        #expect(asked.headers["content-length"] == "0")
        #expect(server.requests.last?.text.hasSuffix("&subject_token=\(Self.jwt)&client_id=app") == true)
    }

    // MARK: Entra

    static let azure = ["DATABRICKS_CLOUD": "azure", "ARM_CLIENT_ID": "entra-app"]

    /// What the directory answers, and the workspace's login page.
    private static func directory(_ request: FaultServer.Request) -> FaultServer.Reply {
        switch request.path {
        case "/aad/auth", "/oidc/oauth2/v2.0/authorize":
            return .redirect(302, to: "https://login.microsoftonline.com/found-tenant/oauth2/authorize?x=1")
        case "/github": return .text(200, #"{"value":"\#(jwt)"}"#)
        case "/arm/subscriptions/s/w":
            return .text(200, #"{"properties":{"workspaceUrl":"adb-77.7.azuredatabricks.net"}}"#)
        default:
            // As Entra does it: a number written as a text.
            return token(request, seconds: #""3599""#)
        }
    }

    @Test("azure-client-secret: two tokens of the tenant that the login page names, and the resource of the workspace")
    func azureClientSecret() throws {
        let (server, workspace) = try workspace(
            Self.azure.merging([
                "ARM_CLIENT_SECRET": "entra secret", "DATABRICKS_AZURE_RESOURCE_ID": "/subscriptions/s/w",
            ]) {
                $1
            }, Self.directory)
        defer { server.stop() }
        #expect(workspace.choice.method == .azureClientSecret)
        let credential = try workspace.login.credential()
        #expect(credential?.headers.map(\.name) == ["Authorization", "X-Databricks-Azure-SP-Management-Token"])
        #expect(credential?.headers.map(\.value.revealed) == ["Bearer token-0", "token-1"])
        #expect(
            workspace.headers == [
                HTTPHeader("x-databricks-org-id", "123"),
                HTTPHeader("X-Databricks-Azure-Workspace-Resource-Id", "/subscriptions/s/w"),
            ])
        let asked = sent(server, "/login/found-tenant/oauth2/token")
        #expect(
            asked.map(\.text) == [
                "grant_type=client_credentials&scope=all-apis&resource=2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"
                    + "&client_id=entra-app&client_secret=entra%20secret",
                "grant_type=client_credentials&scope=all-apis&resource=https%3A%2F%2Fmanagement.core.windows.net%2F"
                    + "&client_id=entra-app&client_secret=entra%20secret",
            ])
        #expect(workspace.login.remainingSeconds.map { $0 > 3500 && $0 <= 3599 } == true)
        #expect(sent(server, "/aad/auth").count == 1)
        #expect(sent(server, "/aad/auth").first?.headers["authorization"] == nil)
    }

    @Test("azure-client-secret without a host: Azure tells the address of the resource")
    func azureResource() throws {
        let (server, workspace) = try workspace(
            [
                "DATABRICKS_HOST": "", "ARM_CLIENT_ID": "entra-app", "ARM_CLIENT_SECRET": "entra-secret",
                "ARM_TENANT_ID": "tenant", "DATABRICKS_AZURE_RESOURCE_ID": "/subscriptions/s/w",
            ], Self.directory)
        defer { server.stop() }
        #expect(workspace.host.exactText == "https://adb-77.7.azuredatabricks.net")
        #expect(
            server.requests.map(\.line) == [
                "POST /login/tenant/oauth2/token", "GET /arm/subscriptions/s/w?api-version=2018-04-01",
            ])
        #expect(server.requests.last?.headers["authorization"] == "Bearer token-0")
    }

    @Test("github-oidc-azure: the job's token for Entra as an assertion")
    func azureGitHub() throws {
        let (server, workspace) = try workspace(
            Self.azure.merging([
                "ACTIONS_ID_TOKEN_REQUEST_URL": "SERVER/github", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "gh",
            ]) { $1 }, Self.directory)
        defer { server.stop() }
        #expect(workspace.choice.method == .githubOIDCAzure)
        #expect(try workspace.login.credential()?.headers.map(\.value.revealed) == ["Bearer token-0"])
        #expect(sent(server, "/github").map(\.line) == ["GET /github?audience=api%3A%2F%2FAzureADTokenExchange"])
        #expect(
            server.requests.last?.text
                == "grant_type=client_credentials&scope=all-apis"
                + "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
                + "&resource=2ff814a6-3304-4ab8-85cb-cd0e6f879c1d&client_assertion=\(Self.jwt)&client_id=entra-app")
        #expect(server.requests.last?.path == "/login/found-tenant/oauth2/token")
    }

    @Test("an Entra secret for a host outside of Azure ends the search, with the reason")
    func notAzure() throws {
        let server = try #require(FaultServer { hostDocument($0) ?? .text(404, "") })
        defer { server.stop() }
        let surroundings = try surroundings(
            TemporaryDirectory(),
            ["DATABRICKS_HOST": server.origin, "ARM_CLIENT_ID": "app", "ARM_CLIENT_SECRET": "entra-secret"])
        #expect(
            message { try DatabricksConfiguration.workspace(profile: nil, surroundings, http: http()) } == """
                error: cannot sign in to `\(server.origin)` with `azure-client-secret`: the host is not in Azure
                  - it is asked for by `ARM_CLIENT_ID` and `ARM_CLIENT_SECRET`
                hint: unset `ARM_CLIENT_ID` and its companions for a workspace outside of Azure, or name another `DATABRICKS_AUTH_TYPE`

                """)
    }
}
