import CloudStorage
import Diagnostics
import HTTPTransport
import Platform

/// The storages of the three clouds, and what stands in for them.
enum CloudStores {
    /// The store at `uri`, which is not asked anything yet.
    ///
    /// Read as the Python clients read them: `MLFLOW_S3_ENDPOINT_URL`, `MLFLOW_S3_IGNORE_TLS`, `AWS_REGION`,
    /// `AWS_DEFAULT_REGION` (for `s3:`), `STORAGE_EMULATOR_HOST` (for `gs:`).
    ///
    /// - Parameters:
    ///   - uri: the location that the registry names: `s3://…`, `r2://…`, `abfss://…`, `gs://…`.
    ///   - task: what it is for, after "cannot": "download `models:/main.default.churn/3`".
    /// - Throws: `RegistryError` of kind `.unsupported` for another address, of kind `.configuration` for a variable
    ///   that is none.
    static func store(
        at uri: String, lent: VendedCredentials, _ surroundings: Surroundings, _ http: HTTPSettings, doing task: String
    ) throws(RegistryError) -> any ArtifactStore {
        let location: CloudLocation
        do { location = try CloudLocation(uri) } catch {
            throw RegistryError(.unsupported, "cannot \(task): \(error.diagnostic.summary)")
        }
        var http = http
        http.trust = try trust(http.trust, surroundings)
        let clock = StorageClock { WallClock.milliseconds() / 1000 }
        let root: String
        let backend: any CloudBackend
        switch location {
        case .s3(let bucket, let prefix):
            root = prefix
            backend = S3Backend(
                S3Bucket(
                    amazon: bucket, endpoint: try url(.mlflowS3EndpointURL, surroundings),
                    region: surroundings[.awsRegion] ?? surroundings[.awsDefaultRegion]), clock)
        case .r2(let bucket, let host, let prefix):
            root = prefix
            backend = S3Backend(S3Bucket(r2: bucket, host: host), clock)
        case .dataLake(let fileSystem, let host, let prefix):
            root = prefix
            backend = DataLakeBackend(DataLakeFileSystem(name: fileSystem, host: host), clock)
        case .google(let bucket, let prefix):
            root = prefix
            backend = GoogleBackend(try google(bucket, surroundings))
        }
        return try CloudStore(location, root: root, backend, lent, http, doing: task)
    }

    /// `trust`, and with `MLFLOW_S3_IGNORE_TLS=true` any certificate of the server that `MLFLOW_S3_ENDPOINT_URL` names,
    /// of that one alone. For downloads from a store that `store` gave.
    ///
    /// - Throws: `RegistryError` of kind `.configuration` for a value that is neither true nor false, or an endpoint
    ///   that is no URL.
    static func trust(_ trust: TrustSettings, _ surroundings: Surroundings) throws(RegistryError) -> TrustSettings {
        var trust = trust
        switch surroundings[.mlflowS3IgnoreTLS]?.lowercased() {
        case nil, "false", "0": break
        case "true", "1":
            if let endpoint = try url(.mlflowS3EndpointURL, surroundings) {
                trust.uncheckedOrigins.insert(endpoint.origin)
            }
        case let value?:
            throw RegistryError(
                .configuration, "cannot use `\(escaped(value))` as `MLFLOW_S3_IGNORE_TLS`: it must be `true` or `false`"
            )
        }
        return trust
    }

    private static func google(_ bucket: String, _ surroundings: Surroundings) throws(RegistryError) -> GoogleBucket {
        let emulator = try url(.storageEmulatorHost, surroundings)
        do { return try GoogleBucket(name: bucket, emulator: emulator) } catch {
            throw RegistryError(.unsupported, error.diagnostic.summary)
        }
    }

    /// The server that a variable names; without a scheme it is asked by `http`, as emulators are.
    private static func url(_ variable: EnvironmentVariable, _ surroundings: Surroundings) throws(RegistryError)
        -> HTTPURL?
    {
        guard let value = surroundings[variable] else { return nil }
        do { return try HTTPURL(value.contains("://") ? value : "http://\(value)") } catch {
            throw RegistryError(
                .configuration,
                "cannot use `\(escaped(HTTPURL.withoutSecrets(value)))` as `\(variable.rawValue)`: \(error.reason)",
                hints: ["it must be an address as in `http://localhost:9000`"])
        }
    }
}
