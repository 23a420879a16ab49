import Diagnostics
import HTTPTransport
import JSONText
import Platform

/// Runs, logged models and DBFS folders of a Databricks workspace (tracking URI `databricks`).
///
/// Artifacts are read by the Files API below `/WorkspaceInternal/Mlflow/Artifacts`, and by MLflow's own services where that is refused,
/// as mlflow 3.17 does (`store/artifact/databricks_tracking_artifact_repo.py`).
struct DatabricksTracking {
    private let client: DatabricksClient
    /// Whether MLflow's own services are asked at once for the artifacts of runs.
    private let skipsFilesForRuns: Bool

    private static let api = "api/2.0/mlflow/"

    init(_ client: DatabricksClient, _ surroundings: Surroundings) {
        self.client = client
        skipsFilesForRuns = ["true", "1"].contains(
            surroundings.environment["MLFLOW_DISABLE_DATABRICKS_SDK_FOR_RUN_ARTIFACTS"]?.lowercased())
    }

    /// What a run logged under a path: its own files, and over them those of the logged model that it made under the path's first
    /// segment.
    func run(_ uri: RunURI, doing task: String) throws(RegistryError) -> LocatedModel {
        let subject = DatabricksSubject.run(uri.runID)
        let answer = try client.get(Self.api + "runs/get", [("run_id", uri.runID)], about: subject, doing: task)
        guard let info = answer["run"]?["info"]?.objectValue, let root = info["artifact_uri"]?.stringValue,
            !root.isEmpty
        else { throw RegistryError(.answer, "cannot \(task): the workspace's answer has no run with artifacts") }
        var identity = identity("\(uri)")
        identity.runID = uri.runID
        let path = uri.path ?? ""
        identity.artifactURI = joined(HTTPURL.withoutSecrets(root), path)
        var stores = [try store(at: root, path, doing: task)]
        let segments = path.split(separator: "/").map(String.init)
        if let name = segments.first,
            let id = try loggedModelID(named: name, of: uri.runID, in: info["experiment_id"]?.stringValue ?? "", task)
        {
            let rest = segments.dropFirst().joined(separator: "/")
            let logged = try loggedModel(id, subpath: rest, reference: "\(uri)", doing: task)
            identity.modelID = logged.identity.modelID
            identity.artifactURI = logged.identity.artifactURI
            stores += logged.stores
        }
        return LocatedModel(identity: identity, stores: stores, isImmutable: false)
    }

    /// A logged model.
    ///
    /// - Parameters:
    ///   - subpath: the folder in it; empty for the whole.
    ///   - reference: as it was asked, for the manifest.
    func loggedModel(
        _ id: String, subpath: String, reference: String, doing task: String
    ) throws(RegistryError) -> LocatedModel {
        let answer = try client.get(Self.api + "logged-models/" + id, about: .loggedModel(id), doing: task)
        guard let info = answer["model"]?["info"]?.objectValue, let root = info["artifact_uri"]?.stringValue,
            !root.isEmpty
        else {
            throw RegistryError(.answer, "cannot \(task): the workspace's answer has no logged model with artifacts")
        }
        func text(_ key: String) -> String? { info[key]?.stringValue.flatMap { $0.isEmpty ? nil : $0 } }
        if let status = text("status"), status != "LOGGED_MODEL_READY" {
            throw RegistryError(
                .notReady, "cannot \(task): it is not ready, its status is `\(escaped(status))`",
                hints: ["log it again if nothing is logging it just now"])
        }
        var identity = identity(reference)
        identity.modelID = text("model_id") ?? id
        identity.name = text("name")
        identity.runID = text("source_run_id")
        identity.createdMilliseconds = DatabricksVersion.number(info["creation_timestamp_ms"]).flatMap { Int($0) }
        identity.artifactURI = joined(HTTPURL.withoutSecrets(root), subpath)
        return LocatedModel(
            identity: identity, stores: [try store(at: root, subpath, doing: task)], isImmutable: true)
    }

    /// A folder by its `dbfs:/` URI, whose profile, if it has one, was looked up before.
    func folder(_ uri: String, doing task: String) throws(RegistryError) -> LocatedModel {
        var identity = identity(uri)
        identity.artifactURI = HTTPURL.withoutSecrets(uri)
        return LocatedModel(
            identity: identity, stores: [try store(at: uri, "", doing: task)], isImmutable: false)
    }

    private func identity(_ reference: String) -> SourceIdentity {
        var identity = SourceIdentity(kind: .workspaceRegistry, reference: reference)
        identity.server = "\(client.endpoint.base)"
        return identity
    }

    // MARK: Stores

    /// The store of a folder below an address that a workspace gives for artifacts, or that a person writes: a run, a logged model, a
    /// volume, a folder on DBFS.
    ///
    func store(
        at uri: String, _ subpath: String, doing task: String
    ) throws(RegistryError) -> any ArtifactStore {
        guard uri.lowercased().hasPrefix("dbfs:") else {
            throw RegistryError(
                .unsupported,
                "cannot \(task): its files are at `\(escaped(HTTPURL.withoutSecrets(uri)))`, which is no address on Databricks",
                hints: ["write `dbfs:/PATH`; a store in the cloud is read with its own credentials, by its own URI"])
        }
        switch try DBFSURI(uri).target {
        case .run(let experiment, let id, let path):
            return try tracked(.run, id, experiment, path, subpath, task)
        case .loggedModel(let experiment, let id, let path):
            return try tracked(.loggedModel, id, experiment, path, subpath, task)
        case .volume(let path):
            let root = joined(path, subpath)
            return FilesAPIStore(client, root: root, about: .folder(root))
        case .registry(let path), .file(let path):
            let root = joined(path, subpath)
            return DBFSStore(client, root: root, about: .folder(root))
        }
    }

    private func tracked(
        _ kind: TrackedResource.Kind, _ id: String, _ experiment: String, _ path: String, _ subpath: String,
        _ task: String
    ) throws(RegistryError) -> any ArtifactStore {
        let segments = path.split(separator: "/").map(String.init)
        guard segments.first == "artifacts", !id.hasPrefix("tr-") else {
            throw RegistryError(
                .unsupported,
                "cannot \(task): its address is neither that of a run's artifacts nor of a logged model's",
                hints: [
                    "write `dbfs:/databricks/mlflow-tracking/EXPERIMENT/RUN/artifacts/PATH`, or better `runs:/RUN/PATH`"
                ])
        }
        let resource = TrackedResource(kind: kind, id: id, experiment: experiment)
        return store(resource, joined(segments.dropFirst().joined(separator: "/"), subpath))
    }

    private func store(_ resource: TrackedResource, _ path: String) -> any ArtifactStore {
        let tracked = TrackedArtifacts(client, resource, root: path)
        if resource.kind == .run, skipsFilesForRuns { return tracked }
        let files = FilesAPIStore(client, root: joined(resource.filesRoot, path), about: resource.subject)
        return FilesFirstStore(files) { _ throws(RegistryError) in tracked }
    }

    /// The logged model of that name that the run made; nil when there is none.
    private func loggedModelID(
        named name: String, of runID: String, in experiment: String, _ task: String
    ) throws(RegistryError) -> String? {
        try LoggedModelSearch.id(named: name, of: runID, in: experiment, doing: task) { body throws(RegistryError) in
            switch try client.ask(posting: body, to: LoggedModelSearch.service, about: .run(runID), doing: task) {
            case .object(let object): return object
            case .refusal(let refusal):
                guard refusal.isUnknownAddress else { throw refusal.error(doing: task) }
                return nil
            }
        }
    }
}
