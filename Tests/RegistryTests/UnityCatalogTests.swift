import Diagnostics
import HTTPTransport
import JSONText
import Platform
import TestKit
import Testing

@testable import Registry

@Suite struct UnityCatalogTests {
    static let legacy = "/api/2.0/mlflow/unity-catalog/"
    static let native = "/api/2.1/unity-catalog/"
    static let model = "models:/main.default.churn/4"
    static let directory = "/api/2.0/fs/directories/Models/main/default/churn/4"

    @Test("small files need one request each, beside one for the version and one for each folder")
    func smallFiles() throws {
        let fake = try FakeDatabricks()
        defer { fake.stop() }
        let model = try fake.locate(Self.model)
        #expect(try fake.contents(model.stores[0]) == FakeDatabricks.tree)
        #expect(model.isImmutable)
        #expect(model.stores[0].place == "/Models/main/default/churn/4")
        #expect(
            JSONWriter.text(model.identity.json, style: .compact)
                == #"{"kind":"databricks-uc","reference":"models:/main.default.churn/4","server":"\#(fake.workspace.origin)","name":"main.default.churn","version":"4","run_id":"r1","artifact_uri":"s3://bucket/models/4"}"#
        )
        let files = "/api/2.0/fs/files/Models/main/default/churn/4"
        #expect(
            fake.asked == [
                "GET \(Self.legacy)model-versions/get?name=main.default.churn&version=4",
                "GET \(Self.directory)?page_size=1000",
                "GET \(Self.directory)/data?page_size=1000", "GET \(files)/MLmodel", "GET \(files)/data/empty",
                "GET \(files)/data/model.pkl",
            ])
        #expect(fake.workspace.requests.last?.headers["accept"] == "application/octet-stream")
        #expect(fake.storage.requests.isEmpty)
    }

    @Test("ten small files make 13 requests, those of a second listing among them")
    func requestCount() throws {
        let tree = Dictionary(uniqueKeysWithValues: (0..<10).map { ("f\($0)", "\($0)") })
        let fake = try FakeDatabricks(tree: tree)
        defer { fake.stop() }
        let store = try fake.locate(Self.model).stores[0]
        #expect(try fake.contents(store) == tree)
        #expect(try fake.listing(store).count == 10)
        #expect(fake.asked.count == 13)
    }

    @Test("an alias is one request; the version is the one that it points at")
    func alias() throws {
        let fake = try FakeDatabricks()
        defer { fake.stop() }
        let identity = try fake.locate("models:/main.default.churn@champ ion").identity
        #expect(identity.version == "4")
        #expect(identity.alias == "champ ion")
        #expect(fake.asked == ["GET \(Self.legacy)registered-models/alias?name=main.default.churn&alias=champ%20ion"])
    }

    @Test("latest is the highest version that is ready, on all pages")
    func latest() throws {
        let fake = try FakeDatabricks(workspace: { request in
            guard request.path.hasSuffix("model-versions/search") else { return nil }
            func version(_ number: Int, _ status: String) -> String {
                #"{"name": "main.default.churn", "version": "\#(number)", "status": "\#(status)"}"#
            }
            let (page, token) =
                request.target.contains("page_token")
                ? ([version(9, "READY"), version(11, "FAILED_REGISTRATION")], "")
                : ([version(3, "READY"), version(10, "PENDING_REGISTRATION"), version(2, "READY")], "p+2")
            return .text(
                200, #"{"model_versions": [\#(page.joined(separator: ", "))], "next_page_token": "\#(token)"}"#)
        })
        defer { fake.stop() }
        #expect(try fake.locate("models:/main.default.churn/Latest").identity.version == "9")
        let search = "GET \(Self.legacy)model-versions/search?filter=name%3D%27main.default.churn%27"
        #expect(fake.asked == [search, search + "&page_token=p%2B2"])
    }

    @Test("when no version is ready, `latest` says so, and when there is none as well")
    func noneReady() throws {
        let fake = try FakeDatabricks(workspace: { request in
            guard request.path.hasSuffix("model-versions/search") else { return nil }
            return request.target.contains("empty")
                ? .text(200, "{}")
                : .text(200, #"{"model_versions": [{"version": "1", "status": "PENDING_REGISTRATION"}]}"#)
        })
        defer { fake.stop() }
        #expect(
            fake.message { try fake.locate("models:/main.default.churn/latest") } == """
                error: cannot find `models:/main.default.churn/latest`: none of its 1 versions is ready
                hint: try again in a while

                """)
        #expect(
            fake.message { try fake.locate("models:/main.default.empty/latest") } == """
                error: cannot find `models:/main.default.empty/latest`: `main.default.empty` has no version

                """)
    }

    static let nativeVersion =
        #"{"model_name": "churn", "catalog_name": "main", "schema_name": "default", "version": 4, "status": "READY", "storage_location": "s3://bucket/models/4", "run_id": "r1", "created_at": 1700000000000, "aliases": [{"alias_name": "champion", "version_num": 4}]}"#

    static let nativeOnly: FakeDatabricks.Fault = { request in
        if request.path.hasPrefix("/api/2.0/mlflow/unity-catalog/") { return FakeDatabricks.unknownAddress(request) }
        guard request.path.hasPrefix("/api/2.1/unity-catalog/models/") else { return nil }
        if request.path.hasSuffix("/versions") { return .text(200, #"{"model_versions": [\#(nativeVersion)]}"#) }
        return .text(200, nativeVersion)
    }

    @Test(
        "a workspace without the older surface is asked by the documented one",
        arguments: [
            ("models:/main.default.churn/4", "model-versions/get?name=main.default.churn&version=4", "versions/4"),
            (
                "models:/main.default.churn@champion", "registered-models/alias?name=main.default.churn&alias=champion",
                "aliases/champion"
            ),
            (
                "models:/main.default.churn/latest", "model-versions/search?filter=name%3D%27main.default.churn%27",
                "versions"
            ),
        ])
    func nativeSurface(reference: String, first: String, second: String) throws {
        let fake = try FakeDatabricks(workspace: Self.nativeOnly)
        defer { fake.stop() }
        let model = try fake.locate(reference)
        #expect(model.identity.name == "main.default.churn")
        #expect(model.identity.version == "4")
        #expect(model.identity.createdMilliseconds == 1_700_000_000_000)
        #expect(fake.asked == ["GET \(Self.legacy)\(first)", "GET \(Self.native)models/main.default.churn/\(second)"])
        #expect(try fake.contents(model.stores[0]) == FakeDatabricks.tree)
    }

    @Test("MLflow's variable asks the documented surface at once")
    func nativeFirst() throws {
        let fake = try FakeDatabricks(workspace: Self.nativeOnly)
        defer { fake.stop() }
        _ = try fake.locate(Self.model, ["MLFLOW_ENABLE_UC_NATIVE_MODEL_REGISTRY": "TRUE"])
        #expect(fake.asked == ["GET \(Self.native)models/main.default.churn/versions/4"])
    }

    @Test("a server without either surface is no workspace, says the first answer")
    func noSurface() throws {
        let fake = try FakeDatabricks(workspace: { _ in .text(404, "<html>Not Found</html>", type: "text/html") })
        defer { fake.stop() }
        #expect(
            fake.message { try fake.locate(Self.model) } == """
                error: cannot find `models:/main.default.churn/4`: `WORKSPACE` has nothing at this address
                  --> WORKSPACE/api/2.0/mlflow/unity-catalog/model-versions/get (GET, status 404)
                hint: is `WORKSPACE` the address of a Databricks workspace, without a path after it?

                """)
        #expect(fake.asked.count == 2)
    }

    @Test("a stage is refused without a request")
    func stage() throws {
        let fake = try FakeDatabricks()
        defer { fake.stop() }
        #expect(
            fake.message { try fake.locate("models:/main.default.churn/Production") } == """
                error: cannot find `models:/main.default.churn/Production`: models in Unity Catalog have no stages such as `Production`
                hint: name a version or an alias, as in `models:/main.default.churn/1` or `models:/main.default.churn@champion`

                """)
        #expect(fake.asked.isEmpty)
    }

    @Test(
        "a name that has not three parts is refused without a request",
        arguments: [
            (
                "models:/churn@best",
                """
                error: cannot find `models:/churn@best`: a name in Unity Catalog has three parts, catalog, schema and model, and this one has one
                hint: write `models:/CATALOG.SCHEMA.churn@best`
                hint: a model of the workspace registry is `models://databricks/churn@best`

                """
            ),
            (
                "models:/default.churn/1",
                """
                error: cannot find `models:/default.churn/1`: a name in Unity Catalog has three parts, catalog, schema and model, and this one has two
                hint: write `models:/CATALOG.SCHEMA.MODEL/1`

                """
            ),
            (
                "models:/a..b/latest",
                """
                error: cannot find `models:/a..b/latest`: a name in Unity Catalog has three parts, catalog, schema and model, and this one has an empty one
                hint: write `models:/CATALOG.SCHEMA.MODEL/latest`

                """
            ),
        ])
    func names(reference: String, message: String) throws {
        let fake = try FakeDatabricks()
        defer { fake.stop() }
        let catalog = try UnityCatalog(fake.client, Surroundings())
        #expect(fake.message { try fake.locate(reference, in: { _ in catalog }) } == message)
        #expect(fake.asked.isEmpty)
    }

    @Test("a missing version says which versions and aliases there are")
    func missingVersion() throws {
        let fake = try FakeDatabricks(workspace: { request in
            if request.path.hasSuffix("model-versions/get") {
                return FakeDatabricks.error(404, "RESOURCE_DOES_NOT_EXIST", "Model version '9' does not exist.")
            }
            if request.path.hasSuffix("model-versions/search") {
                return .text(
                    200,
                    #"{"model_versions": [{"version": "2"}, {"version": "1"}, {"version": "12", "aliases": [{"alias": "beta"}]}]}"#
                )
            }
            return .text(200, #"{"registered_model": {"aliases": [{"alias": "champion", "version": "1"}]}}"#)
        })
        defer { fake.stop() }
        #expect(
            fake.message { try fake.locate("models:/main.default.churn/9") } == """
                error: cannot find `models:/main.default.churn/9`: the workspace does not know it
                  --> WORKSPACE/api/2.0/mlflow/unity-catalog/model-versions/get (GET, status 404)
                  - the server says: RESOURCE_DOES_NOT_EXIST: Model version '9' does not exist.
                hint: the model `main.default.churn` exists: its versions are 1, 2, 12, its aliases are `beta`, `champion`

                """)
    }

    @Test("a server that cannot list versions is asked for the aliases alone")
    func missingAlias() throws {
        let fake = try FakeDatabricks(workspace: { request in
            if request.path.hasSuffix("registered-models/alias") {
                return FakeDatabricks.error(404, "RESOURCE_DOES_NOT_EXIST", "Alias 'x' does not exist.")
            }
            guard request.path.hasSuffix("registered-models/get") else { return FakeDatabricks.unknownAddress(request) }
            return .text(200, #"{"registered_model": {"aliases": [{"alias": "champion", "version": "1"}]}}"#)
        })
        defer { fake.stop() }
        #expect(
            fake.message { try fake.locate("models:/main.default.churn@x") } == """
                error: cannot find `models:/main.default.churn@x`: the workspace does not know it
                  --> WORKSPACE/api/2.0/mlflow/unity-catalog/registered-models/alias (GET, status 404)
                  - the server says: RESOURCE_DOES_NOT_EXIST: Alias 'x' does not exist.
                hint: the model `main.default.churn` exists: its aliases are `champion`

                """)
    }

    @Test("a missing model says which models its schema has")
    func missingModel() throws {
        let fake = try FakeDatabricks(workspace: { request in
            guard request.path == "/api/2.1/unity-catalog/models" else {
                return FakeDatabricks.error(404, "RESOURCE_DOES_NOT_EXIST", "Registered Model does not exist.")
            }
            return .text(200, #"{"registered_models": [{"full_name": "main.default.churn"}, {"name": "areas"}]}"#)
        })
        defer { fake.stop() }
        #expect(
            fake.message { try fake.locate("models:/main.default.chrun@champion") } == """
                error: cannot find `models:/main.default.chrun@champion`: the workspace does not know it
                  --> WORKSPACE/api/2.0/mlflow/unity-catalog/registered-models/alias (GET, status 404)
                  - the server says: RESOURCE_DOES_NOT_EXIST: Registered Model does not exist.
                hint: the schema `main.default` has the models `areas`, `main.default.churn`

                """)
        #expect(fake.asked.last == "GET /api/2.1/unity-catalog/models?catalog_name=main&schema_name=default")
    }

    @Test("names in another case are the catalog's; its spelling is what is asked for and what is listed")
    func spelling() throws {
        let fake = try FakeDatabricks()
        defer { fake.stop() }
        let model = try fake.locate("models:/Main.DEFAULT.churn/4")
        #expect(model.identity.name == "main.default.churn")
        #expect(try fake.contents(model.stores[0]) == FakeDatabricks.tree)
    }
}
