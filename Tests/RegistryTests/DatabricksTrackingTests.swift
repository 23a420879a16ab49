import Diagnostics
import HTTPTransport
import JSONText
import Platform
import TestKit
import Testing

@testable import Registry

@Suite struct DatabricksTrackingTests {
    static let api = "/api/2.0/mlflow/"
    static let runFiles = "/WorkspaceInternal/Mlflow/Artifacts/7/Runs/r1/artifacts/model"
    static let modelFiles = "/WorkspaceInternal/Mlflow/Artifacts/7/LoggedModels/m-1/artifacts"
    /// A workspace whose Files API does not give artifacts.
    static let noFiles: FakeDatabricks.Fault = { request in
        request.path.hasPrefix("/api/2.0/fs/") ? FakeDatabricks.error(403, "PERMISSION_DENIED", "not for you") : nil
    }

    func run(_ fake: FakeDatabricks, _ uri: String = "runs:/r1/model") throws -> LocatedModel {
        try fake.tracking.run(RunURI(uri), doing: "find `\(uri)`")
    }

    func loggedModel(_ fake: FakeDatabricks, _ subpath: String = "") throws -> LocatedModel {
        try fake.tracking.loggedModel("m-1", subpath: subpath, reference: "models:/m-1", doing: "find `models:/m-1`")
    }

    @Test("a run is read by the Files API, below its internal folder")
    func runByFiles() throws {
        let fake = try FakeDatabricks()
        defer { fake.stop() }
        let model = try run(fake)
        #expect(!model.isImmutable)
        #expect(try fake.contents(model.stores[0]) == FakeDatabricks.tree)
        #expect(model.stores.count == 1)
        #expect(
            JSONWriter.text(model.identity.json, style: .compact)
                == #"{"kind":"databricks","reference":"runs:/r1/model","server":"\#(fake.workspace.origin)","run_id":"r1","artifact_uri":"dbfs:/databricks/mlflow-tracking/7/r1/artifacts/model"}"#
        )
        #expect(
            fake.asked == [
                "GET \(Self.api)runs/get?run_id=r1", "POST \(Self.api)logged-models/search",
                "GET /api/2.0/fs/directories\(Self.runFiles)?page_size=1000",
                "GET /api/2.0/fs/directories\(Self.runFiles)/data?page_size=1000",
                "GET /api/2.0/fs/files\(Self.runFiles)/MLmodel", "GET /api/2.0/fs/files\(Self.runFiles)/data/empty",
                "GET /api/2.0/fs/files\(Self.runFiles)/data/model.pkl",
            ])
        #expect(
            String(decoding: fake.workspace.requests[1].body, as: UTF8.self)
                == #"{"experiment_ids":["7"],"filter":"name = 'model'"}"#)
    }

    @Test("where the Files API refuses, MLflow lists and signs: one request for the addresses of all files")
    func runByAddresses() throws {
        let fake = try FakeDatabricks(workspace: Self.noFiles)
        defer { fake.stop() }
        #expect(try fake.contents(run(fake).stores[0]) == FakeDatabricks.tree)
        #expect(
            Array(fake.asked.dropFirst(2)) == [
                "GET /api/2.0/fs/directories\(Self.runFiles)?page_size=1000",
                "GET \(Self.api)artifacts/list?run_id=r1&path=model",
                "GET \(Self.api)artifacts/list?run_id=r1&path=model%2Fdata",
                "POST \(Self.api)artifacts/credentials-for-read",
            ])
        #expect(
            fake.workspace.requests.last.map { String(decoding: $0.body, as: UTF8.self) }
                == #"{"run_id":"r1","path":["model/MLmodel","model/data/empty","model/data/model.pkl"]}"#)
        #expect(fake.askedOfStorage.count == 3)
        #expect(fake.storage.requests.allSatisfy { $0.headers["authorization"] == nil })
    }

    @Test("MLflow's variable leaves the Files API out for runs")
    func withoutFiles() throws {
        let fake = try FakeDatabricks()
        defer { fake.stop() }
        let surroundings = try Surroundings(
            environment: ["MLFLOW_DISABLE_DATABRICKS_SDK_FOR_RUN_ARTIFACTS": "true"])
        let tracking = DatabricksTracking(fake.client, surroundings)
        let model = try tracking.run(RunURI("runs:/r1/model"), doing: "find it")
        #expect(try fake.contents(model.stores[0]) == FakeDatabricks.tree)
        #expect(!fake.asked.contains { $0.contains("/fs/") })
    }

    @Test("what a run made as a logged model lies over what it has itself, also when it has nothing")
    func overlay() throws {
        let fake = try FakeDatabricks(workspace: { request in
            guard request.path.hasSuffix("logged-models/search") else { return nil }
            let isSecond = String(decoding: request.body, as: UTF8.self).contains("page_token")
            return isSecond
                ? .text(200, #"{"models": [{"info": {"model_id": "m-1", "source_run_id": "r1"}}]}"#)
                : .text(
                    200, #"{"models": [{"info": {"model_id": "m-0", "source_run_id": "r0"}}], "next_page_token": "t"}"#)
        })
        defer { fake.stop() }
        let model = try run(fake, "runs:/r1/clf")
        #expect(model.identity.modelID == "m-1")
        #expect(model.identity.artifactURI == "dbfs:/databricks/mlflow-tracking/7/logged_models/m-1/artifacts")
        #expect(model.stores.count == 2)
        // The Files API has no such folder, and neither has the run: no file, and no error.
        #expect(try fake.listing(model.stores[0]).isEmpty)
        #expect(try fake.contents(model.stores[1]) == FakeDatabricks.tree)
    }

    @Test("a logged model is read by the Files API, or by addresses that MLflow signs")
    func loggedModels() throws {
        let fake = try FakeDatabricks()
        defer { fake.stop() }
        let model = try loggedModel(fake, "data")
        #expect(model.isImmutable)
        #expect(model.identity.name == "clf")
        #expect(try fake.contents(model.stores[0]) == ["empty": "", "model.pkl": "0123456789"])
        #expect(fake.asked[1] == "GET /api/2.0/fs/directories\(Self.modelFiles)/data?page_size=1000")

        let other = try FakeDatabricks(workspace: Self.noFiles)
        defer { other.stop() }
        #expect(try other.contents(loggedModel(other).stores[0]) == FakeDatabricks.tree)
        let service = "\(Self.api)logged-models/m-1/artifacts"
        #expect(
            Array(other.asked.dropFirst(2)) == [
                "GET \(service)/directories", "GET \(service)/directories?artifact_directory_path=data",
                "POST \(service)/credentials-for-download",
            ])
        #expect(
            other.workspace.requests.last.map { String(decoding: $0.body, as: UTF8.self) }
                == #"{"paths":["MLmodel","data/empty","data/model.pkl"]}"#)
    }

    @Test("addresses that have expired are signed anew, for what has not been read yet")
    func renewal() throws {
        let fake = try FakeDatabricks(
            tree: ["a": "1", "b": "2", "c": "3"], workspace: Self.noFiles,
            storage: { request in
                guard request.path.hasSuffix("/b"), request.earlierCount == 0 else { return nil }
                return FakeDatabricks.storageError(403, "AccessDenied", "Request has expired")
            })
        defer { fake.stop() }
        #expect(try fake.contents(run(fake).stores[0]) == ["a": "1", "b": "2", "c": "3"])
        let bodies = fake.workspace.requests.filter { $0.path.hasSuffix("credentials-for-read") }
            .map { String(decoding: $0.body, as: UTF8.self) }
        #expect(
            bodies == [
                #"{"run_id":"r1","path":["model/a","model/b","model/c"]}"#,
                #"{"run_id":"r1","path":["model/b","model/c"]}"#,
            ])
    }

    @Test("addresses come in batches of two thousand, and in pages")
    func batches() throws {
        let fake = try FakeDatabricks(workspace: { request in
            guard request.path.hasSuffix("credentials-for-read") else { return nil }
            let body = try? JSONText.parse(request.body)
            let paths = (body?["path"]?.arrayValue ?? []).compactMap(\.stringValue)
            let half =
                body?["page_token"] == nil
                ? paths.prefix((paths.count + 1) / 2) : paths.dropFirst((paths.count + 1) / 2)
            let infos = half.map { #"{"path": "\#($0)", "signed_uri": "http://storage.example/\#($0)"}"# }
            let token = body?["page_token"] == nil ? #", "next_page_token": "t""# : ""
            return .text(200, #"{"credential_infos": [\#(infos.joined(separator: ", "))]\#(token)}"#)
        })
        defer { fake.stop() }
        let addresses = LentAddresses(fake.client, TrackedResource(kind: .run, id: "r1", experiment: "7"))
        let names = (0..<2_001).map { "f\($0)" }
        for name in names { addresses.expect(name) }
        for name in names {
            #expect(try addresses.address(of: name, doing: "read it").url.path == "/\(name)")
            addresses.started(name)
        }
        #expect(fake.asked == Array(repeating: "POST \(Self.api)artifacts/credentials-for-read", count: 4))
    }

    @Test("a file for which no address comes is an error of its own")
    func noAddress() throws {
        let fake = try FakeDatabricks(
            tree: ["MLmodel": "x"],
            workspace: { request in
                request.path.hasSuffix("credentials-for-read") ? .text(200, "{}") : Self.noFiles(request)
            })
        defer { fake.stop() }
        #expect(
            fake.message { try fake.contents(run(fake).stores[0]) } == """
                error: cannot read `MLmodel`: the workspace gives no address for it
                hint: it is listed, but there may be nothing behind it; log the model again

                """)
    }

    @Test("a logged model that is not ready is said to be so")
    func notReady() throws {
        let fake = try FakeDatabricks(workspace: { _ in
            .text(
                200,
                #"{"model": {"info": {"model_id": "m-1", "status": "LOGGED_MODEL_PENDING", "artifact_uri": "dbfs:/x"}}}"#
            )
        })
        defer { fake.stop() }
        #expect(
            fake.message { try loggedModel(fake) } == """
                error: cannot find `models:/m-1`: it is not ready, its status is `LOGGED_MODEL_PENDING`
                hint: log it again if nothing is logging it just now

                """)
    }

    @Test("a run that may not be read names the right that is missing")
    func forbidden() throws {
        let fake = try FakeDatabricks(workspace: { _ in FakeDatabricks.error(403, "PERMISSION_DENIED", "no") })
        defer { fake.stop() }
        #expect(
            fake.message { try run(fake) } == """
                error: cannot find `runs:/r1/model`: `WORKSPACE` forbids it
                  --> WORKSPACE/api/2.0/mlflow/runs/get (GET, status 403)
                  - the server says: PERMISSION_DENIED: no
                hint: it needs the permission CAN READ on the experiment
                hint: the credentials come from `DATABRICKS_TOKEN`; `skiff auth` shows whose they are

                """)
    }

    @Test(
        "addresses lead to stores",
        arguments: [
            ("dbfs:/databricks/mlflow-tracking/7/r1/artifacts/model", "\(runFiles)"),
            ("dbfs://me@databricks/databricks/mlflow-tracking/7/logged_models/m-1/artifacts", "\(modelFiles)"),
            ("dbfs:/Volumes/main/default/vol/x", "/Volumes/main/default/vol/x"),
            ("dbfs:/volumes/main/default/vol/x", "/Volumes/main/default/vol/x"),
            ("dbfs:/Volumes/main/default/vol", "/Volumes/main/default/vol"), ("dbfs:/FileStore/a", "dbfs:/FileStore/a"),
        ])
    func addresses(uri: String, place: String) throws {
        let fake = try FakeDatabricks()
        defer { fake.stop() }
        #expect(try fake.tracking.store(at: uri, "", doing: "find it").place == place)
    }

    @Test("other addresses are refused")
    func otherAddresses() throws {
        let fake = try FakeDatabricks()
        defer { fake.stop() }
        #expect(
            fake.message { try fake.tracking.store(at: "s3://b/x?sig=1", "", doing: "find it") } == """
                error: cannot find it: its files are at `s3://b/x`, which is no address on Databricks
                hint: write `dbfs:/PATH`; a store in the cloud is read with its own credentials, by its own URI

                """)
        #expect(
            fake.message {
                try fake.tracking.store(at: "dbfs:/databricks/mlflow-tracking/7/r1/other", "", doing: "find it")
            } == """
                error: cannot find it: its address is neither that of a run's artifacts nor of a logged model's
                hint: write `dbfs:/databricks/mlflow-tracking/EXPERIMENT/RUN/artifacts/PATH`, or better `runs:/RUN/PATH`

                """)
    }
}
