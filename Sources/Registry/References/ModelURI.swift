import Diagnostics

/// A `models:/` URI, in MLflow's grammar (mlflow 3.17, `store/artifact/utils/models.py` and `models_artifact_repo.py`).
///
/// ```
/// models:/NAME/DIGITS[/sub/path]   that version
/// models:/NAME/latest              in any case: the highest of the versions that are latest in their stage
/// models:/NAME/OTHER               OTHER is a stage, in any case
/// models:/NAME@ALIAS[/sub/path]    split at the last `@` of the first part
/// models:/ID                       a logged model, such as `m-…`; the form is not checked
/// ```
///
/// There is no percent-decoding: `%20` is three characters of a name. A `?` or `#`, from which on MLflow ignores the
/// rest, is refused here. `models:/a.b.c/1` is a name with dots like any other.
public struct ModelURI: Sendable, Hashable {
    /// Which model is meant.
    public enum Target: Sendable, Hashable {
        /// A version of a registered model.
        case registered(name: String, Selector)
        /// A logged model by its id.
        case logged(id: String)
    }

    /// Which version of a registered model is meant.
    public enum Selector: Sendable, Hashable {
        /// By number, as written (`007` stays `007`).
        case version(String)
        /// The highest one.
        case latest
        /// The highest one of a stage, as written.
        case stage(String)
        /// The one that the alias points at.
        case alias(String)
    }

    /// Which model is meant.
    public let target: Target
    /// The folder inside the model version; nil for the whole.
    public let subpath: String?

    /// Reads a URI.
    ///
    /// - Throws: `RegistryError` of kind `.reference` with the rule that it breaks, of kind `.unsupported` when it names a
    ///   Databricks registry (`models://…@databricks/…`).
    public init(_ text: String) throws(RegistryError) {
        let parts = try URIParts(text, scheme: "models")
        if let authority = parts.authority {
            throw Self.refusal(ofAuthority: authority, text)
        }
        var segments = parts.segments
        guard let first = segments.first else {
            throw Self.refuse(text, "it names no model")
        }
        segments.removeFirst()
        if let at = first.lastIndex(of: "@") {
            let (name, alias) = (first[..<at], first[first.index(after: at)...])
            guard !alias.allSatisfy(\.isWhitespace) else { throw Self.refuse(text, "there is no alias after the `@`") }
            guard !name.allSatisfy(\.isWhitespace) else { throw Self.refuse(text, "there is no name before the `@`") }
            target = .registered(name: String(name), .alias(String(alias)))
        } else if let suffix = segments.first {
            segments.removeFirst()
            guard !first.allSatisfy(\.isWhitespace), !suffix.allSatisfy(\.isWhitespace) else {
                throw Self.refuse(text, "its name or version is blank")
            }
            target = .registered(name: first, Self.selector(suffix))
        } else {
            guard !first.allSatisfy(\.isWhitespace) else { throw Self.refuse(text, "it names no model") }
            target = .logged(id: first)
        }
        subpath = segments.isEmpty ? nil : segments.joined(separator: "/")
    }

    private static func selector(_ text: String) -> Selector {
        if text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) { return .version(text) }
        return text.lowercased() == "latest" ? .latest : .stage(text)
    }

    private static func refuse(_ text: String, _ reason: String) -> RegistryError {
        RegistryError(
            .reference, "cannot find `\(escaped(text))`: \(reason)",
            hints: ["write `models:/NAME/VERSION`, `models:/NAME@ALIAS`, `models:/NAME/latest` or `models:/m-ID`"],
            status: .misuse)
    }

    private static func refusal(ofAuthority authority: String, _ text: String) -> RegistryError {
        let host = authority[(authority.lastIndex(of: "@").map(authority.index(after:)) ?? authority.startIndex)...]
        if host == "databricks" || host == "databricks-uc" {
            return ModelReference.unsupportedRegistry(text, "Databricks registries are not supported by this version")
        }
        return RegistryError(
            .reference,
            "cannot find `\(escaped(text))`: `\(escaped(authority))` stands where only a registry may stand",
            hints: [
                "write one slash: `models:/\(escaped(String(text.dropFirst("models://".count))))`; "
                    + "the server is named by `MLFLOW_TRACKING_URI`"
            ], status: .misuse)
    }
}

extension ModelURI: CustomStringConvertible {
    /// `models:/…`, as MLflow writes it.
    public var description: String {
        let start =
            switch target {
            case .logged(let id): id
            case .registered(let name, .version(let version)): "\(name)/\(version)"
            case .registered(let name, .latest): "\(name)/latest"
            case .registered(let name, .stage(let stage)): "\(name)/\(stage)"
            case .registered(let name, .alias(let alias)): "\(name)@\(alias)"
            }
        return "models:/" + start + (subpath.map { "/" + $0 } ?? "")
    }
}
