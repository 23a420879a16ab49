import Glibc
import JSONText

/// Lines of JSON on standard output, one object an event.
struct EventLog: Sendable {
    /// Whether each request gets a line.
    var logsRequests = true
    private let writer: LogWriter

    init(logsRequests: Bool, writer: LogWriter) {
        self.logsRequests = logsRequests
        self.writer = writer
    }

    /// Writes one event: `time`, `event`, then `members` in their order.
    func write(_ event: String, _ members: [(key: String, value: JSONValue)] = []) {
        var line: [UInt8] = []
        begin(&line, "event", event)
        for (key, value) in members {
            line.append(contentsOf: ", ".utf8)
            JSONWriter.appendString(key, isASCII: true, to: &line)
            line.append(contentsOf: ": ".utf8)
            JSONWriter.append(value, style: .python, to: &line)
        }
        line.append(contentsOf: "}\n".utf8)
        writer.append(line)
    }

    /// Writes the line of one answered request.
    func request(_ entry: RequestEntry) {
        guard logsRequests else { return }
        var line: [UInt8] = []
        line.reserveCapacity(384)
        TextWriter.append(to: &line, capacity: 64) { writer in
            writer.append("{\"time\": \"")
            Clock.writeTimestamp(to: &writer)
            writer.append("\", \"event\": \"request\"")
        }
        entry.appendIdentifiers(to: &line)
        TextWriter.append(to: &line, capacity: 16) { $0.append(", \"method\": ") }
        JSONWriter.appendString(entry.method, isASCII: true, to: &line)
        TextWriter.append(to: &line, capacity: 16) { $0.append(", \"path\": ") }
        JSONWriter.appendString(String(entry.path.prefix(200)), isASCII: true, to: &line)
        line.appendMember("status", entry.status)
        if let rows = entry.rows { line.appendMember("rows", rows) }
        if let code = entry.errorCode {
            line.append(contentsOf: ", \"error_code\": ".utf8)
            JSONWriter.appendString(code, isASCII: true, to: &line)
        }
        TextWriter.append(to: &line, capacity: 128) { writer in
            writer.append(", \"milliseconds\": ")
            writer.appendMilliseconds(entry.nanoseconds)
            writer.append(", \"bytes_in\": ")
            writer.appendDecimal(UInt64(clamping: entry.bytesIn))
            writer.append(", \"bytes_out\": ")
            writer.appendDecimal(UInt64(clamping: entry.bytesOut))
            writer.append("}\n")
        }
        writer.append(line)
    }

    /// Hands over whole lines.
    func write(lines: [UInt8], count: Int) { writer.append(lines, lines: count) }

    /// Lines that were taken, and lines that were dropped because nobody read them in time.
    var counts: (taken: UInt64, dropped: UInt64) { writer.counts }

    /// Waits a moment for the lines to be written; for the end of the process.
    func flush() { writer.flush() }

    /// The start of a line: the time, then what it is.
    func begin(_ line: inout [UInt8], _ key: String, _ value: String) {
        TextWriter.append(to: &line, capacity: 64) { writer in
            writer.append("{\"time\": \"")
            Clock.writeTimestamp(to: &writer)
            writer.append("\", \"")
        }
        line.append(contentsOf: key.utf8)
        line.append(contentsOf: "\": ".utf8)
        JSONWriter.appendString(value, isASCII: true, to: &line)
    }
}

/// What the log says of one request.
struct RequestEntry {
    /// Visible ASCII characters.
    var requestID: ArraySlice<UInt8>
    var context: CallerContext?
    var method: String
    var path: String
    var status: Int
    var rows: Int?
    var errorCode: String?
    /// From the last byte of the request to the first of the answer.
    var nanoseconds: UInt64
    var bytesIn: Int
    var bytesOut: Int

    /// Appends `request_id`, and `trace_id` and `span_id` when the caller gave them.
    func appendIdentifiers(to line: inout [UInt8]) {
        TextWriter.append(to: &line, capacity: 32) { $0.append(", \"request_id\": \"") }
        if requestID.contains(where: { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) {
            for byte in requestID {
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { line.append(UInt8(ascii: "\\")) }
                line.append(byte)
            }
        } else {
            line.append(contentsOf: requestID)
        }
        line.append(UInt8(ascii: "\""))
        guard let trace = context?.traceID, let span = context?.spanID else { return }
        line.append(contentsOf: ", \"trace_id\": \"".utf8)
        line.append(contentsOf: trace)
        line.append(contentsOf: "\", \"span_id\": \"".utf8)
        line.append(contentsOf: span)
        line.append(UInt8(ascii: "\""))
    }
}
