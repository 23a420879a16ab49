import Diagnostics
import HTTPTransport
import JSONText

/// A refusal of the storage behind a signed address: XML of S3, Azure or Google, or JSON of Azure.
struct StorageAnswer {
    let response: HTTPResponse
    /// `AccessDenied` and its like.
    let code: String?
    let words: String?

    init(_ response: HTTPResponse) {
        self.response = response
        let body = String(decoding: response.body.prefix(16 * 1024), as: UTF8.self)
        let error = DatabricksClient.object(response)?["error"]
        code = error?["code"]?.stringValue ?? Self.element("Code", body) ?? response.head["x-ms-error-code"]
        let parts = [
            error?["message"]?.stringValue, Self.element("Message", body),
            Self.element("AuthenticationErrorDetail", body),
        ]
        let text = parts.compactMap { $0 }.joined(separator: " ")
        words = text.isEmpty ? nil : text
    }

    /// What stands between `<name>` and `</name>`.
    private static func element(_ name: String, _ text: String) -> String? {
        guard let start = text.firstRange(of: "<\(name)>"),
            let end = text[start.upperBound...].firstRange(of: "</\(name)>")
        else { return nil }
        let content = String(text[start.upperBound..<end.lowerBound])
        return content.isEmpty ? nil : content
    }

    /// Whether the address was good once: another one may be asked for.
    ///
    /// S3: 403 `AccessDenied` "Request has expired", 400 `ExpiredToken`; Azure: 403 `AuthenticationFailed` "Signature not valid in
    /// the specified time frame"; Google: 400 `ExpiredToken` (databricks-sdk-py `mixins/files.py:_is_url_expired_response`).
    var isExpired: Bool {
        guard [400, 401, 403].contains(response.head.status) else { return false }
        if ["ExpiredToken", "TokenRefreshRequired", "RequestExpired"].contains(code) { return true }
        guard let words = words?.lowercased() else { return false }
        return words.contains("has expired") || words.contains("not valid in the specified time frame")
    }

    /// The error under the sentence "cannot <task>: …", for an address that is not merely old.
    func error(doing task: String) -> RegistryError {
        let status = response.head.status
        let storage = response.request.url.origin
        var details: [String] = []
        if code != nil || words != nil {
            let said = [code, words].compactMap { $0 }.map { escaped($0, limit: 300) }.joined(separator: ": ")
            details.append("the storage says: \(said)")
        }
        if response.attempts > 1 { details.append("tried \(response.attempts) times") }
        let kind: RegistryError.Kind
        let reason: String
        var hints: [String] = []
        switch status {
        case 404:
            (kind, reason) = (.notFound, "the storage `\(storage)` does not have it")
            hints = ["the registry lists it: was it deleted in the storage itself?"]
        case 400, 401, 403:
            (kind, reason) = (.denied, "the storage `\(storage)` refuses the address that the workspace signed")
            hints = ["its firewall may not admit this machine: run this in a network that it admits"]
        case 500...599:
            (kind, reason) = (.server, "the storage `\(storage)` is in trouble")
            hints = ["try again in a while"]
        default: (kind, reason) = (.server, "the storage `\(storage)` refuses the request")
        }
        return RegistryError(
            kind, "cannot \(task): \(reason)",
            place: Place(
                file: response.request.url.description, note: "\(response.request.method.rawValue), status \(status)"),
            details: details, hints: hints)
    }
}
