import Glibc

/// What is told of one answered request: header fields, counters, log lines.
struct RequestReport {
    private let head: HTTPHead?
    private let status: Int
    private let rows: Int?
    private let errorCode: String?
    /// nil when it was no scoring request, or none that reached the backend.
    private let times: StageTimes?
    private let bodyCount: Int
    private let start: UInt64
    private let duration: UInt64
    private let requestBytes: Int
    /// Where the request's identifier stands in the fields.
    private var identifier = 0..<0

    init(
        _ connection: HTTPConnection, status: Int, rows: Int?, errorCode: String?, times: StageTimes?, bodyCount: Int
    ) {
        head = connection.request
        self.status = status
        self.rows = rows
        self.errorCode = errorCode
        self.times = times
        self.bodyCount = bodyCount
        start = connection.requestStart
        duration = Clock.now() &- start
        requestBytes = connection.requestBytes
    }

    /// Adds `X-Request-Id`, the caller's `traceparent` and `tracestate`, and `Server-Timing` to the answer.
    mutating func addFields(to fields: inout [UInt8], random: inout RandomPool, sendsServerTiming: Bool) {
        let timing = sendsServerTiming ? times : nil
        let start = fields.count + RequestReport.identifierName.utf8CodeUnitCount
        guard let context = head?.context else {
            TextWriter.append(to: &fields, capacity: 320) { writer in
                writer.append(RequestReport.identifierName)
                random.write(to: &writer)
                appendTiming(timing, to: &writer)
            }
            identifier = start..<(start + 32)
            return
        }
        TextWriter.append(to: &fields, capacity: 64) { writer in
            writer.append(RequestReport.identifierName)
            if context.requestID == nil { random.write(to: &writer) }
        }
        fields.append(contentsOf: context.requestID ?? [])
        identifier = start..<fields.count
        if let parent = context.traceParent { RequestReport.append("\r\ntraceparent: ", parent, to: &fields) }
        if let state = context.traceState { RequestReport.append("\r\ntracestate: ", state, to: &fields) }
        TextWriter.append(to: &fields, capacity: 256) { appendTiming(timing, to: &$0) }
    }

    private static let identifierName: StaticString = "X-Request-Id: "

    /// Ends the line, and adds that of the times when there are any; at most 256 bytes.
    private func appendTiming(_ times: StageTimes?, to writer: inout TextWriter) {
        defer { writer.append("\r\n") }
        guard let times else { return }
        writer.append("\r\nServer-Timing: parse;dur=")
        writer.appendMilliseconds(times.parse)
        writer.append(", validate;dur=")
        writer.appendMilliseconds(times.validate)
        if times.queue > 0 {
            writer.append(", queue;dur=")
            writer.appendMilliseconds(times.queue)
        }
        writer.append(", predict;dur=")
        writer.appendMilliseconds(times.predict)
        writer.append(", write;dur=")
        writer.appendMilliseconds(duration &- min(duration, times.sum))
        writer.append(", total;dur=")
        writer.appendMilliseconds(duration)
    }

    /// Counts the request when its answer was handed to the socket at `end`.
    func count(end: UInt64, on counters: Counters) {
        counters.countAnswer(head.map { MetricPath($0.path) } ?? .other, MetricMethod(head?.method), status: status)
        counters.add(requestBytes, to: .requestBytes)
        counters.add(bodyCount, to: .responseBytes)
        if let errorCode { counters.countError(errorCode) }
        guard let times else { return }
        if errorCode == nil { counters.add(rows ?? 0, to: .rows) }
        let total = end &- start
        counters.observe(times.parse, .parse)
        counters.observe(times.validate, .validate)
        if times.queue > 0 { counters.observe(times.queue, .queue) }
        counters.observe(times.predict, .predict)
        counters.observe(total &- min(total, times.sum), .write)
        counters.observe(total, .total)
    }

    /// Writes the request's line, and its data when it was chosen for that.
    ///
    /// - Parameters:
    ///   - fields: those that `addFields` made.
    ///   - data: the request's body and the answer's.
    func log(_ fields: [UInt8], _ data: (request: [UInt8], answer: [UInt8])?, on state: ServerState) {
        guard data != nil || state.log.logsRequests else { return }
        let entry = RequestEntry(
            requestID: fields[identifier], context: head?.context, method: head?.methodText ?? "",
            path: head?.path ?? "", status: status, rows: rows, errorCode: errorCode, nanoseconds: duration,
            bytesIn: requestBytes, bytesOut: bodyCount)
        if let data, let dataLog = state.dataLog {
            let lines = dataLog.lines(entry, request: data.request, answer: data.answer, log: state.log)
            state.log.write(lines: lines.text, count: lines.count)
        }
        state.log.request(entry)
    }

    private static func append(_ name: String, _ value: [UInt8], to fields: inout [UInt8]) {
        fields.append(contentsOf: name.utf8)
        fields.append(contentsOf: value)
    }
}
