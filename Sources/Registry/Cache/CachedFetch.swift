import Credentials
import Diagnostics
import HTTPTransport
import Platform

extension Fetcher {
    /// The model, from `cache` or downloaded into it; its files are the cache's own, and stay until `ModelCache.release`.
    ///
    /// A model whose files may change is not kept: then this gives nil, as for a cache that cannot be written and lacks the model.
    ///
    /// Blocks the calling thread. What has come when this ends early stays in the cache, and the next call goes on with it.
    ///
    /// - Parameters:
    ///   - registry: as `ModelResolver.registryName` gives it; what the reference means is noted under it.
    ///   - notice: told, in words for a person, what else happens: waiting for another process, a damaged copy.
    /// - Throws: `RegistryError`.
    public static func fetch(
        _ model: ResolvedModel, through cache: ModelCache, registry: String, options: FetchOptions,
        notice: (String) -> Void, progress: @escaping (FetchProgress) -> Void
    ) throws(RegistryError) -> LocalModel? {
        guard !cache.isReadOnly else { return try lookup(model, in: cache, registry: registry, notice: notice) }
        guard let key = model.cacheKey else { return nil }
        let found: LocalModel
        do {
            found = try cache.fetch(key, identity: model.identity, files: model.listing, notice: notice) { partial in
                try download(model, partial, options, progress)
            }
        } catch let error as RegistryError {
            throw error
        } catch { throw RegistryError(disk: Diagnostic.wrapping(error)) }
        try cache.remember(model.identity.reference, registry: registry, key: key, identity: model.identity)
        return found
    }

    /// The model when it is in `cache`, as `fetch` gives it; nothing is downloaded.
    public static func lookup(
        _ model: ResolvedModel, in cache: ModelCache, registry: String, notice: (String) -> Void
    ) throws(RegistryError) -> LocalModel? {
        guard let key = model.cacheKey,
            let found = try cache.lookup(key, identity: model.identity, notice: notice)
        else { return nil }
        try cache.remember(model.identity.reference, registry: registry, key: key, identity: model.identity)
        return found
    }
}

extension ModelResolver {
    /// The registry that `reference` is asked of, as a text that is the same without a network: `databricks-uc https://…`. Nil for
    /// a store on this machine, which needs none.
    ///
    /// - Throws: `RegistryError` when it cannot be told which registry that is.
    public func registryName(for reference: ModelReference) throws(RegistryError) -> String? {
        let choice = try RegistryChoice.choose(for: reference, surroundings, explicit: registry)
        switch choice.registry {
        case .mlflow(let uri, _): return "mlflow " + HTTPURL.withoutSecrets(uri)
        case .workspace(let profile): return "databricks " + (try host(profile))
        case .unityCatalog(let profile): return "databricks-uc " + (try host(profile))
        case .openUnityCatalog(let url): return "uc \(url)"
        case .fileStore, .sqlite: return nil
        }
    }

    private func host(_ profile: String?) throws(RegistryError) -> String {
        let host: HTTPURL?
        do { host = try DatabricksConfiguration.host(profile: profile, surroundings) } catch {
            throw RegistryError(error)
        }
        // Named by its resource in Azure: an address of its own, though not that of the workspace.
        return host?.description ?? surroundings[.databricksAzureResourceID] ?? "of the environment"
    }
}
