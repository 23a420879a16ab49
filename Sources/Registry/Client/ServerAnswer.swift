import Bytes
import Diagnostics
import HTTPTransport
import JSONText

/// An error answer of a server, in words for a person.
struct ServerAnswer {
    private let response: HTTPResponse
    /// MLflow's `error_code`, for instance `RESOURCE_DOES_NOT_EXIST`; Databricks may send a number.
    let code: String?
    /// The server's own words, escaped and cut, with our credential blotted out.
    let words: String?

    init(_ response: HTTPResponse) {
        self.response = response
        let object = (try? JSONText.parse(ByteRegion(response.body), limits: .request))?.objectValue
        code = object?["error_code"].flatMap { $0.stringValue ?? $0.intValue.map(String.init) }
        let text =
            object.flatMap { $0["message"] ?? $0["detail"] ?? $0["error"] }?.stringValue
            ?? Self.plainText(response)
        words = text.flatMap { Self.readable($0, hiding: response.request.credential) }
    }

    /// A body of words; MLflow sends some of them as `text/html`, but without a tag.
    private static func plainText(_ response: HTTPResponse) -> String? {
        guard let type = response.head.mediaType, type.hasPrefix("text/") else { return nil }
        let text = String(decoding: response.body, as: UTF8.self)
        return text.contains("<") ? nil : text
    }

    private static func readable(_ text: String, hiding credential: HTTPCredential?) -> String? {
        var text = text
        for header in credential?.headers ?? [] {
            guard let secret = header.value.revealed.split(separator: " ").last, secret.count >= 4 else { continue }
            text = text.replacing(secret, with: "[hidden]")
        }
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return line.isEmpty ? nil : escaped(line, limit: 400)
    }

    /// Whether the answer means that the thing asked for does not exist.
    ///
    /// A missing alias and an unknown stage are 400 `INVALID_PARAMETER_VALUE` (mlflow 3.17), which only their words tell
    /// from other mistakes.
    var isNotFound: Bool {
        switch response.head.status {
        case 404: code == "RESOURCE_DOES_NOT_EXIST" || code == "NOT_FOUND"
        case 400:
            words.map { $0.contains("alias") && $0.contains("not found") || $0.contains("Model Version stage") }
                ?? false
        default: false
        }
    }

    /// The error under the sentence "cannot <task>: …".
    func error(doing task: String, hints extraHints: [String] = []) -> RegistryError {
        let status = response.head.status
        let request = response.request
        var details: [String] = []
        if let words { details.append("the server says: \(code.map { escaped($0) + ": " } ?? "")\(words)") }
        if response.attempts > 1 { details.append("tried \(response.attempts) times") }
        let (kind, reason, hints) = meaning
        return RegistryError(
            kind, "cannot \(task): \(reason)",
            place: Place(file: request.url.description, note: "\(request.method.rawValue), status \(status)"),
            details: details, hints: extraHints.isEmpty ? hints : extraHints)
    }

    private var meaning: (RegistryError.Kind, String, hints: [String]) {
        let status = response.head.status
        let server = response.request.url.origin
        switch status {
        case _ where isNotFound: return (.notFound, "the server does not know it", [])
        case 401:
            return (.denied, "`\(server)` \(credentialReason)", credentialHints)
        case 403:
            return (
                .denied, "`\(server)` forbids it",
                response.credentialWasSent
                    ? ["the credentials come from \(credentialSource): does their owner have the right to read this?"]
                    : credentialHints
            )
        case 404:
            return (
                .answer, "`\(server)` has nothing at this address",
                ["is this an MLflow server? Is a path missing in `MLFLOW_TRACKING_URI`, as in `http://HOST/mlflow`?"]
            )
        case 429: return (.server, "`\(server)` gets too many requests", ["try again in a while"])
        case 503 where words?.contains("serve-artifacts") == true:
            return (
                .unsupported, "`\(server)` does not serve artifacts",
                ["start it with `mlflow server --serve-artifacts`"]
            )
        case 500...599: return (.server, "`\(server)` is in trouble", ["look into the server's log"])
        default: return (.server, "`\(server)` refuses the request", [])
        }
    }

    private var credentialReason: String {
        response.credentialWasSent ? "does not accept the credentials" : "asks for credentials"
    }

    private var credentialSource: String { response.request.credential?.source ?? "nowhere" }

    private var credentialHints: [String] {
        if response.credentialWasSent {
            return ["the credentials come from \(credentialSource): are they right, and for this server?"]
        }
        return [
            "set `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`, or `MLFLOW_TRACKING_TOKEN`; "
                + "they are sent only to the server that `MLFLOW_TRACKING_URI` names, not where it redirects to"
        ]
    }
}
