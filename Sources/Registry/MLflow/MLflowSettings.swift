import Credentials
import Diagnostics
import HTTPTransport
import Platform

/// Which MLflow servers are asked, and with which credentials: MLflow's own variables, read as its client reads them
/// (mlflow 3.17, `utils/credentials.py`, `utils/rest_utils.py`).
///
/// - Registered models are the registry's; runs, logged models and artifacts are always the tracking server's.
/// - A credential goes to the origin of the server that it was read for, and nowhere else; see `MLflowLogin`.
struct MLflowSettings {
    /// A server as it was named.
    struct Server: Equatable {
        /// May hold a name and a password: never print it.
        let uri: String
        /// What named it, for errors.
        let variable: String
        /// Whether it gets no credential: nobody named it as a server of ours.
        var isAnonymous = false
    }

    let tracking: Endpoint
    let registry: Endpoint
    /// Whether the registry is the tracking server.
    let hasOneServer: Bool
    /// Whether files may be read from the storage behind the artifact proxy, at addresses that the server signs; nil asks the
    /// server.
    let presigning: Bool?
    private(set) var http: HTTPSettings

    /// - Parameter http: what holds for every server; MLflow's own variables about certificates are added.
    /// - Throws: `RegistryError` of kind `.configuration` when a variable is wrong, of kind `.unsupported` for ways to sign in that
    ///   this version does not speak.
    init(
        tracking trackingServer: Server, registry registryServer: Server, _ environment: [String: String],
        http: HTTPSettings
    ) throws(RegistryError) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        presigning =
            switch value("MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD")?.lowercased() {
            case "true", "1": true
            case "false", "0": false
            // Whoever trusts one authority only, that of the server, has none for the storage.
            default: value("MLFLOW_TRACKING_SERVER_CERT_PATH") == nil ? nil : false
            }
        let login: MLflowLogin
        do { login = try MLflowLogin(environment) } catch { throw RegistryError(error) }
        let workspace = value("MLFLOW_WORKSPACE").map { HTTPHeader("X-MLFLOW-WORKSPACE", $0) }
        let headers = workspace.map { [$0] } ?? []
        hasOneServer = trackingServer == registryServer
        registry = try Self.endpoint(registryServer, login, headers)
        tracking = hasOneServer ? registry : try Self.endpoint(trackingServer, login, headers)

        var http = http
        // A 503 that stays, as long as the server is not started otherwise.
        http.retry.lastingWords.append("--no-serve-artifacts")
        // For MLflow's servers only, and not the storage that they send us to.
        do throws(CredentialsError) {
            try MLflowTrust.add(
                environment, tracking: tracking.base.origin, servers: [tracking.base.origin, registry.base.origin],
                to: &http.trust)
        } catch { throw RegistryError(error) }
        self.http = http
    }

    private static func endpoint(
        _ server: Server, _ login: MLflowLogin, _ headers: [HTTPHeader]
    ) throws(RegistryError) -> Endpoint {
        do {
            let (url, user) = try HTTPURL.parse(server.uri)
            let base = url.withoutTail
            guard !server.isAnonymous else {
                return Endpoint(base: base, login: .none(for: base.origin), headers: [])
            }
            let login = login.login(for: base.origin, userInURL: user, variable: server.variable)
            return Endpoint(base: base, login: login, headers: headers)
        } catch {
            throw RegistryError(
                .configuration,
                "cannot use `\(escaped(HTTPURL.withoutSecrets(server.uri)))` as `\(server.variable)`: \(error.reason)",
                hints: ["write it as `http://HOST:PORT`"])
        }
    }
}

extension HTTPURL {
    /// Without query and slashes at the end: what paths are appended to.
    fileprivate var withoutTail: HTTPURL {
        var base = appending(segments: [])
        while base.path.hasSuffix("/") { base = base.appending(segments: []) }
        return base
    }
}
