import Diagnostics
import HTTPTransport
import TestKit
import Testing

@testable import Credentials
@testable import Registry

/// Every kind of answer that a workspace gives in place of the one that was asked for, and what a person reads then.
@Suite struct DatabricksAnswerTests {
    struct Row: CustomTestStringConvertible, Sendable {
        let name: String
        let reference: String
        let reply: FaultServer.Reply
        let kind: RegistryError.Kind
        let status: Int
        /// What follows "cannot find …: ", with `PLACE` for the place.
        let words: String
        var testDescription: String { name }

        init(
            _ name: String, _ reference: String, _ reply: FaultServer.Reply, _ kind: RegistryError.Kind, status: Int,
            _ words: String
        ) {
            self.name = name
            self.reference = reference
            self.reply = reply
            self.kind = kind
            self.status = status
            self.words = words
        }

        /// About a model in Unity Catalog.
        init(
            _ name: String, _ reply: FaultServer.Reply, _ kind: RegistryError.Kind, status: Int, _ words: String
        ) {
            self.init(name, "models:/main.default.churn/4", reply, kind, status: status, words)
        }
    }

    static let page = "<!DOCTYPE html><html><head><title>Databricks - Sign In</title></head><body>x</body></html>"
    static let expired =
        "they come from `DATABRICKS_TOKEN`: they are wrong, have expired, or are for another workspace; `skiff auth` explains them"
    static let grants =
        "it needs EXECUTE on the model `main.default.churn`, USE CATALOG on `main` and USE SCHEMA on `main.default`"
    static let whose = "the credentials come from `DATABRICKS_TOKEN`; `skiff auth` shows whose they are"

    static let rows = [
        Row(
            "401", FakeDatabricks.error(401, "UNAUTHENTICATED", "The access token sesame is not valid"), .denied,
            status: 401,
            """
            `WORKSPACE` does not accept the credentials
              --> PLACE
              - the server says: UNAUTHENTICATED: The access token [hidden] is not valid
            hint: \(expired)
            """),
        Row(
            "403 with a number", .text(403, #"{"error_code": 403, "message": "Invalid access token."}"#), .denied,
            status: 403,
            """
            `WORKSPACE` does not accept the credentials
              --> PLACE
              - the server says: 403: Invalid access token.
            hint: \(expired)
            """),
        Row(
            "an expired token", .text(403, #"{"error_code": "403", "message": "Token is expired"}"#), .denied,
            status: 403,
            """
            `WORKSPACE` does not accept the credentials
              --> PLACE
              - the server says: 403: Token is expired
            hint: \(expired)
            """),
        Row(
            "a missing grant", FakeDatabricks.error(403, "PERMISSION_DENIED", "User does not have USE SCHEMA"), .denied,
            status: 403,
            """
            `WORKSPACE` forbids it
              --> PLACE
              - the server says: PERMISSION_DENIED: User does not have USE SCHEMA
            hint: \(grants)
            hint: \(whose)
            """),
        Row(
            "a missing permission in the workspace registry", "models:/churn/4",
            FakeDatabricks.error(403, "PERMISSION_DENIED", "no"), .denied, status: 403,
            """
            `WORKSPACE` forbids it
              --> PLACE
              - the server says: PERMISSION_DENIED: no
            hint: it needs the permission CAN READ on the registered model `churn`
            hint: \(whose)
            """),
        Row(
            "a narrow token",
            FakeDatabricks.error(403, "PERMISSION_DENIED", "Provided OAuth token does not have required scopes"),
            .denied,
            status: 403,
            """
            `WORKSPACE` forbids it: the scopes of the token are too narrow
              --> PLACE
              - the server says: PERMISSION_DENIED: Provided OAuth token does not have required scopes
            hint: the token comes from `DATABRICKS_TOKEN`; it needs the scope `unity-catalog` and `files`
            """),
        Row(
            "an IP access list",
            .text(
                403, #"{"error_code": "403", "message": "Source IP address: 10.2.3.4 is blocked by Databricks IP ACL"}"#
            ),
            .denied, status: 403,
            """
            the workspace `WORKSPACE` refuses requests from this network
              --> PLACE
              - the server says: 403: Source IP address: 10.2.3.4 is blocked by Databricks IP ACL
            hint: an IP access list, a VPN or a private link stands before it: run this where the workspace admits you, or ask its administrator to admit this machine
            """),
        Row(
            "a private link",
            FakeDatabricks.error(403, "PERMISSION_DENIED", "Unauthorized network access to workspace: 42"),
            .denied, status: 403,
            """
            the workspace `WORKSPACE` refuses requests from this network
              --> PLACE
              - the server says: PERMISSION_DENIED: Unauthorized network access to workspace: 42
            hint: an IP access list, a VPN or a private link stands before it: run this where the workspace admits you, or ask its administrator to admit this machine
            """),
        Row(
            "a workspace without public access",
            .text(403, "Public access is not allowed for workspace: 42", type: "text/plain"), .denied, status: 403,
            """
            the workspace `WORKSPACE` refuses requests from this network
              --> PLACE
              - the server says: Public access is not allowed for workspace: 42
            hint: an IP access list, a VPN or a private link stands before it: run this where the workspace admits you, or ask its administrator to admit this machine
            """),
        Row(
            "a page to sign in", .text(200, page, type: "text/html"), .answer, status: 200,
            """
            `WORKSPACE` sends a web page where its API should answer
              --> PLACE
              - the server says: Databricks - Sign In
            hint: it may be a page to sign in: is this the workspace's own address, and does it admit this network (IP access list, VPN, private link)?
            """),
        Row(
            "no workspace", "models:/churn/4",
            .text(404, "<html><title>404 Not Found</title></html>", type: "text/html"),
            .answer, status: 404,
            """
            `WORKSPACE` has nothing at this address
              --> PLACE
              - the server says: 404 Not Found
            hint: is `WORKSPACE` the address of a Databricks workspace, without a path after it?
            """),
        Row(
            "ENDPOINT_NOT_FOUND", "models:/churn/4", FakeDatabricks.error(404, "ENDPOINT_NOT_FOUND", "No API found"),
            .answer,
            status: 404,
            """
            `WORKSPACE` has nothing at this address
              --> PLACE
              - the server says: ENDPOINT_NOT_FOUND: No API found
            hint: is `WORKSPACE` the address of a Databricks workspace, without a path after it?
            """),
        Row(
            "an empty 404", "models:/churn/4", .answer(404), .answer, status: 404,
            """
            `WORKSPACE` has nothing at this address
              --> PLACE
            hint: is `WORKSPACE` the address of a Databricks workspace, without a path after it?
            """),
        Row(
            "a missing version of the workspace registry", "models:/churn/4",
            FakeDatabricks.error(404, "RESOURCE_DOES_NOT_EXIST", "ModelVersion '4' does not exist."), .notFound,
            status: 404,
            """
            the workspace does not know it
              --> PLACE
              - the server says: RESOURCE_DOES_NOT_EXIST: ModelVersion '4' does not exist.
            """),
        Row(
            "no metastore", FakeDatabricks.error(404, "METASTORE_DOES_NOT_EXIST", "No metastore assigned"), .notFound,
            status: 404,
            """
            `WORKSPACE` has no Unity Catalog: no metastore is attached to the workspace
              --> PLACE
              - the server says: METASTORE_DOES_NOT_EXIST: No metastore assigned
            hint: a model of the workspace registry has a name of one part, as in `models:/churn/1`
            """),
        Row(
            "no catalog", FakeDatabricks.error(404, "CATALOG_DOES_NOT_EXIST", "Catalog 'main' does not exist."),
            .notFound,
            status: 404,
            """
            the workspace has no such thing as a catalog `main`
              --> PLACE
              - the server says: CATALOG_DOES_NOT_EXIST: Catalog 'main' does not exist.
            hint: check the first part of the name; `databricks catalogs list` shows the catalogs
            """),
        Row(
            "no schema", FakeDatabricks.error(404, "SCHEMA_DOES_NOT_EXIST", "Schema does not exist."), .notFound,
            status: 404,
            """
            the workspace has no such thing as a schema `main.default`
              --> PLACE
              - the server says: SCHEMA_DOES_NOT_EXIST: Schema does not exist.
            hint: check the second part of the name; `databricks schemas list main` shows the schemas
            """),
        Row(
            "the registry is switched off", "models:/churn/4",
            FakeDatabricks.error(403, "FEATURE_DISABLED", "Legacy workspace model registry is disabled"), .unsupported,
            status: 403,
            """
            the model registry of the workspace is switched off
              --> PLACE
              - the server says: FEATURE_DISABLED: Legacy workspace model registry is disabled
            hint: its models live in Unity Catalog: write `models:/CATALOG.SCHEMA.MODEL/VERSION`
            """),
        Row(
            "a wrong state", "models:/churn/4",
            FakeDatabricks.error(400, "INVALID_STATE", "status PENDING_REGISTRATION"),
            .notReady, status: 400,
            """
            the version is not ready
              --> PLACE
              - the server says: INVALID_STATE: status PENDING_REGISTRATION
            hint: try again in a while, or register it again
            """),
        Row(
            "a wrong parameter", "models:/churn/4",
            FakeDatabricks.error(400, "INVALID_PARAMETER_VALUE", "Invalid value for version: '007'"), .server,
            status: 400,
            """
            `WORKSPACE` refuses the request
              --> PLACE
              - the server says: INVALID_PARAMETER_VALUE: Invalid value for version: '007'
            """),
        Row(
            "too many requests", "models:/churn/4",
            FakeDatabricks.error(429, "REQUEST_LIMIT_EXCEEDED", "Current limit is 40 requests per second"), .server,
            status: 429,
            """
            `WORKSPACE` slows us down: it gets too many requests
              --> PLACE
              - the server says: REQUEST_LIMIT_EXCEEDED: Current limit is 40 requests per second
              - tried N times
            hint: try again in a while; other work in the same workspace counts too
            """),
        Row(
            "trouble in words", "models:/churn/4",
            .text(503, "TEMPORARILY_UNAVAILABLE: under load", type: "text/plain"),
            .server, status: 503,
            """
            `WORKSPACE` is in trouble
              --> PLACE
              - the server says: TEMPORARILY_UNAVAILABLE: under load
              - tried N times
            hint: try again in a while; https://status.databricks.com shows what is known
            """),
        Row(
            "trouble without words", "models:/churn/4", .answer(500), .server, status: 500,
            """
            `WORKSPACE` is in trouble
              --> PLACE
              - tried N times
            hint: try again in a while; https://status.databricks.com shows what is known
            """),
        Row(
            "no object", "models:/churn/4", .text(200, "[1]"), .answer, status: 200,
            """
            the answer of `WORKSPACE` is not a JSON object
              --> PLACE
              - the server says: [1]
            hint: is this the address of a Databricks workspace?
            """),
    ]

    @Test("what a person reads of an answer", arguments: rows)
    func meaning(row: Row) throws {
        // The errand for what exists instead fails as well here, and is not told.
        let fake = try FakeDatabricks(workspace: { request in
            request.path.hasSuffix("model-versions/get")
                ? row.reply : FakeDatabricks.error(403, "PERMISSION_DENIED", "no")
        })
        defer { fake.stop() }
        let service = row.reference.contains("main.") ? "mlflow/unity-catalog" : "mlflow"
        let place = "WORKSPACE/api/2.0/\(service)/model-versions/get (GET, status \(row.status))"
        let tries = fake.http.retry.attempts
        let words = row.words.replacing("PLACE", with: "\u{1}").replacing("WORKS\u{1}", with: "WORKSPACE")
            .replacing("\u{1}", with: place).replacing("tried N times", with: "tried \(tries) times")
        #expect(fake.message { try fake.locate(row.reference) } == "error: cannot find `\(row.reference)`: \(words)\n")
        let error = #expect(throws: RegistryError.self) { try fake.locate(row.reference) }
        #expect(error?.kind == row.kind)
    }

    @Test("without a credential the ways to sign in are named")
    func noCredential() throws {
        let fake = try FakeDatabricks(login: { Login.none(for: $0) })
        defer { fake.stop() }
        #expect(
            fake.message { try fake.locate("models:/churn/4") } == """
                error: cannot find `models:/churn/4`: `WORKSPACE` asks for credentials
                  --> WORKSPACE/api/2.0/mlflow/model-versions/get (GET, status 401)
                  - the server says: 401: Credential was not sent or was of an unsupported type for this API.
                hint: set `DATABRICKS_TOKEN` or name a profile; `skiff auth` shows what was looked for

                """)
    }

    @Test("a missing model of the workspace registry says which ones there are")
    func workspaceNeighbours() throws {
        let fake = try FakeDatabricks(workspace: { request in
            request.path.hasSuffix("registered-models/search")
                ? .text(200, #"{"registered_models": [{"name": "zones"}, {"name": "areas\u001b[2J"}]}"#)
                : FakeDatabricks.error(404, "RESOURCE_DOES_NOT_EXIST", "RegisteredModel 'chrun' does not exist.")
        })
        defer { fake.stop() }
        #expect(
            fake.message { try fake.locate("models:/chrun/4") } == """
                error: cannot find `models:/chrun/4`: the workspace does not know it
                  --> WORKSPACE/api/2.0/mlflow/model-versions/get (GET, status 404)
                  - the server says: RESOURCE_DOES_NOT_EXIST: RegisteredModel 'chrun' does not exist.
                hint: this registry has the models `areas\\u{1b}[2J`, `zones`

                """)
    }

    @Test("a missing version or stage says the highest version; a name of three parts how Unity Catalog would be asked")
    func versionNeighbours() throws {
        let fake = try FakeDatabricks(workspace: { request in
            if request.path.hasSuffix("registered-models/get") {
                return .text(
                    200, #"{"registered_model": {"latest_versions": [{"version": "2"}, {"version": "11"}]}}"#)
            }
            if request.path.hasSuffix("get-latest-versions") { return .text(200, "{}") }
            return FakeDatabricks.error(404, "RESOURCE_DOES_NOT_EXIST", "no version")
        })
        defer { fake.stop() }
        #expect(
            fake.message { try fake.locate("models:/churn/Production") } == """
                error: cannot find `models:/churn/Production`: no version is in the stage `Production`
                hint: the model `churn` exists: its highest version is 11

                """)
        #expect(
            fake.message { try fake.locate("models:/a.b.c/9", in: { WorkspaceRegistry($0) }) } == """
                error: cannot find `models:/a.b.c/9`: the workspace does not know it
                  --> WORKSPACE/api/2.0/mlflow/model-versions/get (GET, status 404)
                  - the server says: RESOURCE_DOES_NOT_EXIST: no version
                hint: the model `a.b.c` exists: its highest version is 11
                hint: the name has three parts: in Unity Catalog it is `models://databricks-uc/a.b.c/9`

                """)
    }

    @Test("an unknown stage is a thing that does not exist")
    func unknownStage() throws {
        let fake = try FakeDatabricks(workspace: { request in
            request.path.hasSuffix("get-latest-versions")
                ? FakeDatabricks.error(
                    400, "INVALID_PARAMETER_VALUE", "Invalid Model Version stage: Prod. Value must be one of …")
                : nil
        })
        defer { fake.stop() }
        let error = #expect(throws: RegistryError.self) { try fake.locate("models:/churn/Prod") }
        #expect(error?.kind == .notFound)
    }
}

/// What happens when a token ends.
@Suite struct DatabricksTokenTests {
    /// Tokens in the order in which they are given out.
    static func login(_ tokens: [String]) -> (HTTPOrigin) -> Login {
        { origin in
            var rest = tokens[...]
            return Login(origin: origin, source: "the test") { () throws(CredentialsError) in
                Login.Grant(AccessToken(Secret(rest.popFirst() ?? "none"), lifeSeconds: nil))
            }
        }
    }

    /// A workspace that refuses every token but the right one.
    static func refusal(_ status: Int) -> FakeDatabricks.Fault {
        {
            $0.headers["authorization"] == "Bearer sesame"
                ? nil : .text(status, #"{"error_code": 403, "message": "Invalid access token."}"#)
        }
    }

    @Test("a token that is refused is renewed once, whether the workspace says 401 or 403", arguments: [401, 403])
    func call(status: Int) throws {
        let fake = try FakeDatabricks(login: Self.login(["old", "sesame"]), workspace: Self.refusal(status))
        defer { fake.stop() }
        #expect(try fake.locate("models:/churn/3").identity.version == "3")
        #expect(fake.asked.count == 2)

        let other = try FakeDatabricks(login: Self.login(["old", "older", "sesame"]), workspace: Self.refusal(status))
        defer { other.stop() }
        #expect(throws: RegistryError.self) { try other.locate("models:/churn/3") }
        #expect(other.asked.count == 2)
    }

    @Test(
        "a token that ends between two files is renewed for the next one",
        arguments: [
            ("fs/files", "models:/main.default.churn/4"), ("get-signed-download-uri", "models:/churn/3"),
        ], [401, 403])
    func file(row: (service: String, reference: String), status: Int) throws {
        let refused = Self.refusal(status)
        let fake = try FakeDatabricks(
            tree: ["a": "1", "b": "2"], login: Self.login(["sesame", "old", "sesame"]),
            workspace: { request in
                if request.headers["authorization"] != "Bearer sesame" { return refused(request) }
                let isFirst =
                    request.path.contains(row.service) && request.target.hasSuffix("a") && request.earlierCount == 0
                return isFirst ? .text(status, #"{"error_code": "403", "message": "Token is expired"}"#) : nil
            })
        defer { fake.stop() }
        #expect(try fake.contents(fake.locate(row.reference).stores[0]) == ["a": "1", "b": "2"])
        #expect(fake.asked.count { $0.contains(row.service) && $0.hasSuffix("a") } == 3)
    }
}
