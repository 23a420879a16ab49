import Bytes
import Diagnostics
import HTTPTransport
import JSONText

/// Asks one MLflow server, request after request over one connection.
final class MLflowServer {
    let endpoint: MLflowSettings.Endpoint
    private var session: HTTPSession

    /// A listing of 100,000 files with long names stays below it.
    static let answerLimit = 64 << 20

    init(_ endpoint: MLflowSettings.Endpoint, _ settings: HTTPSettings) throws(RegistryError) {
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
        try object(send(endpoint.request(endpoint.url(path, query)), doing: task), doing: task)
    }

    /// Sends a `POST` that only asks.
    ///
    /// - Returns: the object; nil when the server does not know the address (404).
    /// - Throws: as `get`.
    func postIfKnown(_ path: String, _ body: JSONValue, doing task: String) throws(RegistryError) -> JSONObject? {
        var request = HTTPRequest(
            postJSON: JSONWriter.bytes(body, style: .compact), to: endpoint.url(path), credential: endpoint.credential)
        request.headers += endpoint.headers
        let response = try send(request, doing: task)
        return response.head.status == 404 ? nil : try object(response, doing: task)
    }

    private func send(_ request: HTTPRequest, doing task: String) throws(RegistryError) -> HTTPResponse {
        do { return try session.send(request, bodyLimit: Self.answerLimit) } catch {
            throw RegistryError(error, doing: task)
        }
    }

    private func object(_ response: HTTPResponse, doing task: String) throws(RegistryError) -> JSONObject {
        let place = Place(file: response.request.url.description, note: response.request.method.rawValue)
        guard response.head.isSuccess else { throw ServerAnswer(response).error(doing: task) }
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

extension MLflowSettings.Endpoint {
    /// The URL of `path` (segments joined by `/`, each encoded here) below the server's base.
    func url(_ path: String, _ query: [(name: String, value: String)] = []) -> HTTPURL {
        base.appending(segments: path.split(separator: "/").map(String.init), query: query)
    }

    /// A `GET` of `url` with our headers, and with our credential when it is on the credential's origin.
    func request(_ url: HTTPURL) -> HTTPRequest {
        HTTPRequest(.get, url, headers: url.origin == base.origin ? headers : [], credential: credential)
    }
}
