import Contexts
import Diagnostics
import FileTrees
import Platform
import Registry

/// Brings the model that a person named to this disk.
enum ModelSource {
    // Two downloads hide each other's waiting; more only crowd a small server.
    static let connections = 4
    static let userAgent = "skiff/\(ToolVersion.text)"

    /// Runs `body` with the model; what was downloaded for it is then removed, also on an interruption.
    static func withModel<Result>(
        _ text: String, _ context: CommandContext, _ body: (DescribedModel) throws -> Result
    ) throws -> Result {
        let reference = try ModelReference.parse(text)
        if case .folder(let path) = reference {
            let model = try LocalFolder.read(path)
            return try body(DescribedModel(model.tree, shownName: path, identity: model.identity))
        }
        let resolved = try resolve(reference, context)
        let parent = context.surroundings[.temporaryDirectory] ?? "/tmp"
        return try AtomicOutput.withScratchDirectory(in: parent) { scratch in
            let model = try fetch(resolved, into: scratch.path + "/model", isDurable: false, context)
            return try body(DescribedModel(model.tree, shownName: "\(reference)", identity: model.identity))
        }
    }

    static func resolve(_ reference: ModelReference, _ context: CommandContext) throws -> ResolvedModel {
        let resolver = ModelResolver(context.surroundings, userAgent: userAgent)
        let model = try resolver.resolve(reference)
        let version = model.identity.version.map { ", version \($0)" } ?? ""
        context.console.step(
            "found \(reference)\(version): \(model.listing.count) files, \(grouped(model.totalSize)) bytes")
        return model
    }

    static func fetch(
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
