import Glibc
import Synchronization

/// A reverse proxy on the loopback that misbehaves by a seed: it hands requests to one server and answers, sometimes, wrongly.
///
/// What happens to a request depends on the seed, the request and how often that came before, and not on the order in which
/// requests come in; random parts of a signed path do not count. One thread per connection.
public final class FaultProxy: Sendable {
    /// What can happen to a request.
    public enum Fault: Int, Sendable, CaseIterable {
        /// RST before an answer.
        case reset
        /// The answer ends early, by FIN or RST, at any byte of its head or body.
        case cut
        /// The answer comes up to 20 ms late.
        case delay
        /// 408, 429, 500, 502, 503 or 504, with or without `Retry-After` (seconds or date).
        case trouble
        /// 429 with a `Retry-After` of an hour.
        case longWait
        /// 403 as storage says that a signed URL has expired, 401 as a server says that a token has.
        case expired
        /// A part of the body in chunks that end in order.
        case plainEnd
        /// A part of the body without a length; the connection ends in order.
        case noLength
        /// A redirect to the same place on another origin.
        case elsewhere
        /// A page of HTML with status 200.
        case page
        /// A byte of the range or of the total is stated wrongly, or the range is not the one asked for.
        case wrongRange
        /// More bytes than there are, and the length says so.
        case longer
        /// Another ETag than before.
        case otherTag
        /// The request's range is ignored.
        case noRange
        /// A flipped bit; only asked for where the listing has digests.
        case flipped
    }

    private struct State {
        var seed: UInt64 = 0
        var rate = 0.0
        var faults: [Fault] = []
        var seen: [String: Int] = [:]
        var done: [Fault: Int] = [:]
    }

    private let listener: Int32
    private let upstream: Int
    private let elsewhere: String
    private let state = Mutex(State())
    /// The port on the loopback.
    public let port: Int

    /// Listens on a free port, for the server at `upstream`; nil when the machine gives none.
    ///
    /// - Parameter elsewhere: the origin that redirects lead to.
    public init?(upstream: Int, elsewhere: String) {
        guard let (listener, port) = Loopback.listen() else { return nil }
        self.listener = listener
        self.port = port
        self.upstream = upstream
        self.elsewhere = elsewhere
        onThread { [self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { break }
                onThread { [self] in serve(connection) }
            }
            close(listener)
        }
    }

    /// `http://127.0.0.1:PORT`.
    public var origin: String { "http://127.0.0.1:\(port)" }

    /// Begins anew: from now on, of all requests the part `rate` meets one of `faults`.
    public func begin(seed: UInt64, rate: Double, faults: [Fault]) {
        state.withLock { state in
            state.seed = seed
            state.rate = rate
            state.faults = faults
            state.seen = [:]
        }
    }

    /// How often each fault has happened since the start.
    public var done: [Fault: Int] { state.withLock { $0.done } }

    /// Takes no more connections.
    public func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    // MARK: One connection

    private func serve(_ client: Int32) {
        defer { close(client) }
        var server: Int32 = -1
        defer { if server >= 0 { close(server) } }
        var input = Loopback.Input(client)
        while let request = input.message() {
            let (fault, random) = choose(request.head)
            var numbers = random
            if fault == .reset {
                Loopback.reset(client)
                return
            }
            if let fault, let bytes = invented(fault, request, &numbers) {
                guard Loopback.send(bytes, to: client) else { return }
                continue
            }
            if server < 0 { server = Loopback.connect(port: upstream) }
            let head = fault == .noRange ? request.head.without("range") : request.head
            guard server >= 0, Loopback.send(Array(head.text.utf8) + request.body, to: server) else { return }
            var output = Loopback.Input(server)
            guard let answer = output.message(isAnswerToHEAD: request.head.isHEAD) else { return }
            if answer.head.isLast {
                close(server)
                server = -1
            }
            guard deliver(answer, fault, &numbers, to: client) else { return }
        }
    }

    private func choose(_ head: Loopback.Head) -> (Fault?, SplitMix64) {
        state.withLock { state in
            var name = head.first
            // A signed path has a random number in it, and a random signature in its query.
            if let range = name.firstRange(of: "/signed/") {
                let rest = name[range.upperBound...].drop { $0 != "/" }
                name = "signed " + rest.prefix { $0 != "?" }
            }
            let count = state.seen[name, default: 0]
            state.seen[name] = count + 1
            var hash: UInt64 = 0xcbf2_9ce4_8422_2325
            for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            var random = SplitMix64(seed: state.seed &+ hash &+ UInt64(count) &* 0x9e37)
            guard Double.random(in: 0..<1, using: &random) < state.rate,
                let fault = state.faults.randomElement(using: &random)
            else { return (nil, random) }
            state.done[fault, default: 0] += 1
            return (fault, random)
        }
    }

    /// The answers that need no server.
    private func invented(_ fault: Fault, _ request: Loopback.Message, _ random: inout SplitMix64) -> [UInt8]? {
        func answer(_ status: Int, _ type: String, _ body: String, _ more: String = "") -> [UInt8] {
            Array(
                "HTTP/1.1 \(status) Words\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\(more)\r\n\(body)"
                    .utf8)
        }
        let json = "application/json"
        switch fault {
        case .trouble:
            let status = [408, 429, 500, 502, 503, 504].randomElement(using: &random) ?? 503
            let waits = [
                "", "Retry-After: 0\r\n", "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "Retry-After: soon\r\n",
            ]
            let body =
                Bool.random(using: &random)
                ? #"{"error_code": "TEMPORARILY_UNAVAILABLE", "message": "later"}"# : "<html>"
            return answer(status, json, body, waits.randomElement(using: &random) ?? "")
        case .longWait:
            return answer(
                429, json, #"{"error_code": "REQUEST_LIMIT_EXCEEDED", "message": "later"}"#, "Retry-After: 3600\r\n")
        case .expired where request.head.first.contains("/signed/"):
            return answer(
                403, "application/xml", "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
            )
        case .expired:
            return answer(401, json, #"{"error_code": "401", "message": "Access token has expired."}"#)
        case .elsewhere:
            let status = [301, 302, 303, 307, 308].randomElement(using: &random) ?? 302
            return answer(status, "text/html", "", "Location: \(elsewhere)\(request.head.target)\r\n")
        case .page:
            return answer(200, "text/html; charset=utf-8", "<!doctype html><html><title>Sign in</title></html>")
        default:
            return nil
        }
    }

    /// - Returns: whether the connection goes on.
    private func deliver(
        _ answer: Loopback.Message, _ fault: Fault?, _ random: inout SplitMix64, to client: Int32
    ) -> Bool {
        var head = answer.head
        var body = answer.body
        var ends = head.isLast
        switch fault {
        case .cut:
            let all = Array(head.text.utf8) + body
            Loopback.send(Array(all.prefix(Int.random(in: 0..<all.count, using: &random))), to: client)
            if Bool.random(using: &random) { Loopback.reset(client) }
            return false
        case .delay:
            usleep(UInt32.random(in: 1_000...20_000, using: &random))
        case .plainEnd where !body.isEmpty:
            body = Array(body.prefix(Int.random(in: 0..<body.count, using: &random)))
            head = head.without("content-length").with("Transfer-Encoding: chunked")
            let size = String(body.count, radix: 16)
            body = (body.isEmpty ? [] : Array("\(size)\r\n".utf8) + body + Array("\r\n".utf8)) + Array("0\r\n\r\n".utf8)
        case .noLength where !body.isEmpty:
            body = Array(body.prefix(Int.random(in: 0..<body.count, using: &random)))
            head = head.without("content-length").without("transfer-encoding").with("Connection: close")
            ends = true
        case .longer:
            body += Array(repeating: 0x78, count: Int.random(in: 1...2_000, using: &random))
            head = head.without("content-length").with("Content-Length: \(body.count)")
        case .wrongRange:
            if let range = head["content-range"] {
                let shift = Int.random(in: 1...9, using: &random)
                let parts = range.split { $0 == " " || $0 == "-" || $0 == "/" }.map { Int($0) ?? 0 }
                guard parts.count == 4 else { break }
                let wrong =
                    Bool.random(using: &random)
                    ? "bytes \(parts[1] + shift)-\(parts[2])/\(parts[3])"
                    : "bytes \(parts[1])-\(parts[2])/\(parts[3] + shift)"
                head = head.without("content-range").with("Content-Range: \(wrong)")
            } else if head.first.contains(" 200 ") {
                head = head.replacingStatus("206 Partial Content").with(
                    "Content-Range: bytes 7-\(body.count + 6)/\(body.count + 7)")
            }
        case .otherTag:
            if head["etag"] != nil { head = head.without("etag").with("ETag: \"\(random.next())\"") }
        case .flipped where !body.isEmpty:
            body[Int.random(in: 0..<body.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        default:
            break
        }
        return Loopback.send(Array(head.text.utf8) + body, to: client) && !ends
    }
}
