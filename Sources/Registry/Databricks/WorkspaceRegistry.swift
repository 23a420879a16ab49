import Diagnostics
import HTTPTransport
import JSONText

/// The model registry of a Databricks workspace (registry URI `databricks`): versions and stages, no aliases.
///
/// Calls of mlflow 3.17 (`store/artifact/databricks_models_artifact_repo.py`, `store/model_registry/rest_store.py`); unlike its client
/// this asks for the version first, which tells a missing one and one that is not ready.
struct WorkspaceRegistry: ModelRegistry {
    let client: DatabricksClient
    private static let api = "api/2.0/mlflow/"

    init(_ client: DatabricksClient) {
        self.client = client
    }

    func locate(_ uri: ModelURI, doing task: String) throws(RegistryError) -> LocatedModel {
        guard case .registered(let name, let selector) = uri.target else {
            throw RegistryError(.reference, "cannot \(task): a logged model is no model of a registry")
        }
        let version = try version(name, selector, doing: task)
        try version.checkReady(doing: task)
        let identity = version.identity(
            .workspaceRegistry, reference: "\(uri)", server: client.endpoint.base, selector: selector)
        let store = WorkspaceArtifacts(
            client, model: name, version: version.version, root: uri.subpath ?? "")
        return LocatedModel(identity: identity, stores: [store], isImmutable: true)
    }

    private func version(
        _ name: String, _ selector: ModelURI.Selector, doing task: String
    ) throws(RegistryError) -> DatabricksVersion {
        do throws(RegistryError) {
            return try ask(name, selector, doing: task)
        } catch {
            guard error.kind == .notFound else { throw error }
            let other = CatalogName(name).map { Self.isCatalogName($0, selector) }
            throw error.adding(hints: neighbours(of: name) + (other.map { [$0] } ?? []))
        }
    }

    private func ask(
        _ name: String, _ selector: ModelURI.Selector, doing task: String
    ) throws(RegistryError) -> DatabricksVersion {
        let subject = DatabricksSubject.workspaceModel(name)
        switch selector {
        case .version(let number):
            let answer = try client.get(
                Self.api + "model-versions/get", [("name", name), ("version", number)], about: subject, doing: task)
            return try DatabricksVersion(answer["model_version"], name: name, doing: task)
        case .latest:
            return try newest(name, stage: nil, "`\(escaped(name))` has no version", doing: task)
        case .stage(let stage):
            return try newest(name, stage: stage, "no version is in the stage `\(escaped(stage))`", doing: task)
        case .alias(let alias):
            var hints = ["name a version or a stage, as in `models:/\(escaped(name))/Production`"]
            let model = CatalogName(name)?.text ?? "CATALOG.SCHEMA.\(name)"
            hints.append(
                "the models of Unity Catalog have aliases: `models://databricks-uc/\(escaped(model))@\(escaped(alias))`"
            )
            throw RegistryError(
                .unsupported, "cannot \(task): the workspace registry has no aliases, only Unity Catalog has them",
                hints: hints,
                status: .misuse)
        }
    }

    /// The highest of the versions that are the latest in their stage.
    private func newest(
        _ name: String, stage: String?, _ reason: String, doing task: String
    ) throws(RegistryError) -> DatabricksVersion {
        let service = Self.api + "registered-models/get-latest-versions"
        let subject = DatabricksSubject.workspaceModel(name)
        var body: JSONObject = ["name": .string(name)]
        if let stage { body["stages"] = .array([.string(stage)]) }
        let answer: JSONObject
        switch try client.ask(posting: .object(body), to: service, about: subject, doing: task) {
        case .object(let object): answer = object
        case .refusal(let refusal):
            guard refusal.isUnknownAddress else { throw refusal.error(doing: task) }
            // The older form of the same call.
            let stages = stage.map { [(name: "stages", value: $0)] } ?? []
            answer = try client.get(service, [("name", name)] + stages, about: subject, doing: task)
        }
        var newest: DatabricksVersion?
        for value in answer["model_versions"]?.arrayValue ?? [] {
            let version = try DatabricksVersion(value, name: name, doing: task)
            if version.number > newest?.number ?? -1 { newest = version }
        }
        guard let newest else { throw RegistryError(.notFound, "cannot \(task): \(reason)") }
        return newest
    }

    private static func isCatalogName(_ name: CatalogName, _ selector: ModelURI.Selector) -> String {
        let version =
            switch selector {
            case .version(let number): "/\(number)"
            case .alias(let alias): "@\(alias)"
            case .latest, .stage: "/latest"
            }
        return
            "the name has three parts: in Unity Catalog it is `models://databricks-uc/\(escaped(name.text + version))`"
    }

    /// What the registry has under this name, or which names it has. Trouble on this errand is not told: the person waits for another
    /// error.
    private func neighbours(of name: String) -> [String] {
        let subject = DatabricksSubject.workspaceModel(name)
        do throws(RegistryError) {
            let answer = try client.get(
                Self.api + "registered-models/get", [("name", name)], about: subject, doing: "look around")
            let versions = (answer["registered_model"]?["latest_versions"]?.arrayValue ?? []).compactMap { value in
                try? DatabricksVersion(value, name: name, doing: "look around")
            }
            return [Neighbours.about(name, versions: versions.map(\.number), isComplete: false, aliases: [])]
        } catch {
            guard error.kind == .notFound else { return [] }
        }
        do throws(RegistryError) {
            let answer = try client.get(
                Self.api + "registered-models/search", [("max_results", "100")], about: subject, doing: "look around")
            let names = (answer["registered_models"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }
            return [Neighbours.names(names, in: "this registry")]
        } catch {
            return []
        }
    }
}

/// What there is in place of what was asked for, as hints.
enum Neighbours {
    /// - Parameters:
    ///   - versions: nil when they are not known.
    ///   - isComplete: whether `versions` are all of them.
    static func about(_ name: String, versions: [Int]?, isComplete: Bool, aliases: [String]) -> String {
        var words: [String] = []
        if let highest = versions?.max(), let versions {
            let isShort = isComplete && (2...8).contains(versions.count)
            words.append(
                isShort
                    ? "its versions are \(versions.sorted().map(String.init).joined(separator: ", "))"
                    : "its highest version is \(highest)")
        } else if versions != nil {
            words.append("it has no versions")
        }
        if !aliases.isEmpty { words.append("its aliases are \(list(aliases))") }
        let start = "the model `\(escaped(name))` exists"
        return words.isEmpty ? start : "\(start): \(words.joined(separator: ", "))"
    }

    static func names(_ names: [String], in place: String) -> String {
        names.isEmpty ? "\(place) has no models" : "\(place) has the models \(list(names))"
    }

    private static func list(_ names: [String]) -> String {
        let shown = names.sorted().prefix(8).map { "`\(escaped($0))`" }.joined(separator: ", ")
        return names.count > 8 ? "\(shown) and more" : shown
    }
}

extension RegistryError {
    /// The same error with more to say.
    func adding(details: [String] = [], hints: [String] = []) -> RegistryError {
        RegistryError(
            kind, diagnostic.summary, place: diagnostic.place, details: diagnostic.details + details,
            hints: diagnostic.hints + hints, status: diagnostic.status)
    }
}
