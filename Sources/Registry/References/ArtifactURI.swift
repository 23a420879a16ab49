import Diagnostics
public import HTTPTransport

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

/// `http(s)://HOST[/PREFIX]/api/2.0/mlflow-artifacts/artifacts/path`: the same folder by the address that an MLflow server has for it
/// (mlflow 3.17, `store/artifact/http_artifact_repo.py`); `ajax-api` for `api` is the same.
///
/// MLflow sends the rest of the address as it stands; here it is percent-decoded once, and encoded again for each request.
public struct ServedArtifactURI: Sendable, Hashable, CustomStringConvertible {
    /// The server, with its static prefix, without a slash at its end.
    public let base: HTTPURL
    /// The folder, without slashes at its ends; empty for the root.
    public let path: String

    static let services = ["/api/2.0/mlflow-artifacts/artifacts", "/ajax-api/2.0/mlflow-artifacts/artifacts"]

    /// Reads a URI.
    ///
    /// - Throws: `RegistryError` of kind `.reference` when the address is not that of an MLflow server's artifacts, has a query, or
    ///   a name and password.
    public init(_ text: String) throws(RegistryError) {
        let shown = escaped(HTTPURL.withoutSecrets(text))
        func refuse(_ reason: String, _ hint: String) -> RegistryError {
            RegistryError(.reference, "cannot find `\(shown)`: \(reason)", hints: [hint], status: .misuse)
        }
        guard !text.contains(where: { $0 == "?" || $0 == "#" }) else {
            throw refuse("the address of a folder has no `?` and no `#`", "write `%3F` and `%23` for those in a name")
        }
        let found = Self.services.lazy.compactMap { text.firstRange(of: $0) }.first { range in
            range.upperBound == text.endIndex || text[range.upperBound] == "/"
        }
        guard let found else {
            throw refuse(
                "it is not the address of artifacts on an MLflow server, which ends in `/api/2.0/mlflow-artifacts/artifacts/PATH`",
                "for a registered model write `models:/NAME/VERSION` and set `MLFLOW_TRACKING_URI`; "
                    + "download an archive first and name its file")
        }
        let user: HTTPURL.UserInformation?
        do throws(HTTPError) {
            (base, user) = try HTTPURL.parse(String(text[..<found.lowerBound]))
        } catch { throw RegistryError(.reference, "cannot find `\(shown)`: \(error.reason)", status: .misuse) }
        guard user == nil else {
            throw refuse(
                "a name and a password in an address end up in logs",
                "set `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`, and `MLFLOW_TRACKING_URI` to the server's address"
            )
        }
        guard let decoded = PercentEncoding.decode(String(text[found.upperBound...].drop { $0 == "/" })) else {
            throw refuse("its percent-encoding is not that of UTF-8", "write a `%` of a name as `%25`")
        }
        let segments = URIParts.split(decoded[...])
        if let objection = URIParts.objection(to: decoded, segments) {
            throw RegistryError(.reference, "cannot find `\(shown)`: \(objection)", status: .misuse)
        }
        path = segments.joined(separator: "/")
    }

    /// The address that was read.
    public var description: String {
        "\(base.appending(segments: (Self.services[0] + "/" + path).split(separator: "/").map(String.init)))"
    }
}
