import Diagnostics
import FileTrees
import HTTPTransport
import Platform

/// The way from a reference to a folder through the records of a local store.
struct LocalSearch<Records: LocalRecords> {
    let records: Records
    let reference: ModelReference
    let surroundings: Surroundings
    let task: String

    /// Steps from one address to the next, as a version that was copied from another has them.
    private static var stepLimit: Int { 8 }

    init(_ records: Records, _ reference: ModelReference, _ surroundings: Surroundings) {
        self.records = records
        self.reference = reference
        self.surroundings = surroundings
        task = "find `\(escaped("\(reference)"))`"
    }

    func model() throws(RegistryError) -> LocalModel {
        var identity = SourceIdentity(kind: .localStore, reference: "\(reference)")
        let folders: [String]
        switch reference {
        case .models(let uri): folders = try self.folders(of: uri, &identity, 0)
        case .run(let uri): folders = try self.folders(of: uri, &identity, 0)
        case .folder, .archive, .artifacts, .served, .dbfs:
            throw RegistryError(
                .reference, "cannot \(task): \(records.shown) has registered models, logged models and runs",
                hints: ["write `models:/NAME/VERSION` or `runs:/RUN/path`"])
        }
        return LocalModel(tree: try tree(folders), identity: identity)
    }

    // MARK: From a reference to folders

    private func folders(
        of uri: ModelURI, _ identity: inout SourceIdentity, _ steps: Int
    ) throws(RegistryError) -> [String] {
        switch uri.target {
        case .logged(let id): return try logged(id, uri.subpath ?? "", &identity, steps)
        case .registered(let name, let selector):
            let version = try find(name, selector)
            if let status = version.status, status != "READY" {
                throw RegistryError(
                    .notReady,
                    "cannot \(task): version \(version.version) is not ready, its status is `\(escaped(status))`",
                    details: version.statusMessage.map { ["the store says: \(escaped($0, limit: 400))"] } ?? [],
                    hints: ["register it again"])
            }
            if steps == 0 {
                identity.name = name
                identity.version = String(version.version)
                if case .alias(let alias) = selector { identity.alias = alias }
                if case .stage(let stage) = selector { identity.stage = stage }
                identity.runID = version.runID
                identity.modelID = version.modelID
            }
            guard let location = version.location else {
                throw RegistryError(.answer, "cannot \(task): the store does not say where its files are")
            }
            return try folders(at: location, uri.subpath ?? "", &identity, steps)
        }
    }

    private func logged(
        _ id: String, _ subpath: String, _ identity: inout SourceIdentity, _ steps: Int
    ) throws(RegistryError) -> [String] {
        guard let model = try records.loggedModel(id) else {
            var hints: [String] = []
            if try records.versions(of: id) != nil {
                hints = ["`\(escaped(id))` is a registered model: write `models:/\(escaped(id))/VERSION`"]
            }
            throw RegistryError(
                .notFound, "cannot \(task): \(records.shown) has no logged model `\(escaped(id))`", hints: hints)
        }
        guard model.isReady else {
            throw RegistryError(
                .notReady, "cannot \(task): it is not ready", hints: ["log it again if nothing is logging it just now"])
        }
        identity.modelID = model.id
        identity.name = identity.name ?? (model.name.isEmpty ? nil : model.name)
        identity.runID = identity.runID ?? model.runID
        return try folders(at: model.location, subpath, &identity, steps)
    }

    /// The run's own files, and over them those of the logged model that the run made under the path's first segment, as MLflow 3's
    /// client has it (`store/artifact/runs_artifact_repo.py`).
    private func folders(
        of uri: RunURI, _ identity: inout SourceIdentity, _ steps: Int
    ) throws(RegistryError) -> [String] {
        guard let run = try records.run(uri.runID) else {
            throw RegistryError(.notFound, "cannot \(task): \(records.shown) has no run `\(escaped(uri.runID))`")
        }
        identity.runID = identity.runID ?? run.id
        let path = uri.path ?? ""
        let segments = path.split(separator: "/").map(String.init)
        let named = try records.loggedModels(of: run).filter { $0.name.utf8.elementsEqual((segments.first ?? "").utf8) }
        // MLflow takes the first of its answer, which begins with the newest.
        let newest = named.min { ($1.created, $0.id) < ($0.created, $1.id) }
        guard let newest, !segments.isEmpty else { return try folders(at: run.artifactURI, path, &identity, steps) }
        let over = try logged(newest.id, segments.dropFirst().joined(separator: "/"), &identity, steps)
        let own: [String]
        do throws(RegistryError) { own = try folders(at: run.artifactURI, path, &identity, steps) } catch {
            guard error.kind == .notFound else { throw error }
            return over
        }
        return own + over
    }

    /// The folders at an address that the store has for a model.
    private func folders(
        at location: String, _ subpath: String, _ identity: inout SourceIdentity, _ steps: Int
    ) throws(RegistryError) -> [String] {
        guard steps < Self.stepLimit else {
            throw RegistryError(.answer, "cannot \(task): its addresses lead from one to another without an end")
        }
        switch ModelReference.scheme(of: location) {
        case nil: return [try folder(location, subpath)]
        case "file": return [try folder(try FileURI.path(of: location), subpath)]
        case "runs":
            let run = try RunURI(location)
            let path = joined(run.path ?? "", subpath)
            return try folders(
                of: RunURI(path.isEmpty ? "runs:/\(run.runID)" : "runs:/\(run.runID)/\(path)"), &identity, steps + 1)
        case "models":
            let model = try ModelURI(location)
            let whole = ModelURI(target: model.target, subpath: joined(model.subpath ?? "", subpath))
            return try folders(of: whole, &identity, steps + 1)
        case "mlflow-artifacts":
            throw elsewhere(
                location, "behind the MLflow server that it was logged to",
                ["set `MLFLOW_TRACKING_URI` to the address of that server"])
        case let scheme?:
            throw elsewhere(
                location, "in storage elsewhere",
                StorageScheme.advice(for: scheme, location).map { Array($0.suffix(1)) } ?? [])
        }
    }

    private func elsewhere(_ location: String, _ words: String, _ hints: [String]) -> RegistryError {
        RegistryError(
            .unsupported,
            "cannot \(task): its files are not on this machine but \(words), at `\(escaped(HTTPURL.withoutSecrets(location)))`",
            hints: hints)
    }

    /// The folder at a path of the store. A relative one begins at the current folder, as for MLflow, or where the store is.
    private func folder(_ path: String, _ subpath: String) throws(RegistryError) -> String {
        let whole = joined(path.hasSuffix("/") ? String(path.dropLast()) : path, subpath)
        var candidates = path.hasPrefix("/") ? [whole] : [surroundings.absolute(whole), records.folder + "/" + whole]
        // MLflow decodes even a bare path.
        if let decoded = PercentEncoding.decode(whole), decoded != whole, !decoded.utf8.contains(0) {
            candidates.append(surroundings.absolute(decoded))
        }
        for candidate in candidates {
            let status: FileStatus?
            do throws(FileError) { status = try FileStatus.of(candidate) } catch {
                throw RegistryError(disk: error.diagnostic)
            }
            if status?.kind == .directory { return candidate }
        }
        throw RegistryError(
            .notFound,
            "cannot \(task): the store says that its files are in `\(escaped(whole, limit: 1000))`, which is no folder here",
            hints: ["was the store moved? name the model's folder itself"])
    }

    // MARK: From folders to a tree

    /// The files of the folders; those of a later one take the place of those of an earlier one with the same path.
    private func tree(_ folders: [String]) throws(RegistryError) -> FileTree {
        if folders.count == 1 { return try LocalFolder.read(folders[0]).tree }
        do throws(FileTreeError) {
            var tree = FileTree()
            for folder in folders {
                let over = try DirectoryReader.read(folder)
                tree = tree.filter { over[$0] == nil }
                for (path, entry) in over.files { try tree.add(path, entry) }
            }
            guard tree.paths.contains(where: { $0.text == "MLmodel" }) else {
                throw FileTreeError(.path, "it has no file `MLmodel`, so it is no MLflow model")
            }
            return tree
        } catch {
            let cause = error.diagnostic
            throw RegistryError(
                .listing, "cannot \(task): \(cause.summary)", details: cause.details, hints: cause.hints)
        }
    }

    // MARK: From a selector to a version

    private func find(_ name: String, _ selector: ModelURI.Selector) throws(RegistryError) -> LocalVersion {
        guard let versions = try records.versions(of: name) else {
            throw RegistryError(
                .notFound, "cannot \(task): \(records.shown) has no model `\(escaped(name))`", hints: try neighbours())
        }
        func latest(_ versions: [LocalVersion]) -> LocalVersion? { versions.max { $0.version < $1.version } }
        let found: LocalVersion?
        let missing: String
        switch selector {
        case .version(let text):
            found = Int(text).flatMap { number in versions.first { $0.version == number } }
            missing = "there is no version \(escaped(text))"
        case .latest:
            found = latest(versions)
            missing = "`\(escaped(name))` has no version"
        case .stage(let text):
            guard let stage = Self.stages.first(where: { $0.lowercased() == text.lowercased() }) else {
                throw RegistryError(
                    .reference, "cannot \(task): there is no stage `\(escaped(text))`",
                    hints: ["the stages are `None`, `Staging`, `Production` and `Archived`"])
            }
            found = latest(versions.filter { $0.stage == stage })
            missing = "no version is in the stage `\(stage)`"
        case .alias(let alias):
            let aliases = try records.aliases(of: name)
            let number = aliases.first { $0.alias.utf8.elementsEqual(alias.utf8) }?.version
            found =
                alias.lowercased() == "latest"
                ? latest(versions) : number.flatMap { number in versions.first { $0.version == number } }
            missing = "there is no alias `\(escaped(alias))`"
        }
        guard let found else {
            throw RegistryError(
                .notFound, "cannot \(task): \(missing)", hints: [try about(name, versions)])
        }
        return found
    }

    private static var stages: [String] { ["None", "Staging", "Production", "Archived"] }

    private func neighbours() throws(RegistryError) -> [String] {
        let names = try records.modelNames().sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        guard !names.isEmpty else { return ["it has no models"] }
        let shown = names.prefix(8).map { "`\(escaped($0))`" }.joined(separator: ", ")
        return ["it has the models \(shown)\(names.count > 8 ? " and more" : "")"]
    }

    private func about(_ name: String, _ versions: [LocalVersion]) throws(RegistryError) -> String {
        var words = versions.map(\.version).max().map { "its highest version is \($0)" } ?? "it has no versions"
        let aliases = try records.aliases(of: name).map(\.alias).sorted()
        if !aliases.isEmpty {
            words += ", its aliases are \(aliases.prefix(8).map { "`\(escaped($0))`" }.joined(separator: ", "))"
        }
        return "the model `\(escaped(name))` exists: \(words)"
    }
}
