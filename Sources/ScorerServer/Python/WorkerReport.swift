import JSONText

/// What a worker says of something that went wrong: JSON with `kind`, `message`, `traceback`, perhaps `error_code` and `status`.
struct WorkerReport {
    private let document: JSONValue?

    /// Anything but JSON says nothing.
    init(_ payload: [UInt8]) { document = try? JSONText.parse(payload) }

    var message: String? { document?["message"]?.stringValue }

    /// What the caller is told; the rest is for standard error.
    var refusal: RequestError {
        guard let message, document?["kind"]?.stringValue == "input" else {
            return RequestError(.internalError, "The model could not be evaluated.")
        }
        let code = document?["error_code"]?.stringValue ?? "BAD_REQUEST"
        let status = document?["status"]?.intValue ?? 400
        return RequestError(code: code, status: (400...599).contains(status) ? status : 400, message)
    }

    func forwardTraceback(to output: ErrorLines, worker: Int) {
        for line in document?["traceback"]?.stringValue?.split(separator: "\n") ?? [] {
            output.write(line.utf8.prefix(ErrorLines.textLimit), prefix: "[worker \(worker)] ")
        }
    }
}
