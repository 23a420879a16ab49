import Contexts
import Diagnostics
import FileTrees
import Platform
import Registry

/// Brings the model that a person named to this disk.
enum ModelSource {
    // As many as curl's `-Z` in practice: more crowd a small server.
    static let connections = 8
    static let userAgent = "skiff/\(ToolVersion.text)"

    /// Runs `body` with the model. What was brought for it alone is then removed, also on an interruption; what is in the cache stays.
    static func withModel<Result>(
        _ request: ModelRequest, _ context: CommandContext, _ body: (DescribedModel) throws -> Result
    ) throws -> Result {
        func describe(_ model: LocalModel) throws -> Result {
            try body(DescribedModel(model.tree, shownName: "\(request.reference)", identity: model.identity))
        }
        func withScratch(_ bring: (borrowing DirectoryAnchor) throws -> LocalModel) throws -> Result {
            let parent = context.surroundings[.temporaryDirectory] ?? "/tmp"
            return try AtomicOutput.withScratchDirectory(in: parent) { try describe(bring($0)) }
        }
        if let path = try archivePath(request.reference) {
            return try withScratch { try ArchiveSource.read(path, into: $0) }
        }
        if case .folder(let path) = request.reference { return try describe(LocalFolder.read(path)) }
        let cache = try request.cache()
        defer { cache?.release() }
        if let model = try offline(request, cache, context) { return try describe(model) }
        let (resolved, registry) = try resolve(request, context)
        if let model = resolved.local { return try describe(model) }
        if let cache, let registry,
            let model = try fetch(resolved, through: cache, registry: registry, isDurable: false, context)
        {
            return try describe(model)
        }
        return try withScratch { try fetch(resolved, into: $0.path + "/model", isDurable: false, context) }
    }

    /// Brings the model into the new folder `folder`, where it stays.
    static func fetch(_ request: ModelRequest, to folder: String, _ context: CommandContext) throws -> LocalModel {
        if let path = try archivePath(request.reference) { return try ArchiveSource.extract(path, to: folder) }
        if case .folder(let path) = request.reference {
            throw Diagnostic(
                "cannot download `\(escaped(path, limit: 1000))`: it is a folder, not the address of a model on a server",
                hints: ["write it like `models:/NAME/VERSION`; copy a folder with `cp -r`"], status: .misuse)
        }
        let cache = try request.cache()
        defer { cache?.release() }
        if let cache, let model = try offline(request, cache, context) {
            return try cache.materialise(model, at: folder)
        }
        let (resolved, registry) = try resolve(request, context)
        if let cache, let registry {
            let model =
                request.isCacheNamed
                ? try fetch(resolved, through: cache, registry: registry, isDurable: true, context)
                : try Fetcher.lookup(resolved, in: cache, registry: registry) { context.console.step($0) }
            if let model { return try cache.materialise(model, at: folder) }
        }
        return try fetch(resolved, into: folder, isDurable: true, context)
    }

    /// The path of an archive, whatever it is called; nil for everything else.
    private static func archivePath(_ reference: ModelReference) throws -> String? {
        switch reference {
        case .archive(let path): return path
        case .folder(let path) where try FileStatus.of(path)?.kind == .file:
            return try ArchiveSource.isArchive(path) ? path : nil
        default: return nil
        }
    }

    /// What the reference meant when it was last asked for; nil when the network may be used or is not needed.
    private static func offline(
        _ request: ModelRequest, _ cache: ModelCache?, _ context: CommandContext
    ) throws -> LocalModel? {
        guard request.isOffline, let registry = try request.resolver().registryName(for: request.reference) else {
            return nil
        }
        guard let cache else {
            throw Diagnostic(
                "cannot find `\(escaped("\(request.reference)"))` offline: there is no cache",
                hints: ["name the one that has it: `--cache DIR`"])
        }
        let remembered = try cache.offline("\(request.reference)", registry: registry) { context.console.step($0) }
        let version = remembered.model.identity.version.map { "version \($0)" } ?? "what is in the cache"
        context.console.step(
            "offline: \(request.reference) is \(version), as of \(WallClock.text(remembered.date)); \(registry) was not asked"
        )
        return remembered.model
    }

    private static func resolve(
        _ request: ModelRequest, _ context: CommandContext
    ) throws -> (ResolvedModel, registry: String?) {
        let resolver = request.resolver()
        let model = try resolver.resolve(request.reference)
        for note in model.notes { context.console.step(note) }
        let version = model.identity.version.map { ", version \($0)" } ?? ""
        let server = model.identity.server.map { " at \($0)" } ?? ""
        context.console.step(
            "found \(request.reference)\(version)\(server): \(model.listing.count) files, \(grouped(model.totalSize)) bytes"
        )
        return (model, try resolver.registryName(for: request.reference))
    }

    private static func fetch(
        _ model: ResolvedModel, into folder: String, isDurable: Bool, _ context: CommandContext
    ) throws -> LocalModel {
        defer { context.console.endProgress() }
        return try Fetcher.fetch(
            model, into: folder, options: FetchOptions(connections: connections, isDurable: isDurable)
        ) { context.console.show($0) }
    }

    private static func fetch(
        _ model: ResolvedModel, through cache: ModelCache, registry: String, isDurable: Bool, _ context: CommandContext
    ) throws -> LocalModel? {
        defer { context.console.endProgress() }
        return try Fetcher.fetch(
            model, through: cache, registry: registry,
            options: FetchOptions(connections: connections, isDurable: isDurable),
            notice: { context.console.step($0) }, progress: { context.console.show($0) })
    }
}

extension Console {
    fileprivate func show(_ progress: FetchProgress) {
        self.progress(
            "downloading", doneBytes: progress.doneBytes, totalBytes: progress.totalBytes,
            doneFiles: progress.doneFiles, totalFiles: progress.totalFiles)
    }
}
