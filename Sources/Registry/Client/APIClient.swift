import Bytes
import Credentials
import Diagnostics
import HTTPTransport
import JSONText

/// Asks the JSON API of one server, request after request over one connection.
final class APIClient {
    let endpoint: Endpoint
    private var session: HTTPSession

    /// A listing of 100,000 files with long names stays below it.
    static let answerLimit = 64 << 20

    init(_ endpoint: Endpoint, _ settings: HTTPSettings) throws(RegistryError) {
        self.endpoint = endpoint
        do { session = try HTTPSession(settings: settings) } catch { throw RegistryError(error, doing: "start") }
    }

    /// Sends a `GET` and reads the JSON object of the answer.
    ///
    /// - Parameter task: what it is for, after "cannot": "find `models:/churn/3`".
    /// - Throws: `RegistryError` for everything but a 2xx answer with a JSON object.
    func get(
        _ path: String, _ query: [(name: String, value: String)] = [], doing task: String
    ) throws(RegistryError) -> JSONObject {
        try object(send(doing: task) { try endpoint.request(endpoint.url(path, query)) }, doing: task)
    }

    /// Sends a `POST` that only asks.
    ///
    /// - Throws: as `get`.
    func post(_ path: String, _ body: JSONValue, doing task: String) throws(RegistryError) -> JSONObject {
        try object(answer(toPosting: body, to: path, doing: task), doing: task)
    }

    /// Sends a `POST` that only asks.
    ///
    /// - Returns: the object; nil when the server does not know the address (404).
    /// - Throws: as `get`.
    func postIfKnown(_ path: String, _ body: JSONValue, doing task: String) throws(RegistryError) -> JSONObject? {
        let response = try answer(toPosting: body, to: path, doing: task)
        return response.head.status == 404 ? nil : try object(response, doing: task)
    }

    private func answer(toPosting body: JSONValue, to path: String, doing task: String) throws(RegistryError)
        -> HTTPResponse
    {
        let bytes = JSONWriter.bytes(body, style: .compact)
        return try send(doing: task) { try endpoint.request(postJSON: bytes, to: endpoint.url(path)) }
    }

    /// Sends the request that `make` gives, and once more with another token when the first one is refused.
    ///
    /// - Returns: the answer, whatever its status.
    func send(doing task: String, _ make: () throws -> HTTPRequest) throws(RegistryError) -> HTTPResponse {
        do {
            let response = try session.send(make(), bodyLimit: Self.answerLimit)
            guard response.head.status == 401, response.credentialWasSent,
                try endpoint.login.renew(after: response.request.credential)
            else { return response }
            return try session.send(make(), bodyLimit: Self.answerLimit)
        } catch let error as HTTPError {
            throw RegistryError(error, doing: task)
        } catch {
            throw RegistryError(signIn: Diagnostic.wrapping(error), doing: task)
        }
    }

    /// The JSON object of a 2xx answer.
    func object(_ response: HTTPResponse, doing task: String) throws(RegistryError) -> JSONObject {
        let place = Place(file: response.request.url.description, note: response.request.method.rawValue)
        guard response.head.isSuccess else { throw endpoint.answer(response).error(doing: task) }
        guard response.head.mediaType != "text/html" else {
            throw RegistryError(
                .answer, "cannot \(task): the server sends a web page where its API should answer", place: place,
                hints: [
                    "is there a login page or a proxy between? Is a path missing in `MLFLOW_TRACKING_URI`, "
                        + "as in `http://HOST/mlflow`?"
                ])
        }
        let value: JSONValue
        do {
            value = try JSONText.parse(ByteRegion(response.body), limits: JSONLimits(maxBytes: Self.answerLimit))
        } catch {
            throw RegistryError(
                .answer, "cannot \(task): the server's answer is not JSON", place: place,
                details: [error.diagnostic.summary], hints: ["is this the address of an MLflow server?"])
        }
        guard let object = value.objectValue else {
            throw RegistryError(
                .answer, "cannot \(task): the server's answer is \(value.kindInWords) where an object should be",
                place: place, hints: ["is this the address of an MLflow server?"])
        }
        return object
    }
}
