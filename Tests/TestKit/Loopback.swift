import Glibc

/// HTTP by plain sockets on the loopback, for servers that must be able to break its rules.
enum Loopback {
    /// The lines before a body.
    struct Head {
        var lines: [String]

        var first: String { lines[0] }
        var target: String { first.split(separator: " ").dropFirst().first.map(String.init) ?? "" }
        var isHEAD: Bool { first.hasPrefix("HEAD ") }
        var text: String { lines.joined(separator: "\r\n") + "\r\n\r\n" }
        var isLast: Bool { self["connection"]?.lowercased() == "close" }

        subscript(name: String) -> String? {
            for line in lines.dropFirst() where line.lowercased().hasPrefix(name + ":") {
                return String(line.dropFirst(name.count + 1).drop { $0 == " " })
            }
            return nil
        }

        func without(_ name: String) -> Head { Head(lines: lines.filter { !$0.lowercased().hasPrefix(name + ":") }) }
        func with(_ line: String) -> Head { Head(lines: lines + [line]) }
        func replacingStatus(_ status: String) -> Head { Head(lines: ["HTTP/1.1 \(status)"] + lines.dropFirst()) }
    }

    /// A request or an answer; a body in chunks comes as it was sent.
    struct Message {
        var head: Head
        var body: [UInt8]
    }

    /// What comes in over a connection, message by message.
    struct Input {
        private let connection: Int32
        private var bytes: [UInt8] = []
        private var buffer = [UInt8](repeating: 0, count: 65_536)

        init(_ connection: Int32) { self.connection = connection }

        private mutating func receive() -> Bool {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return false }
            bytes += buffer[..<count]
            return true
        }

        /// The next message; nil at the end of the connection.
        mutating func message(isAnswerToHEAD: Bool = false) -> Message? {
            let blank = Array("\r\n\r\n".utf8)
            while bytes.firstRange(of: blank) == nil {
                guard receive() else { return nil }
            }
            guard let end = bytes.firstRange(of: blank) else { return nil }
            let text = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
            let head = Head(lines: text.split(separator: "\r\n").map(String.init))
            bytes.removeSubrange(..<end.upperBound)
            if isAnswerToHEAD { return Message(head: head, body: []) }
            if head["transfer-encoding"] != nil { return chunks().map { Message(head: head, body: $0) } }
            let count = head["content-length"].flatMap { Int($0) } ?? 0
            while bytes.count < count {
                guard receive() else { return nil }
            }
            defer { bytes.removeSubrange(..<count) }
            return Message(head: head, body: Array(bytes[..<count]))
        }

        /// A body in chunks, with their marks.
        private mutating func chunks() -> [UInt8]? {
            var taken = 0
            while true {
                while bytes[taken...].firstRange(of: [0x0d, 0x0a]) == nil {
                    guard receive() else { return nil }
                }
                guard let line = bytes[taken...].firstRange(of: [0x0d, 0x0a]) else { return nil }
                let size = String(decoding: bytes[taken..<line.lowerBound], as: UTF8.self)
                guard let count = Int(size, radix: 16) else { return nil }
                taken = line.upperBound + count + 2
                while bytes.count < taken {
                    guard receive() else { return nil }
                }
                guard count > 0 else { break }
            }
            defer { bytes.removeSubrange(..<taken) }
            return Array(bytes[..<taken])
        }
    }

    /// A listening socket on a free port of the loopback.
    static func listen() -> (socket: Int32, port: Int)? {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && Glibc.listen(listener, 128) == 0
                    && getsockname(listener, $0, &length) == 0
            }
        }
        guard isBound else {
            close(listener)
            return nil
        }
        return (listener, Int(UInt16(bigEndian: address.sin_port)))
    }

    /// A connection to a port of the loopback; negative when nobody listens there.
    static func connect(port: Int) -> Int32 {
        let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = loopback(port: port)
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(connection, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else {
            close(connection)
            return -1
        }
        var isOn: Int32 = 1
        setsockopt(connection, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<Int32>.size))
        return connection
    }

    private static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }

    /// Sends all bytes; false when the other side is gone.
    @discardableResult
    static func send(_ bytes: [UInt8], to connection: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Makes closing the connection a reset.
    static func reset(_ connection: Int32) {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(connection, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }
}
