import CloudStorage
import Diagnostics
import HTTPTransport

/// A refusal of the storage behind a signed address, whosever storage that is.
struct StorageAnswer {
    let response: HTTPResponse
    private let refusal: StorageRefusal

    init(_ response: HTTPResponse) {
        self.response = response
        refusal = StorageRefusal(response, from: .s3)
    }

    /// Whether the address was good once: another one may be asked for.
    ///
    /// S3: 403 `AccessDenied` "Request has expired", 400 `ExpiredToken`; Azure: 403 `AuthenticationFailed` "Signature not valid in
    /// the specified time frame"; Google: 400 `ExpiredToken` (databricks-sdk-py `mixins/files.py:_is_url_expired_response`).
    var isExpired: Bool {
        guard [400, 401, 403].contains(response.head.status) else { return false }
        return refusal.meaning == .expired || StorageRefusal(response, from: .azure).meaning == .expired
    }

    /// The error under the sentence "cannot <task>: …", for an address that is not merely old.
    func error(doing task: String) -> RegistryError {
        let status = response.head.status
        let storage = response.request.url.origin
        let said = [refusal.code, refusal.words].compactMap { $0 }.filter { !$0.isEmpty }
        var details: [String] = []
        if !said.isEmpty {
            details.append("the storage says: \(said.map { escaped($0, limit: 300) }.joined(separator: ": "))")
        }
        if response.attempts > 1 { details.append("tried \(response.attempts) times") }
        let meaning =
            switch status {
            case 404:
                ServerMeaning(
                    .notFound, "the storage `\(storage)` does not have it",
                    hints: ["the registry lists it: was it deleted in the storage itself?"])
            case 400, 401, 403:
                ServerMeaning(
                    .denied, "the storage `\(storage)` refuses the address that the workspace signed",
                    hints: ["its firewall may not admit this machine: run this in a network that it admits"])
            case 500...599:
                ServerMeaning(.server, "the storage `\(storage)` is in trouble", hints: ["try again in a while"])
            default: ServerMeaning(.server, "the storage `\(storage)` refuses the request")
            }
        return RegistryError(
            meaning.kind, "cannot \(task): \(meaning.reason)",
            place: Place(
                file: response.request.url.description, note: "\(response.request.method.rawValue), status \(status)"),
            details: details, hints: meaning.hints)
    }
}
