import Credentials
import HTTPTransport
import Transfers

/// An object that one `GET` with our credential reads.
struct DirectAccess: ObjectAccess {
    let endpoint: Endpoint
    let url: HTTPURL
    /// After "cannot": "download `models:/churn/3`: cannot read `MLmodel`".
    let task: String

    func signRequest() throws -> HTTPRequest? { nil }

    func readRequest(signed: HTTPResponse?) throws -> HTTPRequest { try endpoint.request(url) }

    func judge(_ answer: HTTPResponse, stage: ObjectStage) throws -> ObjectVerdict {
        if answer.head.status == 401, answer.credentialWasSent,
            try endpoint.login.renew(after: answer.request.credential)
        {
            return .renew
        }
        throw endpoint.answer(answer).error(doing: task)
    }
}
