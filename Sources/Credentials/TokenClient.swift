import Bytes
import Diagnostics
import HTTPTransport
import JSONText
import Platform

/// Asks those who hand out tokens: one connection pool for all of a login's requests.
final class TokenClient {
    let surroundings: Surroundings
    let settings: HTTPSettings
    /// Whether nobody may be asked.
    let isOffline: Bool
    private var session: HTTPSession?

    private static let answerLimit = 1 << 20

    init(_ surroundings: Surroundings, _ settings: HTTPSettings, isOffline: Bool) {
        self.surroundings = surroundings
        self.settings = settings
        self.isOffline = isOffline
    }

    /// Sends a request with the settings of the caller.
    ///
    /// - Returns: the answer, whatever its status.
    func send(_ request: HTTPRequest, doing task: String) throws(CredentialsError) -> HTTPResponse {
        do {
            if session == nil { session = try HTTPSession(settings: settings) }
            guard let response = try session?.send(request, bodyLimit: Self.answerLimit) else {
                throw CredentialsError(.server, "cannot \(task): no connection can be made")
            }
            return response
        } catch let error as HTTPError {
            throw CredentialsError(error, doing: task)
        } catch let error as CredentialsError {
            throw error
        } catch {
            throw CredentialsError(.server, "cannot \(task): \(error)")
        }
    }

    /// Sends a `GET` once, with little patience: for what may be absent.
    ///
    /// - Parameter seconds: at most this long for the connection, and again for the first byte.
    /// - Returns: the object of a 2xx answer; or why there is none, in words.
    func probe(_ url: HTTPURL, seconds: Double) -> Result<JSONObject, ProbeFailure> {
        var brief = settings
        brief.timeouts.connectSeconds = min(brief.timeouts.connectSeconds, seconds)
        brief.timeouts.firstByteSeconds = min(brief.timeouts.firstByteSeconds, seconds)
        brief.timeouts.stallSeconds = min(brief.timeouts.stallSeconds, seconds)
        brief.retry.attempts = 1
        do {
            var session = try HTTPSession(settings: brief)
            let response = try session.send(HTTPRequest(.get, url), bodyLimit: Self.answerLimit)
            guard response.head.isSuccess else {
                return .failure(ProbeFailure(reason: "status \(response.head.status)", isAnswered: true))
            }
            guard let object = (try? JSONText.parse(response.body, limits: .request))?.objectValue else {
                return .failure(ProbeFailure(reason: "the answer is not a JSON object", isAnswered: true))
            }
            return .success(object)
        } catch {
            return .failure(ProbeFailure(reason: error.reason, isAnswered: false))
        }
    }

    /// Why a document that may be absent could not be had.
    struct ProbeFailure: Error {
        let reason: String
        /// Whether the server answered at all.
        let isAnswered: Bool
    }

    /// The JSON object of a 2xx answer.
    ///
    /// - Parameter hints: for a refusal (400, 401, 403).
    func object(
        _ request: HTTPRequest, doing task: String, details: [String] = [], hints: [String] = []
    ) throws(CredentialsError) -> JSONObject {
        let response = try send(request, doing: task)
        let place = Place(
            file: response.request.url.description,
            note: "\(response.request.method.rawValue), status \(response.head.status)")
        guard response.head.isSuccess else {
            throw OAuthRefusal(response).error(doing: task, place: place, details: details, hints: hints)
        }
        guard let object = (try? JSONText.parse(response.body, limits: .request))?.objectValue else {
            throw CredentialsError(
                .answer,
                "cannot \(task): `\(response.request.url.origin)` answers with something else than a JSON object",
                place: place, hints: ["is there a login page or a proxy between?"])
        }
        return object
    }

    /// Asks a token endpoint (RFC 6749 section 4.4.2, RFC 8693 section 2.1).
    ///
    /// - Parameters:
    ///   - basic: sent as user and password, and only to the endpoint's origin.
    ///   - details: said when the endpoint refuses.
    ///   - hints: what a person can do then.
    func token(
        at endpoint: HTTPURL, _ form: [(name: String, value: String)], basic: (user: String, password: Secret)? = nil,
        doing task: String, details: [String] = [], hints: [String] = []
    ) throws(CredentialsError) -> AccessToken {
        let fields = form.map { "\(PercentEncoding.encode($0.name))=\(PercentEncoding.encode($0.value))" }
        var request = HTTPRequest(
            .post, endpoint,
            headers: [
                HTTPHeader("Content-Type", "application/x-www-form-urlencoded"),
                HTTPHeader("Accept", "application/json"),
            ])
        request.body = Array(fields.joined(separator: "&").utf8)
        request.credential = basic.map { user, password in
            HTTPCredential(
                origin: endpoint.origin, headerName: "Authorization",
                headerValue: Secret(basicAuthorization(user, password)), source: "the client's name and secret")
        }
        let obtained = MonotonicClock.nanoseconds
        let object = try object(request, doing: task, details: details, hints: hints)
        let place = Place(file: endpoint.description, note: "POST")
        let type = object["token_type"]?.stringValue ?? "Bearer"
        return AccessToken(
            try Self.secret(object["access_token"], "access_token", doing: task, place),
            type: type.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f } && !type.isEmpty ? type : "Bearer",
            lifeSeconds: Self.seconds(object["expires_in"]), obtained: obtained)
    }

    /// A token out of an answer: a text that can stand in a header.
    static func secret(
        _ value: JSONValue?, _ name: String, doing task: String, _ place: Place
    ) throws(CredentialsError) -> Secret {
        guard let text = value?.stringValue, !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw CredentialsError(
                .answer, "cannot \(task): the answer holds no token in `\(name)`", place: place)
        }
        return Secret(text)
    }

    /// A number of seconds, which Entra writes as a text.
    static func seconds(_ value: JSONValue?) -> Double? {
        let number = value?.doubleValue ?? value?.stringValue.flatMap { Double($0) }
        return number.flatMap { $0.isFinite && $0 >= 0 ? $0 : nil }
    }
}

/// The value of an `Authorization` header for a user and a password (RFC 7617).
func basicAuthorization(_ user: String, _ password: Secret) -> String {
    "Basic " + Base64.encode(Array("\(user):\(password.revealed)".utf8))
}

/// An error answer of a token endpoint: `error` and `error_description` (RFC 6749 section 5.2), or Databricks' `errorCode` and
/// `errorSummary`, `error_code` and `message`.
private struct OAuthRefusal {
    private let status: Int
    private let origin: HTTPOrigin
    private let attempts: Int
    private let words: String?

    init(_ response: HTTPResponse) {
        status = response.head.status
        origin = response.request.url.origin
        attempts = response.attempts
        let object = (try? JSONText.parse(response.body, limits: .request))?.objectValue
        func text(_ names: String...) -> String? {
            names.lazy.compactMap { object?[$0] }.compactMap { $0.stringValue ?? $0.intValue.map(String.init) }.first
        }
        let code = text("errorCode", "error", "error_code")
        let summary = text("errorSummary", "error_description", "message")
        let both = [code, summary].compactMap { $0 }.joined(separator: ": ")
        let line = both.split(whereSeparator: \.isNewline).joined(separator: " ")
        words = line.isEmpty ? nil : escaped(Redaction.clean(line), limit: 600)
    }

    func error(doing task: String, place: Place, details: [String], hints: [String]) -> CredentialsError {
        var all = words.map { ["the server says: \($0)"] } ?? []
        if attempts > 1 { all.append("tried \(attempts) times") }
        switch status {
        case 400, 401, 403:
            return CredentialsError(
                .denied, "cannot \(task): `\(origin)` refuses to give a token", place: place, details: all + details,
                hints: hints)
        case 429, 500...599:
            return CredentialsError(
                .server, "cannot \(task): `\(origin)` is in trouble", place: place, details: all,
                hints: ["try again in a while"])
        case 404:
            return CredentialsError(
                .answer, "cannot \(task): `\(origin)` has nothing at this address", place: place, details: all,
                hints: ["is the host right? A workspace's address is all that stands before the first `/` in a browser"]
            )
        default:
            return CredentialsError(
                .answer, "cannot \(task): `\(origin)` gives no token", place: place, details: all, hints: hints)
        }
    }
}
