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

    /// Runs `body` with the model; what was brought for it is then removed, also on an interruption.
    static func withModel<Result>(
        _ request: ModelRequest, _ context: CommandContext, _ body: (DescribedModel) throws -> Result
    ) throws -> Result {
        if case .folder(let path) = request.reference {
            let model = try LocalFolder.read(path)
            return try body(DescribedModel(model.tree, shownName: path, identity: model.identity))
        }
        let resolved = try resolve(request, context)
        let parent = context.surroundings[.temporaryDirectory] ?? "/tmp"
        return try AtomicOutput.withScratchDirectory(in: parent) { scratch in
            let model = try fetch(resolved, into: scratch.path + "/model", isDurable: false, context)
            return try body(DescribedModel(model.tree, shownName: "\(request.reference)", identity: model.identity))
        }
    }

    /// Brings the model into the new folder `folder`, where it stays.
    static func fetch(_ request: ModelRequest, to folder: String, _ context: CommandContext) throws -> LocalModel {
        if case .folder(let path) = request.reference {
            throw Diagnostic(
                "cannot download `\(escaped(path, limit: 1000))`: it is a folder, not the address of a model on a server",
                hints: ["write it like `models:/NAME/VERSION`; copy a folder with `cp -r`"], status: .misuse)
        }
        return try fetch(resolve(request, context), into: folder, isDurable: true, context)
    }

    private static func resolve(_ request: ModelRequest, _ context: CommandContext) throws -> ResolvedModel {
        let resolver = ModelResolver(
            request.surroundings, userAgent: userAgent, registry: request.registry)
        let model = try resolver.resolve(request.reference)
        for note in model.notes { context.console.step(note) }
        let version = model.identity.version.map { ", version \($0)" } ?? ""
        let server = model.identity.server.map { " at \($0)" } ?? ""
        context.console.step(
            "found \(request.reference)\(version)\(server): \(model.listing.count) files, \(grouped(model.totalSize)) bytes"
        )
        return model
    }

    private static func fetch(
        _ model: ResolvedModel, into folder: String, isDurable: Bool, _ context: CommandContext
    ) throws -> LocalModel {
        let console = context.console
        defer { console.endProgress() }
        return try Fetcher.fetch(
            model, into: folder, options: FetchOptions(connections: connections, isDurable: isDurable)
        ) { progress in
            console.progress(
                "downloading", doneBytes: progress.doneBytes, totalBytes: progress.totalBytes,
                doneFiles: progress.doneFiles, totalFiles: progress.totalFiles)
        }
    }
}
