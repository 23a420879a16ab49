import HTTPTransport
import Platform
import TestKit

@testable import Registry

/// Answers as an MLflow server with one registered model does (shapes from mlflow 3.17.2), and as a test tells it to.
///
/// The model `churn` has version 3 with alias `champion`; its files are at `mlflow-artifacts:/1/model`.
struct FakeMLflow {
    let server: FaultServer

    /// What the storage holds, by path below the model's folder.
    static let files = ["MLmodel": "flavors: {}\n", "data/model.pkl": "0123456789", "data/empty": ""]

    /// - Parameter fault: looks at a request first; nil lets the fake answer.
    init(
        files: [String: String] = FakeMLflow.files,
        _ fault: @escaping @Sendable (FaultServer.Request) -> FaultServer.Reply? = { _ in nil }
    ) {
        guard let server = FaultServer({ fault($0) ?? Self.answer($0, files) }) else {
            fatalError("no port for a test server")
        }
        self.server = server
    }

    static func answer(_ request: FaultServer.Request, _ files: [String: String]) -> FaultServer.Reply {
        let path = request.path.replacing("/api/2.0/mlflow/", with: "")
        switch path {
        case "model-versions/get", "registered-models/alias":
            return .text(
                200, #"{"model_version": {"name": "churn", "version": "3", "status": "READY", "run_id": "r1"}}"#)
        case "model-versions/get-download-uri":
            return .text(200, #"{"artifact_uri": "mlflow-artifacts:/1/model"}"#)
        case "/api/2.0/mlflow-artifacts/artifacts":
            return listing(request.target.replacing("%2F", with: "/"), files)
        default:
            let root = "/api/2.0/mlflow-artifacts/artifacts/1/model/"
            guard path.hasPrefix(root), let body = files[String(path.dropFirst(root.count))] else {
                return notFound("no such thing here")
            }
            return .text(200, body, type: "application/octet-stream")
        }
    }

    static func notFound(_ words: String) -> FaultServer.Reply {
        .text(404, #"{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "\#(words)"}"#)
    }

    private static func listing(_ target: String, _ files: [String: String]) -> FaultServer.Reply {
        let root = "1/model"
        let folder = String(target[(target.firstIndex(of: "=").map(target.index(after:)) ?? target.startIndex)...])
        let below = folder == root ? "" : String(folder.dropFirst(root.count + 1)) + "/"
        var entries: [String] = []
        for (path, body) in files.sorted(by: { $0.key < $1.key }) where path.hasPrefix(below) {
            let rest = path.dropFirst(below.count)
            let name = rest.prefix { $0 != "/" }
            let size = body.isEmpty ? "" : #", "file_size": \#(body.utf8.count)"#
            let entry =
                rest.contains("/")
                ? #"{"path": "\#(name)", "is_dir": true}"# : #"{"path": "\#(name)", "is_dir": false\#(size)}"#
            if !entries.contains(entry) { entries.append(entry) }
        }
        return .text(200, #"{"files": [\#(entries.joined(separator: ", "))]}"#)
    }

    /// A listing of the model's top folder with these entries, as the fake's own storage would send it.
    static func topListing(_ entries: String) -> @Sendable (FaultServer.Request) -> FaultServer.Reply? {
        { $0.target.hasSuffix("artifacts?path=1%2Fmodel") ? .text(200, #"{"files": [\#(entries)]}"#) : nil }
    }

    func surroundings(_ variables: [String: String] = [:]) throws -> Surroundings {
        try Surroundings(environment: ["MLFLOW_TRACKING_URI": server.origin].merging(variables) { _, new in new })
    }

    /// - Parameter patienceSeconds: how long to wait for a silent server; long, for machines with much to do.
    func resolve(
        _ reference: String = "models:/churn/3", _ variables: [String: String] = [:], patienceSeconds: Double = 60
    ) throws -> ResolvedModel {
        var resolver = try ModelResolver(surroundings(variables), userAgent: "skiff-test")
        // No waiting between attempts, so that no test waits long.
        resolver.http.retry.firstWaitSeconds = 0
        resolver.http.timeouts.firstByteSeconds = patienceSeconds
        return try resolver.resolve(ModelReference.parse(reference))
    }

    /// Resolves and downloads into `model` in a folder of its own.
    func fetch(
        _ reference: String = "models:/churn/3", into folder: TemporaryDirectory, connections: Int = 2,
        isDurable: Bool = true
    ) throws -> LocalModel {
        try Fetcher.fetch(
            resolve(reference), into: folder.file("model"),
            options: FetchOptions(connections: connections, isDurable: isDurable)
        ) { _ in }
    }

    /// The message of an error, with the server's address as `SERVER`.
    func message<Result>(_ body: () throws -> Result) -> String {
        TestKit.message(body).replacing(server.origin, with: "SERVER")
    }
}

extension RemoteFile {
    /// The request that reads it.
    func request() throws -> HTTPRequest {
        try store.access(to: entry, doing: "read it").readRequest(signed: nil)
    }
}
