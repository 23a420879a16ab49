import Diagnostics
import HTTPTransport
import JSONText
import Platform

/// Models in Unity Catalog (registry URI `databricks-uc`): versions and aliases, no stages; `latest` is the highest version that is
/// ready.
///
/// Two surfaces give the same data: `/api/2.0/mlflow/unity-catalog`, which mlflow 3.17 asks unless
/// `MLFLOW_ENABLE_UC_NATIVE_MODEL_REGISTRY` says otherwise, and the documented `/api/2.1/unity-catalog`. A workspace that does not
/// know the one is asked by the other.
final class UnityCatalog: ModelRegistry {
    private let client: DatabricksClient
    private let surroundings: Surroundings
    private var surface: any UnityCatalogSurface
    private var hasChangedSurface = false

    init(_ client: DatabricksClient, _ surroundings: Surroundings) {
        self.client = client
        self.surroundings = surroundings
        let isNative = ["true", "1"].contains(
            surroundings.environment["MLFLOW_ENABLE_UC_NATIVE_MODEL_REGISTRY"]?.lowercased())
        surface = isNative ? NativeUnityCatalog(client) : LegacyUnityCatalog(client)
    }

    func locate(_ uri: ModelURI, doing task: String) throws(RegistryError) -> LocatedModel {
        guard case .registered(let text, let selector) = uri.target else {
            throw RegistryError(.reference, "cannot \(task): a logged model is no model of a registry")
        }
        guard let asked = CatalogName(text) else { throw Self.wrongName(text, selector, task) }
        let version = try find(asked, selector, doing: task)
        try version.checkReady(doing: task)
        // As the catalog spells it: names there have no case.
        let name = CatalogName(version.name) ?? asked
        var identity = version.identity(
            .unityCatalog, reference: "\(uri)", server: client.endpoint.base, selector: selector)
        let store = FilesFirstStore(
            client, name, version: version.version, root: uri.subpath ?? "",
            cloud: CloudTransport(
                client: client, surroundings: surroundings,
                location: { [self] task throws(RegistryError) in try location(of: version, name, doing: task) },
                lend: { [self] task throws(RegistryError) in try credentials(name, version.version, doing: task) }))
        identity.artifactURI = version.storageLocation.map(HTTPURL.withoutSecrets) ?? store.place
        return LocatedModel(identity: identity, stores: [store], isImmutable: true)
    }

    private static func wrongName(_ name: String, _ selector: ModelURI.Selector, _ task: String) -> RegistryError {
        let count = name.split(separator: ".", omittingEmptySubsequences: false).count
        let rest =
            switch selector {
            case .version(let version): "/" + version
            case .latest: "/latest"
            case .stage(let stage): "/" + stage
            case .alias(let alias): "@" + alias
            }
        var hints = ["write `models:/CATALOG.SCHEMA.\(escaped(name + rest))`"]
        if count == 1 {
            hints.append("a model of the workspace registry is `models://databricks/\(escaped(name + rest))`")
        } else {
            hints = ["write `models:/CATALOG.SCHEMA.MODEL\(escaped(rest))`"]
        }
        return RegistryError(
            .reference,
            "cannot \(task): a name in Unity Catalog has three parts, catalog, schema and model, and this one has "
                + "\(count == 1 ? "one" : count == 2 ? "two" : count == 3 ? "an empty one" : "\(count)")",
            hints: hints, status: .misuse)
    }

    // MARK: Versions

    private func find(
        _ name: CatalogName, _ selector: ModelURI.Selector, doing task: String
    ) throws(RegistryError) -> DatabricksVersion {
        do throws(RegistryError) {
            switch selector {
            case .version(let number):
                return try ask { surface throws(RegistryError) in try surface.version(name, number, doing: task) }
            case .alias(let alias):
                return try ask { surface throws(RegistryError) in try surface.alias(name, alias, doing: task) }
            case .latest: return try latest(name, doing: task)
            case .stage(let stage):
                throw RegistryError(
                    .unsupported, "cannot \(task): models in Unity Catalog have no stages such as `\(escaped(stage))`",
                    hints: [
                        "name a version or an alias, as in `models:/\(escaped(name.text))/1` or "
                            + "`models:/\(escaped(name.text))@champion`"
                    ], status: .misuse)
            }
        } catch {
            guard error.kind == .notFound else { throw error }
            throw error.adding(hints: neighbours(of: name))
        }
    }

    /// The highest version that is ready.
    private func latest(_ name: CatalogName, doing task: String) throws(RegistryError) -> DatabricksVersion {
        let versions = try allVersions(name, doing: task)
        var newest: DatabricksVersion?
        for version in versions where version.isReady && version.number > newest?.number ?? -1 { newest = version }
        if let newest { return newest }
        guard !versions.isEmpty else {
            throw RegistryError(.notFound, "cannot \(task): `\(escaped(name.text))` has no version")
        }
        throw RegistryError(
            .notReady, "cannot \(task): none of its \(versions.count) versions is ready",
            hints: ["try again in a while"])
    }

    private func allVersions(_ name: CatalogName, doing task: String) throws(RegistryError) -> [DatabricksVersion] {
        try ask { surface throws(RegistryError) in try surface.versions(name, doing: task) }
    }

    private func location(
        of version: DatabricksVersion, _ name: CatalogName, doing task: String
    ) throws(RegistryError) -> String {
        if let location = version.storageLocation { return location }
        return try ask { surface throws(RegistryError) in
            try surface.location(name, version.version, doing: task)
        }
    }

    private func credentials(
        _ name: CatalogName, _ version: String, doing task: String
    ) throws(RegistryError) -> LentAnswer {
        try ask { surface throws(RegistryError) in try surface.credentials(name, version, doing: task) }
    }

    /// Asks the surface in use; when the workspace does not know it, the other one, now and ever after.
    private func ask<Value>(
        _ question: (any UnityCatalogSurface) throws(RegistryError) -> SurfaceAnswer<Value>
    ) throws(RegistryError) -> Value {
        switch try question(surface) {
        case .value(let value): return value
        case .unknownSurface(let first):
            guard !hasChangedSurface else { throw first() }
            hasChangedSurface = true
            let other: any UnityCatalogSurface =
                surface is LegacyUnityCatalog ? NativeUnityCatalog(client) : LegacyUnityCatalog(client)
            switch try question(other) {
            case .value(let value):
                surface = other
                return value
            case .unknownSurface: throw first()
            }
        }
    }

    /// What the catalog has under this name, or beside it. Trouble on this errand is not told: the person waits for another error.
    private func neighbours(of name: CatalogName) -> [String] {
        var versions: [DatabricksVersion]?
        do throws(RegistryError) {
            versions = try allVersions(name, doing: "look around")
        } catch {
            guard error.kind == .notFound || error.kind == .answer else { return [] }
        }
        // A server that does not know a model may answer with no versions.
        if versions?.isEmpty != true, let aliases = try? surface.aliases(name, doing: "look around") {
            let all = Set(aliases + (versions ?? []).flatMap(\.aliases))
            return [
                Neighbours.about(name.text, versions: versions?.map(\.number), isComplete: true, aliases: Array(all))
            ]
        }
        let query = [(name: "catalog_name", value: name.catalog), (name: "schema_name", value: name.schema)]
        do throws(RegistryError) {
            let answer = try client.get(
                "api/2.1/unity-catalog/models", query, about: .catalogModel(name), doing: "look around")
            let names = (answer["registered_models"]?.arrayValue ?? []).compactMap {
                $0["full_name"]?.stringValue ?? $0["name"]?.stringValue
            }
            return [Neighbours.names(names, in: "the schema `\(escaped("\(name.catalog).\(name.schema)"))`")]
        } catch {
            return []
        }
    }
}
