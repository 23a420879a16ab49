import CloudStorage
import Diagnostics
import HTTPTransport

extension RegistryError {
    /// A storage's refusal, in words for a person.
    init(_ refusal: StorageRefusal, _ answer: HTTPResponse, _ credential: CloudCredential, doing task: String) {
        let request = answer.request
        let (kind, reason, hints) = Self.meaning(refusal, storage: "the storage `\(request.url.origin)`")
        var details: [String] = []
        let parts = [refusal.code, refusal.words].compactMap { $0.flatMap { Self.readable($0, hiding: credential) } }
        if !parts.isEmpty { details.append("the storage says: \(parts.joined(separator: ": "))") }
        if answer.attempts > 1 { details.append("tried \(answer.attempts) times") }
        self.init(
            kind, "cannot \(task): \(reason)",
            place: Place(
                file: request.url.description, note: "\(request.method.rawValue), status \(answer.head.status)"),
            details: details, hints: hints)
    }

    private static func meaning(
        _ refusal: StorageRefusal, storage: String
    ) -> (kind: Kind, reason: String, hints: [String]) {
        switch refusal.meaning {
        case .noRight:
            (
                .denied, "\(storage) does not let the lent credential read it",
                [
                    "the registry lent the credential, the storage refuses it: have the storage credential behind the "
                        + "model's catalog and the storage's own policies looked at; they may also admit certain networks only"
                ]
            )
        case .otherNetwork:
            (
                .denied, "the firewall of \(storage) does not admit this machine",
                ["run where the storage can be read, or have its owner admit this network"]
            )
        case .unknownCredential:
            (
                .denied, "\(storage) does not accept the credential that the registry lent for it",
                ["is the model's storage still the one that the registry thinks it is?"]
            )
        case .expired:
            (.denied, "\(storage) refuses the lent credential as expired", ["is this machine's clock right?"])
        case .wrongClock:
            (
                .configuration, "\(storage) finds this machine's clock too far from its own",
                ["set the clock; a difference of up to 15 minutes does no harm"]
            )
        case .otherRegion:
            (
                .answer, "\(storage) says that the bucket is elsewhere, and not where",
                ["name the bucket's region in `AWS_REGION`"]
            )
        case .notFound: (.notFound, "\(storage) does not have it", ["was the model's folder removed or moved by hand?"])
        case .twoCredentials:
            (
                .answer, "\(storage) was shown two credentials at once",
                ["this is a defect of the tool; please report it with the command that you ran"]
            )
        case .trouble: (.server, "\(storage) is in trouble", ["try again in a while"])
        case .other: (.server, "\(storage) refuses the request", [])
        }
    }

    private static func readable(_ text: String, hiding credential: CloudCredential) -> String? {
        var text = text
        for secret in credential.secrets where secret.revealed.utf8.count >= 4 {
            text = text.replacing(secret.revealed, with: "[hidden]")
        }
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return line.isEmpty ? nil : escaped(line, limit: 400)
    }
}
