import Credentials
import Diagnostics
import FileTrees
import HTTPTransport
import JSONText
public import Platform

/// Finds models on the MLflow server that the environment names (mlflow 3.17, REST `/api/2.0`).
///
/// Blocks the calling thread while it asks. An alias, a stage or `latest` becomes an exact version here.
public struct ModelResolver {
    let settings: MLflowSettings
    let tracking: APIClient
    let registry: APIClient

    /// Reads MLflow's variables; asks nothing yet.
    ///
    /// - Parameters:
    ///   - userAgent: sent with each request, for instance `skiff/1.0`.
    ///   - isCancelled: asked about once per second while waiting; true ends the work with kind `.cancelled`.
    /// - Throws: `RegistryError` of kind `.configuration` or `.unsupported` that names the variable.
    public init(
        _ surroundings: Surroundings, userAgent: String, isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(RegistryError) {
        try self.init(MLflowSettings(surroundings.environment, userAgent: userAgent, isCancelled: isCancelled))
    }

    init(_ settings: MLflowSettings) throws(RegistryError) {
        self.settings = settings
        tracking = try APIClient(settings.tracking, settings.http)
        registry = settings.hasOneServer ? tracking : try APIClient(settings.registry, settings.http)
    }

    /// Finds the model that `reference` names and lists its files.
    ///
    /// - Throws: `RegistryError`; of kind `.reference` for a folder, which is no business of a server.
    public func resolve(_ reference: ModelReference) throws(RegistryError) -> ResolvedModel {
        let task = "find `\(escaped("\(reference)"))`"
        var identity = SourceIdentity(kind: .mlflowServer, reference: "\(reference)")
        identity.server = "\(settings.tracking.base)"
        let files: [RemoteFile]
        switch reference {
        case .folder(let path):
            throw RegistryError(.reference, "cannot ask a server for `\(escaped(path))`: it is a folder")
        case .models(let uri):
            switch uri.target {
            case .logged(let id):
                files = try loggedModel(id, uri.subpath ?? "", &identity, task)
            case .registered(let name, let selector):
                identity.server = "\(settings.registry.base)"
                files = try registeredModel(name, selector, uri.subpath ?? "", &identity, task)
            }
        case .run(let uri):
            files = try run(uri, &identity, task)
        case .artifacts(let uri):
            identity.artifactURI = "\(uri)"
            files = try list(proxied(uri, task), task)
        }
        try checkModel(files, reference, identity, task)
        return ResolvedModel(
            identity: identity, notes: [], files: files, http: settings.http, isImmutable: identity.version != nil)
    }

    // MARK: The forms of a reference

    private func registeredModel(
        _ name: String, _ selector: ModelURI.Selector, _ subpath: String, _ identity: inout SourceIdentity,
        _ task: String
    ) throws(RegistryError) -> [RemoteFile] {
        let version = try find(name, selector, task)
        try version.checkReady(doing: task)
        identity.name = version.name
        identity.version = version.version
        if case .alias(let alias) = selector { identity.alias = alias }
        if case .stage(let stage) = selector { identity.stage = stage }
        identity.runID = version.runID
        identity.modelID = version.modelID
        let answer = try registry.get(
            "api/2.0/mlflow/model-versions/get-download-uri", [("name", version.name), ("version", version.version)],
            doing: task)
        guard let uri = answer["artifact_uri"]?.stringValue, !uri.isEmpty else {
            throw RegistryError(.answer, "cannot \(task): the server does not say where its files are")
        }
        identity.artifactURI = HTTPURL.withoutSecrets(uri)
        return try files(at: uri, subpath, &identity, task)
    }

    private func loggedModel(
        _ id: String, _ subpath: String, _ identity: inout SourceIdentity, _ task: String
    ) throws(RegistryError) -> [RemoteFile] {
        let info = try loggedModelInfo(id, task)
        identity.modelID = info["model_id"]?.stringValue ?? id
        identity.name = identity.name ?? info["name"]?.stringValue
        identity.runID = identity.runID ?? info["source_run_id"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
        if let status = info["status"]?.stringValue, status != "LOGGED_MODEL_READY" {
            throw RegistryError(
                .notReady, "cannot \(task): it is not ready, its status is `\(escaped(status))`",
                hints: ["log it again if nothing is logging it just now"])
        }
        let uri = info["artifact_uri"]?.stringValue ?? ""
        identity.artifactURI = identity.artifactURI ?? HTTPURL.withoutSecrets(uri)
        if let store = try servedStore(uri, subpath, task) { return try list(store, task) }
        return try list(LoggedModelArtifacts(client: tracking, modelID: id, root: subpath), task)
    }

    private func loggedModelInfo(_ id: String, _ task: String) throws(RegistryError) -> JSONObject {
        let answer = try tracking.get("api/2.0/mlflow/logged-models/\(id)", doing: task)
        guard let info = answer["model"]?["info"]?.objectValue else {
            throw RegistryError(.answer, "cannot \(task): the server's answer has no logged model")
        }
        return info
    }

    /// The run's own files under the path, and over them those of the logged model that the run made under the path's
    /// first segment, as MLflow 3's client has it (`store/artifact/runs_artifact_repo.py`).
    private func run(
        _ uri: RunURI, _ identity: inout SourceIdentity, _ task: String
    ) throws(RegistryError) -> [RemoteFile] {
        let info = try runInfo(uri.runID, task)
        let root = info["artifact_uri"]?.stringValue ?? ""
        identity.runID = uri.runID
        identity.artifactURI = identity.artifactURI ?? joined(HTTPURL.withoutSecrets(root), uri.path ?? "")
        let path = uri.path ?? ""
        let store =
            try servedStore(root, path, task)
            ?? RunArtifacts(client: tracking, runID: uri.runID, root: path)
        let own = try list(store, task)
        let segments = path.split(separator: "/").map(String.init)
        guard let name = segments.first,
            let id = try loggedModelID(named: name, of: uri.runID, info["experiment_id"]?.stringValue ?? "", task)
        else { return own }
        var logged = SourceIdentity(kind: .mlflowServer, reference: identity.reference)
        let files = try loggedModel(id, segments.dropFirst().joined(separator: "/"), &logged, task)
        guard !files.isEmpty else { return own }
        identity.modelID = logged.modelID
        identity.artifactURI = logged.artifactURI
        return try Listing.overlaid(own, by: files, doing: task)
    }

    private func runInfo(_ id: String, _ task: String) throws(RegistryError) -> JSONObject {
        let answer = try tracking.get("api/2.0/mlflow/runs/get", [("run_id", id)], doing: task)
        guard let info = answer["run"]?["info"]?.objectValue else {
            throw RegistryError(.answer, "cannot \(task): the server's answer has no run")
        }
        return info
    }

    private func loggedModelID(
        named name: String, of runID: String, _ experiment: String, _ task: String
    ) throws(RegistryError) -> String? {
        // MLflow's filters know no escape for a quote.
        let quote = name.contains("'") ? "\"" : "'"
        guard !name.contains(quote) else { return nil }
        var token: String?
        for _ in 0..<Self.searchPageLimit {
            var body: JSONObject = [
                "experiment_ids": [.string(experiment)], "filter": .string("name = \(quote)\(name)\(quote)"),
            ]
            if let token { body["page_token"] = .string(token) }
            // A server before MLflow 3 does not know the address.
            guard
                let answer = try tracking.postIfKnown(
                    "api/2.0/mlflow/logged-models/search", .object(body), doing: task)
            else { return nil }
            let models = answer["models"]?.arrayValue ?? []
            if let found = models.first(where: { $0["info"]?["source_run_id"]?.stringValue == runID }) {
                return found["info"]?["model_id"]?.stringValue
            }
            token = answer["next_page_token"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
            if token == nil { return nil }
        }
        throw RegistryError(
            .answer,
            "cannot \(task): more than \(Self.searchPageLimit) pages of logged models have the name `\(escaped(name))`",
            hints: ["name the logged model itself, as in `models:/m-…`"])
    }

    private static let searchPageLimit = 200

    // MARK: From an address to files

    /// The files at an address that a server gave for a model version.
    private func files(
        at uri: String, _ subpath: String, _ identity: inout SourceIdentity, _ task: String
    ) throws(RegistryError) -> [RemoteFile] {
        if let store = try servedStore(uri, subpath, task) { return try list(store, task) }
        if uri.hasPrefix("runs:/") {
            let run = try RunURI(uri)
            return try self.run(RunURI("runs:/" + joined(joined(run.runID, run.path ?? ""), subpath)), &identity, task)
        }
        if uri.hasPrefix("models:/") {
            let model = try ModelURI(uri)
            guard case .logged(let id) = model.target else {
                throw RegistryError(
                    .unsupported, "cannot \(task): its files are those of `\(escaped(uri))`",
                    hints: ["ask for `\(escaped(uri))` itself"])
            }
            return try loggedModel(id, joined(model.subpath ?? "", subpath), &identity, task)
        }
        // The storage is not ours to open: it is a path on the server's disk or needs the server's cloud credentials.
        if let id = identity.modelID,
            let rest = try remainder(of: uri, after: loggedModelInfo(id, task)["artifact_uri"]?.stringValue)
        {
            return try list(
                LoggedModelArtifacts(client: tracking, modelID: id, root: joined(rest, subpath)), task)
        }
        if let id = identity.runID,
            let rest = try remainder(of: uri, after: runInfo(id, task)["artifact_uri"]?.stringValue)
        {
            return try list(RunArtifacts(client: tracking, runID: id, root: joined(rest, subpath)), task)
        }
        throw RegistryError(
            .unsupported,
            "cannot \(task): its files are at `\(escaped(HTTPURL.withoutSecrets(uri)))`, which only the server can read",
            hints: ["start the server with `--serve-artifacts`, or download the model with MLflow and name the folder"])
    }

    /// What of `uri` lies below `root`; nil when it does not.
    private func remainder(of uri: String, after root: String?) -> String? {
        guard let root, !root.isEmpty, uri.hasPrefix(root) else { return nil }
        let rest = uri.dropFirst(root.count)
        guard rest.isEmpty || rest.hasPrefix("/") || root.hasSuffix("/") else { return nil }
        let segments = rest.split(separator: "/")
        return segments.contains("..") ? nil : segments.joined(separator: "/")
    }

    /// The store behind an address of the artifact proxy; nil for other addresses.
    private func servedStore(
        _ uri: String, _ subpath: String, _ task: String
    ) throws(RegistryError) -> (any ArtifactStore)? {
        if uri.hasPrefix("mlflow-artifacts:/") {
            let parsed = try ArtifactURI(uri)
            return try proxied(ArtifactURI(authority: parsed.authority, path: joined(parsed.path, subpath)), task)
        }
        guard uri.hasPrefix("http://") || uri.hasPrefix("https://") else { return nil }
        let service = "/" + ProxiedArtifacts.service + "/"
        guard let start = uri.firstRange(of: service),
            let base = try? HTTPURL(String(uri[..<start.lowerBound])),
            let path = PercentEncoding.decode(String(uri[start.upperBound...]))
        else { return nil }
        let parts = try URIParts("mlflow-artifacts:/" + path, scheme: "mlflow-artifacts")
        return ProxiedArtifacts(
            client: try client(at: base), root: joined(parts.segments.joined(separator: "/"), subpath))
    }

    private func proxied(_ uri: ArtifactURI, _ task: String) throws(RegistryError) -> ProxiedArtifacts {
        let tracking = settings.tracking
        guard let authority = uri.authority else { return ProxiedArtifacts(client: self.tracking, root: uri.path) }
        let base: HTTPURL
        do {
            base = try HTTPURL("\(tracking.base.origin.scheme)://\(authority)\(tracking.base.path)")
        } catch {
            throw RegistryError(.reference, "cannot \(task): \(error.reason)")
        }
        return ProxiedArtifacts(client: try client(at: base), root: uri.path)
    }

    /// Another address: the tracking server's credential and headers go there only when it is the same origin.
    private func client(at base: HTTPURL) throws(RegistryError) -> APIClient {
        let tracking = settings.tracking
        guard base.origin == tracking.base.origin else {
            return try APIClient(Endpoint(base: base, login: .none(for: base.origin), headers: []), settings.http)
        }
        return try APIClient(Endpoint(base: base, login: tracking.login, headers: tracking.headers), settings.http)
    }

    private func list(_ store: any ArtifactStore, _ task: String) throws(RegistryError) -> [RemoteFile] {
        try Listing.files(of: store, doing: task)
    }

    private func checkModel(
        _ files: [RemoteFile], _ reference: ModelReference, _ identity: SourceIdentity, _ task: String
    ) throws(RegistryError) {
        guard !files.contains(where: { $0.path == "MLmodel" }) else { return }
        let place = identity.artifactURI.map { Place(file: $0) }
        guard !files.isEmpty else {
            throw RegistryError(
                .notFound, "cannot \(task): it has no files", place: place,
                hints: ["was it deleted, or is the path wrong? `mlflow artifacts list -r RUN` shows a run's files"])
        }
        let shown = files.prefix(5).map { "`\($0.path)`" }.joined(separator: ", ")
        let nested = files.first { $0.path.name == "MLmodel" }?.path.parent
        throw RegistryError(
            .notAModel, "cannot use `\(escaped("\(reference)"))`: it has no file `MLmodel`, so it is no MLflow model",
            place: place, details: ["it holds \(shown)\(files.count > 5 ? " and \(files.count - 5) more" : "")"],
            hints: nested.map { ["did you mean `\(escaped("\(reference)"))/\($0)`?"] } ?? [])
    }
}
