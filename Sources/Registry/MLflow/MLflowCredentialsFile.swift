import Diagnostics
import Platform

/// `~/.mlflow/credentials`: an INI file whose section `[mlflow]` has the keys `mlflow_tracking_username` and
/// `mlflow_tracking_password`, as Python's `configparser` reads it.
///
/// Supported: whole-line comments with `#` or `;`, `=` or `:` between key and value, keys in any case, `%%` for `%`.
/// Not supported: values over several lines, and other uses of `%` (interpolation), which are errors.
struct MLflowCredentialsFile {
    let user: String?
    let password: Secret?

    private static let byteLimit = 64 * 1024

    /// The file at `path`; nil when there is none.
    static func read(_ path: String) throws(RegistryError) -> MLflowCredentialsFile? {
        do {
            return try parse(String(decoding: readFile(path, limit: byteLimit), as: UTF8.self))
        } catch let error as FileError {
            if error.isNotFound || error.code == 20 { return nil }
            throw RegistryError(disk: error.diagnostic)
        } catch let error as RegistryError {
            throw error
        } catch {
            throw RegistryError(.configuration, "cannot read `~/.mlflow/credentials`: \(error)")
        }
    }

    static func parse(_ text: String) throws(RegistryError) -> MLflowCredentialsFile {
        var values: [String: String] = [:]
        var isOurs = false
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = trimmed(line)
            guard let first = line.first, first != "#", first != ";" else { continue }
            if first == "[" {
                isOurs = line == "[mlflow]"
                continue
            }
            guard isOurs else { continue }
            guard let mark = line.firstIndex(where: { $0 == "=" || $0 == ":" }) else {
                throw refuse("there is neither `=` nor `:` in this line", index)
            }
            let value = trimmed(line[line.index(after: mark)...])
            guard !value.replacing("%%", with: "").contains("%") else {
                throw refuse("a `%` must be written as `%%`", index)
            }
            values[trimmed(line[..<mark]).lowercased()] = value.replacing("%%", with: "%")
        }
        return MLflowCredentialsFile(
            user: values["mlflow_tracking_username"], password: values["mlflow_tracking_password"].map(Secret.init))
    }

    private static func refuse(_ reason: String, _ index: Int) -> RegistryError {
        RegistryError(
            .configuration, "cannot read `~/.mlflow/credentials`: \(reason)",
            place: Place(file: "~/.mlflow/credentials", line: index + 1))
    }

    private static func trimmed(_ text: Substring) -> String {
        let inner = text.drop(while: \.isWhitespace)
        guard let last = inner.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(inner[...last])
    }
}
