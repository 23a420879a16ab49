import Diagnostics
import HTTPTransport
import Platform

/// What a person may write where a model is wanted.
public enum ModelReference: Sendable, Equatable {
    /// A folder that holds an `MLmodel`, by its path as written.
    case folder(String)
    /// A `.tar`, `.tar.gz`, `.tgz`, `.tar.zst` or `.zip` of such a folder, by its path as written.
    case archive(String)
    /// `models:/…`
    case models(ModelURI)
    /// `runs:/RUN/path`
    case run(RunURI)
    /// `mlflow-artifacts:/…`
    case artifacts(ArtifactURI)
    /// `http(s)://HOST/api/2.0/mlflow-artifacts/artifacts/…`
    case served(ServedArtifactURI)
    /// `dbfs:/…`
    case dbfs(DBFSURI)

    /// Reads a reference. Nothing is looked up, except whether a path with the ending of an archive is that of a folder.
    ///
    /// Text that begins with a scheme and a slash (`models:/`) is a URI, everything else a path: a path that looks like
    /// a URI can be written `./models:/x`.
    ///
    /// - Throws: `RegistryError` of kind `.reference` for a URI that breaks its grammar, of kind `.unsupported` for
    ///   storage that is not read directly, with what to do instead.
    public static func parse(_ text: String) throws(RegistryError) -> ModelReference {
        guard !text.isEmpty else {
            throw RegistryError(.reference, "cannot find a model: its name is empty", hints: [forms], status: .misuse)
        }
        guard let scheme = scheme(of: text) else { return local(text) }
        switch scheme {
        case "models": return .models(try ModelURI(text))
        case "runs": return .run(try RunURI(text))
        case "mlflow-artifacts": return .artifacts(try ArtifactURI(text))
        case "dbfs": return .dbfs(try DBFSURI(text))
        case "http", "https": return .served(try ServedArtifactURI(text))
        case "file": return local(try FileURI.path(of: text))
        case "model", "run", "mlflow-artifact":
            throw RegistryError(
                .reference, "cannot find `\(escaped(text))`: there is no scheme `\(scheme):`",
                hints: ["did you mean `\(scheme)s:\(escaped(String(text.dropFirst(scheme.count + 1))))`?"],
                status: .misuse)
        default:
            throw RegistryError(
                .unsupported,
                "cannot find `\(escaped(HTTPURL.withoutSecrets(text)))`: `\(scheme):` is not read directly",
                hints: StorageScheme.advice(for: scheme, text) ?? [forms], status: .misuse)
        }
    }

    /// The schemes of models that are somewhere else, such as `models:/`, for whoever looks for one in a text.
    static let remoteSchemes = ["models", "runs", "mlflow-artifacts", "dbfs"]

    static let forms =
        "write `models:/NAME/VERSION`, `models:/NAME@ALIAS`, `models:/NAME/latest`, `models:/m-ID`, `runs:/RUN/path`, "
        + "`mlflow-artifacts:/path`, `dbfs:/path` or the path of a folder with an `MLmodel` or of an archive of one"

    /// The endings of archives, in lower case.
    static let archiveEndings = [".tar", ".tar.gz", ".tgz", ".tar.zst", ".zip"]

    private static func local(_ path: String) -> ModelReference {
        let lower = path.lowercased()
        guard archiveEndings.contains(where: lower.hasSuffix) else { return .folder(path) }
        // What cannot be looked at is told by whoever opens it.
        let status = try? FileStatus.of(path)
        return status?.kind == .directory ? .folder(path) : .archive(path)
    }

    /// The lower-case scheme of a text such as `models:/x`; nil for a path.
    static func scheme(of text: String) -> String? {
        guard let colon = text.firstIndex(of: ":"), text[text.index(after: colon)...].hasPrefix("/") else { return nil }
        let scheme = text[..<colon]
        guard let first = scheme.utf8.first, isLetter(first),
            scheme.utf8.allSatisfy({ isLetter($0) || (0x30...0x39).contains($0) || "+-.".utf8.contains($0) })
        else { return nil }
        return scheme.lowercased()
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte | 0x20) }
}

extension ModelReference: CustomStringConvertible {
    /// The reference as a person writes it.
    public var description: String {
        switch self {
        case .folder(let path), .archive(let path): path
        case .models(let uri): uri.description
        case .run(let uri): uri.description
        case .artifacts(let uri): uri.description
        case .served(let uri): uri.description
        case .dbfs(let uri): uri.description
        }
    }

    /// The workspace or registry of Databricks that the reference itself names.
    public var authority: DatabricksAuthority? {
        switch self {
        case .models(let uri): uri.authority
        case .run(let uri): uri.authority
        case .dbfs(let uri): uri.authority
        case .folder, .archive, .artifacts, .served: nil
        }
    }
}
