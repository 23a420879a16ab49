import Diagnostics
import HTTPTransport
public import Platform

/// Finds the model that a person named: asks the registry that the reference and the environment lead to, and lists the model's
/// files. An alias, a stage or `latest` becomes an exact version here.
///
/// Blocks the calling thread while it asks.
public struct ModelResolver {
    private let surroundings: Surroundings
    private let userAgent: String
    private let isCancelled: @Sendable () -> Bool
    /// For tests: times and attempts.
    var adjust: (inout HTTPSettings) -> Void = { _ in }

    /// Asks nothing yet.
    ///
    /// - Parameters:
    ///   - surroundings: the variables that name servers and credentials.
    ///   - userAgent: sent with each request, for instance `skiff/1.0`.
    ///   - isCancelled: asked about once per second while waiting; true ends the work with kind `.cancelled`.
    public init(
        _ surroundings: Surroundings, userAgent: String, isCancelled: @escaping @Sendable () -> Bool = { false }
    ) {
        self.surroundings = surroundings
        self.userAgent = userAgent
        self.isCancelled = isCancelled
    }

    /// Finds the model that `reference` names and lists its files.
    ///
    /// - Throws: `RegistryError`: of kind `.configuration` or `.unsupported` when a variable is missing or wrong, of kind
    ///   `.reference` for a folder, which is no business of a server.
    public func resolve(_ reference: ModelReference) throws(RegistryError) -> ResolvedModel {
        let task = "find `\(escaped("\(reference)"))`"
        switch reference {
        case .folder(let path):
            throw RegistryError(.reference, "cannot ask a server for `\(escaped(path))`: it is a folder")
        case .archive(let path):
            throw RegistryError(.reference, "cannot ask a server for `\(escaped(path))`: it is a file")
        case .models, .run, .artifacts, .served, .dbfs:
            guard reference.authority == nil else { throw Self.unsupported(reference) }
        }
        var settings = try MLflowSettings(surroundings.environment, userAgent: userAgent, isCancelled: isCancelled)
        adjust(&settings.http)
        let registry = try MLflowRegistry(settings)
        let located: LocatedModel
        switch reference {
        case .folder, .archive, .served, .dbfs: throw Self.unsupported(reference)
        case .models(let uri): located = try registry.locate(uri, doing: task)
        case .run(let uri): located = try registry.locate(uri, doing: task)
        case .artifacts(let uri): located = try registry.locate(uri, doing: task)
        }
        return try ResolvedModel(located, notes: [], settings.http, reference: "\(reference)", doing: task)
    }
    private static func unsupported(_ reference: ModelReference) -> RegistryError {
        RegistryError(
            .unsupported, "cannot find `\(escaped("\(reference)"))`: this is not supported by this version",
            hints: [
                "download the model with MLflow (`mlflow artifacts download -u URI -d FOLDER`) and name the folder"
            ])
    }
}
