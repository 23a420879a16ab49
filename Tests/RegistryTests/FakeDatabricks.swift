import Credentials
import Diagnostics
import HTTPTransport
import JSONText
import Platform
import TestKit
import Transfers

@testable import Registry

/// A Databricks workspace and a storage on another port, which answer as both do (shapes from mlflow 3.17.2 and databricks-sdk
/// 0.156), and as a test tells them to.
///
/// Every model, run and folder has the files `tree`. The workspace wants the token `sesame`; the storage wants no credential at all.
struct FakeDatabricks {
    typealias Fault = @Sendable (FaultServer.Request) -> FaultServer.Reply?

    let workspace: FaultServer
    let storage: FaultServer
    let client: DatabricksClient
    let http: HTTPSettings

    static let tree = ["MLmodel": "flavors: {}\n", "data/model.pkl": "0123456789", "data/empty": ""]
    /// `MLmodel` is larger than what is read in one request.
    static let largeTree = ["MLmodel": String(repeating: "x", count: FilesAPIStore.smallBytes + 1)]

    init(
        tree: [String: String] = FakeDatabricks.tree, login: ((HTTPOrigin) -> Login)? = nil,
        workspace fault: @escaping Fault = { _ in nil }, storage storageFault: @escaping Fault = { _ in nil }
    ) throws {
        let files = Files(tree: tree)
        guard let storage = FaultServer({ storageFault($0) ?? files.storage($0) }) else { throw NoPort() }
        let signed = storage.origin
        guard let workspace = FaultServer({ fault($0) ?? files.workspace($0, signed) }) else { throw NoPort() }
        self.workspace = workspace
        self.storage = storage
        var http = HTTPSettings(userAgent: "skiff-test", environment: [:])
        // No waiting between attempts, so that no test waits long.
        http.retry.firstWaitSeconds = 0
        self.http = http
        let base = try HTTPURL(workspace.origin)
        let token = HTTPCredential(
            origin: base.origin, headerName: "Authorization", headerValue: Secret("Bearer sesame"),
            source: "`DATABRICKS_TOKEN`")
        let headers = [HTTPHeader("x-databricks-org-id", "42")]
        client = try DatabricksClient(
            Endpoint(base: base, login: login?(base.origin) ?? Login(fixed: token, for: base.origin), headers: headers),
            http)
    }

    struct NoPort: Error {}

    func stop() {
        workspace.stop()
        storage.stop()
    }

    // MARK: What skiff does with it

    func locate(
        _ reference: String, in registry: ((DatabricksClient) throws -> any ModelRegistry)? = nil,
        _ environment: [String: String] = [:]
    ) throws -> LocatedModel {
        let surroundings = try Surroundings(environment: environment)
        let uri = try ModelURI(reference)
        let usual: any ModelRegistry =
            reference.contains(".") ? UnityCatalog(client, surroundings) : WorkspaceRegistry(client)
        let asked = try registry.map { try $0(client) } ?? usual
        return try asked.locate(uri, doing: "find `\(reference)`")
    }

    var tracking: DatabricksTracking {
        get throws { try DatabricksTracking(client, Surroundings()) }
    }

    /// Path and size of each file, sorted; `?` for a size that is not listed.
    func listing(_ store: any ArtifactStore) throws -> [String] {
        try Listing.files(of: [store], doing: "find it").map { "\($0.path) \($0.entry.size.map(String.init) ?? "?")" }
    }

    /// Lists a store and reads every file as the seam to the transfers wants it.
    func contents(_ store: any ArtifactStore) throws -> [String: String] {
        var contents: [String: String] = [:]
        // All ways are made before the first one is taken, as a download does.
        let files = try Listing.files(of: [store], doing: "find it").map { file in
            (file.path.text, store.access(to: file.entry, doing: "read `\(file.path)`"))
        }
        for (path, access) in files { contents[path] = try read(access) }
        return contents
    }

    func read(_ access: any ObjectAccess) throws -> String {
        var session = try HTTPSession(settings: http)
        for _ in 0...5 {
            var signed: HTTPResponse?
            if let request = try access.signRequest() {
                let answer = try session.send(request, bodyLimit: 1 << 20)
                guard answer.head.isSuccess else {
                    _ = try access.judge(answer, stage: .sign)
                    continue
                }
                signed = answer
            }
            let answer = try session.send(access.readRequest(signed: signed), bodyLimit: 8 << 20)
            if answer.head.isSuccess { return String(decoding: answer.body, as: UTF8.self) }
            _ = try access.judge(answer, stage: .read)
        }
        return "renewed more than five times"
    }

    /// Method and target of every request to the workspace so far.
    var asked: [String] { workspace.requests.map { "\($0.method) \($0.target)" } }
    /// The same for the storage.
    var askedOfStorage: [String] { storage.requests.map { "\($0.method) \($0.target)" } }

    /// The message of an error, with the servers' addresses as `WORKSPACE` and `STORAGE`.
    func message<Result>(_ body: () throws -> Result) -> String {
        TestKit.message(body).replacing(workspace.origin, with: "WORKSPACE").replacing(storage.origin, with: "STORAGE")
    }

    // MARK: Replies

    static func error(_ status: Int, _ code: String, _ words: String, reason: String? = nil) -> FaultServer.Reply {
        let details = reason.map {
            #", "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "\#($0)"}]"#
        }
        return .text(status, #"{"error_code": "\#(code)", "message": "\#(words)"\#(details ?? "")}"#)
    }

    static func unknownAddress(_ request: FaultServer.Request) -> FaultServer.Reply {
        error(404, "ENDPOINT_NOT_FOUND", "No API found for '\(request.method) \(request.path)'")
    }

    static func storageError(_ status: Int, _ code: String, _ words: String) -> FaultServer.Reply {
        .text(
            status, "<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>\(words)</Message></Error>",
            type: "application/xml")
    }

    /// A page of MLflow's own listings.
    static func page(_ entries: String, token: String? = nil) -> FaultServer.Reply {
        .text(200, #"{"files": [\#(entries)]\#(token.map { #", "next_page_token": "\#($0)""# } ?? "")}"#)
    }
}

/// What the fake knows when no test tells it otherwise.
private struct Files: Sendable {
    let tree: [String: String]

    func storage(_ request: FaultServer.Request) -> FaultServer.Reply {
        guard request.headers["authorization"] == nil else {
            return FakeDatabricks.storageError(400, "InvalidArgument", "Only one auth mechanism allowed")
        }
        let path = PercentEncoding.decode(request.path) ?? ""
        guard request.target.hasSuffix("?sig=a%2Bb%2Fc%3D"), request.headers["x-signed"] == "yes",
            let body = tree[String(path.dropFirst("/signed/".count))]
        else { return FakeDatabricks.storageError(403, "SignatureDoesNotMatch", "query or headers differ") }
        return .text(200, body, type: "application/octet-stream")
    }

    func workspace(_ request: FaultServer.Request, _ storage: String) -> FaultServer.Reply {
        guard request.headers["authorization"] == "Bearer sesame" else {
            return FakeDatabricks.error(
                401, "401", "Credential was not sent or was of an unsupported type for this API.")
        }
        let path = PercentEncoding.decode(request.path) ?? ""
        let query = Self.query(request.target)
        let body = (try? JSONText.parse(String(decoding: request.body, as: UTF8.self)))?.objectValue ?? [:]
        func signed(_ file: String, _ key: String) -> String {
            let encoded = file.split(separator: "/").map { PercentEncoding.encode(String($0)) }.joined(separator: "/")
            return
                #"{"\#(key)": "\#(storage)/signed/\#(encoded)?sig=a%2Bb%2Fc%3D", "path": "\#(file)", "headers": [{"name": "x-signed", "value": "yes"}]}"#
        }
        let roots = [
            "/Models/main/default/churn/4/", "/Volumes/main/default/vol/churn/", "/FileStore/churn/",
            "/WorkspaceInternal/Mlflow/Artifacts/7/Runs/r1/artifacts/model/",
            "/WorkspaceInternal/Mlflow/Artifacts/7/LoggedModels/m-1/artifacts/",
        ]
        /// The path in the tree; nil for a place that the fake does not know.
        func inTree(_ absolute: String) -> String? {
            roots.first { (absolute + "/").hasPrefix($0) }.map {
                String((absolute + "/").dropFirst($0.count).dropLast())
            }
        }
        switch path {
        case "/api/2.0/mlflow/model-versions/get":
            let name = query["name"] ?? ""
            return .text(
                200,
                #"{"model_version": {"name": "\#(name)", "version": "\#(query["version"] ?? "")", "status": "READY", "run_id": "r1"}}"#
            )
        case "/api/2.0/mlflow/model-versions/list-artifacts":
            return listing(query["path"] ?? "", in: "", ("files", "is_dir"))
        case "/api/2.0/mlflow/model-versions/get-signed-download-uri":
            return .text(200, signed(query["path"] ?? "", "signed_uri"))
        case "/api/2.0/mlflow/unity-catalog/model-versions/get",
            "/api/2.0/mlflow/unity-catalog/registered-models/alias":
            return .text(200, Self.catalogVersion)
        case "/api/2.0/mlflow/runs/get":
            return .text(
                200,
                #"{"run": {"info": {"run_id": "r1", "experiment_id": "7", "artifact_uri": "dbfs:/databricks/mlflow-tracking/7/r1/artifacts"}}}"#
            )
        case "/api/2.0/mlflow/logged-models/search": return .text(200, "{}")
        case "/api/2.0/mlflow/logged-models/m-1":
            return .text(
                200,
                #"{"model": {"info": {"model_id": "m-1", "name": "clf", "status": "LOGGED_MODEL_READY", "source_run_id": "r1", "artifact_uri": "dbfs:/databricks/mlflow-tracking/7/logged_models/m-1/artifacts"}}}"#
            )
        case "/api/2.0/mlflow/artifacts/list":
            let asked = query["path"] ?? ""
            guard asked == "model" || asked.hasPrefix("model/") else { return .text(200, "{}") }
            return listing(String(asked.dropFirst(6)), in: "model/", ("files", "is_dir"))
        case "/api/2.0/mlflow/logged-models/m-1/artifacts/directories":
            return listing(query["artifact_directory_path"] ?? "", in: "", ("files", "is_dir"))
        case "/api/2.0/mlflow/artifacts/credentials-for-read":
            let infos = (body["path"]?.arrayValue ?? []).compactMap(\.stringValue).map { path in
                signed(String(path.dropFirst(6)), "signed_uri").replacing("\"path\": \"", with: "\"path\": \"model/")
            }
            return .text(200, #"{"credential_infos": [\#(infos.joined(separator: ", "))]}"#)
        case "/api/2.0/mlflow/logged-models/m-1/artifacts/credentials-for-download":
            let infos = (body["paths"]?.arrayValue ?? []).compactMap(\.stringValue).map { path in
                #"{"credential_info": \#(signed(path, "signed_uri"))}"#
            }
            return .text(200, #"{"credentials": [\#(infos.joined(separator: ", "))]}"#)
        case "/api/2.0/fs/create-download-url":
            guard let file = inTree(body["path"]?.stringValue ?? ""), tree[file] != nil else { return notFound(path) }
            return .text(200, signed(file, "url"))
        case "/api/2.0/dbfs/list":
            guard let folder = inTree(query["path"] ?? "") else { return notFound(path) }
            return listing(folder, in: "/FileStore/churn/", ("files", "is_dir"))
        default: break
        }
        for (prefix, isListing) in [("/api/2.0/fs/directories", true), ("/api/2.0/fs/files", false), ("/dbfs", false)]
        where path.hasPrefix(prefix + "/") {
            let absolute = String(path.dropFirst(prefix.count))
            guard let below = inTree(absolute) else { return notFound(absolute) }
            if isListing {
                let isFolder = below.isEmpty || tree.keys.contains { $0.hasPrefix(below + "/") }
                guard isFolder else { return notFound(absolute) }
                let root = below.isEmpty ? absolute + "/" : String(absolute.dropLast(below.count))
                return listing(below, in: root, ("contents", "is_directory"))
            }
            return tree[below].map { .text(200, $0, type: "application/octet-stream") } ?? notFound(absolute)
        }
        return FakeDatabricks.unknownAddress(request)
    }

    static let catalogVersion =
        #"{"model_version": {"name": "main.default.churn", "version": "4", "status": "READY", "run_id": "r1", "storage_location": "s3://bucket/models/4"}}"#

    private func notFound(_ path: String) -> FaultServer.Reply {
        FakeDatabricks.error(404, "NOT_FOUND", "The thing being accessed is not found: \(path)")
    }

    private static func query(_ target: String) -> [String: String] {
        guard let mark = target.firstIndex(of: "?") else { return [:] }
        var query: [String: String] = [:]
        for pair in target[target.index(after: mark)...].split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1).map { PercentEncoding.decode(String($0)) ?? "" }
            query[parts[0]] = parts.count > 1 ? parts[1] : ""
        }
        return query
    }

    /// One folder of the tree; a file lists itself.
    private func listing(
        _ folder: String, in root: String, _ keys: (list: String, isFolder: String)
    ) -> FaultServer.Reply {
        if let body = tree[folder] {
            return .text(
                200,
                #"{"\#(keys.list)": [{"path": "\#(root)\#(folder)", "\#(keys.isFolder)": false, "file_size": \#(body.utf8.count)}]}"#
            )
        }
        let below = folder.isEmpty ? "" : folder + "/"
        var entries: [String] = []
        for (path, body) in tree.sorted(by: { $0.key < $1.key }) where path.hasPrefix(below) {
            let rest = path.dropFirst(below.count)
            let name = "\(root)\(below)\(rest.prefix { $0 != "/" })"
            let entry =
                rest.contains("/")
                ? #"{"path": "\#(name)", "\#(keys.isFolder)": true}"#
                : #"{"path": "\#(name)", "\#(keys.isFolder)": false, "file_size": \#(body.utf8.count)}"#
            if !entries.contains(entry) { entries.append(entry) }
        }
        return .text(200, #"{"\#(keys.list)": [\#(entries.joined(separator: ", "))]}"#)
    }
}
