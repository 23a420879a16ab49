import Bytes
import Diagnostics
import HTTPTransport
import JSONText

/// What an error answer means for a person: what stands after "cannot <task>: ", and what to do.
struct ServerMeaning {
    let kind: RegistryError.Kind
    let reason: String
    let hints: [String]

    init(_ kind: RegistryError.Kind, _ reason: String, hints: [String] = []) {
        self.kind = kind
        self.reason = reason
        self.hints = hints
    }
}

/// An error answer of a server, in words for a person.
///
/// Bodies that are understood: JSON objects with `error_code` (text or number) and `message`, `detail`, `error` or
/// `error_description`; `CODE: message` and other plain text; the title of a web page; `Code` and `Message` of the XML of a
/// storage; nothing at all.
struct ServerAnswer {
    let response: HTTPResponse
    /// The body, when it is a JSON object.
    let object: JSONObject?
    /// MLflow's `error_code`, for instance `RESOURCE_DOES_NOT_EXIST`; Databricks may send a number.
    let code: String?
    /// The server's own words, escaped and cut, with our credential blotted out.
    let words: String?
    private let meaningOfEndpoint: (ServerAnswer) -> ServerMeaning?

    /// - Parameter meaning: looks at the answer first; nil leaves it to what every MLflow server means.
    init(_ response: HTTPResponse, meaning: @escaping (ServerAnswer) -> ServerMeaning? = { _ in nil }) {
        self.response = response
        meaningOfEndpoint = meaning
        object = (try? JSONText.parse(ByteRegion(response.body), limits: .request))?.objectValue
        let said = object.map(Self.said) ?? Self.said(in: response)
        code = said.code.map { escaped($0, limit: 80) }
        words = said.words.flatMap { Self.readable($0, hiding: response.request.credential) }
    }

    /// The status code.
    var status: Int { response.head.status }
    /// The server that was asked, for a sentence.
    var server: HTTPOrigin { response.request.url.origin }

    private static func said(_ object: JSONObject) -> (code: String?, words: String?) {
        let inner = object["error"]?.objectValue ?? object
        let code = (inner["error_code"] ?? inner["errorCode"] ?? inner["code"])
            .flatMap { $0.stringValue ?? $0.intValue.map(String.init) }
        for key in ["message", "detail", "error_description", "errorSummary", "error", "title"] {
            guard let value = inner[key], value != .null else { continue }
            guard let text = value.stringValue else { return (code, JSONWriter.text(value, style: .compact)) }
            if !text.isEmpty { return (code, text) }
        }
        return (code, nil)
    }

    private static func said(in response: HTTPResponse) -> (code: String?, words: String?) {
        let text = String(decoding: response.body, as: UTF8.self)
        // MLflow sends some plain words as `text/html`.
        guard text.contains("<") else {
            let isText = response.head.mediaType.map { $0.hasPrefix("text/") || $0.hasSuffix("json") } ?? true
            guard isText else { return (nil, nil) }
            let start = text.prefix { $0 == "_" || $0.isASCII && ($0.isUppercase || $0.isNumber) }
            let rest = text.dropFirst(start.count)
            guard start.count > 3, rest.hasPrefix(": ") else { return (nil, text) }
            return (String(start), String(rest.dropFirst(2)))
        }
        if let words = element("Message", in: text) { return (element("Code", in: text), words) }
        return (nil, element("title", in: text))
    }

    /// The text between `<name>` and `</name>`.
    private static func element(_ name: String, in text: String) -> String? {
        guard let start = text.firstRange(of: "<\(name)>") else { return nil }
        let rest = text[start.upperBound...]
        guard let end = rest.firstRange(of: "</") else { return nil }
        return String(rest[..<end.lowerBound])
    }

    private static func readable(_ text: String, hiding credential: HTTPCredential?) -> String? {
        var text = text
        for header in credential?.headers ?? [] {
            guard let secret = header.value.revealed.split(separator: " ").last.map(String.init) else { continue }
            // The password of Basic, which a server may repeat in the clear.
            let pair = Base64.decode(secret).map { String(decoding: $0, as: UTF8.self) }
            let password = pair?.firstIndex(of: ":").flatMap { pair?[$0...].dropFirst() }
            for secret in [secret, password.map(String.init) ?? ""] where secret.count >= 4 {
                text = text.replacing(secret, with: "[hidden]")
            }
        }
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        let isBlank = line.allSatisfy(\.isWhitespace)
        return isBlank ? nil : escaped(line, limit: 400)
    }

    /// Whether the answer means that the thing asked for does not exist.
    ///
    /// A missing alias and an unknown stage are 400 `INVALID_PARAMETER_VALUE` (mlflow 3.17), which only their words tell
    /// from other mistakes.
    var isNotFound: Bool {
        switch status {
        case 404: code == "RESOURCE_DOES_NOT_EXIST" || code == "NOT_FOUND"
        case 400:
            words.map { $0.contains("alias") && $0.contains("not found") || $0.contains("Model Version stage") }
                ?? false
        default: false
        }
    }

    /// The error under the sentence "cannot <task>: …".
    func error(doing task: String, hints extraHints: [String] = []) -> RegistryError {
        let request = response.request
        var details: [String] = []
        if let words {
            details.append("the server says: \(code.map { $0 + ": " } ?? "")\(words)")
        } else if let code {
            details.append("the server says: \(code)")
        }
        if response.attempts > 1 { details.append("tried \(response.attempts) times") }
        let meaning = meaningOfEndpoint(self) ?? ownMeaning
        return RegistryError(
            meaning.kind, "cannot \(task): \(meaning.reason)",
            place: Place(file: request.url.description, note: "\(request.method.rawValue), status \(status)"),
            details: details, hints: extraHints.isEmpty ? meaning.hints : extraHints)
    }

    /// Where the credential came from, for people.
    var credentialSource: String { response.request.credential?.source ?? "nowhere" }
}

// MARK: What an MLflow server means

extension ServerAnswer {
    private var ownMeaning: ServerMeaning {
        switch status {
        case _ where isNotFound: return ServerMeaning(.notFound, "the server does not know it")
        case 401: return ServerMeaning(.denied, "`\(server)` \(credentialReason)", hints: credentialHints)
        case 403 where words?.contains("Invalid Host header") == true:
            return ServerMeaning(
                .denied, "`\(server)` does not answer to the name `\(server.host)`",
                hints: [
                    "use the name that its owner gave it, or start it with `mlflow server --allowed-hosts \(server.host)`"
                ])
        case 403:
            return ServerMeaning(
                .denied, "`\(server)` forbids it",
                hints: response.credentialWasSent
                    ? ["the credentials come from \(credentialSource): does their owner have the right to read this?"]
                    : credentialHints)
        case 404:
            return ServerMeaning(
                .answer, "`\(server)` has nothing at this address",
                hints: [
                    "is this an MLflow server? Is a path missing in `MLFLOW_TRACKING_URI`, as in `http://HOST/mlflow`?"
                ])
        case 429: return ServerMeaning(.server, "`\(server)` gets too many requests", hints: ["try again in a while"])
        case 503 where words?.contains("serve-artifacts") == true:
            return ServerMeaning(
                .unsupported, "`\(server)` does not serve artifacts",
                hints: ["start it with `mlflow server --serve-artifacts`"])
        case 500...599:
            return ServerMeaning(.server, "`\(server)` is in trouble", hints: ["look into the server's log"])
        default: return ServerMeaning(.server, "`\(server)` refuses the request")
        }
    }

    private var credentialReason: String {
        response.credentialWasSent ? "does not accept the credentials" : "asks for credentials"
    }

    /// Whether the server wants a user name and a password, and nothing else.
    private var wantsBasic: Bool {
        response.head["WWW-Authenticate"]?.lowercased().hasPrefix("basic") == true
    }

    private var credentialHints: [String] {
        let basic = "`MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`"
        guard !response.credentialWasSent else {
            let isToken = response.request.credential?.headers.first?.value.revealed.hasPrefix("Bearer ") == true
            guard wantsBasic, isToken else {
                return ["the credentials come from \(credentialSource): are they right, and for this server?"]
            }
            return [
                "the server asks for a user name and a password, and \(credentialSource) is a token: set \(basic)"
            ]
        }
        return [
            "set \(basic)\(wantsBasic ? "" : ", or `MLFLOW_TRACKING_TOKEN`"); "
                + "they are sent only to the server that `MLFLOW_TRACKING_URI` names, not where it redirects to"
        ]
    }
}
