import Foundation
import Glibc
import JSONText

/// An HTTP answer.
struct Answer: Equatable {
    var status: Int
    var body: String
    /// The media type without its parameters.
    var type = ""
}

/// One request over a connection of its own, by plain sockets: the client is as simple as the promise that it checks.
func ask(
    _ method: String, _ path: String, port: Int, body: Data = Data(), type: String = "application/json"
) throws -> Answer {
    try ask(method, path, port: port, fields: method == "GET" ? [] : ["Content-Type: \(type)"], body: body)
}

/// The same with header fields of one's own.
func ask(_ method: String, _ path: String, port: Int, fields: [String], body: Data?) throws -> Answer {
    let descriptor = try connected(port: port)
    defer { close(descriptor) }
    var lines = ["\(method) \(path) HTTP/1.1", "Host: 127.0.0.1:\(port)", "Connection: close"] + fields
    if method != "GET", let body { lines.append("Content-Length: \(body.count)") }
    let request = Data((lines + ["", ""]).joined(separator: "\r\n").utf8) + (body ?? Data())
    try sendAll(request, to: descriptor)
    return try parsed(received(from: descriptor))
}

/// The port that a server on a free one tells in its first line.
func chosenPort(_ server: RunningCommand) throws -> Int {
    for _ in 0..<1000 {
        let lines = server.output.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.count > 1, let port = try JSONText.parse(Array(lines[0]))["port"]?.intValue { return port }
        guard server.isRunning else { break }
        usleep(10_000)
    }
    throw MissingPart(description: "the server told no port:\n\(server.errors)")
}

/// Waits until `path` answers 200, while `server` runs.
func waitUntilReady(_ server: RunningCommand, port: Int, path: String = "/ping", within seconds: Double = 120) throws {
    let deadline = Date().addingTimeInterval(seconds)
    while Date() < deadline {
        guard server.isRunning else {
            throw MissingPart(description: "the server ended before it was ready:\n\(server.errors)")
        }
        if let answer = try? ask("GET", path, port: port), answer.status == 200 { return }
        usleep(10_000)
    }
    throw MissingPart(description: "the server was not ready after \(seconds) s:\n\(server.errors)")
}

private func connected(port: Int) throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    var patience = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    let status = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
            connect(descriptor, generic, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
    guard status == 0 else {
        let reason = errno
        close(descriptor)
        throw MissingPart(description: "no connection to port \(port): errno \(reason)")
    }
    return descriptor
}

private func sendAll(_ bytes: Data, to descriptor: Int32) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        guard count > 0 else { throw MissingPart(description: "the server hung up while it was sent a request") }
        rest = rest.dropFirst(count)
    }
}

private func received(from descriptor: Int32) throws -> Data {
    var all = Data()
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = recv(descriptor, &chunk, chunk.count, 0)
        guard count >= 0 else { throw MissingPart(description: "no answer: errno \(errno)") }
        if count == 0 { return all }
        all.append(contentsOf: chunk[..<count])
    }
}

private func parsed(_ bytes: Data) throws -> Answer {
    guard let split = bytes.firstRange(of: Data("\r\n\r\n".utf8)) else {
        throw MissingPart(description: "not an HTTP answer: \(String(decoding: bytes.prefix(200), as: UTF8.self))")
    }
    let head = String(decoding: bytes[..<split.lowerBound], as: UTF8.self)
    guard let status = head.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
        throw MissingPart(description: "not an HTTP answer: \(head)")
    }
    let body = bytes[split.upperBound...]
    let type =
        head.components(separatedBy: "\r\n").first { $0.lowercased().hasPrefix("content-type:") }
        .map { $0.dropFirst(13).prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces) } ?? ""
    if head.lowercased().contains("transfer-encoding: chunked") {
        return Answer(status: status, body: String(decoding: try unchunked(body), as: UTF8.self), type: type)
    }
    return Answer(status: status, body: String(decoding: body, as: UTF8.self), type: type)
}

private func unchunked(_ body: Data) throws -> Data {
    var rest = body
    var all = Data()
    while let line = rest.firstRange(of: Data("\r\n".utf8)) {
        let size = String(decoding: rest[rest.startIndex..<line.lowerBound], as: UTF8.self)
        guard let count = Int(size, radix: 16), line.upperBound + count <= rest.endIndex else { break }
        if count == 0 { return all }
        all += rest[line.upperBound..<line.upperBound + count]
        rest = rest[min(line.upperBound + count + 2, rest.endIndex)...]
    }
    throw MissingPart(description: "a chunked answer that does not end")
}
