import Diagnostics
import HTTPTransport
import JSONText
import Transfers

/// A file that is read from an address that the workspace signs when it is asked to.
final class SignedAccess: ObjectAccess {
    private let client: DatabricksClient
    private let subject: DatabricksSubject
    /// The path of the service and its query.
    private let service: (path: String, query: [(name: String, value: String)])
    private let key: String
    private let task: String
    private var hasRenewed = false

    /// - Parameters:
    ///   - key: of the address in the answer.
    ///   - task: after "cannot": "download `models:/churn/3`: cannot read `MLmodel`".
    init(
        _ client: DatabricksClient, about subject: DatabricksSubject, service: String,
        query: [(name: String, value: String)], key: String, doing task: String
    ) {
        self.client = client
        self.subject = subject
        self.service = (service, query)
        self.key = key
        self.task = task
    }

    func signRequest() throws -> HTTPRequest? {
        try client.endpoint.request(client.endpoint.url(service.path, service.query))
    }

    func readRequest(signed: HTTPResponse?) throws -> HTTPRequest {
        guard let signed, let object = DatabricksClient.object(signed) else {
            throw RegistryError(.answer, "cannot \(task): the workspace gives no address for it")
        }
        return try SignedAddress(object, key: key, from: client.endpoint.base.origin, doing: task).request
    }

    func judge(_ answer: HTTPResponse, stage: ObjectStage) throws -> ObjectVerdict {
        switch stage {
        case .sign:
            if try client.hasRenewed(after: answer) { return .renew }
            throw DatabricksAnswer(answer, about: subject).error(doing: task)
        case .read:
            let storage = StorageAnswer(answer)
            if storage.isExpired { return .renew }
            // Some storages do not say that the address is old.
            guard answer.head.status == 403, !hasRenewed else { throw storage.error(doing: task) }
            hasRenewed = true
            return .renew
        }
    }
}
