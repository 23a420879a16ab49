import Diagnostics

/// `runs:/RUN_ID/path`: what a run logged under a path, be it as files of the run or, since MLflow 3, as a logged model.
///
/// With an authority, as in `runs://prod@databricks/RUN_ID/path`, the run is one of that Databricks workspace.
public struct RunURI: Sendable, Hashable, CustomStringConvertible {
    /// The workspace that the run is one of; nil for the tracking server's.
    public let authority: DatabricksAuthority?
    /// The run.
    public let runID: String
    /// The folder, without slashes at its ends; nil for everything that the run logged.
    public let path: String?

    /// Reads a URI.
    ///
    /// - Throws: `RegistryError` of kind `.reference` when there is no run id, or an authority that is no Databricks workspace.
    public init(_ text: String) throws(RegistryError) {
        let parts = try URIParts(text, scheme: "runs")
        authority = try parts.databricks(text, [.workspace]) { _ in
            RegistryError(
                .reference, "cannot find `\(escaped(text))`: a run has no server of its own",
                hints: ["write `runs:/RUN_ID/path`; the server is named by `MLFLOW_TRACKING_URI`"], status: .misuse)
        }
        guard let first = parts.segments.first else {
            throw RegistryError(
                .reference, "cannot find `\(escaped(text))`: it names no run", hints: ["write `runs:/RUN_ID/path`"],
                status: .misuse)
        }
        runID = first
        path = parts.segments.count > 1 ? parts.segments.dropFirst().joined(separator: "/") : nil
    }

    /// `runs:/RUN_ID/path`.
    public var description: String {
        "runs:" + (authority.map { "//\($0)" } ?? "") + "/" + runID + (path.map { "/" + $0 } ?? "")
    }
}
