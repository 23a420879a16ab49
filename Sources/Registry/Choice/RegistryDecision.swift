import Diagnostics
import HTTPTransport
import Platform

/// The steps to a `RegistryChoice`.
struct RegistryDecision {
    typealias Place = RegistryChoice.Place

    let reference: ModelReference
    let surroundings: Surroundings
    /// The registry that is named, with what named it.
    let registry: (uri: StoreURI, words: String)?
    /// The tracking server that is named, with what named it.
    let tracking: (uri: StoreURI, words: String)?
    /// Whether the person named a registry for this call.
    private let isExplicit: Bool

    static let option = "--registry"
    static let registryVariable = "MLFLOW_REGISTRY_URI"
    static let trackingVariable = "MLFLOW_TRACKING_URI"

    init(_ reference: ModelReference, _ surroundings: Surroundings, explicit: String?) throws(RegistryError) {
        self.reference = reference
        self.surroundings = surroundings
        isExplicit = explicit?.isEmpty == false
        func read(_ text: String?, _ source: String) throws(RegistryError) -> (uri: StoreURI, words: String)? {
            guard let text, !text.isEmpty else { return nil }
            let uri = try StoreURI.parse(text, source: source, surroundings)
            return (uri, "`\(source)` is `\(escaped(HTTPURL.withoutSecrets(text)))`")
        }
        if let authority = reference.authority, case .models = reference {
            let own = StoreURI.databricks(authority)
            if let explicit, !explicit.isEmpty, try StoreURI.parse(explicit, source: Self.option, surroundings) != own {
                throw RegistryError(
                    .reference,
                    "cannot find `\(escaped("\(reference)"))`: it names one registry, and `\(Self.option)` another",
                    hints: ["leave out one of them"], status: .misuse)
            }
            registry = (own, "`\(escaped("\(authority)"))` in its URI")
        } else {
            let named = try read(explicit, Self.option)
            let variable = try read(surroundings[.mlflowRegistryURI], Self.registryVariable)
            registry = named ?? variable
        }
        if let authority = reference.authority {
            tracking = (
                .databricks(DatabricksAuthority(.workspace, profile: authority.profile)),
                "`\(escaped("\(authority)"))` in its URI"
            )
        } else {
            tracking = try read(surroundings[.mlflowTrackingURI], Self.trackingVariable)
        }
        if case .databricks(let authority)? = tracking?.uri, authority.service == .unityCatalog {
            throw RegistryError(
                .configuration,
                "cannot use `databricks-uc` as `\(Self.trackingVariable)`: Unity Catalog has no runs",
                hints: ["set it to `databricks`, and leave `\(Self.registryVariable)` to Unity Catalog"])
        }
        if case .place(.openUnityCatalog)? = tracking?.uri {
            throw RegistryError(
                .configuration, "cannot use a Unity Catalog server as `\(Self.trackingVariable)`: it has no runs",
                hints: ["set `\(Self.registryVariable)` to it instead"])
        }
    }

    func choice() throws(RegistryError) -> RegistryChoice {
        let choice = try decide()
        guard isExplicit, let registry, !choice.reason.hasSuffix(registry.words), !isRegistered else { return choice }
        return RegistryChoice(
            registry: choice.registry, tracking: choice.tracking,
            reason: choice.reason + "; `\(Self.option)` counts for registered models only")
    }

    private var isRegistered: Bool {
        if case .models(let uri) = reference, case .registered = uri.target { true } else { false }
    }

    private func decide() throws(RegistryError) -> RegistryChoice {
        switch reference {
        case .folder(let path), .archive(let path):
            throw RegistryError(.reference, "cannot ask a registry for `\(escaped(path))`: it is on this machine")
        case .models(let uri):
            if case .registered(let name, _) = uri.target { return try registered(name) }
            return try tracked(needing: nil)
        case .run: return try tracked(needing: nil)
        case .artifacts: return try tracked(needing: "`mlflow-artifacts:` is storage behind an MLflow server")
        case .served(let uri): return served(uri)
        case .dbfs: return dbfs()
        }
    }

    // MARK: Registered models

    private func registered(_ name: String) throws(RegistryError) -> RegistryChoice {
        if let registry {
            let place: Place
            switch registry.uri {
            case .place(let named): place = named
            case .databricks(let authority): place = try databricks(name, authority, told: authority.service).place
            }
            return RegistryChoice(
                registry: place, tracking: trackingPlace(beside: place),
                reason: "asking \(place): \(registry.words)")
        }
        let found = try found(nil)
        switch found.uri {
        case .place(let place):
            return RegistryChoice(registry: place, tracking: place, reason: "asking \(place): \(found.words)")
        case .databricks(let authority):
            let (place, why) = try databricks(name, authority, told: nil)
            return RegistryChoice(
                registry: place, tracking: .workspace(profile: authority.profile),
                reason: "asking \(place): \(why), and \(found.words)")
        }
    }

    /// Which registry of a workspace has models of this name.
    private func databricks(
        _ name: String, _ authority: DatabricksAuthority, told: DatabricksAuthority.Service?
    ) throws(RegistryError) -> (place: Place, why: String) {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        let shown = "`\(escaped(name))`"
        let hasThree = parts.count == 3 && !parts.contains { $0.isEmpty }
        func refuse(_ reason: String, _ hints: [String]) -> RegistryError {
            RegistryError(
                .reference, "cannot find `\(escaped("\(reference)"))`: \(reason)", hints: hints, status: .misuse)
        }
        let workspaceHint =
            "for the workspace's own registry write `\(Self.option) databricks` or set `\(Self.registryVariable)=databricks`"
        switch told {
        case .workspace: return (.workspace(profile: authority.profile), "")
        case .unityCatalog:
            guard hasThree else {
                throw refuse(
                    "\(shown) is no name of Unity Catalog, which has three parts: `CATALOG.SCHEMA.MODEL`",
                    [workspaceHint])
            }
            return (.unityCatalog(profile: authority.profile), "")
        case nil:
            if hasThree { return (.unityCatalog(profile: authority.profile), "\(shown) is a name of three parts") }
            if parts.count == 1 { return (.workspace(profile: authority.profile), "\(shown) is a name of one part") }
            throw refuse(
                "\(shown) is neither a name of Unity Catalog (`CATALOG.SCHEMA.MODEL`) nor one of the workspace's registry, "
                    + "which has no dots",
                [
                    parts.count == 2
                        ? "put the catalog before it: `CATALOG.\(escaped(name))`" : "write all three parts",
                    workspaceHint,
                ])
        }
    }

    /// Where the runs behind a registry are.
    private func trackingPlace(beside registry: Place) -> Place? {
        switch tracking?.uri {
        case .place(let place)?: return place
        case .databricks(let authority)?: return .workspace(profile: authority.profile)
        case nil: break
        }
        switch registry {
        case .mlflow, .workspace, .fileStore, .sqlite: return registry
        case .unityCatalog(let profile): return .workspace(profile: profile)
        case .openUnityCatalog: return nil
        }
    }

    // MARK: Runs, logged models and artifacts

    /// - Parameter need: why it must be an MLflow server; nil when it need not.
    private func tracked(needing need: String?) throws(RegistryError) -> RegistryChoice {
        let found = try found(registry)
        let place: Place
        switch found.uri {
        case .place(.openUnityCatalog(let url)):
            throw refuseTracking("the Unity Catalog server \(url) has no runs and no logged models")
        case .place(let named): place = named
        case .databricks(let authority): place = .workspace(profile: authority.profile)
        }
        if let need {
            guard case .mlflow = place else { throw refuseTracking("\(need), and \(found.words)") }
        }
        return RegistryChoice(registry: place, tracking: place, reason: "asking \(place): \(found.words)")
    }

    /// The tracking server that is named, else `other`, else what is here.
    private func found(
        _ other: (uri: StoreURI, words: String)?
    ) throws(RegistryError) -> (uri: StoreURI, words: String) {
        if let tracking { return tracking }
        if let other { return other }
        return try fallback()
    }

    private func refuseTracking(_ reason: String) -> RegistryError {
        RegistryError(
            .configuration, "cannot find `\(escaped("\(reference)"))`: \(reason)",
            hints: ["set `\(Self.trackingVariable)`, as in `export \(Self.trackingVariable)=http://localhost:5000`"])
    }

    /// The server is that of the address; a credential goes there only if it is the tracking server's own origin.
    private func served(_ uri: ServedArtifactURI) -> RegistryChoice {
        let place = Place.mlflow(uri: "\(uri.base)", variable: "the address")
        var behind = place
        if case .place(.mlflow(let named, let variable))? = tracking?.uri {
            behind = .mlflow(uri: named, variable: variable)
        }
        return RegistryChoice(registry: place, tracking: behind, reason: "asking \(place): its address names it")
    }

    private func dbfs() -> RegistryChoice {
        for named in [tracking, registry] {
            guard case .databricks(let authority)? = named?.uri, let words = named?.words else { continue }
            let place = Place.workspace(profile: authority.profile)
            return RegistryChoice(registry: place, tracking: place, reason: "asking \(place): \(words)")
        }
        let place = Place.workspace(profile: nil)
        return RegistryChoice(
            registry: place, tracking: place, reason: "asking \(place): `dbfs:` is the storage of Databricks")
    }

    // MARK: When nothing is named

    /// The store that is here, else the workspace that the environment names.
    private func fallback() throws(RegistryError) -> (uri: StoreURI, words: String) {
        let unset =
            registry == nil && tracking == nil
            ? "neither `\(Self.trackingVariable)` nor `\(Self.registryVariable)` is set"
            : "`\(Self.trackingVariable)` is not set"
        let host = databricksVariable
        let aside =
            host.map { "; for Databricks, which `\($0)` names, write `\(Self.option) databricks`" } ?? ""
        let folder = surroundings.absolute("mlruns")
        if FileStoreRecords.hasExperiments(folder) {
            return (.place(.fileStore(path: folder)), "it is in the current folder, and \(unset)\(aside)")
        }
        let database = surroundings.absolute("mlflow.db")
        if let status = try? FileStatus.of(database), status.kind == .file {
            return (.place(.sqlite(path: database)), "it is in the current folder, and \(unset)\(aside)")
        }
        if let host {
            return (
                .databricks(DatabricksAuthority(.workspace, profile: nil)),
                "`\(host)` names a workspace, and \(unset)"
            )
        }
        throw RegistryError(
            .configuration,
            "cannot find `\(escaped("\(reference)"))`: \(unset), and the current folder has neither `mlruns` nor `mlflow.db`",
            hints: [
                "for an MLflow server set `\(Self.trackingVariable)`, as in `export \(Self.trackingVariable)=http://localhost:5000`",
                "for Databricks set `\(Self.trackingVariable)=databricks`, with `DATABRICKS_HOST` or a profile in `~/.databrickscfg`",
            ])
    }

    private var databricksVariable: String? {
        ["DATABRICKS_HOST", "DATABRICKS_CONFIG_PROFILE"].first { surroundings.environment[$0]?.isEmpty == false }
    }
}
