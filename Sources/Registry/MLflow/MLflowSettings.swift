import Credentials
import Diagnostics
import HTTPTransport
import Platform

/// Which MLflow servers are asked, and with which credentials: MLflow's own variables, read as its client reads them
/// (mlflow 3.17, `utils/credentials.py`, `tracking/_model_registry/utils.py`).
///
/// - The registry is `MLFLOW_REGISTRY_URI`, else `MLFLOW_TRACKING_URI`; runs, logged models and artifacts are always
///   the tracking server's.
/// - `MLFLOW_TRACKING_USERNAME` and `_PASSWORD`, else the file `~/.mlflow/credentials`, give Basic; only when they are
///   incomplete does `MLFLOW_TRACKING_TOKEN` give Bearer; at last comes what stands before the host of the URI.
/// - A credential goes to the origin of the server that it was read for, and nowhere else.
struct MLflowSettings {
    let tracking: Endpoint
    let registry: Endpoint
    /// Whether the registry is the tracking server.
    let hasOneServer: Bool
    /// Whether files may be read from the storage behind the artifact proxy, at addresses that the server signs; nil asks the
    /// server.
    let presigning: Bool?
    var http: HTTPSettings

    /// - Throws: `RegistryError` of kind `.configuration` when no server is named or a variable is wrong, of kind
    ///   `.unsupported` for registries and ways to sign in that this version does not speak.
    init(
        _ environment: [String: String], userAgent: String, isCancelled: @escaping @Sendable () -> Bool
    ) throws(RegistryError) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let trackingText = value("MLFLOW_TRACKING_URI")
        let registryText = value("MLFLOW_REGISTRY_URI") ?? trackingText
        guard let registryText else {
            throw RegistryError(
                .configuration, "cannot ask an MLflow server: none is named",
                hints: ["set `MLFLOW_TRACKING_URI`, as in `export MLFLOW_TRACKING_URI=http://localhost:5000`"])
        }
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
        let registryName = value("MLFLOW_REGISTRY_URI") == nil ? "MLFLOW_TRACKING_URI" : "MLFLOW_REGISTRY_URI"
        hasOneServer = trackingText == nil || trackingText == registryText
        registry = try Self.endpoint(registryText, variable: registryName, login, headers)
        // With a registry alone, its server is asked for runs and files as well.
        tracking =
            try trackingText.map { text throws(RegistryError) in
                try Self.endpoint(text, variable: "MLFLOW_TRACKING_URI", login, headers)
            } ?? registry

        var http = HTTPSettings(userAgent: userAgent, environment: environment, isCancelled: isCancelled)
        if let file = value("REQUESTS_CA_BUNDLE") { http.trust.authorityFile = file }
        let authority = value("MLFLOW_TRACKING_SERVER_CERT_PATH")
        let isInsecure = try Self.isInsecure(value("MLFLOW_TRACKING_INSECURE_TLS"))
        // MLflow's servers only, and not the storage that they send us to.
        if isInsecure { http.trust.uncheckedOrigins = [tracking.base.origin, registry.base.origin] }
        guard authority == nil || !isInsecure else {
            throw RegistryError(
                .configuration,
                "cannot use both `MLFLOW_TRACKING_INSECURE_TLS` and `MLFLOW_TRACKING_SERVER_CERT_PATH`: "
                    + "one says to trust nobody but this authority, the other to trust everybody",
                hints: ["unset one of them"])
        }
        if let authority { http.trust.authorityFile = authority }
        if let file = value("MLFLOW_TRACKING_CLIENT_CERT_PATH") {
            http.trust.client = TrustSettings.ClientCertificate(file: file, origin: tracking.base.origin)
        }
        self.http = http
    }

    /// Words that MLflow would refuse are refused here too: nobody shall lose verification by a slip.
    private static func isInsecure(_ value: String?) throws(RegistryError) -> Bool {
        switch value?.lowercased() {
        case nil, "false", "0": return false
        case "true", "1": return true
        default:
            throw RegistryError(
                .configuration,
                "cannot use `\(escaped(value ?? ""))` as `MLFLOW_TRACKING_INSECURE_TLS`: it must be `true` or `false`")
        }
    }

    private static func endpoint(
        _ text: String, variable: String, _ login: MLflowLogin, _ headers: [HTTPHeader]
    ) throws(RegistryError) -> Endpoint {
        let shown = escaped(HTTPURL.withoutSecrets(text))
        let lower = text.lowercased()
        if lower == "databricks" || lower == "databricks-uc" || lower.hasPrefix("databricks://")
            || lower.hasPrefix("databricks-uc://") || lower.hasPrefix("uc:")
        {
            throw RegistryError(
                .unsupported,
                "cannot use `\(shown)` as `\(variable)`: Databricks and Unity Catalog registries are not supported by this version",
                hints: [
                    "download the model with MLflow (`mlflow artifacts download -u URI -d FOLDER`) and name the folder"
                ])
        }
        guard lower.hasPrefix("http://") || lower.hasPrefix("https://") else {
            throw RegistryError(
                .unsupported,
                "cannot use `\(shown)` as `\(variable)`: only MLflow servers are asked, by `http` or `https`",
                hints: [
                    "for a local store start `mlflow server --backend-store-uri …` and name its address, "
                        + "or name the model's folder"
                ])
        }
        do {
            let (url, user) = try HTTPURL.parse(text)
            let base = url.withoutTail
            return Endpoint(
                base: base, login: login.login(for: base.origin, userInURL: user, variable: variable), headers: headers)
        } catch {
            throw RegistryError(
                .configuration, "cannot use `\(shown)` as `\(variable)`: \(error.reason)",
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
