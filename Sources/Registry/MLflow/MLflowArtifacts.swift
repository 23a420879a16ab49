import Diagnostics
import HTTPTransport
import JSONText
import Transfers

/// The storage behind `/api/2.0/mlflow-artifacts` (a server with `--serve-artifacts`, the default).
struct ProxiedArtifacts: ArtifactStore {
    /// Where the proxy is; its host may be another than the tracking server's, and then gets no credential.
    let client: APIClient
    /// The folder, from the root of the storage.
    let root: String
    let downloads: PresignedDownloads

    static let service = "api/2.0/mlflow-artifacts/artifacts"

    func list(_ folder: String, doing task: String) throws(RegistryError) -> [ListedEntry] {
        let answer = try client.get(Self.service, [("path", joined(root, folder))], doing: task)
        return try ListedEntry.entries(answer, doing: task).map { entry throws(RegistryError) in
            // Here the server sends names, not paths.
            guard !entry.path.contains("/") else {
                throw Listing.refusal(entry.path, "it is not the name of a file in the folder that was asked", task)
            }
            return ListedEntry(path: joined(folder, entry.path), isFolder: entry.isFolder, size: entry.size)
        }
    }

    var place: String { "\(client.endpoint.url(joined(Self.service, root)))" }

    func access(to entry: ListedEntry, doing task: String) -> any ObjectAccess {
        let endpoint = client.endpoint
        let path = joined(root, entry.path)
        let proxied = DirectAccess(endpoint: endpoint, url: endpoint.url(joined(Self.service, path)), task: task)
        return downloads.access(entry, else: proxied) {
            try endpoint.request(endpoint.url(joined("api/2.0/mlflow-artifacts/presigned", path)))
        }
    }
}

/// Files of a run, read through the tracking server itself, whatever its storage is.
struct RunArtifacts: ArtifactStore {
    let client: APIClient
    let runID: String
    /// The folder, from the run's own root.
    let root: String
    /// When the run's files lie in a cloud.
    let downloads: PresignedDownloads?

    func list(_ folder: String, doing task: String) throws(RegistryError) -> [ListedEntry] {
        let path = joined(root, folder)
        return try pages(client, "api/2.0/mlflow/artifacts/list", [("run_id", runID), ("path", path)], path, task)
            .map { ListedEntry(path: String($0.path.dropFirst(prefix.count)), isFolder: $0.isFolder, size: $0.size) }
    }

    private var prefix: String { root.isEmpty ? "" : root + "/" }

    var place: String { "runs:/" + joined(runID, root) }

    func access(to entry: ListedEntry, doing task: String) -> any ObjectAccess {
        let endpoint = client.endpoint
        let path = joined(root, entry.path)
        let url = endpoint.url("get-artifact", [("path", path), ("run_id", runID)])
        let served = DirectAccess(endpoint: endpoint, url: url, task: task)
        guard let downloads else { return served }
        let body = JSONWriter.bytes(["run_id": .string(runID), "path": .string(path)], style: .compact)
        return downloads.access(entry, else: served) {
            try endpoint.request(postJSON: body, to: endpoint.url("api/2.0/mlflow/artifacts/presigned-download-url"))
        }
    }
}

/// Files of a logged model (MLflow 3), read through the tracking server itself, whatever its storage is.
struct LoggedModelArtifacts: ArtifactStore {
    let client: APIClient
    let modelID: String
    /// The folder, from the model's own root.
    let root: String

    func list(_ folder: String, doing task: String) throws(RegistryError) -> [ListedEntry] {
        let path = joined(root, folder)
        let service = "api/2.0/mlflow/logged-models/\(modelID)/artifacts/directories"
        let prefix = root.isEmpty ? "" : root + "/"
        return try pages(client, service, [("artifact_directory_path", path)], path, task)
            .map { ListedEntry(path: String($0.path.dropFirst(prefix.count)), isFolder: $0.isFolder, size: $0.size) }
    }

    var place: String { "models:/" + joined(modelID, root) }

    func access(to entry: ListedEntry, doing task: String) -> any ObjectAccess {
        let endpoint = client.endpoint
        let service = "ajax-api/2.0/mlflow/logged-models/\(modelID)/artifacts/files"
        let url = endpoint.url(service, [("artifact_file_path", joined(root, entry.path))])
        return DirectAccess(endpoint: endpoint, url: url, task: task)
    }
}

/// Files of a registered version, read through the registry itself, whatever its storage is. The registry lists nothing: that is
/// left to the run or logged model that the files belong to.
struct VersionArtifacts: ArtifactStore {
    let listed: any ArtifactStore
    let client: APIClient
    let name: String
    let version: String
    /// The folder, from the version's own root.
    let root: String

    func list(_ folder: String, doing task: String) throws(RegistryError) -> [ListedEntry] {
        try listed.list(folder, doing: task)
    }

    var place: String { listed.place }

    func access(to entry: ListedEntry, doing task: String) -> any ObjectAccess {
        let endpoint = client.endpoint
        let url = endpoint.url(
            "model-versions/get-artifact",
            [("name", name), ("path", joined(root, entry.path)), ("version", version)])
        return DirectAccess(endpoint: endpoint, url: url, task: task)
    }
}

/// All pages of a listing whose entries carry the path from the store's root; each must lie directly in `folder`.
private func pages(
    _ client: APIClient, _ service: String, _ query: [(name: String, value: String)], _ folder: String,
    _ task: String
) throws(RegistryError) -> [ListedEntry] {
    var entries: [ListedEntry] = []
    var seen: Set<String> = []
    var token: String?
    repeat {
        // Without a folder the server must not be told an empty one.
        let asked = query.filter { !$0.value.isEmpty } + (token.map { [("page_token", $0)] } ?? [])
        let answer = try client.get(service, asked, doing: task)
        let page = try ListedEntry.entries(answer, doing: task)
        let prefix = folder.isEmpty ? "" : folder + "/"
        // A file that is asked as a folder lists itself.
        guard page.count != 1 || page[0].path != folder else { return [] }
        for entry in page where !entry.path.hasPrefix(prefix) || entry.path.dropFirst(prefix.count).contains("/") {
            throw Listing.elsewhere(entry.path, folder, task)
        }
        entries += page
        token = answer["next_page_token"]?.stringValue.flatMap { $0.isEmpty || page.isEmpty ? nil : $0 }
        if let token, !seen.insert(token).inserted {
            throw Listing.circle(folder, task)
        }
        guard entries.count <= Listing.entryLimit else { throw Listing.tooMany(task) }
    } while token != nil
    return entries
}

extension ListedEntry {
    /// The `files` of an answer; none when the key is missing.
    static func entries(_ answer: JSONObject, doing task: String) throws(RegistryError) -> [ListedEntry] {
        guard let files = answer["files"] else { return [] }
        guard let list = files.arrayValue else {
            throw RegistryError(.answer, "cannot \(task): `files` of the server's listing is not a list")
        }
        return try list.map { value throws(RegistryError) in
            guard let path = value["path"]?.stringValue, !path.isEmpty else {
                throw RegistryError(.answer, "cannot \(task): the server lists a file without a path")
            }
            let isFolder = value["is_dir"]?.boolValue ?? false
            let size = value["file_size"]
            let bytes = size?.intValue ?? size?.stringValue.flatMap(Listing.byteCount)
            guard size == nil || isFolder || bytes ?? -1 >= 0 else {
                throw Listing.wrongSize(path, task)
            }
            return ListedEntry(path: path, isFolder: isFolder, size: bytes)
        }
    }
}
