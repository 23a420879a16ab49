import Diagnostics
public import HTTPTransport

/// A folder in a cloud's object storage, as registries name it.
public enum CloudLocation: Sendable, Equatable {
    /// `s3://BUCKET/PREFIX`, also `s3a:` and `s3n:`. The prefix is taken as it stands, without percent-decoding.
    case s3(bucket: String, prefix: String)
    /// `r2://BUCKET@ACCOUNT.r2.cloudflarestorage.com/PREFIX`: the host speaks S3 over `https`.
    case r2(bucket: String, host: HTTPURL, prefix: String)
    /// `abfss://FILESYSTEM@ACCOUNT.dfs.core.windows.net/PREFIX`, percent-decoded once.
    case dataLake(fileSystem: String, host: HTTPURL, prefix: String)
    /// `gs://BUCKET/PREFIX`, as it stands.
    case google(bucket: String, prefix: String)

    /// Reads an address.
    ///
    /// - Throws: `CloudStorageError` of kind `.location` for another scheme, without a bucket, or with characters in
    ///   the bucket or host that none may have.
    public init(_ text: String) throws(CloudStorageError) {
        func refuse(_ reason: String) -> CloudStorageError { CloudStorageError(location: text, reason) }
        guard let colon = text.firstRange(of: "://") else {
            throw refuse("it has no scheme, as in `s3://BUCKET/FOLDER`")
        }
        let rest = text[colon.upperBound...]
        let slash = rest.utf8.firstIndex(of: UInt8(ascii: "/"))
        let authority = String(rest[..<(slash ?? rest.endIndex)])
        let path = slash.map { String(Substring(rest.utf8[$0...])) } ?? ""
        let prefix = Self.trimmed(path)
        switch text[..<colon.lowerBound].lowercased() {
        case "s3", "s3a", "s3n":
            guard Self.isBucket(authority) else { throw refuse("`s3://` is not followed by the name of a bucket") }
            self = .s3(bucket: authority, prefix: prefix)
        case "gs":
            guard Self.isBucket(authority) else { throw refuse("`gs://` is not followed by the name of a bucket") }
            self = .google(bucket: authority, prefix: prefix)
        case "r2":
            let (bucket, host) = try Self.bucketAndHost(authority, of: text)
            self = .r2(bucket: bucket, host: host, prefix: prefix)
        case "abfss", "abfs":
            let (fileSystem, host) = try Self.bucketAndHost(authority, of: text)
            guard let decoded = PercentEncoding.decode(path) else {
                throw refuse("its path is not percent-encoded UTF-8")
            }
            self = .dataLake(fileSystem: fileSystem, host: host, prefix: Self.trimmed(decoded))
        case let scheme:
            throw refuse("this version reads `s3`, `r2`, `abfss` and `gs`, and not `\(escaped(scheme))`")
        }
    }

    /// The address again, for people and manifests.
    public var text: String {
        func with(_ start: String, _ prefix: String) -> String { prefix.isEmpty ? start : "\(start)/\(prefix)" }
        return switch self {
        case .s3(let bucket, let prefix): with("s3://\(bucket)", prefix)
        case .r2(let bucket, let host, let prefix):
            with("r2://\(bucket)@\(host.origin.description.dropFirst(8))", prefix)
        case .dataLake(let fileSystem, let host, let prefix):
            with("abfss://\(fileSystem)@\(host.origin.description.dropFirst(8))", prefix)
        case .google(let bucket, let prefix): with("gs://\(bucket)", prefix)
        }
    }

    private static func bucketAndHost(_ authority: String, of text: String) throws(CloudStorageError) -> (
        String, HTTPURL
    ) {
        let parts = authority.split(separator: "@", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, isBucket(parts[0]) else {
            throw CloudStorageError(location: text, "it does not have the form `NAME@HOST` after `://`")
        }
        guard let host = try? HTTPURL("https://\(parts[1])"), host.path.isEmpty, host.query == nil else {
            throw CloudStorageError(location: text, "what follows `@` is not a host")
        }
        return (parts[0], host)
    }

    /// What all storages allow: S3's old names have capitals and underscores, Google's have dots, Azure's a `$`.
    private static func isBucket(_ name: String) -> Bool {
        (1...255).contains(name.utf8.count) && !name.hasPrefix(".")
            && name.unicodeScalars.allSatisfy { scalar in
                scalar.isASCII
                    && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                        || "-._$".unicodeScalars.contains(scalar))
            }
    }

    /// Without slashes at both ends: folders in MLflow's addresses have them or not.
    private static func trimmed(_ path: String) -> String {
        let bytes = path.utf8.drop { $0 == UInt8(ascii: "/") }
        var end = bytes.endIndex
        while end > bytes.startIndex, bytes[bytes.index(before: end)] == UInt8(ascii: "/") {
            end = bytes.index(before: end)
        }
        return String(Substring(bytes[..<end]))
    }
}
