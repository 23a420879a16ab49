import Glibc
import Synchronization

/// A small HTTP server inside the test process that answers as it is told, wrongly too.
///
/// One request per connection, one thread per connection, on a free port of the loopback. It stops with `stop()`.
public final class FaultServer: Sendable {
    /// What a client sent.
    public struct Request: Sendable {
        /// For instance `GET`.
        public let method: String
        /// Path and query as they came.
        public let target: String
        /// Names in lower case; a repeated one keeps its last value.
        public let headers: [String: String]
        /// As long as `Content-Length` said.
        public let body: [UInt8]
        /// How many requests with the same target came before this one.
        public let earlierCount: Int
        /// The path without the query.
        public var path: String { String(target.prefix { $0 != "?" }) }

        /// The same request as if it had come without the header `name`, in lower case.
        public func without(_ name: String) -> Request {
            Request(
                method: method, target: target, headers: headers.filter { $0.key != name }, body: body,
                earlierCount: earlierCount)
        }
    }

    /// What the server does with a connection, step by step; it closes it at the end.
    public struct Reply: Sendable {
        enum Step: Sendable {
            case bytes([UInt8])
            /// Until the client goes away.
            case silence
            /// Close with RST.
            case reset
        }
        var steps: [Step]

        /// A complete answer with `Content-Length`.
        public static func answer(
            _ status: Int, _ body: [UInt8] = [], type: String = "application/json", headers: [String: String] = [:]
        ) -> Reply {
            let extra = headers.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\r\n" }.joined()
            let head = "HTTP/1.1 \(status) Words\r\nContent-Type: \(type)\r\nContent-Length: \(body.count)\r\n\(extra)"
            return Reply(steps: [.bytes(Array((head + "Connection: close\r\n\r\n").utf8) + body)])
        }

        /// A complete answer of text.
        public static func text(
            _ status: Int, _ body: String, type: String = "application/json", headers: [String: String] = [:]
        ) -> Reply {
            answer(status, Array(body.utf8), type: type, headers: headers)
        }

        /// A redirect.
        public static func redirect(_ status: Int, to location: String) -> Reply {
            answer(status, headers: ["Location": location])
        }

        /// These bytes, whatever they are, then the end of the connection.
        public static func raw(_ text: String) -> Reply { Reply(steps: [.bytes(Array(text.utf8))]) }

        /// An answer that promises `declared` bytes and ends after `body`.
        public static func short(_ body: String, declared: Int) -> Reply {
            raw(
                "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: \(declared)\r\n\r\n\(body)"
            )
        }

        /// `text`, then nothing more, while the connection stays open.
        public static func hanging(after text: String) -> Reply { Reply(steps: [.bytes(Array(text.utf8)), .silence]) }

        /// The connection is reset without an answer.
        public static var reset: Reply { Reply(steps: [.reset]) }
    }

    private struct State {
        var requests: [Request] = []
        var isStopped = false
    }

    private let listener: Int32
    private let handler: @Sendable (Request) -> Reply
    private let state = Mutex(State())
    /// The port on the loopback.
    public let port: Int

    /// Listens on a free port; nil when the machine gives none.
    public init?(_ handler: @escaping @Sendable (Request) -> Reply) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        self.listener = listener
        self.handler = handler
        port = Int(UInt16(bigEndian: address.sin_port))
        guard bound else {
            close(listener)
            return nil
        }
        onThread { [self] in acceptConnections() }
    }

    /// `http://127.0.0.1:PORT`.
    public var origin: String { "http://127.0.0.1:\(port)" }

    /// Every request so far, in order of arrival.
    public var requests: [Request] { state.withLock { $0.requests } }

    /// Takes no more connections.
    public func stop() {
        let first = state.withLock { state in
            defer { state.isStopped = true }
            return !state.isStopped
        }
        if first { shutdown(listener, Int32(SHUT_RDWR)) }
    }

    private func acceptConnections() {
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { break }
            onThread { [self] in serve(connection) }
        }
        close(listener)
    }

    private func serve(_ connection: Int32) {
        defer { close(connection) }
        guard let request = readRequest(connection) else { return }
        for step in handler(request).steps {
            switch step {
            case .bytes(let bytes):
                var rest = bytes[...]
                while !rest.isEmpty {
                    let count = rest.withUnsafeBytes {
                        send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                    }
                    guard count > 0 else { return }
                    rest = rest.dropFirst(count)
                }
            case .silence:
                var byte: UInt8 = 0
                while recv(connection, &byte, 1, 0) > 0 {}
            case .reset:
                var option = linger(l_onoff: 1, l_linger: 0)
                setsockopt(connection, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
            }
        }
    }

    private func readRequest(_ connection: Int32) -> Request? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let blank = Array("\r\n\r\n".utf8)
        while bytes.firstRange(of: blank) == nil {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
            // A TLS handshake waits for our answer: it gets a plain one.
            if bytes.first == 0x16 {
                return Request(method: "TLS", target: "", headers: [:], body: bytes, earlierCount: 0)
            }
        }
        guard let end = bytes.firstRange(of: blank) else { return nil }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
        }
        var body = Array(bytes[end.upperBound...])
        while body.count < headers["content-length"].flatMap({ Int($0) }) ?? 0 {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            body += buffer[..<count]
        }
        let words = lines[0].split(separator: " ").map(String.init)
        let (method, target) = (words[0], words.count > 1 ? words[1] : "")
        return state.withLock { state in
            let request = Request(
                method: method, target: target, headers: headers, body: body,
                earlierCount: state.requests.count { $0.target == target })
            state.requests.append(request)
            return request
        }
    }
}
