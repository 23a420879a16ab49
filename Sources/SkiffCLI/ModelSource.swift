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
        return try withScratchFolder(context.surroundings) { scratch in
            let model = try fetch(resolved, into: scratch + "/model", isDurable: false, context)
            return try body(DescribedModel(model.tree, shownName: "\(reference)", identity: model.identity))
        }
    }

    static func resolve(_ reference: ModelReference, _ context: CommandContext) throws -> ResolvedModel {
        let resolver = try ModelResolver(context.surroundings, userAgent: userAgent)
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
        return try Fetcher.fetch(
            model, into: folder, options: FetchOptions(connections: connections, isDurable: isDurable)
        ) { progress in
            console.progress("downloading", done: progress.doneBytes, total: progress.totalBytes)
        }
    }

    private struct Unwanted: Error {}

    // The folder is built like an output that is then never wanted: so an error or a signal removes it.
    private static func withScratchFolder<Result>(
        _ surroundings: Surroundings, _ body: (String) throws -> Result
    ) throws -> Result {
        let parent = surroundings[.temporaryDirectory] ?? "/tmp"
        var result: Result?
        do {
            try AtomicOutput.writeDirectory(at: parent + "/skiff-scratch", mode: 0o700, existing: .replace) { folder in
                result = try body(folder.path)
                throw Unwanted()
            }
        } catch is Unwanted {}
        guard let result else { preconditionFailure("the body has run and set its result") }
        return result
    }
}
