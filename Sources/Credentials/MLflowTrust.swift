import Diagnostics
public import HTTPTransport

/// Whom MLflow's own variables let us trust, and with which certificate we come (mlflow 3.17, `utils/rest_utils.py`).
public enum MLflowTrust {
    /// Adds `MLFLOW_TRACKING_SERVER_CERT_PATH`, `MLFLOW_TRACKING_INSECURE_TLS` and `MLFLOW_TRACKING_CLIENT_CERT_PATH` to `trust`.
    ///
    /// - Parameters:
    ///   - tracking: the only server that sees our certificate.
    ///   - servers: the only servers of which any certificate may be accepted; the storage that they send us to is none of them.
    /// - Throws: when the variables contradict each other, or one is neither `true` nor `false`: nobody shall lose verification by
    ///   a slip.
    public static func add(
        _ environment: [String: String], tracking: HTTPOrigin, servers: Set<HTTPOrigin>, to trust: inout TrustSettings
    ) throws(CredentialsError) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let authority = value("MLFLOW_TRACKING_SERVER_CERT_PATH")
        switch value("MLFLOW_TRACKING_INSECURE_TLS")?.lowercased() {
        case nil, "false", "0": break
        case "true", "1":
            guard authority == nil else {
                throw CredentialsError(
                    .configuration,
                    "cannot use both `MLFLOW_TRACKING_INSECURE_TLS` and `MLFLOW_TRACKING_SERVER_CERT_PATH`: "
                        + "one says to trust nobody but this authority, the other to trust everybody",
                    hints: ["unset one of them"])
            }
            trust.uncheckedOrigins.formUnion(servers)
        case let word?:
            throw CredentialsError(
                .configuration,
                "cannot use `\(escaped(word))` as `MLFLOW_TRACKING_INSECURE_TLS`: it must be `true` or `false`")
        }
        if let authority { trust.authorityFile = authority }
        if let file = value("MLFLOW_TRACKING_CLIENT_CERT_PATH") {
            trust.client = TrustSettings.ClientCertificate(file: file, origin: tracking)
        }
    }
}
