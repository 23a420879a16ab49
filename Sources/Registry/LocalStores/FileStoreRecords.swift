import Bytes
import Diagnostics
import Platform
import YAMLText

/// MLflow's folder `mlruns` (mlflow 1.30 to 3.17; the model registry in it since 2.0):
///
/// ```
/// models/NAME/meta.yaml                 a registered model
/// models/NAME/version-N/meta.yaml       one of its versions
/// models/NAME/aliases/ALIAS             the number of a version
/// EXPERIMENT/RUN/{meta.yaml,artifacts/} a run
/// EXPERIMENT/models/m-ID/meta.yaml      a logged model
/// .trash/EXPERIMENT/…                   a deleted experiment, whose runs and models can still be read
/// ```
struct FileStoreRecords: LocalRecords {
    /// The folder `mlruns`.
    let root: String

    private static let metaFile = "meta.yaml"
    private static let fileLimit = 1 << 20

    /// - Throws: `RegistryError` of kind `.notFound` when there is no such folder.
    init(_ root: String) throws(RegistryError) {
        self.root = root
        let status: FileStatus?
        do throws(FileError) { status = try FileStatus.of(root) } catch { throw RegistryError(disk: error.diagnostic) }
        guard status?.kind == .directory else {
            let isFile = status != nil
            throw RegistryError(
                .notFound,
                "cannot read MLflow's folder `\(escaped(root, limit: 1000))`: "
                    + (isFile ? "it is a file" : "there is no such folder"),
                hints: isFile ? ["for a database write `sqlite:///PATH`, with a fourth slash for an absolute path"] : []
            )
        }
    }

    /// Whether MLflow would take `root` for its default store: it holds an experiment.
    static func hasExperiments(_ root: String) -> Bool {
        guard let anchor = try? DirectoryAnchor.open(root), let names = try? anchor.names() else { return false }
        return names.contains { name in
            name.utf8.allSatisfy { (0x30...0x39).contains($0) }
                && (try? FileStatus.of("\(root)/\(name)/\(metaFile)", followsLinks: false)) != nil
        }
    }

    var folder: String { root + "/.." }
    var shown: String { "the folder `\(escaped(root, limit: 1000))`" }

    func modelNames() throws(RegistryError) -> [String] {
        try folders(in: root + "/models").filter {
            (try? FileStatus.of("\(root)/models/\($0)/\(Self.metaFile)")) != nil
        }
    }

    func versions(of name: String) throws(RegistryError) -> [LocalVersion]? {
        let model = "\(root)/models/\(name)"
        guard try meta(model) != nil else { return nil }
        var versions: [LocalVersion] = []
        for folder in try folders(in: model) where folder.hasPrefix("version-") {
            guard let meta = try meta("\(model)/\(folder)"), let version = meta.text("version").flatMap({ Int($0) })
            else { continue }
            let stage = meta.text("current_stage") ?? "None"
            guard stage != SQLiteRecords.deletedStage else { continue }
            versions.append(
                LocalVersion(
                    version: version, stage: stage, status: meta.text("status"),
                    statusMessage: meta.text("status_message"),
                    location: meta.text("storage_location") ?? meta.text("source"), runID: meta.text("run_id"),
                    modelID: meta.text("model_id") ?? meta.text("source").flatMap(LocalStore.loggedModelID)))
        }
        return versions
    }

    func aliases(of name: String) throws(RegistryError) -> [(alias: String, version: Int)] {
        let folder = "\(root)/models/\(name)/aliases"
        var aliases: [(alias: String, version: Int)] = []
        for alias in try names(in: folder) {
            guard let bytes = try read("\(folder)/\(alias)") else { continue }
            let digits = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
            guard let version = Int(digits) else {
                throw RegistryError(
                    .answer,
                    "cannot use the alias `\(escaped(alias))`: it points at `\(escaped(digits))`, which is no version",
                    place: Place(file: "\(folder)/\(alias)"))
            }
            aliases.append((alias, version))
        }
        return aliases
    }

    func run(_ id: String) throws(RegistryError) -> LocalRun? {
        for experiment in try experiments() {
            guard let meta = try meta("\(root)/\(experiment)/\(id)"),
                let found = meta.text("run_id") ?? meta.text("run_uuid"), found.utf8.elementsEqual(id.utf8),
                let uri = meta.text("artifact_uri")
            else { continue }
            return LocalRun(id: id, experiment: experiment, artifactURI: uri)
        }
        return nil
    }

    func loggedModel(_ id: String) throws(RegistryError) -> LocalLoggedModel? {
        for experiment in try experiments() {
            if let model = try loggedModel(id, in: experiment) { return model }
        }
        return nil
    }

    func loggedModels(of run: LocalRun) throws(RegistryError) -> [LocalLoggedModel] {
        var models: [LocalLoggedModel] = []
        for id in try folders(in: "\(root)/\(run.experiment)/models") {
            guard let model = try loggedModel(id, in: run.experiment), model.runID == run.id else { continue }
            models.append(model)
        }
        return models
    }

    private func loggedModel(_ id: String, in experiment: String) throws(RegistryError) -> LocalLoggedModel? {
        guard let meta = try meta("\(root)/\(experiment)/models/\(id)"), meta.text("model_id") == id,
            meta.text("lifecycle_stage") != "deleted", let location = meta.text("artifact_location")
        else { return nil }
        let status = meta.text("status")
        return LocalLoggedModel(
            id: id, name: meta.text("name") ?? "", location: location,
            isReady: status == String(LocalStore.readyStatus) || status == "READY", runID: meta.text("source_run_id"),
            experiment: experiment, created: meta.text("creation_timestamp").flatMap { Int($0) } ?? 0)
    }

    // MARK: Files

    /// The folders of experiments, from the root.
    private func experiments() throws(RegistryError) -> [String] {
        let active = try folders(in: root).filter { $0 != "models" && $0 != ".trash" }
        return try active + folders(in: root + "/.trash").map { ".trash/" + $0 }
    }

    private func folders(in folder: String) throws(RegistryError) -> [String] {
        try names(in: folder).filter { (try? FileStatus.of("\(folder)/\($0)"))?.kind == .directory }
    }

    /// The names in a folder; none when it does not exist.
    private func names(in folder: String) throws(RegistryError) -> [String] {
        do throws(FileError) { return try DirectoryAnchor.open(folder).names() } catch {
            guard error.isNotFound else { throw RegistryError(disk: error.diagnostic) }
            return []
        }
    }

    /// The file `meta.yaml` of a folder; nil when it does not exist.
    private func meta(_ folder: String) throws(RegistryError) -> Meta? {
        let path = folder + "/" + Self.metaFile
        guard let bytes = try read(path) else { return nil }
        do throws(YAMLError) { return Meta(node: try YAMLText.parse(ByteRegion(bytes), file: path)) } catch {
            let cause = error.diagnostic
            throw RegistryError(
                .answer, cause.summary, place: cause.place, details: cause.details, hints: cause.hints)
        }
    }

    /// The bytes of a small regular file; nil when it does not exist.
    private func read(_ path: String) throws(RegistryError) -> [UInt8]? {
        do throws(FileError) {
            // Looked at before it is opened: a pipe would wait for its writer.
            guard let status = try FileStatus.of(path) else { return nil }
            guard status.kind == .file else { throw FileError("read", path, .notARegularFile) }
            return try FileDescriptor.open(path).readAll(limit: Self.fileLimit)
        } catch {
            guard error.isNotFound else { throw RegistryError(disk: error.diagnostic) }
            return nil
        }
    }

    private struct Meta {
        let node: YAMLNode

        /// The text of a key that is neither null nor empty.
        func text(_ key: String) -> String? { node[key]?.text.flatMap { $0.isEmpty ? nil : $0 } }
    }
}
