import Glibc

/// What is told of one answered request: header fields, counters, log lines.
struct RequestReport {
    private let entry: RequestEntry
    private let path: MetricPath
    private let method: MetricMethod
    /// nil when it was no scoring request, or none that reached the backend.
    private let times: StageTimes?
    private let start: UInt64

    init(
        _ connection: HTTPConnection, status: Int, rows: Int?, errorCode: String?, times: StageTimes?, bodyCount: Int,
        on thread: ServerThread
    ) {
        let head = connection.request
        start = connection.requestStart
        self.times = times
        path = head.map { MetricPath($0.path) } ?? .other
        method = MetricMethod(head?.method)
        var requestID = head?.context?.requestID ?? []
        if requestID.isEmpty {
            requestID.reserveCapacity(32)
            thread.random.appendHexadecimal(16, to: &requestID)
        }
        entry = RequestEntry(
            requestID: requestID, context: head?.context, method: head?.methodText ?? "", path: head?.path ?? "",
            status: status, rows: rows, errorCode: errorCode, nanoseconds: Clock.now() &- start,
            bytesIn: connection.requestBytes, bytesOut: bodyCount)
    }

    /// Adds `X-Request-Id`, the caller's `traceparent` and `tracestate`, and `Server-Timing` to the answer.
    func addFields(to fields: inout [UInt8], on thread: ServerThread) {
        fields.reserveCapacity(192)
        RequestReport.append("X-Request-Id: ", entry.requestID, to: &fields)
        if let context = entry.context {
            if let parent = context.traceParent { RequestReport.append("traceparent: ", parent, to: &fields) }
            if let state = context.traceState { RequestReport.append("tracestate: ", state, to: &fields) }
        }
        guard let times, thread.state.sendsServerTiming else { return }
        fields.append(contentsOf: "Server-Timing: parse;dur=".utf8)
        fields.appendMilliseconds(times.parse)
        fields.append(contentsOf: ", validate;dur=".utf8)
        fields.appendMilliseconds(times.validate)
        if times.queue > 0 {
            fields.append(contentsOf: ", queue;dur=".utf8)
            fields.appendMilliseconds(times.queue)
        }
        fields.append(contentsOf: ", predict;dur=".utf8)
        fields.appendMilliseconds(times.predict)
        fields.append(contentsOf: ", write;dur=".utf8)
        fields.appendMilliseconds(entry.nanoseconds &- min(entry.nanoseconds, times.sum))
        fields.append(contentsOf: ", total;dur=".utf8)
        fields.appendMilliseconds(entry.nanoseconds)
        fields.append(contentsOf: "\r\n".utf8)
    }

    /// Counts the request when its answer was handed to the socket at `end`.
    func count(end: UInt64, on counters: Counters) {
        counters.countAnswer(path, method, status: entry.status)
        counters.add(entry.bytesIn, to: .requestBytes)
        counters.add(entry.bytesOut, to: .responseBytes)
        if let code = entry.errorCode { counters.countError(code) }
        guard let times else { return }
        if entry.errorCode == nil { counters.add(entry.rows ?? 0, to: .rows) }
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
    /// - Parameter data: the request's body and the answer's.
    func log(_ data: (request: [UInt8], answer: [UInt8])?, on state: ServerState) {
        if let data, let dataLog = state.dataLog {
            let lines = dataLog.lines(entry, request: data.request, answer: data.answer, log: state.log)
            state.log.write(lines: lines.text, count: lines.count)
        }
        state.log.request(entry)
    }

    private static func append(_ name: String, _ value: [UInt8], to fields: inout [UInt8]) {
        fields.append(contentsOf: name.utf8)
        fields.append(contentsOf: value)
        fields.append(contentsOf: "\r\n".utf8)
    }
}
