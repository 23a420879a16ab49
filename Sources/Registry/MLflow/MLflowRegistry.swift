import Credentials
import Diagnostics
import HTTPTransport
import JSONText

/// The registry, the runs and the artifacts of an MLflow server (mlflow 3.17, REST `/api/2.0`).
///
/// Where the files of a version are is the server's to say. A place that only the server can open (a path on its disk, a
/// storage whose keys it holds) is read through the server, as those of the version, of its run or of its logged model.
struct MLflowRegistry: ModelRegistry {
    let tracking: APIClient
    let registry: APIClient
    private let http: HTTPSettings
    private let trackingDownloads: PresignedDownloads
    private let presigning: Bool?

    /// - Throws: `RegistryError` when libcurl does not start.
    init(_ settings: MLflowSettings) throws(RegistryError) {
        http = settings.http
        presigning = settings.presigning
        tracking = try APIClient(settings.tracking, settings.http)
        registry = settings.hasOneServer ? tracking : try APIClient(settings.registry, settings.http)
        trackingDownloads = PresignedDownloads(tracking, isOffered: settings.presigning)
    }

    func locate(_ uri: ModelURI, doing task: String) throws(RegistryError) -> LocatedModel {
        var identity = SourceIdentity(kind: .mlflowServer, reference: "\(uri)")
        let subpath = uri.subpath ?? ""
        switch uri.target {
        case .logged(let id):
            identity.server = "\(tracking.endpoint.base)"
            let store = try loggedModel(id, subpath, &identity, task)
            return LocatedModel(identity: identity, stores: [store], isImmutable: true)
        case .registered(let name, let selector):
            identity.server = "\(registry.endpoint.base)"
            let version = try find(name, selector, task)
            let stores = try files(of: version, selector, subpath, &identity, task)
            return LocatedModel(identity: identity, stores: stores, isImmutable: true)
        }
    }

    /// What a run logged under a path.
    func locate(_ uri: RunURI, doing task: String) throws(RegistryError) -> LocatedModel {
        var identity = SourceIdentity(kind: .mlflowServer, reference: "\(uri)")
        identity.server = "\(tracking.endpoint.base)"
        let stores = try run(uri.runID, uri.path ?? "", &identity, task)
        return LocatedModel(identity: identity, stores: stores, isImmutable: false)
    }

    /// A folder behind the artifact proxy.
    func locate(_ uri: ArtifactURI, doing task: String) throws(RegistryError) -> LocatedModel {
        var identity = SourceIdentity(kind: .mlflowServer, reference: "\(uri)")
        identity.server = "\(tracking.endpoint.base)"
        identity.artifactURI = "\(uri)"
        return LocatedModel(identity: identity, stores: [try proxied(uri, task)], isImmutable: false)
    }

    /// A folder behind an artifact proxy by its address; that of another origin than the tracking server's gets no credential.
    func locate(_ uri: ServedArtifactURI, doing task: String) throws(RegistryError) -> LocatedModel {
        var identity = SourceIdentity(kind: .mlflowServer, reference: "\(uri)")
        identity.server = "\(uri.base)"
        identity.artifactURI = "mlflow-artifacts:/" + uri.path
        return LocatedModel(identity: identity, stores: [try proxied(uri.base, uri.path)], isImmutable: false)
    }

    // MARK: The forms of a reference

    private func files(
        of version: ModelVersion, _ selector: ModelURI.Selector, _ subpath: String, _ identity: inout SourceIdentity,
        _ task: String
    ) throws(RegistryError) -> [any ArtifactStore] {
        try version.checkReady(doing: task)
        identity.name = version.name
        identity.version = version.version
        if case .alias(let alias) = selector { identity.alias = alias }
        if case .stage(let stage) = selector { identity.stage = stage }
        identity.runID = version.runID
        identity.modelID = version.modelID
        identity.createdMilliseconds = version.createdMilliseconds
        let uri = try downloadURI(of: version, task)
        identity.artifactURI = HTTPURL.withoutSecrets(uri)
        return try stores(at: uri, subpath, &identity, task)
    }

    private func downloadURI(of version: ModelVersion, _ task: String) throws(RegistryError) -> String {
        let answer = try registry.get(
            "api/2.0/mlflow/model-versions/get-download-uri", [("name", version.name), ("version", version.version)],
            doing: task)
        guard let uri = answer["artifact_uri"]?.stringValue, !uri.isEmpty else {
            throw RegistryError(.answer, "cannot \(task): the server does not say where its files are")
        }
        return uri
    }

    private func loggedModel(
        _ id: String, _ subpath: String, _ identity: inout SourceIdentity, _ task: String
    ) throws(RegistryError) -> any ArtifactStore {
        let info = try loggedModelInfo(id, task)
        identity.modelID = info["model_id"]?.stringValue ?? id
        identity.name = identity.name ?? info["name"]?.stringValue
        identity.runID = identity.runID ?? info["source_run_id"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
        if let status = info["status"]?.stringValue, status != "LOGGED_MODEL_READY" {
            throw RegistryError(
                .notReady, "cannot \(task): it is not ready, its status is `\(escaped(status))`",
                hints: ["log it again if nothing is logging it just now"])
        }
        identity.createdMilliseconds =
            identity.createdMilliseconds
            ?? info["creation_timestamp_ms"].flatMap { $0.intValue ?? $0.stringValue.flatMap { Int($0) } }
        let uri = info["artifact_uri"]?.stringValue ?? ""
        identity.artifactURI = identity.artifactURI ?? HTTPURL.withoutSecrets(uri)
        if let store = try servedStore(uri, subpath, task) { return store }
        return LoggedModelArtifacts(client: tracking, modelID: id, root: subpath)
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
        _ runID: String, _ path: String, _ identity: inout SourceIdentity, _ task: String
    ) throws(RegistryError) -> [any ArtifactStore] {
        let info = try runInfo(runID, task)
        let root = info["artifact_uri"]?.stringValue ?? ""
        identity.runID = runID
        identity.artifactURI = identity.artifactURI ?? joined(HTTPURL.withoutSecrets(root), path)
        let own = try servedStore(root, path, task) ?? runArtifacts(runID, path, root)
        let segments = path.split(separator: "/").map(String.init)
        guard let name = segments.first,
            let id = try LoggedModelSearch.id(
                named: name, of: runID, in: info["experiment_id"]?.stringValue ?? "", doing: task,
                ask: { body throws(RegistryError) in
                    try tracking.postIfKnown(LoggedModelSearch.service, body, doing: task)
                })
        else { return [own] }
        var logged = SourceIdentity(kind: .mlflowServer, reference: identity.reference)
        let store = try loggedModel(id, segments.dropFirst().joined(separator: "/"), &logged, task)
        identity.modelID = logged.modelID
        identity.artifactURI = logged.artifactURI
        return [own, store]
    }

    private func runInfo(_ id: String, _ task: String) throws(RegistryError) -> JSONObject {
        let answer = try tracking.get("api/2.0/mlflow/runs/get", [("run_id", id)], doing: task)
        guard let info = answer["run"]?["info"]?.objectValue else {
            throw RegistryError(.answer, "cannot \(task): the server's answer has no run")
        }
        return info
    }

    // MARK: From an address to files

    /// The files at an address that a server gave for a model version.
    private func stores(
        at uri: String, _ subpath: String, _ identity: inout SourceIdentity, _ task: String
    ) throws(RegistryError) -> [any ArtifactStore] {
        if let store = try servedStore(uri, subpath, task) { return [store] }
        if uri.hasPrefix("runs:/") {
            let uri = try RunURI(uri)
            return try run(uri.runID, joined(uri.path ?? "", subpath), &identity, task)
        }
        if uri.hasPrefix("models:/") {
            let model = try ModelURI(uri)
            guard case .logged(let id) = model.target else {
                throw RegistryError(
                    .unsupported, "cannot \(task): its files are those of `\(escaped(uri))`",
                    hints: ["ask for `\(escaped(uri))` itself"])
            }
            return [try loggedModel(id, joined(model.subpath ?? "", subpath), &identity, task)]
        }
        guard let store = try readByServer(uri, subpath, identity, task) else {
            throw RegistryError(
                .unsupported,
                "cannot \(task): its files are at `\(escaped(HTTPURL.withoutSecrets(uri)))`, which only the server can read",
                hints: [
                    "start the server with `--serve-artifacts`, or download the model with MLflow and name the folder"
                ])
        }
        return [store]
    }

    /// The files at an address that is not ours to open: listed as those of the logged model or of the run that they belong to;
    /// nil when they belong to neither, because the server lists nothing else.
    private func readByServer(
        _ uri: String, _ subpath: String, _ identity: SourceIdentity, _ task: String
    ) throws(RegistryError) -> (any ArtifactStore)? {
        var listed: (any ArtifactStore)?
        if let id = identity.modelID,
            let rest = try remainder(of: uri, after: loggedModelInfo(id, task)["artifact_uri"]?.stringValue)
        {
            listed = LoggedModelArtifacts(client: tracking, modelID: id, root: joined(rest, subpath))
        } else if let id = identity.runID,
            let root = try runInfo(id, task)["artifact_uri"]?.stringValue, let rest = remainder(of: uri, after: root)
        {
            let store = runArtifacts(id, joined(rest, subpath), root)
            // A storage in the cloud may be read without the server's help, which then copies nothing.
            if store.downloads != nil { return store }
            listed = store
        }
        guard let listed, let name = identity.name, let version = identity.version else { return listed }
        return VersionArtifacts(listed: listed, client: registry, name: name, version: version, root: subpath)
    }

    private func runArtifacts(_ id: String, _ path: String, _ root: String) -> RunArtifacts {
        let isCloud = ["s3:", "gs:", "wasbs:", "abfss:", "r2:"].contains { root.hasPrefix($0) }
        return RunArtifacts(
            client: tracking, runID: id, root: path,
            downloads: isCloud ? PresignedDownloads(tracking, isOffered: presigning ?? true) : nil)
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
        do throws(RegistryError) {
            let served = try ServedArtifactURI(uri)
            return try proxied(served.base, joined(served.path, subpath))
        } catch {
            // Some other address: the caller says that it cannot be read.
            guard error.kind == .reference else { throw error }
            return nil
        }
    }

    private func proxied(_ uri: ArtifactURI, _ task: String) throws(RegistryError) -> ProxiedArtifacts {
        let own = tracking.endpoint.base
        guard let authority = uri.authority else { return try proxied(own, uri.path) }
        let base: HTTPURL
        do {
            base = try HTTPURL("\(own.origin.scheme)://\(authority)\(own.path)")
        } catch {
            throw RegistryError(.reference, "cannot \(task): \(error.reason)")
        }
        return try proxied(base, uri.path)
    }

    /// The proxy at an address: the tracking server's credential and headers go there only when it is the same origin.
    private func proxied(_ base: HTTPURL, _ root: String) throws(RegistryError) -> ProxiedArtifacts {
        let own = tracking.endpoint
        guard base != own.base else {
            return ProxiedArtifacts(client: tracking, root: root, downloads: trackingDownloads)
        }
        let isOwn = base.origin == own.base.origin
        let endpoint = Endpoint(
            base: base, login: isOwn ? own.login : .none(for: base.origin), headers: isOwn ? own.headers : [])
        let client = try APIClient(endpoint, http)
        return ProxiedArtifacts(
            client: client, root: root, downloads: PresignedDownloads(client, isOffered: presigning))
    }
}
