import Credentials
import Diagnostics
import HTTPTransport
import JSONText
import TestKit
import Testing

@testable import Registry

@Suite struct DatabricksWorkspaceTests {
    static let api = "/api/2.0/mlflow/"

    @Test("a version is asked for once, listed folder by folder, and read from addresses that never see the token")
    func version() throws {
        let fake = try FakeDatabricks()
        defer { fake.stop() }
        let model = try fake.locate("models:/a+b é/3")
        #expect(model.isImmutable)
        #expect(try fake.contents(model.stores[0]) == FakeDatabricks.tree)
        #expect(
            JSONWriter.text(model.identity.json, style: .compact)
                == #"{"kind":"databricks","reference":"models:/a+b é/3","server":"\#(fake.workspace.origin)","name":"a+b é","version":"3","run_id":"r1"}"#
        )
        let name = "name=a%2Bb%20%C3%A9&version=3"
        #expect(
            fake.asked == [
                "GET \(Self.api)model-versions/get?\(name)",
                "GET \(Self.api)model-versions/list-artifacts?\(name)&path=",
                "GET \(Self.api)model-versions/list-artifacts?\(name)&path=data",
                "GET \(Self.api)model-versions/get-signed-download-uri?\(name)&path=MLmodel",
                "GET \(Self.api)model-versions/get-signed-download-uri?\(name)&path=data%2Fempty",
                "GET \(Self.api)model-versions/get-signed-download-uri?\(name)&path=data%2Fmodel.pkl",
            ])
        #expect(fake.workspace.requests.allSatisfy { $0.headers["authorization"] == "Bearer sesame" })
        #expect(fake.workspace.requests.allSatisfy { $0.headers["x-databricks-org-id"] == "42" })
        #expect(fake.workspace.requests.allSatisfy { $0.headers["user-agent"] == "skiff-test" })
        #expect(
            fake.askedOfStorage == [
                "GET /signed/MLmodel?sig=a%2Bb%2Fc%3D", "GET /signed/data/empty?sig=a%2Bb%2Fc%3D",
                "GET /signed/data/model.pkl?sig=a%2Bb%2Fc%3D",
            ])
        #expect(fake.storage.requests.allSatisfy { $0.headers["authorization"] == nil })
        #expect(fake.storage.requests.allSatisfy { $0.headers["x-databricks-org-id"] == nil })
        #expect(fake.storage.requests.allSatisfy { $0.headers["x-signed"] == "yes" })
    }

    @Test("a sub-path is the root of what is listed and read")
    func subpath() throws {
        let fake = try FakeDatabricks()
        defer { fake.stop() }
        let model = try fake.locate("models:/churn/3/data")
        #expect(try fake.contents(model.stores[0]) == ["model.pkl": "0123456789", "empty": ""])
        #expect(fake.asked[1].hasSuffix("list-artifacts?name=churn&version=3&path=data"))
        #expect(fake.asked[2].hasSuffix("get-signed-download-uri?name=churn&version=3&path=data%2Fempty"))
    }

    @Test(
        "stages go out as written, `latest` without any, and the highest number wins",
        arguments: [
            ("Production", #"{"name":"churn","stages":["Production"]}"#),
            ("sTaging", #"{"name":"churn","stages":["sTaging"]}"#),
            ("LATEST", #"{"name":"churn"}"#),
        ])
    func stage(stage: String, body: String) throws {
        let fake = try FakeDatabricks(workspace: { request in
            guard request.path.hasSuffix("get-latest-versions") else { return nil }
            return .text(
                200,
                #"{"model_versions": [{"name": "churn", "version": "9"}, {"name": "churn", "version": "10"}, {"name": "churn", "version": 2}]}"#
            )
        })
        defer { fake.stop() }
        let identity = try fake.locate("models:/churn/\(stage)").identity
        #expect(identity.version == "10")
        #expect(identity.stage == (stage == "LATEST" ? nil : stage))
        #expect(fake.asked == ["POST \(Self.api)registered-models/get-latest-versions"])
        #expect(String(decoding: fake.workspace.requests[0].body, as: UTF8.self) == body)
    }

    @Test("a workspace that does not know the POST is asked with a GET")
    func olderLatest() throws {
        let fake = try FakeDatabricks(workspace: { request in
            guard request.path.hasSuffix("get-latest-versions") else { return nil }
            guard request.method == "GET" else { return FakeDatabricks.unknownAddress(request) }
            return .text(200, #"{"model_versions": [{"name": "churn", "version": "7"}]}"#)
        })
        defer { fake.stop() }
        #expect(try fake.locate("models:/churn/Staging").identity.version == "7")
        #expect(
            fake.asked == [
                "POST \(Self.api)registered-models/get-latest-versions",
                "GET \(Self.api)registered-models/get-latest-versions?name=churn&stages=Staging",
            ])
    }

    @Test("an alias is refused without a request, and the message names Unity Catalog")
    func alias() throws {
        let fake = try FakeDatabricks()
        defer { fake.stop() }
        #expect(
            fake.message { try fake.locate("models:/churn@champion") } == """
                error: cannot find `models:/churn@champion`: the workspace registry has no aliases, only Unity Catalog has them
                hint: name a version or a stage, as in `models:/churn/Production`
                hint: the models of Unity Catalog have aliases: `models://databricks-uc/CATALOG.SCHEMA.churn@champion`

                """)
        #expect(fake.asked.isEmpty)
    }

    @Test("a version that is not ready says its status and the workspace's words")
    func notReady() throws {
        let fake = try FakeDatabricks(workspace: { _ in
            .text(
                200,
                #"{"model_version": {"name": "churn", "version": "3", "status": "FAILED_REGISTRATION", "status_message": "copy\u001b[2J failed"}}"#
            )
        })
        defer { fake.stop() }
        #expect(
            fake.message { try fake.locate("models:/churn/3") } == """
                error: cannot find `models:/churn/3`: version 3 is not ready, its status is `FAILED_REGISTRATION`
                  - the workspace says: copy\\u{1b}[2J failed
                hint: register it again

                """)
    }

    @Test("pages are followed by their tokens, encoded whole, and sizes may be text")
    func pages() throws {
        let fake = try FakeDatabricks(workspace: { request in
            guard request.path.hasSuffix("list-artifacts") else { return nil }
            return request.target.contains("page_token=")
                ? FakeDatabricks.page(#"{"path": "b", "is_dir": false}"#, token: "")
                : FakeDatabricks.page(#"{"path": "a", "is_dir": false, "file_size": "12"}"#, token: "a+b/c==")
        })
        defer { fake.stop() }
        #expect(try fake.listing(fake.locate("models:/churn/3").stores[0]) == ["a 12", "b ?"])
        #expect(fake.asked.last?.hasSuffix("&path=&page_token=a%2Bb%2Fc%3D%3D") == true)
    }

    @Test("an answer without `files` is an empty folder, and an empty page with a token the last one")
    func emptyPages() throws {
        let fake = try FakeDatabricks(workspace: { request in
            guard request.path.hasSuffix("list-artifacts") else { return nil }
            return request.target.hasSuffix("path=data")
                ? .text(200, "{}")
                : request.target.contains("page_token")
                    ? FakeDatabricks.page("", token: "t2")
                    : FakeDatabricks.page(
                        #"{"path": "data", "is_dir": true}, {"path": "MLmodel", "is_dir": false, "file_size": 1}"#,
                        token: "t1")
        })
        defer { fake.stop() }
        #expect(try fake.listing(fake.locate("models:/churn/3").stores[0]) == ["MLmodel 1"])
        #expect(fake.asked.count == 4)
    }

    @Test("a file that is asked as a folder lists itself, which is no file of the folder")
    func fileAsFolder() throws {
        let fake = try FakeDatabricks()
        defer { fake.stop() }
        #expect(try fake.listing(fake.locate("models:/churn/3/MLmodel").stores[0]).isEmpty)
    }

    @Test("the headers of a signed address may come as an object too")
    func headersAsObject() throws {
        let fake = try FakeDatabricks(workspace: { request in
            guard request.path.hasSuffix("get-signed-download-uri"), let host = request.headers["x-storage"] else {
                return nil
            }
            return .text(200, host)
        })
        defer { fake.stop() }
        let origin = try HTTPURL(fake.workspace.origin).origin
        func address(_ text: String) throws -> SignedAddress {
            let object = try #require(JSONText.parse(text).objectValue)
            return try SignedAddress(object, key: "signed_uri", from: origin, doing: "read `MLmodel`")
        }
        let uri = #""signed_uri": "https://s3.example/x?sig=a%2Bb""#
        #expect(
            try address("{\(uri), \"headers\": {\"a\": \"1\", \"Range\": \"bytes=0-\"}}").headers == [
                HTTPHeader("a", "1")
            ])
        #expect(try address("{\(uri), \"headers\": null}").headers.isEmpty)
        #expect(
            try address("{\(uri), \"headers\": [{\"name\": \"a\", \"value\": \"1\"}, {\"name\": \"b\"}]}").headers
                == [HTTPHeader("a", "1")])
        #expect(try address("{\(uri)}").request.url.exactText == "https://s3.example/x?sig=a%2Bb")
        #expect(
            message { try address("{}") } == "error: cannot read `MLmodel`: the workspace gives no address for it\n")
        let secure = try HTTPURL("https://adb.example").origin
        let object = try #require(JSONText.parse(#"{"url": "http://s3.example/x?sig=secret"}"#).objectValue)
        #expect(
            message { try SignedAddress(object, key: "url", from: secure, doing: "read `MLmodel`") } == """
                error: cannot read `MLmodel`: the workspace signed an address without encryption
                  --> http://s3.example/x

                """)
    }

    struct Expiry: CustomTestStringConvertible, Sendable {
        let status: Int
        let code: String
        let words: String
        var testDescription: String { "\(status) \(code)" }
    }

    @Test(
        "an address that has expired is signed anew, by the storage's own code for it",
        arguments: [
            Expiry(status: 403, code: "AccessDenied", words: "Request has expired"),
            Expiry(
                status: 403, code: "AuthenticationFailed",
                words:
                    "</Message><AuthenticationErrorDetail>Signature not valid in the specified time frame: Start</AuthenticationErrorDetail><Message>"
            ),
            Expiry(status: 400, code: "ExpiredToken", words: "The provided token has expired."),
            Expiry(status: 403, code: "Unheard", words: "no reason"),
        ])
    func expiry(row: Expiry) throws {
        let fake = try FakeDatabricks(
            tree: ["MLmodel": "x"],
            storage: { $0.earlierCount == 0 ? FakeDatabricks.storageError(row.status, row.code, row.words) : nil })
        defer { fake.stop() }
        #expect(try fake.contents(fake.locate("models:/churn/3").stores[0]) == ["MLmodel": "x"])
        #expect(fake.asked.count { $0.contains("get-signed-download-uri") } == 2)
        #expect(fake.askedOfStorage.count == 2)
    }

    @Test("a storage that refuses a fresh address twice is named, without the signature")
    func firewall() throws {
        let fake = try FakeDatabricks(
            tree: ["MLmodel": "x"],
            storage: { _ in FakeDatabricks.storageError(403, "AuthorizationFailure", "not from\u{202e} here") })
        defer { fake.stop() }
        #expect(
            fake.message { try fake.contents(fake.locate("models:/churn/3").stores[0]) } == """
                error: cannot read `MLmodel`: the storage `STORAGE` refuses the address that the workspace signed
                  --> STORAGE/signed/MLmodel (GET, status 403)
                  - the storage says: AuthorizationFailure: not from\\u{202e} here
                hint: its firewall may not admit this machine: run this in a network that it admits

                """)
        #expect(fake.askedOfStorage.count == 2)
    }

    @Test("a workspace that cannot list sends us to DBFS, whose paths are encoded once")
    func dbfs() throws {
        let tree = ["MLmodel": "m", "sp ace+é%41&#.txt": "odd", "we ird#dir%41/x": "deep"]
        let fake = try FakeDatabricks(
            tree: tree,
            workspace: { request in
                if request.path.hasSuffix("list-artifacts") { return FakeDatabricks.unknownAddress(request) }
                guard request.path.hasSuffix("get-download-uri") else { return nil }
                return .text(200, #"{"artifact_uri": "dbfs:/FileStore/churn"}"#)
            })
        defer { fake.stop() }
        let store = try fake.locate("models:/churn/3").stores[0]
        #expect(try fake.contents(store) == tree)
        #expect(store.place == "dbfs:/FileStore/churn")
        #expect(
            Array(fake.asked.dropFirst(2)) == [
                "GET \(Self.api)model-versions/get-download-uri?name=churn&version=3",
                "GET /api/2.0/dbfs/list?path=%2FFileStore%2Fchurn",
                "GET /api/2.0/dbfs/list?path=%2FFileStore%2Fchurn%2Fwe%20ird%23dir%2541",
                "GET /dbfs/FileStore/churn/MLmodel",
                "GET /dbfs/FileStore/churn/sp%20ace%2B%C3%A9%2541%26%23.txt",
                "GET /dbfs/FileStore/churn/we%20ird%23dir%2541/x",
            ])
    }

    @Test("where DBFS does not give the files either, the message tells both")
    func dbfsRefuses() throws {
        let fake = try FakeDatabricks(workspace: { request in
            if request.path.hasSuffix("list-artifacts") { return FakeDatabricks.unknownAddress(request) }
            if request.path.hasSuffix("dbfs/list") {
                return FakeDatabricks.error(403, "PERMISSION_DENIED", "not by path")
            }
            guard request.path.hasSuffix("get-download-uri") else { return nil }
            return .text(200, #"{"artifact_uri": "dbfs:/databricks/mlflow-registry/7/models/model"}"#)
        })
        defer { fake.stop() }
        #expect(
            fake.message { try fake.listing(fake.locate("models:/churn/3").stores[0]) } == """
                error: cannot find it: `WORKSPACE` forbids it
                  --> WORKSPACE/api/2.0/dbfs/list (GET, status 403)
                  - the server says: PERMISSION_DENIED: not by path
                  - the workspace does not list the files of a version, and says that they are at `dbfs:/databricks/mlflow-registry/7/models/model`
                hint: it needs the permission CAN READ on the registered model `churn`
                hint: the credentials come from `DATABRICKS_TOKEN`; `skiff auth` shows whose they are

                """)
    }

    @Test("files that are neither listed nor on DBFS are given up, with their address")
    func neither() throws {
        let fake = try FakeDatabricks(workspace: { request in
            if request.path.hasSuffix("list-artifacts") { return FakeDatabricks.unknownAddress(request) }
            guard request.path.hasSuffix("get-download-uri") else { return nil }
            return .text(200, #"{"artifact_uri": "s3://bucket/x?secret=1"}"#)
        })
        defer { fake.stop() }
        #expect(
            fake.message { try fake.listing(fake.locate("models:/churn/3").stores[0]) } == """
                error: cannot find it: the workspace neither lists its files nor has them on DBFS
                  - they are at `s3://bucket/x`

                """)
    }
}
