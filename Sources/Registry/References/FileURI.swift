import Diagnostics
import HTTPTransport

/// `file:///path`, `file:/path` and `file://localhost/path` (RFC 8089), percent-decoded once, as MLflow's `local_file_uri_to_path` does.
enum FileURI {
    /// The absolute path that `text` names.
    ///
    /// - Throws: `RegistryError` of kind `.reference` for another host, a `?` or `#` (MLflow drops what follows), and for bytes that are
    ///   not UTF-8 once they are decoded.
    static func path(of text: String) throws(RegistryError) -> String {
        func refuse(_ reason: String, _ hint: String) -> RegistryError {
            RegistryError(
                .reference, "cannot find `\(escaped(HTTPURL.withoutSecrets(text)))`: \(reason)", hints: [hint],
                status: .misuse)
        }
        guard !text.contains(where: { $0 == "?" || $0 == "#" }) else {
            throw refuse("the path in a `file:` URI has no `?` and no `#`", "write `%3F` and `%23`, or the bare path")
        }
        var rest = text.dropFirst("file:".count)
        if rest.hasPrefix("//") {
            let host = rest.dropFirst(2).prefix { $0 != "/" }
            guard host.isEmpty || host.lowercased() == "localhost" else {
                throw refuse(
                    "it names a file of the host `\(escaped(String(host)))`", "write `file:///PATH` for this one")
            }
            rest = rest.dropFirst(2 + host.count)
        }
        guard let path = PercentEncoding.decode(String(rest)), !path.utf8.contains(0), path.hasPrefix("/") else {
            throw refuse("its percent-encoding is not that of a path", "write the bare path")
        }
        return path
    }
}

/// Storage that MLflow opens with whatever rights its caller has there. It is not read directly: the tools of each know these rights.
enum StorageScheme {
    /// What to do instead; nil for a scheme that MLflow does not know either.
    static func advice(for scheme: String, _ text: String) -> [String]? {
        let shown = escaped(HTTPURL.withoutSecrets(text))
        let command: String
        switch scheme {
        case "s3", "s3a": command = "aws s3 cp --recursive \(shown) FOLDER"
        case "gs": command = "gcloud storage cp --recursive \(shown) FOLDER"
        case "wasbs", "wasb", "abfss", "abfs", "adl": command = "azcopy copy --recursive URL FOLDER"
        case "r2", "b2": command = "rclone copy REMOTE:PATH FOLDER"
        case "hdfs", "viewfs": command = "hdfs dfs -get \(shown) FOLDER"
        case "ftp", "sftp": command = "sftp -r HOST:PATH FOLDER"
        default: return nil
        }
        return [
            "name the registered model or the run instead, as in `models:/NAME/VERSION`: its registry lends the right to read there",
            "or download it with `\(command)` and name the folder",
        ]
    }
}
