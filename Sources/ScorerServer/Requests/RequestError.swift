import JSONText

/// A refusal of one request: what the caller is told, in MLflow's shape `{"error_code": …, "message": …}`, with `details` where
/// single values are to blame.
struct RequestError: Error, Equatable {
    /// MLflow's error codes that the server uses, with their HTTP statuses.
    enum Code: String {
        case badRequest = "BAD_REQUEST"
        case invalidParameterValue = "INVALID_PARAMETER_VALUE"
        case endpointNotFound = "ENDPOINT_NOT_FOUND"
        case internalError = "INTERNAL_ERROR"
        case temporarilyUnavailable = "TEMPORARILY_UNAVAILABLE"
        case deadlineExceeded = "DEADLINE_EXCEEDED"
        case resourceExhausted = "RESOURCE_EXHAUSTED"

        var status: Int {
            switch self {
            case .badRequest, .invalidParameterValue: 400
            case .endpointNotFound: 404
            case .internalError: 500
            case .temporarilyUnavailable: 503
            case .deadlineExceeded: 504
            case .resourceExhausted: 503
            }
        }
    }

    var status: Int
    var code: String
    var message: String
    /// The values that are to blame, in the order of the body; at most ten.
    var details: [RequestProblem] = []
    /// Whether the body is the message alone, as text: MLflow's way for media types.
    var isPlainText = false
    /// Header fields, each with its CR LF.
    var extraFields = ""

    init(_ code: Code, _ message: String, status: Int? = nil) {
        self.init(code: code.rawValue, status: status ?? code.status, message)
    }

    init(code: String, status: Int, _ message: String) {
        self.code = code
        self.status = status
        self.message = message
        if status == 503 { extraFields = "Retry-After: 1\r\n" }
    }

    /// A value does not fit the signature.
    static func mismatch(_ message: String, _ problem: RequestProblem, code: Code = .badRequest) -> RequestError {
        var error = RequestError(
            code, "Invalid input. Data is not compatible with model signature. \(message)")
        error.details = [problem]
        return error
    }

    /// One more problem than are told: it is only counted.
    static let uncounted = mismatch("", RequestProblem(place: .pointer(""), column: nil, expected: "", got: ""))

    /// The body is JSON, but not a request.
    static func malformed(_ message: String) -> RequestError { RequestError(.badRequest, "Invalid input. \(message)") }

    /// The body is not JSON.
    static func notJSON(_ error: JSONError) -> RequestError {
        let place = "at line \(error.line), column \(error.column) (byte \(error.offset))"
        var hint = ""
        if case .byteOrderMark = error.kind {
            hint = "; send it without its first three bytes (RFC 8259, section 8.1): only `--compat mlflow` takes them"
        }
        return malformed("Ensure that input is a valid JSON formatted string. Error: \(error.reason) \(place)\(hint)")
    }

    /// Appends the body of the answer.
    func appendBody(to bytes: inout [UInt8]) {
        guard !isPlainText else { return bytes.append(contentsOf: message.utf8) }
        bytes.append(contentsOf: "{\"error_code\": ".utf8)
        JSONWriter.appendString(code, isASCII: true, to: &bytes)
        bytes.append(contentsOf: ", \"message\": ".utf8)
        JSONWriter.appendString(message, isASCII: true, to: &bytes)
        if !details.isEmpty {
            bytes.append(contentsOf: ", \"details\": ".utf8)
            JSONWriter.append(.array(details.map(\.json)), style: .python, to: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    /// As `mismatch`, where there is no column to name.
    static func unfit(_ message: String) -> RequestError {
        RequestError(.badRequest, "Invalid input. Data is not compatible with model signature. \(message)")
    }

    /// Appends the body of the answer as Open Inference Protocol has it.
    func appendInferenceBody(to bytes: inout [UInt8]) {
        bytes.append(contentsOf: "{\"error\": ".utf8)
        JSONWriter.appendString(message, isASCII: true, to: &bytes)
        if !details.isEmpty {
            bytes.append(contentsOf: ", \"details\": ".utf8)
            JSONWriter.append(.array(details.map(\.json)), style: .python, to: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
    }
}
