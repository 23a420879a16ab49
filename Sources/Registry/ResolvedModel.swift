import Diagnostics
public import FileTrees
import HTTPTransport
import Hashing
import JSONText

/// A model on a server, found and listed: exactly which one, and every file with its size. Nothing is downloaded yet.
public struct ResolvedModel {
    /// Which model it is.
    public let identity: SourceIdentity
    /// For people: which registry was asked, and why.
    public let notes: [String]
    /// The model itself, when it is in a store on this machine: then there is nothing to download.
    public let local: LocalModel?
    let files: [RemoteFile]
    /// Where the files are; those of a later one take the place of those of an earlier one.
    let stores: [any ArtifactStore]
    let http: HTTPSettings
    /// Whether its files never change.
    let isImmutable: Bool

    /// The files with their sizes in bytes, sorted by path; `MLmodel` is among them.
    public var listing: [(path: RelativePath, size: Int)] {
        local?.tree.files.map { ($0.path, $0.entry.size) } ?? files.map { ($0.path, $0.size) }
    }

    /// Sum of the sizes, in bytes.
    public var totalSize: Int { listing.reduce(0) { $0 + $1.size } }

    /// A model in a store on this machine.
    init(_ local: LocalModel, notes: [String], _ http: HTTPSettings) {
        self.local = local
        self.notes = notes
        self.http = http
        identity = local.identity
        files = []
        stores = []
        isImmutable = false
    }

    /// SHA-256 of everything that is known of the model's contents without reading it: its identity, and each file's path, size,
    /// digests and version. Two models that could differ have two.
    var fingerprint: SHA256Digest {
        let known: [(String, String?)] = [
            ("kind", identity.kind.rawValue), ("server", identity.server), ("name", identity.name),
            ("version", identity.version), ("run_id", identity.runID), ("model_id", identity.modelID),
            ("artifact_uri", identity.artifactURI), ("created", identity.createdMilliseconds.map(String.init)),
        ]
        let listing = files.map { file -> JSONValue in
            let checksums = file.entry.checksums.map { JSONValue.string("\($0)") }
            return [
                "path": .string(file.path.text), "size": file.entry.size.map { .int($0) } ?? .null,
                "checksums": .array(checksums), "version": file.entry.version.map { .string($0) } ?? .null,
                "store": .string(file.store.place),
            ]
        }
        var object = JSONObject(known.compactMap { key, value in value.map { (key, .string($0)) } })
        object["files"] = .array(listing)
        return SHA256Digest(of: JSONWriter.bytes(.object(object), style: .compact))
    }

    /// What a download that ended early must be of to go on: nil when its files may change without the listing showing it.
    var resumableSource: SHA256Digest? {
        let isTold = files.allSatisfy { $0.entry.version != nil || !$0.entry.checksums.isEmpty }
        return isImmutable || isTold ? fingerprint : nil
    }

    /// Lists the files of a model that was found.
    ///
    /// - Throws: `RegistryError` of kind `.listing` for what no model may hold, of kind `.notFound` when there are no files, of
    ///   kind `.notAModel` without an `MLmodel`.
    init(
        _ located: LocatedModel, notes: [String], _ http: HTTPSettings, reference: String, doing task: String
    ) throws(RegistryError) {
        identity = located.identity
        self.notes = notes
        local = nil
        stores = located.stores
        files = try Listing.files(of: located.stores, doing: task)
        self.http = http
        isImmutable = located.isImmutable
        try checkModel(reference, task)
    }

    private func checkModel(_ reference: String, _ task: String) throws(RegistryError) {
        guard !files.contains(where: { $0.path == "MLmodel" }) else { return }
        let place = (identity.artifactURI ?? stores.last?.place).map { Place(file: $0) }
        guard !files.isEmpty else {
            throw RegistryError(
                .notFound, "cannot \(task): it has no files", place: place,
                hints: ["was it deleted, or is the path wrong? `mlflow artifacts list -r RUN` shows a run's files"])
        }
        let shown = files.prefix(5).map { "`\($0.path)`" }.joined(separator: ", ")
        let nested = files.first { $0.path.name == "MLmodel" }?.path.parent
        throw RegistryError(
            .notAModel, "cannot use `\(escaped(reference))`: it has no file `MLmodel`, so it is no MLflow model",
            place: place, details: ["it holds \(shown)\(files.count > 5 ? " and \(files.count - 5) more" : "")"],
            hints: nested.map { ["did you mean `\(escaped(reference))/\($0)`?"] } ?? [])
    }
}
