import Glibc
import JSONText

/// Which path does what.
enum Router {
    static func handle(
        _ head: HTTPHead, body: UnsafeRawBufferPointer, from connection: HTTPConnection, on thread: ServerThread
    ) {
        if head.wantsWebSocket { return declineUpgrade(connection, thread) }
        switch head.path {
        case "/invocations", "/predict":
            guard head.method == .post else { return refuseMethod(allowed: "POST", connection, thread) }
            score(head, body, connection, thread)
        case "/ping", "/health":
            guard head.isReading else { return refuseMethod(allowed: "GET, HEAD", connection, thread) }
            report(thread.state.isLoaded && !thread.isDraining, connection, thread) { $0.append(UInt8(ascii: "\n")) }
        case "/ready":
            guard head.isReading else { return refuseMethod(allowed: "GET, HEAD", connection, thread) }
            report(thread.state.isReady, connection, thread) { $0.append(contentsOf: "{\"ready\": true}".utf8) }
        case "/version":
            guard head.isReading else { return refuseMethod(allowed: "GET, HEAD", connection, thread) }
            let isServing = thread.state.isLoaded && !thread.isDraining
            report(isServing, connection, thread) { appendVersion(thread.state.configuration, to: &$0) }
        case "/metrics":
            guard head.isReading else { return refuseMethod(allowed: "GET, HEAD", connection, thread) }
            let document = MetricsDocument(thread.state, workers: thread.backend.workers)
            let response = HTTPResponse(contentType: MetricsDocument.contentType)
            document.bytes.withUnsafeBytes { answer(response, $0, rows: nil, connection, thread) }
        case "/openapi.json":
            guard head.isReading else { return refuseMethod(allowed: "GET, HEAD", connection, thread) }
            report(true, connection, thread) { $0.append(contentsOf: APIDocument.bytes(thread)) }
        case let path where OpenInferenceRoutes.owns(path):
            openInference(head, body, connection, thread)
        case "*": refuseMethod(allowed: "GET, HEAD, POST", connection, thread)
        default:
            // TRACE, CONNECT and whatever is not HTTP's (RFC 9110, section 9): no path would take them.
            guard ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"].contains(head.methodText) else {
                let message = "The server does not know the method `\(quoted(head.methodText))`."
                return answer(RequestError(code: "BAD_REQUEST", status: 501, message), rows: nil, connection, thread)
            }
            let message = "There is nothing at `\(quoted(head.path))`; score at /invocations or /predict."
            answer(RequestError(.endpointNotFound, message), rows: nil, connection, thread)
        }
    }

    /// Answers a request that could not be read as HTTP.
    static func refuse(_ refusal: HTTPRefusal, on connection: HTTPConnection, _ thread: ServerThread) {
        let code = refusal.status == 503 ? "TEMPORARILY_UNAVAILABLE" : "BAD_REQUEST"
        let error = RequestError(code: code, status: refusal.status, refusal.message)
        answer(error, rows: nil, connection, thread)
    }

    /// Tells one client too many to come back.
    static func refuseConnection(_ descriptor: Int32, date: String) {
        var body: [UInt8] = []
        RequestError(.temporarilyUnavailable, "The server has too many connections.").appendBody(to: &body)
        var bytes: [UInt8] = []
        HTTPResponse(status: 503, extraFields: "Retry-After: 1\r\n").appendHead(
            to: &bytes, bodyCount: body.count, connection: "close", date: date)
        bytes += body
        _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    // MARK: Scoring

    private static func openInference(
        _ head: HTTPHead, _ body: UnsafeRawBufferPointer, _ connection: HTTPConnection, _ thread: ServerThread
    ) {
        let configuration = thread.state.configuration
        let target = OpenInferenceRoutes.target(head.path, name: configuration.name, version: configuration.version)
        if OpenInferenceRoutes.scores(target) {
            guard head.method == .post else { return refuseMethod(allowed: "POST", connection, thread) }
            return target == .infer ? infer(head, body, connection, thread) : score(head, body, connection, thread)
        }
        guard let (status, document) = OpenInferenceRoutes.document(target, thread) else {
            return answer(OpenInferenceRoutes.problem(target, head.path), rows: nil, connection, thread)
        }
        guard head.isReading else { return refuseMethod(allowed: "GET, HEAD", connection, thread) }
        let fields = status == 503 ? "Retry-After: 1\r\n" : ""
        withScratch(of: thread) {
            JSONWriter.append(document, style: .python, to: &$0)
        } use: {
            answer(HTTPResponse(status: status, extraFields: fields), $0, rows: nil, connection, thread)
        }
    }

    /// Scores the tensors of an inference request.
    private static func infer(
        _ head: HTTPHead, _ body: UnsafeRawBufferPointer, _ connection: HTTPConnection, _ thread: ServerThread
    ) {
        let request: OpenInferenceRequest
        do throws(RequestError) {
            // A client of binary data need not say what its bytes are.
            if head.inferenceHeaderLength != nil || head.contentType == nil {
                try refuseCoding(head)
            } else {
                _ = try form(head, body, isBare: true, thread)
            }
            guard thread.state.isLoaded else {
                throw RequestError(.temporarilyUnavailable, "The model is not ready yet.")
            }
            request = try OpenInferenceRequest(
                body, headerLength: head.inferenceHeaderLength, limits: thread.state.limits,
                compatibility: thread.state.configuration.compatibility)
        } catch { return answer(error, rows: nil, connection, thread) }
        let wish = request.wish
        thread.score(ScoringRequest(body, .openInference(request), client: connection)) { [unowned thread] outcome in
            switch outcome {
            case .refusal(let error, let rows): answer(error, rows: rows, connection, thread)
            case .answer(let json, let rows):
                do throws(RequestError) {
                    let body = try OpenInferenceRoutes.body(json, wish, thread.state.configuration)
                    var response = HTTPResponse()
                    if let length = body.headerLength {
                        response.contentType = "application/octet-stream"
                        response.extraFields = "Inference-Header-Content-Length: \(length)\r\n"
                    }
                    body.bytes.withUnsafeBytes { answer(response, $0, rows: rows, connection, thread) }
                } catch { answer(error, rows: rows, connection, thread) }
            }
        }
    }

    private static func score(
        _ head: HTTPHead, _ body: UnsafeRawBufferPointer, _ connection: HTTPConnection, _ thread: ServerThread
    ) {
        let isBare = head.path == "/predict"
        let compatibility = thread.state.configuration.compatibility
        let document = compatibility.document(in: body)
        let form: ScoringRequest.Form
        do throws(RequestError) {
            form = try self.form(head, document, isBare: isBare, thread)
        } catch { return answer(error, rows: nil, connection, thread) }
        guard thread.state.isLoaded else {
            let error = RequestError(.temporarilyUnavailable, "The model is not ready yet.")
            return answer(error, rows: nil, connection, thread)
        }
        let takesNotFinite = !isBare && compatibility.follows(.notFiniteAnswer)
        let request = ScoringRequest(
            form.isJSON ? document : body, form, takesNotFinite: takesNotFinite, client: connection)
        thread.score(request) { [unowned thread] outcome in
            switch outcome {
            case .refusal(let error, let rows): answer(error, rows: rows, connection, thread)
            case .answer(let json, let rows):
                guard !isBare, !form.isUnified else {
                    return answer(HTTPResponse(), json, rows: rows, connection, thread)
                }
                withScratch(of: thread) { bytes in
                    bytes.append(contentsOf: "{\"predictions\": ".utf8)
                    bytes.append(contentsOf: json)
                    bytes.append(UInt8(ascii: "}"))
                } use: {
                    answer(HTTPResponse(), $0, rows: rows, connection, thread)
                }
            }
        }
    }

    private static func refuseCoding(_ head: HTTPHead) throws(RequestError) {
        guard let coding = head.contentEncoding, coding != "identity" else { return }
        throw RequestError(
            code: "BAD_REQUEST", status: 415,
            "This predictor does not support the content coding `\(quoted(coding))`.")
    }

    /// How the body is written, by its media type; CSV and Parquet at `/invocations` only.
    private static func form(
        _ head: HTTPHead, _ body: UnsafeRawBufferPointer, isBare: Bool, _ thread: ServerThread
    ) throws(RequestError) -> ScoringRequest.Form {
        try refuseCoding(head)
        switch (try ContentType.parse(head.contentType, takesParquet: thread.state.configuration.isPython), isBare) {
        case (.json, true): return .bareJSON
        case (.json, false): return isUnified(body) ? .unified : .json
        case (.csv, false): return .csv
        case (.parquet, false): return .parquet
        case (let type, true):
            let name = type == .csv ? "text/csv" : "application/vnd.apache.parquet"
            throw RequestError(
                code: "BAD_REQUEST", status: 415,
                "\(quoted(head.path)) takes application/json; send \(name) to /invocations.")
        }
    }

    // MARK: Answers

    private static func report(
        _ isWell: Bool, _ connection: HTTPConnection, _ thread: ServerThread, _ body: (inout [UInt8]) -> Void
    ) {
        guard isWell else {
            let reason = thread.isDraining ? "The server is stopping." : "The model is not ready yet."
            return answer(RequestError(.temporarilyUnavailable, reason), rows: nil, connection, thread)
        }
        withScratch(of: thread, body) { answer(HTTPResponse(), $0, rows: nil, connection, thread) }
    }

    private static func appendVersion(_ configuration: ServingConfiguration, to bytes: inout [UInt8]) {
        let version: JSONValue = [
            "skiff_version": .string(scorerVersion), "name": .string(configuration.name),
            "version": .optional(configuration.version), "backend": configuration.isPython ? "python" : "native",
        ]
        JSONWriter.append(version, style: .python, to: &bytes)
    }

    private static func refuseMethod(allowed: String, _ connection: HTTPConnection, _ thread: ServerThread) {
        var error = RequestError(code: "BAD_REQUEST", status: 405, "This path takes \(allowed) only.")
        error.extraFields = "Allow: \(allowed)\r\n"
        answer(error, rows: nil, connection, thread)
    }

    /// Leaving an upgrade alone is answering as HTTP/1.1; who asks for WebSocket has no use for that answer.
    private static func declineUpgrade(_ connection: HTTPConnection, _ thread: ServerThread) {
        var error = RequestError(code: "BAD_REQUEST", status: 426, "The server speaks HTTP/1.1 only, not WebSocket.")
        error.extraFields = "Upgrade: HTTP/1.1\r\nConnection: upgrade\r\n"
        answer(error, rows: nil, connection, thread)
    }

    private static func answer(_ error: RequestError, rows: Int?, _ connection: HTTPConnection, _ thread: ServerThread)
    {
        let isInference = connection.request.map { OpenInferenceRoutes.owns($0.path) } ?? false
        let isText = error.isPlainText && !isInference
        let response = HTTPResponse(
            status: error.status, contentType: isText ? "text/plain; charset=utf-8" : "application/json",
            extraFields: error.extraFields)
        withScratch(of: thread) {
            if isInference { error.appendInferenceBody(to: &$0) } else { error.appendBody(to: &$0) }
        } use: {
            answer(response, $0, rows: rows, errorCode: error.code, connection, thread)
        }
    }

    /// Sends an answer, counts it and logs it.
    private static func answer(
        _ response: HTTPResponse, _ body: UnsafeRawBufferPointer, rows: Int?, errorCode: String? = nil,
        _ connection: HTTPConnection, _ thread: ServerThread
    ) {
        let scored = thread.takeScored()
        guard connection.isWaiting else { return }
        var report = RequestReport(
            connection, status: response.status, rows: rows, errorCode: errorCode, times: scored?.times,
            bodyCount: body.count)
        var response = response
        swap(&response.fields, &thread.fields)
        response.fields.removeAll(keepingCapacity: true)
        report.addFields(
            to: &response.fields, random: &thread.random, sendsServerTiming: thread.state.sendsServerTiming)
        connection.respond(response, body: body)
        report.count(end: connection.sentAt, on: thread.counters)
        let logged = errorCode == nil ? scored?.body : nil
        report.log(response.fields, logged.map { (request: $0, answer: Array(body)) }, on: thread.state)
        swap(&response.fields, &thread.fields)
    }

    /// Builds a body in the thread's memory. An answer can lead to the next request, whose answer needs memory of its own.
    private static func withScratch(
        of thread: ServerThread, _ build: (inout [UInt8]) -> Void, use: (UnsafeRawBufferPointer) -> Void
    ) {
        var bytes: [UInt8] = []
        swap(&bytes, &thread.scratch)
        bytes.removeAll(keepingCapacity: true)
        build(&bytes)
        bytes.withUnsafeBytes(use)
        if bytes.capacity <= 1 << 20 { thread.scratch = bytes }
    }
}

extension HTTPHead {
    /// GET, or HEAD, which is answered like GET without the body.
    fileprivate var isReading: Bool { method == .get || method == .head }
}
