import Diagnostics
import HTTPTransport

/// `runs:/RUN_ID/path`: what a run logged under a path, be it as files of the run or, since MLflow 3, as a logged model.
public struct RunURI: Sendable, Hashable, CustomStringConvertible {
    /// The run.
    public let runID: String
    /// The folder, without slashes at its ends; nil for everything that the run logged.
    public let path: String?

    /// Reads a URI.
    ///
    /// - Throws: `RegistryError` of kind `.reference` when there is no run id, of kind `.unsupported` when it names a
    ///   Databricks workspace.
    public init(_ text: String) throws(RegistryError) {
        let parts = try URIParts(text, scheme: "runs")
        if let authority = parts.authority {
            guard authority.hasSuffix("databricks") else {
                throw RegistryError(
                    .reference, "cannot find `\(escaped(text))`: a run has no server of its own",
                    hints: ["write `runs:/RUN_ID/path`; the server is named by `MLFLOW_TRACKING_URI`"], status: .misuse)
            }
            throw ModelReference.unsupportedRegistry(text, "Databricks workspaces are not supported by this version")
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
    public var description: String { "runs:/" + runID + (path.map { "/" + $0 } ?? "") }
}

/// `mlflow-artifacts:/path` or `mlflow-artifacts://HOST:PORT/path`: a folder in the storage behind an MLflow server.
public struct ArtifactURI: Sendable, Hashable, CustomStringConvertible {
    /// Host and port, when they are not the tracking server's.
    public let authority: String?
    /// The folder, without slashes at its ends; empty for the root.
    public let path: String

    /// Reads a URI.
    ///
    /// - Throws: `RegistryError` of kind `.reference` for empty and dot segments.
    public init(_ text: String) throws(RegistryError) {
        let parts = try URIParts(text, scheme: "mlflow-artifacts")
        authority = parts.authority
        path = parts.segments.joined(separator: "/")
    }

    init(authority: String?, path: String) {
        self.authority = authority
        self.path = path
    }

    /// `mlflow-artifacts:/path`.
    public var description: String { "mlflow-artifacts:" + (authority.map { "//" + $0 } ?? "") + "/" + path }
}

/// Authority and path segments of `scheme:/…`; what comes from a server goes through it as well.
struct URIParts {
    let authority: String?
    let segments: [String]

    /// - Throws: `RegistryError` of kind `.reference` for another scheme, a `?` or `#`, control characters, and empty,
    ///   `.` and `..` segments other than a last empty one.
    init(_ text: String, scheme: String) throws(RegistryError) {
        func refuse(_ reason: String, hints: [String] = []) -> RegistryError {
            RegistryError(
                .reference, "cannot find `\(escaped(HTTPURL.withoutSecrets(text)))`: \(reason)", hints: hints,
                status: .misuse)
        }
        guard text.lowercased().hasPrefix(scheme + ":/") else { throw refuse("it is not a `\(scheme):/` URI") }
        if let mark = text.first(where: { $0 == "?" || $0 == "#" }) {
            throw refuse("MLflow ignores everything from `\(mark)` on", hints: ["leave it out"])
        }
        guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f }) else {
            throw refuse("it holds a control character")
        }
        var rest = text.dropFirst(scheme.count + 1)
        if rest.hasPrefix("//") {
            rest = rest.dropFirst(2)
            let host = rest.prefix { $0 != "/" }
            rest = rest.dropFirst(host.count)
            authority = host.isEmpty ? nil : String(host)
        } else {
            authority = nil
        }
        while rest.hasSuffix("/") { rest = rest.dropLast() }
        let segments = rest.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        self.segments = rest.isEmpty ? [] : segments
        if let bad = self.segments.first(where: { $0.isEmpty || $0 == "." || $0 == ".." }) {
            throw refuse(bad.isEmpty ? "two slashes follow each other" : "it holds the segment `\(bad)`")
        }
    }
}
