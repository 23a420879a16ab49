import Foundation
import TestKit
import Testing

@Suite("The stand-in is one that the real clients accept, and skiff gets the same from it", .besideStandIn, .serialized)
struct RealClientsTests {
    /// One way to a model. In values, `{storage}` and the like stand for what the running stand-in has.
    struct Way: Sendable, CustomTestStringConvertible {
        var name: String
        var reference: String
        var environment: [String: String] = [:]
        /// Where what the client writes begins, below its destination.
        var inner = ""
        /// The stand-in's tree, or a part of it, that is compared.
        var tree = "model"
        /// skiff is asked by this in place of `reference`; empty for a way that only the real client has.
        var ours: String?
        var testDescription: String { name }

        init(
            _ name: String, _ reference: String, _ environment: [String: String] = [:], inner: String = "",
            tree: String = "model", ours: String? = nil
        ) {
            self.name = name
            self.reference = reference
            self.environment = environment
            self.inner = inner
            self.tree = tree
            self.ours = ours
        }
    }

    static let workspace = ["MLFLOW_REGISTRY_URI": "databricks"]
    static let chunks = [
        "MLFLOW_MULTIPART_DOWNLOAD_MINIMUM_FILE_SIZE": "1000000", "MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE": "1048576",
    ]
    static let secretPair = [
        "DATABRICKS_TOKEN": "", "DATABRICKS_CLIENT_ID": "11111111-aaaa-bbbb-cccc-222222222222",
        "DATABRICKS_CLIENT_SECRET": "dose-stand-in/secret+of=client",
    ]
    static let azure = ["REQUESTS_CA_BUNDLE": "{authority}", "SSL_CERT_FILE": "{authority}"]
    static let runID = "0123456789abcdef0123456789abcdef"

    static let ways = [
        Way("workspace registry, version", "models:/churn/2", workspace),
        Way("workspace registry, stage", "models:/churn/production", workspace),
        Way("workspace registry, latest", "models:/churn/latest", workspace),
        Way("workspace registry, odd name", "models:/churn model é/Staging", workspace),
        Way("workspace registry, in chunks", "models:/churn/2", workspace.merging(chunks) { old, _ in old }, ours: ""),
        Way("Unity Catalog, Files API", "models:/main.default.churn/1"),
        Way("Unity Catalog, alias", "models:/main.default.churn@champion"),
        Way(
            "Unity Catalog, native surface", "models:/main.default.churn@champion",
            ["MLFLOW_ENABLE_UC_NATIVE_MODEL_REGISTRY": "true"]),
        Way(
            "Unity Catalog, the SDK's Files API", "models:/main.default.churn/1",
            ["MLFLOW_USE_DATABRICKS_SDK_MODEL_ARTIFACTS_REPO_FOR_UC": "true"], ours: ""),
        Way("Unity Catalog, odd name", "models:/main.my schema.churn é/1"),
        Way("Unity Catalog, S3", "models:/main.default.churn@s3", ["MLFLOW_S3_ENDPOINT_URL": "{storage}"]),
        Way("Unity Catalog, ADLS", "models:/main.default.churn@adls", azure),
        Way("Unity Catalog, GCS", "models:/main.default.churn@gcs", ["STORAGE_EMULATOR_HOST": "{storage}"]),
        Way(
            "Unity Catalog, R2", "models:/main.default.churn/5",
            azure.merging(["MLFLOW_S3_IGNORE_TLS": "true"]) { old, _ in old }),
        Way("logged model", "models:/m-0123456789abcdef0123456789abcdef"),
        Way("run", "runs:/\(runID)/model", inner: "model"),
        Way("run with a logged model", "runs:/\(runID)/clf", inner: "clf"),
        // MLflow's own client does not escape odd names here, so a folder without any.
        Way(
            "DBFS", "dbfs:/FileStore/models/churn/many", inner: "many",
            tree: "model/many", ours: ""),
        Way("OAuth machine to machine", "models:/main.default.churn/1", secretPair),
        Way("the SDK alone, machine to machine", "sdk:churn", secretPair, ours: ""),
        // Nor does it take a `#` in a name from a server.
        Way("MLflow's REST", "models:/ten/1", ["MLFLOW_TRACKING_URI": "{mlflow}"], tree: "ten"),
    ]

    private static func environment(_ way: Way, _ standIn: StandIn) throws -> [String: String] {
        try standIn.databricks(way.environment).mapValues { value in
            switch value {
            case "{authority}": standIn.authority
            case "{storage}": standIn.origin("storage")
            case "{mlflow}": standIn.origin("mlflow")
            default: value
            }
        }
    }

    @Test("MLflow's client and the Databricks SDK get every byte, by every way")
    func realClients() throws {
        let standIn = try BesideStandIn.standIn
        try standIn.reset()
        let folder = TemporaryDirectory()
        let errors = try RealClient.run(
            try Self.ways.map {
                RealClient.Case(name: $0.name, uri: $0.reference, environment: try Self.environment($0, standIn))
            }, in: folder)
        for way in Self.ways {
            let error: String? = errors[way.name] ?? "was not asked"
            #expect(error == nil, "\(way.name)")
            guard !way.reference.hasPrefix("sdk:") else { continue }
            let root = [way.name, way.inner].filter { !$0.isEmpty }.joined(separator: "/")
            let theirs = try folder.files(root).filter { $0.key != "registered_model_meta" && !$0.key.hasSuffix("/") }
            #expect(try theirs == standIn.files(way.tree), "\(way.name)")
        }
    }

    @Test("skiff gets every byte, by every way", arguments: ways.filter { $0.ours != "" })
    func skiffToo(_ way: Way) throws {
        let standIn = try BesideStandIn.standIn
        try standIn.reset()
        // Where the catalog has storage of its own, skiff would go by the Files API; here it shall not.
        let storages = ["MLFLOW_S3_ENDPOINT_URL", "STORAGE_EMULATOR_HOST", "SSL_CERT_FILE"]
        let isStorage = storages.contains { way.environment[$0] != nil }
        if isStorage { try standIn.set(#"{"files_api": "denied"}"#) }
        let folder = TemporaryDirectory()
        let result = try skiff(
            "fetch", way.ours ?? way.reference, folder.file("model"), environment: Self.environment(way, standIn))
        #expect(result.status == 0, "\(result.errors)")
        #expect(try folder.files("model").filter { !$0.key.hasSuffix("/") } == standIn.files(way.tree))
        let storage = try standIn.log().filter { ["storage", "azure"].contains($0.role) && $0.sent > 0 }
        #expect(isStorage == storage.contains { !$0.path.hasPrefix("/signed/") }, "\(storage.map(\.path))")
        #expect(try leaks(of: standIn.secrets(), in: Data(result.errors.utf8) + result.output) == [])
    }
}
