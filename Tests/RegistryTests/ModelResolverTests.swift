import Diagnostics
import FileTrees
import HTTPTransport
import JSONText
import Synchronization
import TestKit
import Testing

@testable import Registry

@Suite struct ModelResolverTests {
    @Test("a version is found with its run, address and files")
    func version() throws {
        let fake = FakeMLflow()
        defer { fake.server.stop() }
        let model = try fake.resolve()
        #expect(model.listing.map { "\($0.path) \($0.size)" } == ["MLmodel 12", "data/empty 0", "data/model.pkl 10"])
        #expect(model.totalSize == 22)
        #expect(
            JSONWriter.text(model.identity.json, style: .compact)
                == #"{"kind":"mlflow","reference":"models:/churn/3","server":"\#(fake.server.origin)","name":"churn","version":"3","run_id":"r1","artifact_uri":"mlflow-artifacts:/1/model"}"#
        )
        #expect(fake.server.requests.count == 4)
    }

    @Test("names and aliases go out percent-encoded, under the static prefix, with user agent and credentials")
    func encoding() throws {
        let fake = FakeMLflow { request in
            request.path.hasSuffix("/registered-models/alias")
                ? .text(200, #"{"model_version": {"name": "a+b é", "version": 4}}"#)
                : request.path.hasSuffix("/get-download-uri")
                    ? .text(200, #"{"artifact_uri": "mlflow-artifacts:/1/sp ace"}"#)
                    : .text(200, #"{"files": [{"path": "MLmodel", "is_dir": false, "file_size": "5"}]}"#)
        }
        defer { fake.server.stop() }
        let model = try fake.resolve(
            "models:/a+b é@best one",
            ["MLFLOW_TRACKING_URI": fake.server.origin + "/ml/", "MLFLOW_TRACKING_TOKEN": "t"])
        #expect(model.identity.version == "4")
        #expect(model.identity.alias == "best one")
        #expect(
            fake.server.requests.map(\.target) == [
                "/ml/api/2.0/mlflow/registered-models/alias?name=a%2Bb%20%C3%A9&alias=best%20one",
                "/ml/api/2.0/mlflow/model-versions/get-download-uri?name=a%2Bb%20%C3%A9&version=4",
                "/ml/api/2.0/mlflow-artifacts/artifacts?path=1%2Fsp%20ace",
            ])
        #expect(fake.server.requests.allSatisfy { $0.headers["authorization"] == "Bearer t" })
        #expect(fake.server.requests.allSatisfy { $0.headers["user-agent"] == "skiff-test" })
        #expect(
            try model.files[0].request().url.exactText
                == fake.server.origin + "/ml/api/2.0/mlflow-artifacts/artifacts/1/sp%20ace/MLmodel")
    }

    @Test("latest is the highest number, not the last in the list")
    func latest() throws {
        let fake = FakeMLflow { request in
            guard request.path.hasSuffix("get-latest-versions") else { return nil }
            return .text(
                200,
                #"{"model_versions": [{"name": "churn", "version": "10"}, {"name": "churn", "version": "9"}]}"#)
        }
        defer { fake.server.stop() }
        #expect(try fake.resolve("models:/churn/latest").identity.version == "10")
    }

    struct Failure: CustomTestStringConvertible, Sendable {
        let name: String
        var reference = "models:/churn/3"
        var variables: [String: String] = [:]
        let fault: @Sendable (FaultServer.Request) -> FaultServer.Reply?
        let message: String
        var testDescription: String { name }
    }

    static let get = "SERVER/api/2.0/mlflow/model-versions/get"
    static let page = "<!DOCTYPE html><html><body>Please sign in</body></html>"

    static let failures = [
        Failure(
            name: "401 without credentials",
            fault: { _ in .text(401, "You are not authenticated.", type: "text/html; charset=utf-8") },
            message: """
                error: cannot find `models:/churn/3`: `SERVER` asks for credentials
                  --> \(get) (GET, status 401)
                  - the server says: You are not authenticated.
                hint: set `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`, or `MLFLOW_TRACKING_TOKEN`; they are sent only to the server that `MLFLOW_TRACKING_URI` names, not where it redirects to

                """),
        Failure(
            name: "401 with a token, echoed by the server", variables: ["MLFLOW_TRACKING_TOKEN": "sesame-token"],
            fault: { _ in .text(401, #"{"error_code": 401, "message": "bad token sesame-token\u001b[2J"}"#) },
            message: """
                error: cannot find `models:/churn/3`: `SERVER` does not accept the credentials
                  --> \(get) (GET, status 401)
                  - the server says: 401: bad token [hidden]\\u{1b}[2J
                hint: the credentials come from `MLFLOW_TRACKING_TOKEN`: are they right, and for this server?

                """),
        Failure(
            name: "403", variables: ["MLFLOW_TRACKING_TOKEN": "sesame-token"],
            fault: { _ in .text(403, #"{"error_code": "PERMISSION_DENIED", "message": "Permission denied"}"#) },
            message: """
                error: cannot find `models:/churn/3`: `SERVER` forbids it
                  --> \(get) (GET, status 403)
                  - the server says: PERMISSION_DENIED: Permission denied
                hint: the credentials come from `MLFLOW_TRACKING_TOKEN`: does their owner have the right to read this?

                """),
        Failure(
            name: "401 of a server with user names, without credentials",
            fault: { _ in
                .text(
                    401, "You are not authenticated. Please see https://www.mlflow.org/docs",
                    type: "text/html; charset=utf-8",
                    headers: ["WWW-Authenticate": #"Basic realm="mlflow""#])
            },
            message: """
                error: cannot find `models:/churn/3`: `SERVER` asks for credentials
                  --> \(get) (GET, status 401)
                  - the server says: You are not authenticated. Please see https://www.mlflow.org/docs
                hint: set `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`; they are sent only to the server that `MLFLOW_TRACKING_URI` names, not where it redirects to

                """),
        Failure(
            name: "401 of a server with user names, with a token", variables: ["MLFLOW_TRACKING_TOKEN": "sesame-token"],
            fault: { _ in .text(401, "", headers: ["WWW-Authenticate": "Basic"]) },
            message: """
                error: cannot find `models:/churn/3`: `SERVER` does not accept the credentials
                  --> \(get) (GET, status 401)
                hint: the server asks for a user name and a password, and `MLFLOW_TRACKING_TOKEN` is a token: set `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`

                """),
        Failure(
            name: "401 that repeats the password",
            variables: ["MLFLOW_TRACKING_USERNAME": "me", "MLFLOW_TRACKING_PASSWORD": "open sesame"],
            fault: { _ in .text(401, "no such pair: me, open sesame", type: "text/plain") },
            message: """
                error: cannot find `models:/churn/3`: `SERVER` does not accept the credentials
                  --> \(get) (GET, status 401)
                  - the server says: no such pair: me, [hidden]
                hint: the credentials come from `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`: are they right, and for this server?

                """),
        Failure(
            name: "a name that the server does not answer to",
            fault: { _ in .text(403, "Invalid Host header - possible DNS rebinding attack detected", type: "text/plain")
            },
            message: """
                error: cannot find `models:/churn/3`: `SERVER` does not answer to the name `127.0.0.1`
                  --> \(get) (GET, status 403)
                  - the server says: Invalid Host header - possible DNS rebinding attack detected
                hint: use the name that its owner gave it, or start it with `mlflow server --allowed-hosts 127.0.0.1`

                """),
        Failure(
            name: "an error with its code before the words",
            fault: { _ in .text(400, "INVALID_PARAMETER_VALUE: Invalid model version: 'x'\n", type: "text/plain") },
            message: """
                error: cannot find `models:/churn/3`: `SERVER` refuses the request
                  --> \(get) (GET, status 400)
                  - the server says: INVALID_PARAMETER_VALUE: Invalid model version: 'x'

                """),
        Failure(
            name: "an error inside another", fault: { _ in .text(400, #"{"error": {"code": 7, "message": "no"}}"#) },
            message: """
                error: cannot find `models:/churn/3`: `SERVER` refuses the request
                  --> \(get) (GET, status 400)
                  - the server says: 7: no

                """),
        Failure(
            name: "an error without words", fault: { _ in .answer(400) },
            message: """
                error: cannot find `models:/churn/3`: `SERVER` refuses the request
                  --> \(get) (GET, status 400)

                """),
        Failure(
            name: "an error with a code alone", fault: { _ in .text(400, #"{"error_code": "MALFORMED_REQUEST"}"#) },
            message: """
                error: cannot find `models:/churn/3`: `SERVER` refuses the request
                  --> \(get) (GET, status 400)
                  - the server says: MALFORMED_REQUEST

                """),
        Failure(
            name: "details of FastAPI", fault: { _ in .text(422, #"{"detail": [{"msg": "field required"}]}"#) },
            message: """
                error: cannot find `models:/churn/3`: `SERVER` refuses the request
                  --> \(get) (GET, status 422)
                  - the server says: [{"msg":"field required"}]

                """),
        Failure(
            name: "the web page of a proxy",
            fault: { _ in
                .text(
                    400, "<html><head><title>400 Bad\nRequest</title></head><body>nginx</body></html>",
                    type: "text/html")
            },
            message: """
                error: cannot find `models:/churn/3`: `SERVER` refuses the request
                  --> \(get) (GET, status 400)
                  - the server says: 400 Bad Request

                """),
        Failure(
            name: "404 for a version",
            fault: { request in
                if request.path.hasSuffix("model-versions/get") {
                    return FakeMLflow.notFound("Model Version not found")
                }
                return .text(
                    200,
                    #"{"registered_model": {"latest_versions": [{"version": "2"}, {"version": "1"}], "aliases": [{"alias": "champion", "version": "1"}]}}"#
                )
            },
            message: """
                error: cannot find `models:/churn/3`: the server does not know it
                  --> \(get) (GET, status 404)
                  - the server says: RESOURCE_DOES_NOT_EXIST: Model Version not found
                hint: the model `churn` exists: its highest version is 2, its aliases are `champion`

                """),
        Failure(
            name: "404 for a model",
            fault: { request in
                request.path.hasSuffix("search")
                    ? .text(200, #"{"registered_models": [{"name": "credit"}, {"name": "chrun"}]}"#)
                    : FakeMLflow.notFound("Registered Model with name=churn not found")
            },
            message: """
                error: cannot find `models:/churn/3`: the server does not know it
                  --> \(get) (GET, status 404)
                  - the server says: RESOURCE_DOES_NOT_EXIST: Registered Model with name=churn not found
                hint: this registry has the models `chrun`, `credit`

                """),
        Failure(
            name: "404 of another program", fault: { _ in .text(404, page, type: "text/html") },
            message: """
                error: cannot find `models:/churn/3`: `SERVER` has nothing at this address
                  --> \(get) (GET, status 404)
                hint: is this an MLflow server? Is a path missing in `MLFLOW_TRACKING_URI`, as in `http://HOST/mlflow`?

                """),
        Failure(
            name: "a login page", fault: { _ in .text(200, page, type: "text/html") },
            message: """
                error: cannot find `models:/churn/3`: the server sends a web page where its API should answer
                  --> \(get) (GET)
                hint: is there a login page or a proxy between? Is a path missing in `MLFLOW_TRACKING_URI`, as in `http://HOST/mlflow`?

                """),
        Failure(
            name: "500 that stays",
            fault: { _ in .text(500, #"{"error_code": "INTERNAL_ERROR", "message": "database is locked"}"#) },
            message: """
                error: cannot find `models:/churn/3`: `SERVER` is in trouble
                  --> \(get) (GET, status 500)
                  - the server says: INTERNAL_ERROR: database is locked
                  - tried 5 times
                hint: look into the server's log

                """),
        Failure(
            name: "a server that serves no artifacts is not asked again", reference: "mlflow-artifacts:/1/x",
            fault: { _ in
                .text(
                    503,
                    "Endpoint: /api/2.0/mlflow-artifacts/artifacts disabled due to the mlflow server running with `--no-serve-artifacts`. To enable artifacts server functionality, run `mlflow server` with `--serve-artifacts`",
                    type: "text/html; charset=utf-8")
            },
            message: """
                error: cannot find `mlflow-artifacts:/1/x`: `SERVER` does not serve artifacts
                  --> SERVER/api/2.0/mlflow-artifacts/artifacts (GET, status 503)
                  - the server says: Endpoint: /api/2.0/mlflow-artifacts/artifacts disabled due to the mlflow server running with `--no-serve-artifacts`. To enable artifacts server functionality, run `mlflow server` with `--serve-artifacts`
                hint: start it with `mlflow server --serve-artifacts`

                """),
        Failure(
            name: "a version that is not ready",
            fault: { _ in
                .text(
                    200,
                    #"{"model_version": {"name": "churn", "version": "3", "status": "FAILED_REGISTRATION", "status_message": "copy failed"}}"#
                )
            },
            message: """
                error: cannot find `models:/churn/3`: version 3 is not ready, its status is `FAILED_REGISTRATION`
                  - the server says: copy failed
                hint: register it again

                """),
        Failure(
            name: "JSON that is not an object", fault: { _ in .text(200, "[]") },
            message: """
                error: cannot find `models:/churn/3`: the server's answer is an array where an object should be
                  --> \(get) (GET)
                hint: is this the address of an MLflow server?

                """),
        Failure(
            name: "a stage without versions", reference: "models:/churn/Staging",
            fault: { request in
                request.path.hasSuffix("get-latest-versions")
                    ? .text(200, "{}") : .text(200, #"{"registered_model": {"latest_versions": [{"version": "3"}]}}"#)
            },
            message: """
                error: cannot find `models:/churn/Staging`: no version is in the stage `Staging`
                hint: the model `churn` exists: its highest version is 3

                """),
        Failure(
            name: "files that only the server can read",
            fault: { request in
                if request.path.hasSuffix("get-download-uri") {
                    return .text(200, #"{"artifact_uri": "s3://bucket/1/model?sig=secret"}"#)
                }
                return request.path.hasSuffix("runs/get")
                    ? .text(200, #"{"run": {"info": {"artifact_uri": "s3://other/1"}}}"#) : nil
            },
            message: """
                error: cannot find `models:/churn/3`: its files are at `s3://bucket/1/model`, which only the server can read
                hint: start the server with `--serve-artifacts`, or download the model with MLflow and name the folder

                """),
        Failure(
            name: "an empty folder", fault: FakeMLflow.topListing(""),
            message: """
                error: cannot find `models:/churn/3`: it has no files
                  --> mlflow-artifacts:/1/model
                hint: was it deleted, or is the path wrong? `mlflow artifacts list -r RUN` shows a run's files

                """),
        Failure(
            name: "no MLmodel", fault: FakeMLflow.topListing(#"{"path": "model.pkl", "file_size": 3}"#),
            message: """
                error: cannot use `models:/churn/3`: it has no file `MLmodel`, so it is no MLflow model
                  --> mlflow-artifacts:/1/model
                  - it holds `model.pkl`

                """),
        Failure(
            name: "an unsafe size", fault: FakeMLflow.topListing(#"{"path": "MLmodel", "file_size": -1}"#),
            message:
                "error: cannot find `models:/churn/3`: the server lists `MLmodel` with a size that is not a number of bytes\n"
        ),
    ]

    @Test("what goes wrong on the way to a listing: the whole message", arguments: failures)
    func failure(_ row: Failure) {
        let fake = FakeMLflow(row.fault)
        defer { fake.server.stop() }
        #expect(fake.message { try fake.resolve(row.reference, row.variables) } == row.message)
    }

    @Test("a name that does not resolve is told as such, however often it is tried")
    func unknownName() {
        let fake = FakeMLflow()
        defer { fake.server.stop() }
        #expect(
            message { try fake.resolve("models:/churn/3", ["MLFLOW_TRACKING_URI": "http://no-such-host.invalid"]) }
                .contains("cannot reach `http://no-such-host.invalid`: "))
    }

    @Test("an unreachable server: the whole message, with the exit status of a failure")
    func unreachable() {
        let fake = FakeMLflow()
        fake.server.stop()
        #expect(
            fake.message { try fake.resolve() } == """
                error: cannot find `models:/churn/3`: cannot reach `SERVER`: connection refused
                  --> \(Self.get) (GET)
                  - tried 5 times
                hint: check that the address is right and the server is running; proxies are taken from `HTTPS_PROXY` and `NO_PROXY`

                """)
    }

    @Test("a silent server is given up: the whole message")
    func silent() {
        let fake = FakeMLflow { _ in .hanging(after: "") }
        defer { fake.server.stop() }
        #expect(
            fake.message { try fake.resolve(patienceSeconds: 0.2) } == """
                error: cannot find `models:/churn/3`: cannot wait any longer for `SERVER`: no answer for 0.2 s
                  --> \(Self.get) (GET)
                  - tried 5 times

                """)
    }

    @Test("a server that recovers is asked again")
    func recovers() throws {
        let fake = FakeMLflow { $0.earlierCount == 0 ? .text(500, "") : nil }
        defer { fake.server.stop() }
        #expect(try fake.resolve().listing.count == 3)
        #expect(fake.server.requests.count == 8)
    }

    @Test("a redirect to another origin gets no token, and the message says why it was not sent")
    func redirect() throws {
        let other = FakeMLflow { _ in .text(401, "") }
        let fake = FakeMLflow { .redirect(302, to: other.server.origin + $0.target) }
        defer {
            fake.server.stop()
            other.server.stop()
        }
        let text = message { try fake.resolve("models:/churn/3", ["MLFLOW_TRACKING_TOKEN": "sesame"]) }
        #expect(text.contains("`\(other.server.origin)` asks for credentials"))
        #expect(text.contains("not where it redirects to"))
        #expect(fake.server.requests.first?.headers["authorization"] == "Bearer sesame")
        #expect(other.server.requests.first?.headers["authorization"] == nil)
    }

    @Test("an artifact address on another host gets no token")
    func otherHost() throws {
        let other = FakeMLflow()
        let fake = FakeMLflow { request in
            guard request.path.hasSuffix("get-download-uri") else { return nil }
            return .text(200, #"{"artifact_uri": "mlflow-artifacts://127.0.0.1:\#(other.server.port)/1/model"}"#)
        }
        defer {
            fake.server.stop()
            other.server.stop()
        }
        let model = try fake.resolve("models:/churn/3", ["MLFLOW_TRACKING_TOKEN": "sesame"])
        #expect(model.listing.count == 3)
        #expect(other.server.requests.count == 2)
        #expect(other.server.requests.allSatisfy { $0.headers["authorization"] == nil })
        #expect(try model.files[0].request().credential == nil)
    }

    struct Unsafe: CustomTestStringConvertible, Sendable {
        let entries: String
        let path: String
        let reason: String
        var testDescription: String { path }
    }

    static let unsafe = [
        Unsafe(
            entries: #"{"path": "../../etc/cron.d/x"}"#, path: "../../etc/cron.d/x",
            reason: "it is not the name of a file in the folder that was asked"),
        Unsafe(entries: #"{"path": ".."}"#, path: "..", reason: "it has the component `..`"),
        Unsafe(
            entries: #"{"path": "/etc/passwd"}"#, path: "/etc/passwd",
            reason: "it is not the name of a file in the folder that was asked"),
        Unsafe(entries: #"{"path": "a\\b"}"#, path: "a\\b", reason: "it has a backslash"),
        Unsafe(entries: #"{"path": "a\u202eb"}"#, path: #"a\u{202e}b"#, reason: "it has the control character U+202E"),
        Unsafe(entries: #"{"path": "NUL.txt"}"#, path: "NUL.txt", reason: "a component is a device name on Windows"),
        Unsafe(
            entries: #"{"path": "mlmodel", "file_size": 1}, {"path": "MLmodel", "file_size": 1}"#, path: "mlmodel",
            reason: "`MLmodel` differs from it only by case or normal form"),
        Unsafe(
            entries: #"{"path": "MLmodel", "file_size": 1}, {"path": "MLmodel", "file_size": 1}"#, path: "MLmodel",
            reason: "it is already a file"),
    ]

    @Test("a listing with an unsafe path is refused before anything is downloaded", arguments: unsafe)
    func unsafePath(_ row: Unsafe) {
        let fake = FakeMLflow(FakeMLflow.topListing(row.entries))
        defer { fake.server.stop() }
        #expect(
            fake.message { try fake.resolve() } == """
                error: cannot find `models:/churn/3`: the server lists `\(row.path)`, which no model may hold: \(row.reason)
                hint: nothing was written; look at the model's files in MLflow before you use it anywhere

                """)
    }

    @Test("folders that hold themselves without end are refused at the depth limit")
    func endless() {
        let fake = FakeMLflow { request in
            request.target.contains("artifacts?path=")
                ? .text(200, #"{"files": [{"path": "again", "is_dir": true}]}"#) : nil
        }
        defer { fake.server.stop() }
        let text = fake.message { try fake.resolve() }
        #expect(text.contains("it has 65 components, the limit is 64"))
        #expect(fake.server.requests.count < 80)
    }

    @Test("sizes whose sum is beyond the limit are refused")
    func tooLarge() {
        let fake = FakeMLflow(
            FakeMLflow.topListing(
                #"{"path": "MLmodel", "file_size": 9223372036854775807}, {"path": "b", "file_size": 9223372036854775807}"#
            ))
        defer { fake.server.stop() }
        #expect(
            fake.message { try fake.resolve() }
                == "error: cannot find `models:/churn/3`: the server lists more than the limit of 17,592,186,044,416 bytes\n"
        )
    }

    @Test(
        "a run's listing that repeats its page token, or leads elsewhere, is refused",
        arguments: [
            (
                #"{"files": [{"path": "m/MLmodel"}], "next_page_token": "t"}"#,
                "the server's listing of `m` goes in a circle"
            ),
            (
                #"{"files": [{"path": "other/MLmodel"}, {"path": "m/x"}]}"#,
                "the server lists `other/MLmodel`, which no model may hold: it does not lie in the folder that was asked, `m`"
            ),
        ])
    func runListing(answer: String, reason: String) {
        let fake = FakeMLflow { request in
            if request.path.hasSuffix("runs/get") {
                return .text(200, #"{"run": {"info": {"artifact_uri": "/srv/x", "experiment_id": "1"}}}"#)
            }
            return request.path.hasSuffix("artifacts/list") ? .text(200, answer) : nil
        }
        defer { fake.server.stop() }
        #expect(fake.message { try fake.resolve("runs:/r/m") }.contains(reason))
    }

    @Test("an old server without logged models still has runs; pages are followed")
    func oldServer() throws {
        let fake = FakeMLflow { request in
            if request.path.hasSuffix("runs/get") {
                return .text(200, #"{"run": {"info": {"artifact_uri": "/srv/x", "experiment_id": "1"}}}"#)
            }
            if request.target.contains("page_token=t") {
                return .text(200, #"{"files": [{"path": "m/b", "is_dir": false, "file_size": 1}]}"#)
            }
            if request.path.hasSuffix("artifacts/list") {
                return .text(200, #"{"files": [{"path": "m/MLmodel", "file_size": 1}], "next_page_token": "t"}"#)
            }
            return .text(404, "<html></html>", type: "text/html")
        }
        defer { fake.server.stop() }
        let model = try fake.resolve("runs:/r/m")
        #expect(model.listing.map(\.path.text) == ["MLmodel", "b"])
        #expect(
            try model.files[1].request().url.exactText
                == fake.server.origin + "/get-artifact?path=m%2Fb&run_id=r")
    }
}
