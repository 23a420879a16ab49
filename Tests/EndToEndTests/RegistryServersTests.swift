import FileTrees
import Foundation
import Platform
import Registry
import TestKit
import Testing

@Suite("The registry's own client against real MLflow servers and MLflow's own client")
struct RegistryServersTests {
    struct Kind: CustomTestStringConvertible, Sendable {
        let name: String
        let arguments: [String]
        var prefix = ""
        /// Whether it asks for a user and a password.
        var hasLogin = false
        /// The name of one file. Without the proxy MLflow's own client decodes `%41` once too often and finds nothing.
        var awkwardName = "sp ace+é&=.txt"
        var testDescription: String { name }
    }

    static let kinds = [
        Kind(
            name: "a server with basic auth under a static prefix",
            arguments: ["--serve-artifacts", "--app-name", "basic-auth", "--static-prefix", "/ml"], prefix: "/ml",
            hasLogin: true,
            awkwardName: "sp ace+é%41&=.txt"),
        Kind(name: "a server that does not serve artifacts", arguments: ["--no-serve-artifacts"]),
    ]

    @Test("every reference gives the files that MLflow's client downloads, byte for byte", arguments: kinds)
    func sameFiles(_ kind: Kind) throws {
        let folder = TemporaryDirectory()
        let port = try Workshop.freePort()
        let login =
            kind.hasLogin
            ? ["MLFLOW_TRACKING_USERNAME": "admin", "MLFLOW_TRACKING_PASSWORD": "pass/word+of-admin"] : [:]
        try folder.write(
            "auth.ini",
            """
            [mlflow]
            default_permission = READ
            database_uri = sqlite:///\(folder.file("auth.db"))
            admin_username = admin
            admin_password = pass/word+of-admin
            authorization_function = mlflow.server.auth:authenticate_request_basic_auth

            """)
        let storage = kind.prefix.isEmpty ? "--default-artifact-root" : "--artifacts-destination"
        let server = try RunningCommand(
            Workshop.python(),
            [
                "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", "\(port)", "--workers", "1",
                "--backend-store-uri", "sqlite:///" + folder.file("mlflow.db"), storage, folder.file("artifacts"),
            ] + kind.arguments,
            environment: [
                "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true",
                "MLFLOW_FLASK_SERVER_SECRET_KEY": "a key for forms", "MLFLOW_AUTH_CONFIG_PATH": folder.file("auth.ini"),
            ],
            folder: URL(fileURLWithPath: folder.path))
        // Foundation starts a process as the head of its own group; the server's workers are in it.
        defer {
            kill(-server.identifier, SIGTERM)
            _ = try? server.finish(within: 20)
        }
        try waitUntilReady(server, port: port, path: kind.prefix + "/health", within: 180)

        let address = ["MLFLOW_TRACKING_URI": "http://127.0.0.1:\(port)\(kind.prefix)"]
        let environment = address.merging(login) { old, _ in old }
        let seeded = try run(
            Workshop.python(), [Checkout.fixture("registry/seed.py"), folder.file("client"), kind.awkwardName],
            environment: environment.merging(["MLFLOW_DISABLE_TELEMETRY": "true"]) { old, _ in old }, within: 300)
        #expect(seeded.status == 0, "\(seeded.errors)")
        let line = try #require(seeded.text.split(separator: "\n").last)
        let folders = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
        #expect(folders.count == 10)

        let resolver = try ModelResolver(Surroundings(environment: environment), userAgent: "skiff-test")
        for (number, (reference, theirs)) in folders.sorted(by: { $0.key < $1.key }).enumerated() {
            let model = try Fetcher.fetch(
                resolver.resolve(ModelReference.parse(reference)), into: folder.file("ours-\(number)"),
                options: FetchOptions(connections: 4, isDurable: false)
            ) { _ in }
            // MLflow's client adds this file to a registered model.
            let expected = try DirectoryReader.read(theirs).filter { $0 != "registered_model_meta" }
            #expect(model.tree == expected, "\(reference)")
            #expect(model.tree.count >= 5, "\(reference)")
            #expect(model.identity.runID != nil, "\(reference)")
        }
        let identity = try resolver.resolve(ModelReference.parse("models:/iris demo@champion")).identity
        #expect(identity.name == "iris demo" && identity.version == "1" && identity.alias == "champion")
        #expect(identity.modelID?.hasPrefix("m-") == true)

        guard kind.hasLogin else { return }
        let refused = try skiff(
            "fetch", "models:/iris demo/1", folder.file("refused"),
            environment: address.merging(["HOME": folder.path, "SKIFF_CACHE": folder.file("cache")]) { old, _ in old })
        #expect(refused.status == 2)
        #expect(refused.errors.contains("MLFLOW_TRACKING_USERNAME"), "\(refused.errors)")
    }

    @Test("a server with its artifacts in S3 presigns a large file, and both clients get the same bytes")
    func presigned() throws {
        let standIn = try StandIn()
        defer { standIn.stop() }
        let folder = TemporaryDirectory()
        let port = try Workshop.freePort()
        let server = try RunningCommand(
            Workshop.python(),
            [
                "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", "\(port)", "--workers", "1",
                "--backend-store-uri", "sqlite:///" + folder.file("mlflow.db"), "--artifacts-destination",
                "s3://fake-uc-bucket/models/served/versions/1",
            ],
            environment: [
                "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true",
                "MLFLOW_S3_ENDPOINT_URL": standIn.origin("storage"), "AWS_DEFAULT_REGION": "eu-west-1",
                "AWS_ACCESS_KEY_ID": "ASIAFAKEFAKEFAKEFAKE", "AWS_SECRET_ACCESS_KEY": "fakeSecret/with+chars0123456789",
                "AWS_SESSION_TOKEN": "FAKE//session+token==0123456789",
            ], folder: folder.url)
        defer {
            kill(-server.identifier, SIGTERM)
            _ = try? server.finish(within: 20)
        }
        try waitUntilReady(server, port: port, path: "/health", within: 180)

        // What a training job would have logged, put where the server looks for it.
        struct Made: Decodable {
            struct Run: Decodable {
                struct Info: Decodable { var runId, artifactUri: String }
                var info: Info
            }
            var run: Run
        }
        func post(_ path: String, _ body: String) throws -> Data {
            let answer = try ask("POST", "/api/2.0/mlflow/\(path)", port: port, body: Data(body.utf8))
            #expect(answer.status == 200, "\(answer.body)")
            return Data(answer.body.utf8)
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let run = try decoder.decode(Made.self, from: post("runs/create", #"{"experiment_id": "0"}"#)).run.info
        let place = standIn.path(ofTree: "served") + "/0/\(run.runId)/artifacts"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: standIn.path(ofTree: "large"), toPath: place + "/model")
        _ = try post("registered-models/create", #"{"name": "large"}"#)
        _ = try post(
            "model-versions/create",
            #"{"name": "large", "source": "\#(run.artifactUri)/model", "run_id": "\#(run.runId)"}"#)

        let expected = try standIn.files("large")
        let environment = try standIn.mlflow(["MLFLOW_TRACKING_URI": "http://127.0.0.1:\(port)"])
        let theirs = try RealClient.download("models:/large/1", environment, into: folder)
        #expect(theirs == expected)
        try standIn.reset()
        let result = try skiff("fetch", "models:/large/1", folder.file("ours"), environment: environment)
        #expect(result.status == 0, "\(result.errors)")
        #expect(try folder.files("ours") == expected)
        // By signed addresses, without an Authorization header, and not through the server.
        let large = try standIn.log().filter { $0.sent > 1 << 20 }
        #expect(!large.isEmpty)
        #expect(large.allSatisfy { $0.path.contains("X-Amz-Signature=") && $0.headers["authorization"] == nil })
    }

    @Test("2,000 models:/ URIs mean what MLflow's own parser says; seed 7")
    func grammar() throws {
        let pieces = [
            "churn", "a b", "m-1", "1", "007", "latest", "LATEST", "Production", "x@y", "@", "é", "a%20b", ".", "..",
            " ", "?", "#", "",
        ]
        var random = SplitMix64(seed: 7)
        var uris: [String] = []
        for _ in 0..<2_000 {
            let count = Int.random(in: 0...4, using: &random)
            let slash = Int.random(in: 0..<8, using: &random) == 0 ? "models:" : "models:/"
            uris.append(
                slash + (0..<count).map { _ in pieces.randomElement(using: &random) ?? "" }.joined(separator: "/"))
        }
        let folder = TemporaryDirectory()
        let file = folder.file("uris.json")
        try JSONEncoder().encode(uris).write(to: URL(fileURLWithPath: file))
        let answer = try run(Workshop.python(), [Checkout.fixture("registry/grammar.py"), file])
        #expect(answer.status == 0, "\(answer.errors)")
        let theirs = try JSONDecoder().decode([[String?]?].self, from: answer.output)
        try #require(theirs.count == uris.count)
        var agreed = 0
        for (uri, expected) in zip(uris, theirs) {
            guard case .models(let ours)? = try? ModelReference.parse(uri) else {
                // What we refuse beyond MLflow: parts that it ignores, empty and dot segments, blank names.
                let isStricter =
                    uri.contains { "?#".contains($0) } || uri.contains("//")
                    || uri.split(separator: "/").contains { [".", "..", " ", "@"].contains($0) } || uri.hasSuffix(" ")
                    || !uri.hasPrefix("models:/")
                #expect(expected == nil || isStricter, "\(uri)")
                continue
            }
            let parts: [String?] =
                switch ours.target {
                case .logged(let id): [id, nil, nil, nil, nil]
                case .registered(let name, .version(let version)): [nil, name, version, nil, nil]
                case .registered(let name, .stage(let stage)): [nil, name, nil, stage, nil]
                case .registered(let name, .alias(let alias)): [nil, name, nil, nil, alias]
                case .registered(let name, .latest): [nil, name, nil, nil, nil]
                }
            #expect(expected == parts + [ours.subpath ?? ""], "\(uri)")
            agreed += 1
        }
        #expect(agreed > 500)
    }
}
