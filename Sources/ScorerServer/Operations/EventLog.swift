import Glibc
import JSONText

/// Lines of JSON on standard output, one object an event; each line is one `write`, so threads do not mix.
struct EventLog: Sendable {
    /// Whether each request gets a line.
    var logsRequests = true

    /// Writes one event: `time`, `event`, then `members` in their order.
    func write(_ event: String, _ members: [(key: String, value: JSONValue)] = []) {
        var line: [UInt8] = []
        begin(event, &line)
        for (key, value) in members {
            line.append(contentsOf: ", ".utf8)
            JSONWriter.appendString(key, isASCII: true, to: &line)
            line.append(contentsOf: ": ".utf8)
            JSONWriter.append(value, style: .python, to: &line)
        }
        finish(&line)
    }

    /// Writes the line of one answered request.
    func request(_ entry: RequestEntry) {
        guard logsRequests else { return }
        var line: [UInt8] = []
        line.reserveCapacity(256)
        begin("request", &line)
        line.append(contentsOf: ", \"method\": ".utf8)
        JSONWriter.appendString(entry.method, isASCII: true, to: &line)
        line.append(contentsOf: ", \"path\": ".utf8)
        JSONWriter.appendString(String(entry.path.prefix(200)), isASCII: true, to: &line)
        line.append(contentsOf: ", \"status\": \(entry.status)".utf8)
        if let rows = entry.rows { line.append(contentsOf: ", \"rows\": \(rows)".utf8) }
        let microseconds = entry.nanoseconds / 1000
        let fraction = String(1000 + microseconds % 1000).dropFirst()
        line.append(contentsOf: ", \"milliseconds\": \(microseconds / 1000).\(fraction)".utf8)
        line.append(contentsOf: ", \"bytes_in\": \(entry.bytesIn), \"bytes_out\": \(entry.bytesOut)".utf8)
        finish(&line)
    }

    private func begin(_ event: String, _ line: inout [UInt8]) {
        line.append(contentsOf: "{\"time\": \"\(Clock.timestamp())\", \"event\": ".utf8)
        JSONWriter.appendString(event, isASCII: true, to: &line)
    }

    private func finish(_ line: inout [UInt8]) {
        line.append(contentsOf: "}\n".utf8)
        var start = 0
        while start < line.count {
            let count = line.withUnsafeBytes { Glibc.write(1, $0.baseAddress?.advanced(by: start), $0.count - start) }
            if count < 0, errno == EINTR { continue }
            // Nobody reads the log any more; the server has better things to do than to die of it.
            guard count > 0 else { return }
            start += count
        }
    }
}

/// What the log says of one request.
struct RequestEntry {
    var method: String
    var path: String
    var status: Int
    var rows: Int?
    /// From the last byte of the request to the first of the answer.
    var nanoseconds: UInt64
    var bytesIn: Int
    var bytesOut: Int
}
