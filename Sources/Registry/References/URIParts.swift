import Diagnostics
import HTTPTransport

/// Authority and path segments of `scheme:/…`; what comes from a server goes through it as well.
///
/// Stricter than MLflow, which drops a query and a fragment, skips empty segments where it happens to, and hands dot segments on:
/// `?`, `#`, control characters, empty, `.` and `..` segments are refused. Nothing is percent-decoded.
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
        var rest = text.dropFirst(scheme.count + 1)
        if rest.hasPrefix("//") {
            rest = rest.dropFirst(2)
            let host = rest.prefix { $0 != "/" }
            rest = rest.dropFirst(host.count)
            authority = host.isEmpty ? nil : String(host)
        } else {
            authority = nil
        }
        segments = Self.split(rest.dropFirst())
        if let objection = Self.objection(to: text, segments) { throw refuse(objection) }
    }

    /// The segments of a path, without slashes at its end.
    static func split(_ path: Substring) -> [String] {
        var rest = path
        while rest.hasSuffix("/") { rest = rest.dropLast() }
        return rest.isEmpty ? [] : rest.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    }

    /// What is wrong with a text or with the segments of its path; nil for nothing.
    static func objection(to text: String, _ segments: [String]) -> String? {
        guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f }) else {
            return "it holds a control character"
        }
        guard let bad = segments.first(where: { $0.isEmpty || $0 == "." || $0 == ".." }) else { return nil }
        return bad.isEmpty ? "two slashes follow each other" : "it holds the segment `\(bad)`"
    }

    /// The authority as one of Databricks; nil when there is none.
    ///
    /// - Parameter otherwise: the error for an authority that is something else.
    func databricks(
        _ text: String, _ services: [DatabricksAuthority.Service], otherwise: (String) -> RegistryError
    ) throws(RegistryError) -> DatabricksAuthority? {
        guard let authority else { return nil }
        let found: DatabricksAuthority?
        do throws(DatabricksAuthority.Objection) {
            found = try DatabricksAuthority.parse(authority)
        } catch { throw error.error(text) }
        guard let found, services.contains(found.service) else { throw otherwise(authority) }
        return found
    }
}
