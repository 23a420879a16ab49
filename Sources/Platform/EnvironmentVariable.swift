/// Every environment variable that we read, with what it does. `HTTPTransport`, which stands beside this module, reads those of
/// curl by their names; `skiff-scorer` also reads `SKIFF_LIMIT_…`, one for each of its limits. A test compares this list with the
/// names in the code.
public enum EnvironmentVariable: String, CaseIterable, Sendable {
    case home = "HOME"
    case noColour = "NO_COLOR"
    case path = "PATH"
    case port = "PORT"
    case sourceDateEpoch = "SOURCE_DATE_EPOCH"
    case temporaryDirectory = "TMPDIR"
    case terminalType = "TERM"
    case allProxy = "all_proxy"
    case httpProxy = "http_proxy"
    case httpsProxy = "https_proxy"
    case noProxy = "no_proxy"
    case curlCABundle = "CURL_CA_BUNDLE"
    case requestsCABundle = "REQUESTS_CA_BUNDLE"
    case sslCertDirectory = "SSL_CERT_DIR"
    case sslCertFile = "SSL_CERT_FILE"
    case mlflowEnableProxyMultipartDownload = "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD"
    case awsDefaultRegion = "AWS_DEFAULT_REGION"
    case awsRegion = "AWS_REGION"
    case mlflowDisableFilesAPIForRuns = "MLFLOW_DISABLE_DATABRICKS_SDK_FOR_RUN_ARTIFACTS"
    case mlflowEnableNativeUnityCatalog = "MLFLOW_ENABLE_UC_NATIVE_MODEL_REGISTRY"
    case mlflowRegistryURI = "MLFLOW_REGISTRY_URI"
    case mlflowS3EndpointURL = "MLFLOW_S3_ENDPOINT_URL"
    case mlflowS3IgnoreTLS = "MLFLOW_S3_IGNORE_TLS"
    case mlflowTrackingAuth = "MLFLOW_TRACKING_AUTH"
    case mlflowTrackingAWSSigV4 = "MLFLOW_TRACKING_AWS_SIGV4"
    case mlflowTrackingClientCertPath = "MLFLOW_TRACKING_CLIENT_CERT_PATH"
    case mlflowTrackingInsecureTLS = "MLFLOW_TRACKING_INSECURE_TLS"
    case mlflowTrackingPassword = "MLFLOW_TRACKING_PASSWORD"
    case mlflowTrackingServerCertPath = "MLFLOW_TRACKING_SERVER_CERT_PATH"
    case mlflowTrackingToken = "MLFLOW_TRACKING_TOKEN"
    case mlflowTrackingURI = "MLFLOW_TRACKING_URI"
    case mlflowTrackingUsername = "MLFLOW_TRACKING_USERNAME"
    case mlflowWorkspace = "MLFLOW_WORKSPACE"
    case skiffAccessLog = "SKIFF_ACCESS_LOG"
    case skiffListen = "SKIFF_LISTEN"
    case skiffScorer = "SKIFF_SCORER"
    case skiffThreads = "SKIFF_THREADS"
    case skiffWorkerDescriptor = "SKIFF_WORKER_FD"
    case skiffWorkers = "SKIFF_WORKERS"
    case storageEmulatorHost = "STORAGE_EMULATOR_HOST"

    /// What the variable does, for the help text.
    public var help: String {
        switch self {
        case .home: "the folder of the person; MLflow's file of names and passwords is below it"
        case .noColour: "no colours when set to anything"
        case .path: "where programs are looked for"
        case .port: "the port that skiff-scorer listens on"
        case .sourceDateEpoch: "the time, in seconds since 1970, of everything that is written; 0 when not set"
        case .temporaryDirectory: "the folder for temporary files; /tmp when not set"
        case .terminalType: "no colours on a terminal of type `dumb`"
        case .httpProxy, .httpsProxy, .allProxy: "the proxy, as curl reads it"
        case .noProxy: "hosts that are reached without the proxy, as curl reads it"
        case .curlCABundle, .sslCertFile, .requestsCABundle: "a file of certificates to trust"
        case .sslCertDirectory: "a folder of certificates to trust"
        case .mlflowEnableProxyMultipartDownload:
            "`false` reads large files through the MLflow server, also when it offers signed addresses of its storage"
        case .awsRegion, .awsDefaultRegion: "the region in which a bucket of Amazon's is looked for first"
        case .mlflowDisableFilesAPIForRuns: "`true` reads the artifacts of Databricks runs without the Files API"
        case .mlflowEnableNativeUnityCatalog: "`true` asks Unity Catalog by its own API first"
        case .mlflowRegistryURI: "the model registry, when it is not the tracking server"
        case .mlflowS3EndpointURL: "the server that is asked for buckets of `s3:` instead of Amazon's"
        case .mlflowS3IgnoreTLS: "`true` accepts any certificate of the server in MLFLOW_S3_ENDPOINT_URL"
        case .mlflowTrackingAuth, .mlflowTrackingAWSSigV4: "a way to sign in that is not supported, and refused"
        case .mlflowTrackingClientCertPath: "a file with our certificate and key for the tracking server"
        case .mlflowTrackingInsecureTLS: "`true` accepts any certificate of the tracking server"
        case .mlflowTrackingPassword: "the password for the tracking server"
        case .mlflowTrackingServerCertPath: "a file of certificates to trust for the tracking server"
        case .mlflowTrackingToken: "the token for the tracking server"
        case .mlflowTrackingURI: "the MLflow tracking server, or a folder"
        case .mlflowTrackingUsername: "the user for the tracking server"
        case .mlflowWorkspace: "the workspace on the tracking server"
        case .skiffAccessLog: "`off` keeps skiff-scorer from writing a line for each request"
        case .skiffListen: "where skiff-scorer listens: HOST:PORT"
        case .skiffScorer: "the skiff-scorer executable to put in contexts"
        case .skiffThreads: "how many threads skiff-scorer has"
        case .skiffWorkerDescriptor: "set by skiff-scorer for its Python workers: the descriptor to answer on"
        case .skiffWorkers: "how many Python workers skiff-scorer has"
        case .storageEmulatorHost: "the server that is asked for buckets of `gs:` instead of Google's"
        }
    }

    /// Whether its value must never be shown. The address of a proxy may hold a password.
    public var isSecret: Bool {
        switch self {
        case .mlflowTrackingToken, .mlflowTrackingPassword, .httpProxy, .httpsProxy, .allProxy: true
        default: false
        }
    }
}
