import Bytes
import Diagnostics
import HTTPTransport
import JSONText

/// An answer of a Databricks workspace that is of no use, taken apart.
///
/// The forms that have been seen: `{"error_code": "CODE", "message": …, "details": [{"reason": …}]}`, the same with a number for
/// the code, `{"error": …, "error_description": …}`, text such as `CODE: message`, a web page, and nothing at all.
struct DatabricksAnswer {
    let response: HTTPResponse
    let subject: DatabricksSubject
    /// `RESOURCE_DOES_NOT_EXIST` and its like; a number as its digits.
    let code: String?
    /// The workspace's own words, escaped and cut, with our credential blotted out.
    let words: String?
    /// The typed reasons in `details`, for instance `FILES_API_API_IS_NOT_ENABLED`.
    let reasons: [String]

    init(_ response: HTTPResponse, about subject: DatabricksSubject) {
        self.response = response
        self.subject = subject
        let object = DatabricksClient.object(response)
        let text = object == nil ? Self.plainText(response) : nil
        let (textCode, textWords) = Self.parts(of: text)
        code = object.flatMap(Self.code) ?? textCode
        let said = object.flatMap(Self.message) ?? textWords ?? response.head["X-Databricks-Reason-Phrase"]
        words = said.flatMap { Self.readable($0, hiding: response.request.credential) }
        reasons = (object?["details"]?.arrayValue ?? []).compactMap { $0["reason"]?.stringValue }
    }

    var status: Int { response.head.status }

    /// Whether it is a page for a person where the API should answer.
    var isPage: Bool { response.head.mediaType == "text/html" && Self.looksLikePage(response.body) }

    private static func code(_ object: JSONObject) -> String? {
        let value = object["error_code"] ?? object["error"]?["code"]
        let text = value?.stringValue ?? value?.intValue.map(String.init)
        return text.flatMap { $0.isEmpty ? nil : $0 }
    }

    private static func message(_ object: JSONObject) -> String? {
        let error = object["error"]
        let candidates = [
            object["message"], object["error_description"], error?["message"], error, object["detail"],
            object["errorSummary"],
        ]
        return candidates.lazy.compactMap { $0?.stringValue }.first { !$0.isEmpty }
    }

    /// A body of words; a web page is none.
    private static func plainText(_ response: HTTPResponse) -> String? {
        guard !looksLikePage(response.body), response.body.count <= 4096 else { return nil }
        let text = String(decoding: response.body, as: UTF8.self)
        return text.contains("{") ? nil : text
    }

    private static func looksLikePage(_ body: [UInt8]) -> Bool { body.prefix(4096).contains(UInt8(ascii: "<")) }

    /// `CODE: message` in two; other text as the message.
    private static func parts(of text: String?) -> (code: String?, words: String?) {
        guard let text, !text.isEmpty else { return (nil, nil) }
        let head = text.utf8.prefix { $0 != UInt8(ascii: ":") }
        let isCode = head.allSatisfy {
            (0x41...0x5a).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_")
        }
        guard isCode, head.count > 2, head.count < text.utf8.count else { return (nil, text) }
        let rest = String(Substring(text.utf8.dropFirst(head.count + 1)))
        return (String(Substring(head)), String(rest.drop(while: \.isWhitespace)))
    }

    private static func readable(_ text: String, hiding credential: HTTPCredential?) -> String? {
        var text = text
        for header in credential?.headers ?? [] {
            guard let secret = header.value.revealed.split(separator: " ").last, secret.count >= 4 else { continue }
            text = text.replacing(secret, with: "[hidden]")
        }
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return line.isEmpty ? nil : escaped(line, limit: 400)
    }

    /// The error under the sentence "cannot <task>: …".
    ///
    /// - Parameter extraHints: said after the hints of the meaning itself.
    func error(doing task: String, hints extraHints: [String] = []) -> RegistryError {
        let request = response.request
        var details: [String] = []
        if let words { details.append("the workspace says: \(code.map { escaped($0) + ": " } ?? "")\(words)") }
        if response.attempts > 1 { details.append("tried \(response.attempts) times") }
        let meaning = meaning
        return RegistryError(
            meaning.kind, "cannot \(task): \(meaning.reason)",
            place: Place(file: request.url.description, note: "\(request.method.rawValue), status \(status)"),
            details: details, hints: meaning.hints + extraHints)
    }
}
