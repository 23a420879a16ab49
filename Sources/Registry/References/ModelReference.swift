import Diagnostics
import HTTPTransport

/// What a person may write where a model is wanted.
public enum ModelReference: Sendable, Equatable {
    /// A folder that holds an `MLmodel`, by its path as written.
    case folder(String)
    /// `models:/…`
    case models(ModelURI)
    /// `runs:/RUN/path`
    case run(RunURI)
    /// `mlflow-artifacts:/…`
    case artifacts(ArtifactURI)

    /// Reads a reference; nothing is looked up.
    ///
    /// Text that begins with a scheme and a slash (`models:/`) is a URI, everything else a path: a path that looks like
    /// a URI can be written `./models:/x`.
    ///
    /// - Throws: `RegistryError` of kind `.reference` for a URI that breaks its grammar, of kind `.unsupported` for
    ///   schemes and registries that this version does not read.
    public static func parse(_ text: String) throws(RegistryError) -> ModelReference {
        guard !text.isEmpty else {
            throw RegistryError(.reference, "cannot find a model: its name is empty", hints: [forms], status: .misuse)
        }
        guard let scheme = scheme(of: text) else { return .folder(text) }
        switch scheme {
        case "models": return .models(try ModelURI(text))
        case "runs": return .run(try RunURI(text))
        case "mlflow-artifacts": return .artifacts(try ArtifactURI(text))
        case "model", "run", "mlflow-artifact":
            throw RegistryError(
                .reference, "cannot find `\(escaped(text))`: there is no scheme `\(scheme):`",
                hints: ["did you mean `\(scheme)s:\(escaped(String(text.dropFirst(scheme.count + 1))))`?"],
                status: .misuse)
        case "file":
            throw RegistryError(
                .unsupported, "cannot find `\(escaped(text))`: `file:` URIs are not read",
                hints: ["name the folder itself, as in `/models/churn`"], status: .misuse)
        case "dbfs":
            throw unsupportedRegistry(text, "Databricks storage is not supported by this version")
        default:
            throw RegistryError(
                .unsupported,
                "cannot find `\(escaped(HTTPURL.withoutSecrets(text)))`: `\(scheme):` is not read directly",
                hints: [forms], status: .misuse)
        }
    }

    static let forms =
        "write `models:/NAME/VERSION`, `models:/NAME@ALIAS`, `models:/NAME/latest`, `models:/m-ID`, `runs:/RUN/path`, "
        + "`mlflow-artifacts:/path` or the path of a folder with an `MLmodel`"

    static func unsupportedRegistry(_ text: String, _ reason: String) -> RegistryError {
        RegistryError(
            .unsupported, "cannot find `\(escaped(HTTPURL.withoutSecrets(text)))`: \(reason)",
            hints: [
                "download the model with MLflow (`mlflow artifacts download -u URI -d FOLDER`) and name the folder"
            ])
    }

    /// The lower-case scheme of a text such as `models:/x`; nil for a path.
    private static func scheme(of text: String) -> String? {
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
        case .folder(let path): path
        case .models(let uri): uri.description
        case .run(let uri): uri.description
        case .artifacts(let uri): uri.description
        }
    }
}
