import Glibc

/// Asks a server on this machine for `/ready`, without anything but the C library: a `FROM scratch` image has no curl.
enum HealthCheck {
    /// Why the server at `address` is not ready; nil when it is.
    static func problem(at address: ListenAddress, seconds: Int = 3) -> String? {
        let host = address.host == "0.0.0.0" ? "127.0.0.1" : address.host == "::" ? "::1" : address.host
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(host.contains(":") ? AF_INET6 : AF_INET, type, 0)
        guard descriptor >= 0 else { return "no socket: \(errorText(errno))" }
        defer { close(descriptor) }
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        guard address.connect(descriptor, host: host) == 0 else {
            let reason = errno == EINPROGRESS ? "it does not answer" : errorText(errno)
            return "nobody listens at \(host) port \(address.port): \(reason)"
        }
        let request = Array("GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)
        guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
            return "the connection broke"
        }
        return verdict(read(descriptor, until: Clock.now() &+ Clock.seconds(seconds)))
    }

    /// What comes until the end, or `end`, or more than an answer can be.
    private static func read(_ descriptor: Int32, until end: UInt64) -> [UInt8] {
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1024)
        while answer.count < 16 << 10, Clock.now() < end {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            answer.append(contentsOf: buffer[..<count])
        }
        return answer
    }

    private static func verdict(_ answer: [UInt8]) -> String? {
        let text = String(decoding: answer, as: UTF8.self)
        guard text.hasPrefix("HTTP/1.1 ") else { return answer.isEmpty ? "it does not answer" : "it is no HTTP server" }
        let status = text.dropFirst(9).prefix(3)
        return status == "200" ? nil : "it answers with status \(status)"
    }
}
