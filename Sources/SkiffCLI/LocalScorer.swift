import Contexts
import Diagnostics
import Glibc
import HTTPTransport
import JSONText
import Platform

/// A skiff-scorer of our own on a free port of the loopback address; ends with its last reference.
final class LocalScorer {
    private let process: ChildProcess
    private let path: String
    private var unread: [UInt8] = []
    private var port = 0

    // What the scorer prints before it is ready: a few lines.
    private static let lineByteLimit = 1 << 20
    private static let responseByteLimit = 1 << 30
    private static let longestWaitSeconds = 600.0

    /// Starts the scorer on `target`, a `.skiff` file or an app folder, and waits until the model is loaded.
    ///
    /// - Throws: `Diagnostic` when it ends before; what it has to say about that is on standard error by then.
    init(
        _ scorer: ScorerBinary, serving target: String, shownName: String, _ compatibility: String?,
        _ surroundings: Surroundings
    )
        throws
    {
        path = target
        var environment = surroundings.environment
        environment["SKIFF_ACCESS_LOG"] = "off"
        // One body is asked at a time.
        var request = ChildProcess.Request(
            scorer.path,
            ["--listen", "127.0.0.1:0", "--workers", "1"] + (compatibility.map { ["--compat", $0] } ?? []) + [target],
            environment: environment)
        request.output = .pipe
        process = try ChildProcess.spawn(request)
        while let line = try readLine() {
            let event = try? JSONText.parse(line)
            if let number = event?["port"]?.intValue { port = number }
            if event?["event"]?.stringValue == "ready", port > 0 { return }
        }
        throw Diagnostic(
            "cannot answer with `\(escaped(shownName, limit: 1000))`: the scorer ended before it was ready",
            hints: ["the lines above say why; `skiff serve` shows the whole log"])
    }

    deinit {
        process.send(SIGTERM)
        if process.wait(seconds: 5) == nil { process.send(SIGKILL) }
    }

    /// Sends one body of the media type `type` to `/invocations`.
    ///
    /// - Returns: the status and the whole answer, also for a refusal.
    func score(_ body: [UInt8], type: String) throws -> (status: Int, body: [UInt8]) {
        // No proxy and no second attempt: the server is our own child.
        var settings = HTTPSettings(userAgent: ModelSource.userAgent, environment: [:])
        settings.retry.attempts = 1
        settings.timeouts.firstByteSeconds = Self.longestWaitSeconds
        settings.timeouts.stallSeconds = Self.longestWaitSeconds
        var session = try HTTPSession(settings: settings)
        let url = try HTTPURL("http://127.0.0.1:\(port)/invocations")
        var request = HTTPRequest(.post, url, headers: [HTTPHeader("Content-Type", type)])
        request.body = body
        let response = try session.send(request, bodyLimit: Self.responseByteLimit)
        return (response.head.status, response.body)
    }

    // Without its line feed; nil at the end.
    private func readLine() throws -> [UInt8]? {
        guard let number = process.outputNumber else { return nil }
        while true {
            if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
                let line = Array(unread[..<end])
                unread.removeSubrange(...end)
                return line
            }
            var buffer = [UInt8](repeating: 0, count: 1 << 14)
            let count = read(number, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0, unread.count < Self.lineByteLimit else { return nil }
            unread += buffer[..<count]
        }
    }
}
