/// Every environment variable that we read, with what it does. Variables that only libcurl reads (proxies) are here too, because
/// people need to know of them.
public enum EnvironmentVariable: String, CaseIterable, Sendable {
    case home = "HOME"
    case noColour = "NO_COLOR"
    case path = "PATH"
    case port = "PORT"
    case sourceDateEpoch = "SOURCE_DATE_EPOCH"
    case terminalType = "TERM"
    case temporaryDirectory = "TMPDIR"
    case cacheHome = "XDG_CACHE_HOME"
    case httpProxy = "http_proxy"
    case httpsProxy = "https_proxy"
    case allProxy = "all_proxy"
    case noProxy = "no_proxy"
    case curlCABundle = "CURL_CA_BUNDLE"
    case requestsCABundle = "REQUESTS_CA_BUNDLE"
    case sslCertFile = "SSL_CERT_FILE"
    case mlflowTrackingURI = "MLFLOW_TRACKING_URI"
    case mlflowRegistryURI = "MLFLOW_REGISTRY_URI"
    case mlflowTrackingToken = "MLFLOW_TRACKING_TOKEN"
    case mlflowTrackingUsername = "MLFLOW_TRACKING_USERNAME"
    case mlflowTrackingPassword = "MLFLOW_TRACKING_PASSWORD"
    case mlflowTrackingInsecureTLS = "MLFLOW_TRACKING_INSECURE_TLS"
    case mlflowTrackingServerCertPath = "MLFLOW_TRACKING_SERVER_CERT_PATH"
    case skiffCache = "SKIFF_CACHE"
    case skiffScorer = "SKIFF_SCORER"
    case skiffWorkerDescriptor = "SKIFF_WORKER_FD"

    /// What the variable does, for the help text.
    public var help: String {
        switch self {
        case .home: "the folder of the person, for the cache"
        case .noColour: "no colours when set to anything"
        case .path: "where programs are looked for"
        case .port: "the port that skiff-scorer listens on"
        case .sourceDateEpoch: "the time, in seconds since 1970, of everything that is written; 0 when not set"
        case .terminalType: "no colours on a terminal of type `dumb`"
        case .temporaryDirectory: "the folder for temporary files; /tmp when not set"
        case .cacheHome: "the folder that holds the cache; ~/.cache when not set"
        case .httpProxy, .httpsProxy, .allProxy: "the proxy, as curl reads it"
        case .noProxy: "hosts that are reached without the proxy, as curl reads it"
        case .curlCABundle, .sslCertFile, .requestsCABundle: "a file of certificates to trust"
        case .mlflowTrackingURI: "the MLflow tracking server, `databricks`, or a folder"
        case .mlflowRegistryURI: "the model registry, when it is not the tracking server"
        case .mlflowTrackingToken: "the token for the tracking server"
        case .mlflowTrackingUsername: "the user for the tracking server"
        case .mlflowTrackingPassword: "the password for the tracking server"
        case .mlflowTrackingInsecureTLS: "`true` accepts any certificate of the tracking server"
        case .mlflowTrackingServerCertPath: "a file of certificates to trust for the tracking server"
        case .skiffCache: "the folder for downloads that are kept"
        case .skiffScorer: "the skiff-scorer executable to put in contexts"
        case .skiffWorkerDescriptor: "set by skiff-scorer for its Python workers: the descriptor to answer on"
        }
    }

    /// Whether its value must never be shown.
    public var isSecret: Bool { self == .mlflowTrackingToken || self == .mlflowTrackingPassword }
}
