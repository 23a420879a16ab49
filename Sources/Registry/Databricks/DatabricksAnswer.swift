import Diagnostics
import HTTPTransport
import JSONText

/// An answer of a Databricks workspace that is of no use, and what it was about.
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
        let answer = ServerAnswer(response)
        code = answer.code
        words = answer.words
        reasons = (answer.object?["details"]?.arrayValue ?? []).compactMap { $0["reason"]?.stringValue }
    }

    var status: Int { response.head.status }

    /// Whether it is a page for a person where the API should answer.
    var isPage: Bool {
        response.head.mediaType == "text/html" && response.body.prefix(4096).contains(UInt8(ascii: "<"))
    }

    /// The error under the sentence "cannot <task>: …".
    func error(doing task: String) -> RegistryError {
        let meaning = meaning
        return ServerAnswer(response) { _ in meaning }.error(doing: task)
    }
}
