import Diagnostics
import Platform

/// `~/.mlflow/credentials`: an INI file whose section `[mlflow]` has the keys `mlflow_tracking_username` and
/// `mlflow_tracking_password`, as MLflow's client reads it (mlflow 3.17, `utils/credentials.py`).
///
/// What is not in `[mlflow]` is taken from `[DEFAULT]`, and `%%` means `%`; other uses of `%` (interpolation) are errors here.
struct MLflowCredentialsFile {
    let user: String?
    let password: Secret?
    /// What is odd about the file.
    private(set) var notes: [String] = []

    static let shownPath = "~/.mlflow/credentials"
    private static let byteLimit = 64 * 1024

    /// The file at `path`; nil when there is none.
    static func read(_ path: String) throws(CredentialsError) -> MLflowCredentialsFile? {
        let bytes: [UInt8]
        let mode: UInt32
        do {
            let descriptor = try FileDescriptor.open(path)
            mode = try descriptor.status().mode
            bytes = try descriptor.readAll(limit: byteLimit)
        } catch {
            if error.isNotFound || error.code == 20 { return nil }
            throw CredentialsError(
                .configuration, "cannot read `\(shownPath)`: \(error.reason)", hints: error.diagnostic.hints)
        }
        var file = try parse(bytes)
        file.notes += SharedFile.note(shownPath, mode: mode)
        return file
    }

    static func parse(_ bytes: [UInt8]) throws(CredentialsError) -> MLflowCredentialsFile {
        let file = try INIFile.parse(bytes, file: shownPath)
        guard let section = file["mlflow"] else { return MLflowCredentialsFile(user: nil, password: nil) }
        func value(_ key: String) throws(CredentialsError) -> String? {
            guard let value = section[key] ?? file.defaults[key] else { return nil }
            guard !value.replacing("%%", with: "").contains("%") else {
                throw CredentialsError(
                    .configuration, "cannot read `\(shownPath)`: a `%` must be written as `%%`",
                    place: Place(file: shownPath, line: section.line(of: key) ?? file.defaults.line(of: key)))
            }
            return value.replacing("%%", with: "%")
        }
        return MLflowCredentialsFile(
            user: try value("mlflow_tracking_username"),
            password: try value("mlflow_tracking_password").map { Secret($0) })
    }
}

/// Files with secrets are their owner's alone.
enum SharedFile {
    /// A note when others than the owner may read or change the file; none otherwise.
    static func note(_ shownPath: String, mode: UInt32) -> [String] {
        guard mode & 0o077 != 0 else { return [] }
        return [
            "`\(escaped(shownPath))` can be read or changed by other users (mode \(String(mode, radix: 8))): "
                + "`chmod 600` keeps its secrets to you"
        ]
    }
}
