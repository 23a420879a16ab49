import Glibc

/// Asks a server on this machine for `/ready`, without anything but the C library: a `FROM scratch` image has no curl.
enum HealthCheck {
    static func isReady(_ address: ListenAddress) -> Bool {
        let host = address.host == "0.0.0.0" ? "127.0.0.1" : address.host == "::" ? "::1" : address.host
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(host.contains(":") ? AF_INET6 : AF_INET, type, 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var limit = timeval(tv_sec: 3, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        guard address.connect(descriptor, host: host) == 0 else { return false }
        let request = Array("GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)
        guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else { return false }
        let expected = Array("HTTP/1.1 200 ".utf8)
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 256)
        while answer.count < expected.count {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return false }
            answer.append(contentsOf: buffer[..<count])
        }
        return answer.starts(with: expected)
    }
}
