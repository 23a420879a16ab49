import Diagnostics
import JSONText

extension MLflowRegistry {
    /// The version that `selector` means.
    ///
    /// - Throws: `RegistryError` of kind `.notFound` with what the registry has instead.
    func find(
        _ name: String, _ selector: ModelURI.Selector, _ task: String
    ) throws(RegistryError) -> ModelVersion {
        do throws(RegistryError) {
            return try ask(name, selector, task)
        } catch {
            guard error.kind == .notFound else { throw error }
            throw RegistryError(
                .notFound, error.diagnostic.summary, place: error.diagnostic.place, details: error.diagnostic.details,
                hints: error.diagnostic.hints + neighbours(of: name))
        }
    }

    private func ask(
        _ name: String, _ selector: ModelURI.Selector, _ task: String
    ) throws(RegistryError) -> ModelVersion {
        switch selector {
        case .version(let version):
            let answer = try registry.get(
                "api/2.0/mlflow/model-versions/get", [("name", name), ("version", version)], doing: task)
            return try ModelVersion(answer["model_version"], doing: task)
        case .alias(let alias):
            let answer = try registry.get(
                "api/2.0/mlflow/registered-models/alias", [("name", name), ("alias", alias)], doing: task)
            return try ModelVersion(answer["model_version"], doing: task)
        case .latest:
            return try latest(name, [], task, "`\(escaped(name))` has no version")
        case .stage(let stage):
            return try latest(name, [("stages", stage)], task, "no version is in the stage `\(escaped(stage))`")
        }
    }

    private func latest(
        _ name: String, _ stages: [(name: String, value: String)], _ task: String, _ reason: String
    ) throws(RegistryError) -> ModelVersion {
        let answer = try registry.get(
            "api/2.0/mlflow/registered-models/get-latest-versions", [("name", name)] + stages, doing: task)
        var newest: ModelVersion?
        for value in answer["model_versions"]?.arrayValue ?? [] {
            let version = try ModelVersion(value, doing: task)
            if version.number > newest?.number ?? -1 { newest = version }
        }
        guard let newest else { throw RegistryError(.notFound, "cannot \(task): \(reason)") }
        return newest
    }

    /// What the registry has under this name, or which names it has, as hints. Trouble on this errand is not told: the
    /// person waits for another error.
    private func neighbours(of name: String) -> [String] {
        do throws(RegistryError) {
            let answer = try registry.get(
                "api/2.0/mlflow/registered-models/get", [("name", name)], doing: "look around")
            return about(name, answer["registered_model"])
        } catch {
            guard error.kind == .notFound else { return [] }
        }
        do throws(RegistryError) {
            let answer = try registry.get(
                "api/2.0/mlflow/registered-models/search", [("max_results", "100")], doing: "look around")
            let names = (answer["registered_models"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }.sorted()
            guard !names.isEmpty else { return ["this registry has no models"] }
            let shown = names.prefix(8).map { "`\(escaped($0))`" }.joined(separator: ", ")
            return ["this registry has the models \(shown)\(names.count > 8 ? " and more" : "")"]
        } catch {
            return []
        }
    }

    private func about(_ name: String, _ model: JSONValue?) -> [String] {
        let versions = (model?["latest_versions"]?.arrayValue ?? [])
            .compactMap { $0["version"]?.stringValue.flatMap { Int($0) } }
        let aliases = (model?["aliases"]?.arrayValue ?? []).compactMap { $0["alias"]?.stringValue }.sorted()
        var words = versions.max().map { "its highest version is \($0)" } ?? "it has no versions"
        if !aliases.isEmpty {
            words += ", its aliases are \(aliases.prefix(8).map { "`\(escaped($0))`" }.joined(separator: ", "))"
        }
        return ["the model `\(escaped(name))` exists: \(words)"]
    }
}
