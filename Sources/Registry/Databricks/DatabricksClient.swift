import Bytes
import Credentials
import Diagnostics
import HTTPTransport
import JSONText

/// Asks the REST API of one Databricks workspace, and tells its refusals in words for a person.
///
/// Every answer but a JSON object of status 2xx becomes a `DatabricksAnswer`, which says by itself what it means for the model
/// that was asked for; so a caller that knows another way can look at it first.
final class DatabricksClient {
    let endpoint: Endpoint
    /// How every request of this workspace is sent, storage included.
    let http: HTTPSettings
    private let api: APIClient
    /// For requests that are not worth a second try.
    private let impatient: APIClient

    /// An answer that could be used, or one that could not.
    enum Reply {
        case object(JSONObject)
        case refusal(DatabricksAnswer)
    }

    /// Asks nothing yet.
    ///
    /// - Throws: `RegistryError` when libcurl does not start.
    init(_ endpoint: Endpoint, _ http: HTTPSettings) throws(RegistryError) {
        self.endpoint = endpoint
        self.http = http
        api = try APIClient(endpoint, http)
        var once = http
        once.retry.attempts = 1
        impatient = try APIClient(endpoint, once)
    }

    /// The JSON object that a `GET` answers.
    ///
    /// - Parameters:
    ///   - path: below the workspace's address, segments joined by `/`, not encoded.
    ///   - subject: what the request is about, for the words of an error.
    ///   - task: what it is for, after "cannot": "find `models:/churn/3`".
    /// - Throws: `RegistryError` for everything else.
    func get(
        _ path: String, _ query: [(name: String, value: String)] = [], about subject: DatabricksSubject,
        doing task: String
    ) throws(RegistryError) -> JSONObject {
        try unwrapped(ask(path, query, about: subject, doing: task), task)
    }

    /// The JSON object that a `POST`, which only asks, answers.
    func post(
        _ path: String, _ body: JSONValue, about subject: DatabricksSubject, doing task: String
    ) throws(RegistryError) -> JSONObject {
        try unwrapped(ask(posting: body, to: path, about: subject, doing: task), task)
    }

    /// As `get`, but a refusal is not thrown.
    ///
    /// - Throws: `RegistryError` when no complete answer came.
    func ask(
        _ path: String, _ query: [(name: String, value: String)] = [], about subject: DatabricksSubject,
        doing task: String
    ) throws(RegistryError) -> Reply {
        try reply(subject, task) { try endpoint.request(endpoint.url(path, query)) }
    }

    /// As `post`, but a refusal is not thrown.
    func ask(
        posting body: JSONValue, to path: String, about subject: DatabricksSubject, doing task: String
    ) throws(RegistryError) -> Reply {
        try reply(subject, task) { try request(posting: body, to: path) }
    }

    /// The request that `ask(posting:)` sends.
    func request(posting body: JSONValue, to path: String) throws -> HTTPRequest {
        try endpoint.request(postJSON: JSONWriter.bytes(body, style: .compact), to: endpoint.url(path))
    }

    /// Sends a request once, without any second try but the one with a renewed token.
    func sendOnce(_ request: () throws -> HTTPRequest, doing task: String) throws(RegistryError) -> HTTPResponse {
        try impatient.send(doing: task, request)
    }

    /// Whether `answer` refuses a token in whose place there is another one now. Some services say 403 of an old token.
    func hasRenewed(after answer: HTTPResponse) throws -> Bool {
        guard answer.credentialWasSent, endpoint.login.isRenewable,
            answer.head.status == 401 || DatabricksAnswer(answer, about: .folder("/")).isSignInRefused
        else { return false }
        return try endpoint.login.renew(after: answer.request.credential)
    }

    private func unwrapped(_ reply: Reply, _ task: String) throws(RegistryError) -> JSONObject {
        switch reply {
        case .object(let object): return object
        case .refusal(let answer): throw answer.error(doing: task)
        }
    }

    private func reply(
        _ subject: DatabricksSubject, _ task: String, _ request: () throws -> HTTPRequest
    ) throws(RegistryError) -> Reply {
        var response = try api.send(doing: task, request)
        if response.head.isSuccess, let object = Self.object(response) { return .object(object) }
        // 401 was taken care of already.
        if response.head.status == 403 {
            let isRenewed: Bool
            do { isRenewed = try hasRenewed(after: response) } catch {
                throw RegistryError(signIn: Diagnostic.wrapping(error), doing: task)
            }
            if isRenewed { response = try api.send(doing: task, request) }
            if response.head.isSuccess, let object = Self.object(response) { return .object(object) }
        }
        return .refusal(DatabricksAnswer(response, about: subject))
    }

    /// The JSON object of an answer; nil for a web page and for everything else that is none.
    static func object(_ response: HTTPResponse) -> JSONObject? {
        guard response.head.mediaType != "text/html" else { return nil }
        let limits = JSONLimits(maxBytes: APIClient.answerLimit)
        return (try? JSONText.parse(ByteRegion(response.body), limits: limits))?.objectValue
    }
}
