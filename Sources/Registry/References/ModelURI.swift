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
/// `models://prod@databricks/NAME/1` and `models://databricks-uc/NAME/1` name the registry as well; see `DatabricksAuthority`.
/// There is no percent-decoding: `%20` is three characters of a name. `models:/a.b.c/1` is a name with dots like any other.
///
/// Stricter than MLflow: a `?` or `#`, from which on it ignores the rest, is refused; so are an authority that is no registry of
/// Databricks (MLflow drops it, and takes `models://churn/3` for the logged model `3`), empty, `.` and `..` segments (MLflow skips
/// empty ones at the beginning), names, versions, stages and aliases of nothing but blanks, and versions in digits other than `0`-`9`.
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

    /// The registry that the URI itself names; nil when that is left to the environment.
    public let authority: DatabricksAuthority?
    /// Which model is meant.
    public let target: Target
    /// The folder inside the model version; nil for the whole.
    public let subpath: String?

    /// Reads a URI.
    ///
    /// - Throws: `RegistryError` of kind `.reference` with the rule that it breaks.
    public init(_ text: String) throws(RegistryError) {
        let parts = try URIParts(text, scheme: "models")
        authority = try parts.databricks(text, [.workspace, .unityCatalog]) { Self.refusal(ofAuthority: $0, text) }
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
            guard suffix.utf8.allSatisfy({ $0 < 0x80 }) || !suffix.unicodeScalars.allSatisfy(Self.isDigit) else {
                throw Self.refuse(text, "a version is written in the digits 0 to 9")
            }
            target = .registered(name: first, Self.selector(suffix))
        } else {
            guard !first.allSatisfy(\.isWhitespace) else { throw Self.refuse(text, "it names no model") }
            target = .logged(id: first)
        }
        subpath = segments.isEmpty ? nil : segments.joined(separator: "/")
    }

    /// A folder below a model that an address of a store leads to.
    init(target: Target, subpath: String) {
        authority = nil
        self.target = target
        self.subpath = subpath.isEmpty ? nil : subpath
    }

    /// As Python's `str.isdigit` has it.
    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.numericType == .decimal || scalar.properties.numericType == .digit
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
        RegistryError(
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
        return "models:" + (authority.map { "//\($0)" } ?? "") + "/" + start + (subpath.map { "/" + $0 } ?? "")
    }
}
