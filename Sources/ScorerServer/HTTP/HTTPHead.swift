import Glibc

/// The request line and header fields of one HTTP/1.x request, read strictly (RFC 9112).
///
/// Refused: bare CR or LF, folded fields, blanks before a colon, control characters, more than one Host or Content-Length,
/// Content-Length beside Transfer-Encoding, any transfer coding but one `chunked`, versions other than 1.0 and 1.1.
struct HTTPHead {
    enum Method: String {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case other = ""
    }

    enum Framing: Equatable {
        case length(Int)
        case chunked
    }

    enum Outcome {
        case needsMore
        case complete(HTTPHead)
        case refused(HTTPRefusal)
    }

    var method = Method.other
    /// The method as it was sent, for the log.
    var methodText = ""
    /// The path of the target, without the query.
    var path = ""
    var framing = Framing.length(0)
    var keepsAlive = true
    var expectsContinue = false
    var contentType: String?
    var contentEncoding: String?
    /// What the caller calls the request; nil when it says nothing of that.
    private(set) var context: CallerContext?
    /// How long the JSON part of an inference request with binary data is said to be.
    var inferenceHeaderLength: String?
    /// Bytes up to and with the empty line.
    var byteCount = 0

    private(set) var isVersion10 = false
    fileprivate var hosts = 0
    fileprivate var fields = 0
    fileprivate var lengths = 0
    fileprivate var codings = 0

    private init() {}

    /// Parses the head at the start of `bytes`.
    ///
    /// - Parameter scanned: bytes that an earlier call has searched for the end; updated.
    static func parse(_ bytes: UnsafeRawBufferPointer, scanned: inout Int, limits: Limits) -> Outcome {
        guard let first = bytes.first else { return .needsMore }
        // A TLS hello or other noise would otherwise wait for a line end until the time limit.
        guard isToken(first) else { return .refused(.badRequest("the request does not begin with a method")) }
        guard let end = headEnd(bytes, from: max(0, scanned - 3)) else {
            scanned = bytes.count
            return incomplete(bytes, limits: limits)
        }
        guard end <= limits.headerBytes else { return .refused(.headerTooLarge(limits)) }
        var head = HTTPHead()
        head.byteCount = end
        do throws(HTTPRefusal) {
            try head.read(UnsafeRawBufferPointer(rebasing: bytes[..<(end - 2)]), limits: limits)
            try head.finish()
            return .complete(head)
        } catch { return .refused(error) }
    }

    private static func incomplete(_ bytes: UnsafeRawBufferPointer, limits: Limits) -> Outcome {
        if bytes.count > limits.targetBytes + 32, !bytes.contains(10) {
            return .refused(.targetTooLong(limits))
        }
        if bytes.count >= limits.headerBytes { return .refused(.headerTooLarge(limits)) }
        return .needsMore
    }

    /// The offset after CR LF CR LF.
    private static func headEnd(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard let base = bytes.baseAddress else { return nil }
        var offset = start
        while offset + 3 < bytes.count, let found = memchr(base + offset, 13, bytes.count - offset - 3) {
            let at = UnsafeRawPointer(found) - base
            if bytes[at + 1] == 10, bytes[at + 2] == 13, bytes[at + 3] == 10 { return at + 4 }
            offset = at + 1
        }
        return nil
    }

    /// - Parameter bytes: lines that each end in CR LF.
    private mutating func read(_ bytes: UnsafeRawBufferPointer, limits: Limits) throws(HTTPRefusal) {
        var start = 0
        var isFirst = true
        while start < bytes.count {
            guard let base = bytes.baseAddress, let found = memchr(base + start, 13, bytes.count - start) else {
                throw .badRequest("a line of the header does not end in CR LF")
            }
            let end = UnsafeRawPointer(found) - base
            guard end + 1 < bytes.count, bytes[end + 1] == 10 else {
                throw .badRequest("a carriage return stands alone")
            }
            let line = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            if isFirst { try readRequestLine(line, limits: limits) } else { try readField(line, limits: limits) }
            isFirst = false
            start = end + 2
        }
    }

    private mutating func readRequestLine(_ line: UnsafeRawBufferPointer, limits: Limits) throws(HTTPRefusal) {
        let parts = line.split(separator: 32, maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[0].isEmpty, parts[0].allSatisfy(HTTPHead.isToken) else {
            throw .badRequest("the request line is not `METHOD target HTTP/1.1`")
        }
        let version = String(decoding: parts[2], as: UTF8.self)
        guard version == "HTTP/1.1" || version == "HTTP/1.0" else {
            throw HTTPRefusal(status: version.hasPrefix("HTTP/") ? 505 : 400, message: "the server speaks HTTP/1.1")
        }
        isVersion10 = version == "HTTP/1.0"
        keepsAlive = !isVersion10
        methodText = String(decoding: parts[0].prefix(20), as: UTF8.self)
        method = Method(rawValue: methodText) ?? .other
        guard parts[1].count <= limits.targetBytes else { throw .targetTooLong(limits) }
        guard parts[1].first == 47 || parts[1].elementsEqual([42]), parts[1].allSatisfy({ $0 > 32 && $0 < 127 }) else {
            throw .badRequest("the request target is not a path")
        }
        path = String(decoding: parts[1].prefix { $0 != 63 }, as: UTF8.self)
    }

    private mutating func readField(_ line: UnsafeRawBufferPointer, limits: Limits) throws(HTTPRefusal) {
        fields += 1
        guard fields <= limits.headerFields else { throw .headerTooLarge(limits) }
        guard let colon = line.firstIndex(of: 58), colon > 0, line[..<colon].allSatisfy(HTTPHead.isToken) else {
            throw .badRequest("a header line is not `name: value`")
        }
        let value = HTTPHead.trimmed(line[(colon + 1)...])
        guard value.allSatisfy({ $0 >= 32 && $0 != 127 || $0 == 9 }) else {
            throw .badRequest("a header value holds a control character")
        }
        // Longer names than any that matters are left alone.
        guard colon <= 31 else { return }
        let name = String(decoding: line[..<colon].map { $0 >= 65 && $0 <= 90 ? $0 | 32 : $0 }, as: UTF8.self)
        try readField(name, value)
    }

    private mutating func readField(_ name: String, _ value: Slice<UnsafeRawBufferPointer>) throws(HTTPRefusal) {
        switch name {
        case "host":
            hosts += 1
            guard hosts == 1, !value.isEmpty, !value.contains(where: { $0 == 32 || $0 == 9 }) else {
                throw .badRequest("the Host field must be given once, without blanks")
            }
        case "content-length":
            lengths += 1
            guard lengths == 1, !value.isEmpty, value.count <= 15, value.allSatisfy({ $0 >= 48 && $0 <= 57 }) else {
                throw .badRequest("Content-Length must be given once, as a decimal number")
            }
            framing = .length(value.reduce(0) { $0 * 10 + Int($1 - 48) })
        case "transfer-encoding":
            codings += 1
            guard codings == 1, HTTPHead.lowercased(value) == "chunked" else {
                throw .badRequest("the only Transfer-Encoding that is understood is `chunked`")
            }
        case "connection":
            let options = HTTPHead.lowercased(value).split(separator: ",").map { $0.filter { $0 != " " && $0 != "\t" } }
            if options.contains("close") {
                keepsAlive = false
            } else if options.contains("keep-alive") {
                keepsAlive = true
            }
        case "expect":
            guard HTTPHead.lowercased(value) == "100-continue" else {
                throw HTTPRefusal(status: 417, message: "the only expectation that is understood is `100-continue`")
            }
            expectsContinue = !isVersion10
        case "content-type":
            guard contentType == nil else { throw .badRequest("Content-Type must be given once") }
            contentType = String(decoding: value, as: UTF8.self)
        case "inference-header-content-length":
            guard inferenceHeaderLength == nil else {
                throw .badRequest("Inference-Header-Content-Length must be given once")
            }
            inferenceHeaderLength = String(decoding: value, as: UTF8.self)
        case "content-encoding":
            contentEncoding = HTTPHead.lowercased(value)
        case "x-request-id", "traceparent", "tracestate":
            if context == nil { context = CallerContext() }
            context?.read(name, value)
        default:
            break
        }
    }

    private mutating func finish() throws(HTTPRefusal) {
        guard isVersion10 || hosts == 1 else { throw .badRequest("the Host field is missing") }
        guard codings == 0 || lengths == 0 else {
            throw .badRequest("Content-Length and Transfer-Encoding must not be given together")
        }
        guard codings == 0 || !isVersion10 else { throw .badRequest("HTTP/1.0 has no Transfer-Encoding") }
        if codings == 1 { framing = .chunked }
    }

    private static func trimmed(_ value: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
        var value = value
        while let first = value.first, first == 32 || first == 9 { value = value.dropFirst() }
        while let last = value.last, last == 32 || last == 9 { value = value.dropLast() }
        return value
    }

    private static func lowercased(_ value: Slice<UnsafeRawBufferPointer>) -> String {
        String(decoding: value.map { $0 >= 65 && $0 <= 90 ? $0 | 32 : $0 }, as: UTF8.self)
    }

    static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, 33, 35...39, 42, 43, 45, 46, 94...96, 124, 126: true
        default: false
        }
    }
}

/// A request that is refused before it reaches a route; its connection is closed after the answer.
struct HTTPRefusal: Error {
    var status: Int
    var message: String

    static func badRequest(_ message: String) -> HTTPRefusal { HTTPRefusal(status: 400, message: message) }

    static func headerTooLarge(_ limits: Limits) -> HTTPRefusal {
        let fields = "\(limits.headerBytes) bytes or \(limits.headerFields) fields"
        return HTTPRefusal(status: 431, message: "the header is longer than \(fields)")
    }

    static func targetTooLong(_ limits: Limits) -> HTTPRefusal {
        HTTPRefusal(status: 414, message: "the request target is longer than \(limits.targetBytes) bytes")
    }

    static func bodyTooLarge(_ limits: Limits) -> HTTPRefusal {
        HTTPRefusal(status: 413, message: "the body is longer than \(limits.bodyBytes) bytes")
    }
}
