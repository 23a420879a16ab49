import Credentials
import Diagnostics
import HTTPTransport
public import Platform

/// Finds the model that a person named: asks the registry that the reference and the environment lead to, and lists the model's
/// files. An alias, a stage or `latest` becomes an exact version here.
///
/// Blocks the calling thread while it asks.
public struct ModelResolver {
    let surroundings: Surroundings
    let registry: String?
    /// What holds for every server.
    var http: HTTPSettings

    /// Asks nothing yet.
    ///
    /// - Parameters:
    ///   - surroundings: the variables that name servers and credentials, and the current folder.
    ///   - userAgent: sent with each request, for instance `skiff/1.0`.
    ///   - registry: the registry that the person named for this call, in MLflow's words (`databricks`, `http://…`).
    ///   - isCancelled: asked about once per second while waiting; true ends the work with kind `.cancelled`.
    public init(
        _ surroundings: Surroundings, userAgent: String, registry: String? = nil,
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) {
        self.surroundings = surroundings
        self.registry = registry
        http = HTTPSettings(userAgent: userAgent, environment: surroundings.environment, isCancelled: isCancelled)
        if let file = surroundings[.requestsCABundle] { http.trust.authorityFile = file }
    }

    /// Finds the model that `reference` names and lists its files.
    ///
    /// - Throws: `RegistryError`: of kind `.configuration` or `.unsupported` when a variable is missing or wrong, of kind
    ///   `.reference` for a folder or an archive, which is no business of a registry.
    public func resolve(_ reference: ModelReference) throws(RegistryError) -> ResolvedModel {
        let choice = try RegistryChoice.choose(for: reference, surroundings, explicit: registry)
        let task = "find `\(escaped("\(reference)"))`"
        var http = http
        let located: LocatedModel
        switch choice.registry {
        case .mlflow(let uri, let variable):
            let server = MLflowSettings.Server(
                // An address that somebody wrote into a reference is not yet a server that we trust with a password.
                uri: uri, variable: variable, isAnonymous: reference.isAddress && choice.tracking == choice.registry)
            let settings = try settings(server, choice.tracking)
            http = settings.http
            located = try locate(reference, at: MLflowRegistry(settings), doing: task)
        case .workspace(let profile), .unityCatalog(let profile):
            http.trust = try CloudStores.trust(http.trust, surroundings)
            let client = try databricks(profile, http, task)
            located = try locate(reference, at: choice.registry, client, doing: task)
        case .fileStore, .sqlite:
            let model = try LocalStore.read(reference, at: choice.registry, surroundings)
            return ResolvedModel(model, notes: [choice.reason], http)
        case .openUnityCatalog(let url):
            throw RegistryError(
                .unsupported,
                "cannot \(task): the open-source Unity Catalog server \(url) is not asked by this version",
                hints: [
                    "download the model with MLflow (`mlflow artifacts download -u URI -d FOLDER`) and name the folder"
                ])
        }
        return try ResolvedModel(
            located, notes: [choice.reason], http, reference: "\(reference)", doing: task)
    }

    // MARK: MLflow servers

    private func settings(
        _ registry: MLflowSettings.Server, _ tracking: RegistryChoice.Place?
    ) throws(RegistryError) -> MLflowSettings {
        // With a registry alone, its server is asked for runs and files as well.
        var server = registry
        if case .mlflow(let uri, let variable)? = tracking, uri != registry.uri {
            server = MLflowSettings.Server(uri: uri, variable: variable)
        }
        return try MLflowSettings(tracking: server, registry: registry, surroundings.environment, http: http)
    }

    private func locate(
        _ reference: ModelReference, at registry: MLflowRegistry, doing task: String
    ) throws(RegistryError) -> LocatedModel {
        switch reference {
        case .models(let uri): try registry.locate(uri, doing: task)
        case .run(let uri): try registry.locate(uri, doing: task)
        case .artifacts(let uri): try registry.locate(uri, doing: task)
        case .served(let uri): try registry.locate(uri, doing: task)
        case .folder, .archive, .dbfs: throw Self.elsewhere(reference, task)
        }
    }

    // MARK: Databricks

    private func databricks(
        _ profile: String?, _ http: HTTPSettings, _ task: String
    ) throws(RegistryError) -> DatabricksClient {
        let workspace: DatabricksWorkspace
        do { workspace = try DatabricksConfiguration.workspace(profile: profile, surroundings, http: http) } catch {
            throw RegistryError(error)
        }
        return try DatabricksClient(
            Endpoint(base: workspace.host, login: workspace.login, headers: workspace.headers), http)
    }

    private func locate(
        _ reference: ModelReference, at place: RegistryChoice.Place, _ client: DatabricksClient, doing task: String
    ) throws(RegistryError) -> LocatedModel {
        switch reference {
        case .models(let uri):
            if case .logged(let id) = uri.target {
                return try DatabricksTracking(client, surroundings).loggedModel(
                    id, subpath: uri.subpath ?? "", reference: "\(reference)", doing: task)
            }
            if case .unityCatalog = place { return try UnityCatalog(client, surroundings).locate(uri, doing: task) }
            return try WorkspaceRegistry(client).locate(uri, doing: task)
        case .run(let uri): return try DatabricksTracking(client, surroundings).run(uri, doing: task)
        case .dbfs(let uri): return try DatabricksTracking(client, surroundings).folder("\(uri)", doing: task)
        case .folder, .archive, .artifacts, .served: throw Self.elsewhere(reference, task)
        }
    }

    private static func elsewhere(_ reference: ModelReference, _ task: String) -> RegistryError {
        RegistryError(.reference, "cannot \(task): the registry that was chosen has nothing of this kind")
    }
}

extension ModelReference {
    /// Whether the reference names its server itself.
    fileprivate var isAddress: Bool {
        if case .served = self { true } else { false }
    }
}
