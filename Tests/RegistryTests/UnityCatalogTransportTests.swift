import Diagnostics
import HTTPTransport
import JSONText
import Platform
import TestKit
import Testing

@testable import Registry

/// Where the Files API is not, the files are read from the cloud with a credential that the workspace lends; here from Google's
/// storage, whose requests are the simplest.
@Suite struct UnityCatalogTransportTests {
    static let lend = "POST /api/2.0/mlflow/unity-catalog/model-versions/generate-temporary-credentials"
    static let version =
        #"{"model_version": {"name": "main.default.churn", "version": "4", "status": "READY", "storage_location": "gs://bucket/models/4"}}"#
    static let google =
        #"{"credentials": {"expiration_time": 4000000000000, "gcp_oauth_token": {"oauth_token": "ya29.lent"}}}"#

    /// A workspace that has no Files API for models, unless `files` answers.
    static func workspace(
        lending: FaultServer.Reply = .text(200, google), _ files: @escaping FakeDatabricks.Fault
    ) -> FakeDatabricks.Fault {
        { request in
            if request.path.hasSuffix("model-versions/get") { return .text(200, version) }
            if request.path.hasSuffix("generate-temporary-credentials") { return lending }
            return request.path.hasPrefix("/api/2.0/fs/") ? files(request) : nil
        }
    }

    /// Google's storage with `MLmodel` and `data/x`.
    static let storage: FakeDatabricks.Fault = { request in
        guard request.headers["authorization"] == "Bearer ya29.lent" else { return .text(401, "{}") }
        guard request.path.hasPrefix("/storage/v1/b/bucket/o") || request.path.hasPrefix("/download/") else {
            return nil
        }
        if request.path.hasSuffix("models%2F4%2FMLmodel") { return .text(200, "m") }
        if request.path.hasSuffix("models%2F4%2Fdata%2Fx") { return .text(200, "xx") }
        return .text(
            200,
            #"{"items": [{"name": "models/4/MLmodel", "size": "1", "generation": "5"}, {"name": "models/4/data/x", "size": "2", "generation": "6"}]}"#
        )
    }

    static func locate(_ fake: FakeDatabricks, _ reference: String = UnityCatalogTests.model) throws -> LocatedModel {
        try fake.locate(reference, ["STORAGE_EMULATOR_HOST": fake.storage.origin])
    }

    @Test(
        "without the Files API the cloud is read with a lent credential, which the workspace gives once",
        arguments: [
            FakeDatabricks.error(404, "ENDPOINT_NOT_FOUND", "No API found"),
            FakeDatabricks.error(404, "NOT_FOUND", "no such directory"),
            FakeDatabricks.error(403, "PERMISSION_DENIED", "no access to the Files API"),
            FakeDatabricks.error(400, "INVALID_PARAMETER_VALUE", "path must begin with /Volumes"),
        ])
    func cloud(refusal: FaultServer.Reply) throws {
        let fake = try FakeDatabricks(workspace: Self.workspace { _ in refusal }, storage: Self.storage)
        defer { fake.stop() }
        let store = try Self.locate(fake).stores[0]
        #expect(try fake.contents(store) == ["MLmodel": "m", "data/x": "xx"])
        #expect(store.place == "gs://bucket/models/4")
        #expect(
            fake.asked == [
                "GET /api/2.0/mlflow/unity-catalog/model-versions/get?name=main.default.churn&version=4",
                "GET /api/2.0/fs/directories/Models/main/default/churn/4?page_size=1000", Self.lend,
            ])
        #expect(
            String(decoding: fake.workspace.requests[2].body, as: UTF8.self)
                == #"{"name":"main.default.churn","version":"4","operation":"MODEL_VERSION_OPERATION_READ"}"#)
        #expect(fake.storage.requests.allSatisfy { $0.headers["authorization"] == "Bearer ya29.lent" })
        // A second listing asks the same store again, and can be compared.
        #expect(try fake.listing(store) == ["MLmodel 1", "data/x 2"])
        #expect(fake.asked.count == 3)
    }

    @Test("a sub-path is the root in the cloud too")
    func subpath() throws {
        let fake = try FakeDatabricks(
            workspace: Self.workspace { FakeDatabricks.unknownAddress($0) },
            storage: { request in
                guard request.path == "/storage/v1/b/bucket/o" else { return Self.storage(request) }
                return .text(200, #"{"items": [{"name": "models/4/data/x", "size": "2"}]}"#)
            })
        defer { fake.stop() }
        #expect(try fake.contents(Self.locate(fake, "models:/main.default.churn/4/data").stores[0]) == ["x": "xx"])
        #expect(fake.askedOfStorage[0].contains("prefix=models%2F4%2Fdata%2F"))
    }

    @Test("the documented surface lends with numbers and flat answers")
    func native() throws {
        let fake = try FakeDatabricks(
            workspace: { request in
                if request.path == "/api/2.1/unity-catalog/temporary-model-version-credentials" {
                    return .text(
                        200, #"{"expiration_time": 4000000000000, "gcp_oauth_token": {"oauth_token": "ya29.lent"}}"#)
                }
                if request.path.hasPrefix("/api/2.1/") {
                    return .text(200, #"{"version": 4, "status": "READY", "storage_location": "gs://bucket/models/4"}"#)
                }
                return FakeDatabricks.unknownAddress(request)
            }, storage: Self.storage)
        defer { fake.stop() }
        #expect(try fake.contents(Self.locate(fake).stores[0]) == ["MLmodel": "m", "data/x": "xx"])
        #expect(
            fake.workspace.requests.last.map { String(decoding: $0.body, as: UTF8.self) }
                == #"{"catalog_name":"main","schema_name":"default","model_name":"churn","version":4,"operation":"READ_MODEL_VERSION"}"#
        )
    }

    @Test("a version that does not say where it is makes one request more")
    func location() throws {
        let fake = try FakeDatabricks(
            workspace: { request in
                if request.path.hasSuffix("model-versions/get") {
                    return .text(200, #"{"model_version": {"name": "main.default.churn", "version": "4"}}"#)
                }
                if request.path.hasSuffix("get-download-uri") {
                    return .text(200, #"{"artifact_uri": "gs://bucket/models/4"}"#)
                }
                if request.path.hasSuffix("generate-temporary-credentials") { return .text(200, Self.google) }
                return FakeDatabricks.unknownAddress(request)
            }, storage: Self.storage)
        defer { fake.stop() }
        #expect(try fake.listing(Self.locate(fake).stores[0]) == ["MLmodel 1", "data/x 2"])
        #expect(
            fake.asked.last
                == "GET /api/2.0/mlflow/unity-catalog/model-versions/get-download-uri?name=main.default.churn&version=4"
        )
    }

    @Test("a credential that the storage calls expired is lent anew")
    func renewal() throws {
        let fake = try FakeDatabricks(
            workspace: { request in
                guard request.path.hasSuffix("generate-temporary-credentials"), request.earlierCount == 0 else {
                    return Self.workspace { FakeDatabricks.unknownAddress($0) }(request)
                }
                return .text(200, Self.google.replacing("ya29.lent", with: "ya29.old"))
            }, storage: Self.storage)
        defer { fake.stop() }
        #expect(try fake.contents(Self.locate(fake).stores[0]) == ["MLmodel": "m", "data/x": "xx"])
        #expect(fake.asked.count { $0 == Self.lend } == 2)
    }

    @Test("a file that the storage refuses is asked of the Files API once more")
    func storageRefuses() throws {
        let fake = try FakeDatabricks(
            workspace: Self.workspace { request in
                request.path.hasPrefix("/api/2.0/fs/files")
                    ? .text(200, "m") : FakeDatabricks.error(403, "PERMISSION_DENIED", "no")
            },
            storage: { request in
                request.path.hasSuffix("MLmodel")
                    ? .text(403, #"{"error": {"code": 403, "message": "not you"}}"#) : Self.storage(request)
            })
        defer { fake.stop() }
        #expect(try fake.contents(Self.locate(fake).stores[0]) == ["MLmodel": "m", "data/x": "xx"])
        #expect(fake.asked.last == "GET /api/2.0/fs/files/Models/main/default/churn/4/MLmodel")
    }

    @Test("files in default storage need the Files API, and the message says why that failed")
    func defaultStorage() throws {
        let lending = FaultServer.Reply.text(200, #"{"credentials": {"storage_mode": "DEFAULT_STORAGE"}}"#)
        let fake = try FakeDatabricks(
            workspace: Self.workspace(lending: lending) { FakeDatabricks.unknownAddress($0) })
        defer { fake.stop() }
        #expect(
            fake.message { try fake.listing(Self.locate(fake).stores[0]) } == """
                error: cannot find it: its files are in default storage, which only the Files API reads
                  - the Files API before it: `WORKSPACE` has nothing at this address
                hint: the token may need the scope `files`

                """)
    }

    @Test("a credential of an unknown kind is said to be one")
    func unknownKind() throws {
        let lending = FaultServer.Reply.text(200, #"{"credentials": {"expiration_time": 4000000000000}}"#)
        let fake = try FakeDatabricks(
            workspace: Self.workspace(lending: lending) { FakeDatabricks.error(404, "NOT_FOUND", "\($0.path)") })
        defer { fake.stop() }
        #expect(
            fake.message { try fake.listing(Self.locate(fake).stores[0]) } == """
                error: cannot find it: the workspace lends a credential of a kind that is not known here
                  - the Files API before it: the workspace does not know it
                hint: is there a newer version of this tool?

                """)
    }

    @Test("when both ways are forbidden the grants of the model are named, with both refusals")
    func bothForbidden() throws {
        let lending = FakeDatabricks.error(403, "PERMISSION_DENIED", "no EXECUTE on main.default.churn")
        let fake = try FakeDatabricks(
            workspace: Self.workspace(lending: lending) { _ in
                FakeDatabricks.error(403, "PERMISSION_DENIED", "no files")
            })
        defer { fake.stop() }
        #expect(
            fake.message { try fake.listing(Self.locate(fake).stores[0]) } == """
                error: cannot find it: `WORKSPACE` forbids it
                  --> WORKSPACE/api/2.0/fs/directories/Models/main/default/churn/4 (GET, status 403)
                  - the server says: PERMISSION_DENIED: no files
                  - the way around the Files API: `WORKSPACE` forbids it
                hint: it needs EXECUTE on the model `main.default.churn`, USE CATALOG on `main` and USE SCHEMA on `main.default`
                hint: the credentials come from `DATABRICKS_TOKEN`; `skiff auth` shows whose they are

                """)
    }

    @Test("a token that is refused, or a network, ends the search for ways")
    func noOtherWay() throws {
        for words in ["Invalid access token.", "Source IP address 10.1.1.1 is blocked by Databricks IP ACL"] {
            let fake = try FakeDatabricks(
                workspace: Self.workspace { _ in .text(403, #"{"error_code": 403, "message": "\#(words)"}"#) })
            defer { fake.stop() }
            #expect(throws: RegistryError.self) { try fake.listing(Self.locate(fake).stores[0]) }
            #expect(fake.asked.count == 2)
        }
    }
}
