import Glibc

/// Where the server listens: a numeric address and a port. Names are not resolved, because a static glibc cannot.
public struct ListenAddress: Sendable, Equatable {
    /// A dotted IPv4 address, or an IPv6 address without its brackets.
    public let host: String
    /// 0 asks the system for a free port.
    public let port: UInt16

    /// Parses `HOST:PORT`, `[IPV6]:PORT` or `PORT` (which listens on every IPv4 address).
    ///
    /// - Throws: `ServerError` of kind `.address`, with the status of a misuse.
    public init(parsing text: String) throws(ServerError) {
        var host = "0.0.0.0"
        var port = Substring(text)
        if let colon = text.lastIndex(of: ":") {
            host = String(text[..<colon])
            port = text[text.index(after: colon)...]
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard !port.isEmpty, port.utf8.allSatisfy({ (48...57).contains($0) }), let number = UInt16(port) else {
            throw .misuse(
                .address, "cannot listen on `\(text)`: `\(port)` is not a port from 0 to 65535",
                hints: ["write the address as HOST:PORT, for example `0.0.0.0:8080`"])
        }
        self.host = host
        self.port = number
        guard ListenAddress.isNumeric(host) else {
            throw .misuse(
                .address, "cannot listen on `\(text)`: `\(host)` is not a numeric address",
                hints: [
                    "use `127.0.0.1` for this machine only, `0.0.0.0` for every IPv4 address, `[::]` for every address"
                ])
        }
    }

    /// The address as a person writes it.
    public var text: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    private static func isNumeric(_ host: String) -> Bool {
        var four = in_addr()
        var six = in6_addr()
        return inet_pton(AF_INET, host, &four) == 1 || inet_pton(AF_INET6, host, &six) == 1
    }

    /// Makes, binds and listens on a non-blocking socket; the caller owns the descriptor.
    ///
    /// - Returns: the descriptor and the port that it is bound to.
    func listen(backlog: Int32 = 1024) throws(ServerError) -> (descriptor: Int32, port: UInt16) {
        let isSix = host.contains(":")
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(isSix ? AF_INET6 : AF_INET, type, 0)
        guard descriptor >= 0 else { throw refused("make a socket", errno) }
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        let bound = isSix ? bindSix(descriptor) : bindFour(descriptor)
        guard bound == 0, Glibc.listen(descriptor, backlog) == 0 else {
            let problem = errno
            close(descriptor)
            throw refused("listen", problem)
        }
        return (descriptor, boundPort(descriptor))
    }

    private func refused(_ verb: String, _ number: Int32) -> ServerError {
        let hint = number == EADDRINUSE ? ["another program has this port; choose one with `--listen HOST:PORT`"] : []
        return ServerError(.address, "cannot \(verb) on `\(text)`: \(errorText(number))", hints: hint)
    }

    private func bindFour(_ descriptor: Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, host, &address.sin_addr)
        return withSocketAddress(&address) { bind(descriptor, $0, $1) }
    }

    private func bindSix(_ descriptor: Int32) -> Int32 {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        inet_pton(AF_INET6, host, &address.sin6_addr)
        return withSocketAddress(&address) { bind(descriptor, $0, $1) }
    }

    /// Connects a socket of the right family to the port at `host`.
    func connect(_ descriptor: Int32, host: String) -> Int32 {
        guard host.contains(":") else {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            inet_pton(AF_INET, host, &address.sin_addr)
            return withSocketAddress(&address) { Glibc.connect(descriptor, $0, $1) }
        }
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        inet_pton(AF_INET6, host, &address.sin6_addr)
        return withSocketAddress(&address) { Glibc.connect(descriptor, $0, $1) }
    }

    private func boundPort(_ descriptor: Int32) -> UInt16 {
        var address = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        // The port is at the same place in both families.
        return status == 0 ? UInt16(bigEndian: address.sin6_port) : port
    }

    private func withSocketAddress<Address>(
        _ address: inout Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<Address>.size))
            }
        }
    }
}
