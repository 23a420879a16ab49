import Bytes
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
        for (name, meaning) in Self.unsupportedVariables where ![nil, "false", "0"].contains(value(name)?.lowercased())
        {
            throw RegistryError(
                .unsupported, "cannot sign in as `\(name)` says: \(meaning) is not supported by this version",
                hints: ["use `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`, or `MLFLOW_TRACKING_TOKEN`"])
        }
        presigning =
            switch value("MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD")?.lowercased() {
            case "true", "1": true
            case "false", "0": false
            default: nil
            }
        let login = try MLflowLogin(environment)
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
        http.trust.acceptsAnyCertificate = try Self.isInsecure(value("MLFLOW_TRACKING_INSECURE_TLS"))
        guard authority == nil || !http.trust.acceptsAnyCertificate else {
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

    private static let unsupportedVariables = [
        ("MLFLOW_TRACKING_AWS_SIGV4", "signing requests for AWS"),
        ("MLFLOW_TRACKING_AUTH", "an authentication plugin"),
    ]

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
            let credential = login.credential(for: base.origin, user, variable)
            return Endpoint(
                base: base, login: Login(fixed: credential, for: base.origin), headers: headers)
        } catch {
            throw RegistryError(
                .configuration, "cannot use `\(shown)` as `\(variable)`: \(error.reason)",
                hints: ["write it as `http://HOST:PORT`"])
        }
    }
}

/// User and password, or a token, and where they came from.
private struct MLflowLogin {
    private let user: (name: String, password: Secret, source: String)?
    private let token: Secret?

    init(_ environment: [String: String]) throws(RegistryError) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        var name = value("MLFLOW_TRACKING_USERNAME")
        var password = value("MLFLOW_TRACKING_PASSWORD")
        var source = "`MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`"
        if name == nil || password == nil, let home = value("HOME"),
            let file = try MLflowCredentialsFile.read(home + "/.mlflow/credentials")
        {
            if name == nil || password == nil { source = "`~/.mlflow/credentials`" }
            name = name ?? file.user
            password = password ?? file.password?.revealed
        }
        user = name.flatMap { name in password.map { (name, Secret($0), source) } }
        // A line feed at the end is what `$(cat token)` in quotes and many secret stores leave.
        token = value("MLFLOW_TRACKING_TOKEN").map { Secret($0.withoutOuterSpace) }
    }

    func credential(
        for origin: HTTPOrigin, _ inURL: HTTPURL.UserInformation?, _ variable: String
    ) -> HTTPCredential? {
        func header(_ value: String, _ source: String) -> HTTPCredential {
            HTTPCredential(origin: origin, headerName: "Authorization", headerValue: Secret(value), source: source)
        }
        func basic(_ name: String, _ password: Secret, _ source: String) -> HTTPCredential {
            header("Basic " + Base64.encode(Array("\(name):\(password.revealed)".utf8)), source)
        }
        if let user { return basic(user.name, user.password, user.source) }
        if let token { return header("Bearer " + token.revealed, "`MLFLOW_TRACKING_TOKEN`") }
        return inURL.map { basic($0.user, $0.password, "the user name and password in `\(variable)`") }
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

extension String {
    fileprivate var withoutOuterSpace: String {
        let inner = drop(while: \.isWhitespace)
        guard let last = inner.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(inner[...last])
    }
}
