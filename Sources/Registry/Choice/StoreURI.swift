import Diagnostics
import HTTPTransport
import Platform

/// What MLflow calls a tracking or registry URI: the value of `MLFLOW_TRACKING_URI`, `MLFLOW_REGISTRY_URI` or `--registry`.
///
/// ```
/// databricks, databricks://PROFILE         a Databricks workspace
/// databricks-uc, databricks-uc://PROFILE   its Unity Catalog
/// http://…, https://…                      an MLflow server
/// uc:http://…, uc:https://…                an open-source Unity Catalog server
/// sqlite:///PATH, sqlite:////PATH          a database, relative to the current folder and absolute
/// file:///PATH, PATH                       a folder `mlruns`
/// ```
///
/// Stricter than MLflow: `Databricks` is no folder of that name, nothing may follow a profile, and a database in memory is refused.
enum StoreURI: Equatable {
    case databricks(DatabricksAuthority)
    case place(RegistryChoice.Place)

    /// - Parameter source: what named it: a variable or an option.
    /// - Throws: `RegistryError` of kind `.configuration` or `.unsupported` that names `source`.
    static func parse(
        _ text: String, source: String, _ surroundings: Surroundings
    ) throws(RegistryError) -> StoreURI {
        let word = StoreURIWord(text: text, source: source)
        if let authority = try word.databricks() { return .databricks(authority) }
        switch word.scheme {
        case nil: return .place(.fileStore(path: surroundings.absolute(text)))
        case "http", "https": return .place(.mlflow(uri: text, variable: source))
        case "file":
            guard text.lowercased().hasPrefix("file:/") else {
                return .place(.fileStore(path: surroundings.absolute(String(text.dropFirst("file:".count)))))
            }
            do throws(RegistryError) { return .place(.fileStore(path: try FileURI.path(of: text))) } catch {
                throw word.refuse(.configuration, "it is no path of this machine", error.diagnostic.hints)
            }
        case "sqlite": return .place(.sqlite(path: try word.database(surroundings)))
        case "uc": return .place(.openUnityCatalog(try word.openUnityCatalog()))
        case "postgresql", "mysql", "mssql":
            throw word.refuse(
                .unsupported, "a database is asked by the MLflow server in front of it",
                ["name the server's address; `mlflow server --backend-store-uri …` starts one"])
        default:
            throw word.refuse(
                .unsupported, "there is no registry of this scheme",
                [
                    "write `databricks`, `databricks-uc`, `http://HOST:PORT`, `sqlite:///PATH` or the path of a folder `mlruns`"
                ])
        }
    }
}

/// The text of a store URI and the errors about it.
private struct StoreURIWord {
    let text: String
    let source: String

    func refuse(_ kind: RegistryError.Kind, _ reason: String, _ hints: [String]) -> RegistryError {
        RegistryError(
            kind, "cannot use `\(escaped(HTTPURL.withoutSecrets(text)))` as `\(source)`: \(reason)", hints: hints,
            status: source.hasPrefix("--") ? .misuse : .failed)
    }

    /// As Python's `urlparse` finds it; the dialect of `sqlite+driver` is not told apart.
    var scheme: String? {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let scheme = text[..<colon].lowercased()
        let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
        guard let first = scheme.utf8.first, letters.contains(first),
            scheme.utf8.allSatisfy({
                letters.contains($0) || (0x30...0x39).contains($0) || [0x2b, 0x2d, 0x2e].contains($0)
            })
        else { return nil }
        return scheme.split(separator: "+", omittingEmptySubsequences: false).first.map(String.init)
    }

    func databricks() throws(RegistryError) -> DatabricksAuthority? {
        let lower = text.lowercased()
        for service in [DatabricksAuthority.Service.workspace, .unityCatalog] {
            let name = service.rawValue
            if lower == name {
                guard text == name else {
                    throw refuse(.configuration, "it is written in small letters", ["did you mean `\(name)`?"])
                }
                return DatabricksAuthority(service, profile: nil)
            }
            guard lower.hasPrefix(name + ":") else { continue }
            let hint = "write `\(name)` or `\(name)://PROFILE`"
            guard lower.hasPrefix(name + "://") else {
                throw refuse(.configuration, "two slashes must follow `\(name):`", [hint])
            }
            var profile = text.dropFirst(name.utf8.count + 3)
            if profile.hasSuffix("/") { profile = profile.dropLast() }
            guard !profile.isEmpty else { throw refuse(.configuration, "it names no profile", [hint]) }
            do throws(DatabricksAuthority.Objection) {
                try DatabricksAuthority.checkProfile(String(profile))
            } catch { throw refuse(.configuration, error.reason, [error.hint]) }
            return DatabricksAuthority(service, profile: String(profile))
        }
        return nil
    }

    /// SQLAlchemy takes the path literally; MLflow itself percent-encodes the one that it makes up. What exists counts.
    func database(_ surroundings: Surroundings) throws(RegistryError) -> String {
        let rest = text.drop { $0 != ":" }.dropFirst()
        let hint = "write `sqlite:///PATH`, or `sqlite:////PATH` for an absolute one"
        guard rest.hasPrefix("///") else {
            throw refuse(.configuration, "a database in memory holds nothing", [hint])
        }
        let path = rest.dropFirst(3).prefix { $0 != "?" }
        guard !path.isEmpty, path != ":memory:" else {
            throw refuse(.configuration, "a database in memory holds nothing", [hint])
        }
        let literal = surroundings.absolute(String(path))
        if let status = try? FileStatus.of(literal), status.kind == .file { return literal }
        guard let decoded = PercentEncoding.decode(String(path)), !decoded.utf8.contains(0),
            let status = try? FileStatus.of(surroundings.absolute(decoded)), status.kind == .file
        else { return literal }
        return surroundings.absolute(decoded)
    }

    func openUnityCatalog() throws(RegistryError) -> HTTPURL {
        let address = String(text.dropFirst("uc:".count))
        do throws(HTTPError) { return try HTTPURL(address) } catch {
            throw refuse(.configuration, error.reason, ["write `uc:http://HOST:PORT`"])
        }
    }
}
