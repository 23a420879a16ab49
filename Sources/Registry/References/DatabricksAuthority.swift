import Diagnostics
import HTTPTransport

/// What may stand between `//` and the next slash of `models://`, `runs://` and `dbfs://`: a Databricks workspace, by its
/// profile or without one (mlflow 3.17, `utils/uri.py:get_databricks_profile_uri_from_artifact_uri`).
///
/// ```
/// databricks              the workspace that the environment names
/// PROFILE@databricks      that of a profile in `~/.databrickscfg`
/// databricks-uc           Unity Catalog; `models:` only
/// PROFILE@databricks-uc   Unity Catalog behind a profile; `models:` only
/// ```
///
/// The word before the slash may be in any case, a profile is taken as it is. MLflow drops an authority that it does not know, and a
/// port; here both are refused. So is its `SCOPE:PREFIX@databricks`, for which only a notebook inside Databricks has the means, and
/// an empty profile before the `@`.
public struct DatabricksAuthority: Sendable, Hashable, CustomStringConvertible {
    /// Which of the two registries of a workspace is meant.
    public enum Service: String, Sendable {
        /// The workspace, and its own registry.
        case workspace = "databricks"
        /// Unity Catalog.
        case unityCatalog = "databricks-uc"
    }

    /// Which registry is meant.
    public let service: Service
    /// The profile; nil for what the environment names.
    public let profile: String?

    /// An authority of its parts.
    public init(_ service: Service, profile: String?) {
        self.service = service
        self.profile = profile
    }

    /// `databricks`, `PROFILE@databricks`, and the same with `-uc`.
    public var description: String { (profile.map { $0 + "@" } ?? "") + service.rawValue }

    /// Reads an authority.
    ///
    /// - Returns: nil for one that has nothing to do with Databricks.
    /// - Throws: the reason in words, after "cannot find `…`: ".
    static func parse(_ text: String) throws(Objection) -> DatabricksAuthority? {
        let at = text.utf8.lastIndex(of: UInt8(ascii: "@"))
        var host = text[(at.map(text.utf8.index(after:)) ?? text.startIndex)...]
        let port = host.utf8.firstIndex(of: UInt8(ascii: ":"))
        if let port { host = host[..<port] }
        guard let service = Service(rawValue: host.lowercased()) else { return nil }
        guard port == nil else {
            throw Objection("a port after `\(service.rawValue)` means nothing", hint: "leave it out")
        }
        guard let at else { return DatabricksAuthority(service, profile: nil) }
        let profile = String(text[..<at])
        try checkProfile(profile)
        return DatabricksAuthority(service, profile: profile)
    }

    /// Why a profile cannot have this name; MLflow allows no blank, slash or colon in it.
    static func checkProfile(_ profile: String) throws(Objection) {
        guard !profile.isEmpty else {
            throw Objection("there is no profile before the `@`", hint: "leave the `@` out, or name a profile")
        }
        guard !profile.utf8.contains(UInt8(ascii: ":")) else {
            throw Objection(
                "`\(escaped(profile))` names a secret scope, which can be read only inside Databricks",
                hint: "name a profile of `~/.databrickscfg`, as in `prod@databricks`")
        }
        guard !profile.contains(where: { $0.isWhitespace || $0 == "/" || $0 == "@" }) else {
            throw Objection(
                "`\(escaped(profile))` cannot be the name of a profile",
                hint: "a profile has no blank, slash, colon or `@` in its name")
        }
    }

    /// Why an authority is not one, and what to write.
    struct Objection: Error {
        let reason: String
        let hint: String

        init(_ reason: String, hint: String) {
            self.reason = reason
            self.hint = hint
        }

        func error(_ text: String) -> RegistryError {
            RegistryError(
                .reference, "cannot find `\(escaped(HTTPURL.withoutSecrets(text)))`: \(reason)", hints: [hint],
                status: .misuse)
        }
    }
}
