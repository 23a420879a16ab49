/// The request line and header fields of one HTTP/1.x request, read strictly (RFC 9112).
///
/// Refused: bare CR or LF, folded fields, blanks before a colon, control characters, more than one Host or Content-Length, a Host
/// that is none, Content-Length beside Transfer-Encoding, any transfer coding but one `chunked`, versions other than 1.0 and 1.1,
/// a target that is no URI or neither a path nor `http://host/path`, broken `%` escapes.
///
/// Escapes in the path are not decoded: our paths need none.
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

    var method = Method.other
    /// The method as it was sent, for the log.
    var methodText = ""
    /// The path of the target, without the query; `*` for `OPTIONS *`.
    var path = ""
    var framing = Framing.length(0)
    var keepsAlive = true
    var expectsContinue = false
    /// Whether the client wants to speak WebSocket from here on. Other upgrades are declined by answering as usual.
    var wantsWebSocket = false
    var contentType: String?
    var contentEncoding: String?
    /// What the caller calls the request; nil when it says nothing of that.
    private(set) var context: CallerContext?
    /// How long the JSON part of an inference request with binary data is said to be.
    var inferenceHeaderLength: String?
    /// Bytes up to and with the empty line.
    private(set) var byteCount = 0

    private(set) var isVersion10 = false
    private var hosts = 0
    private var fields = 0
    private var lengths = 0
    private var codings = 0

    // MARK: Request line

    /// No method that anybody uses is longer.
    static let longestMethod = 32

    mutating func readRequestLine(_ line: UnsafeRawBufferPointer, limits: Limits) throws(HTTPRefusal) {
        guard let first = line.firstIndex(of: 32), let last = line.lastIndex(of: 32), first > 0, last > first,
            first <= Self.longestMethod,
            line[..<first].allSatisfy(HTTPSyntax.isToken)
        else { throw .badRequest("the request line is not `METHOD target HTTP/1.1`") }
        switch first {
        case 3 where line[..<first].elementsEqual("GET".utf8): (method, methodText) = (.get, "GET")
        case 4 where line[..<first].elementsEqual("POST".utf8): (method, methodText) = (.post, "POST")
        case 4 where line[..<first].elementsEqual("HEAD".utf8): (method, methodText) = (.head, "HEAD")
        default: methodText = String(decoding: line[..<first].prefix(20), as: UTF8.self)
        }
        try readVersion(UnsafeRawBufferPointer(rebasing: line[(last + 1)...]))
        guard last - first - 1 <= limits.targetBytes else { throw .targetTooLong(limits) }
        try readTarget(UnsafeRawBufferPointer(rebasing: line[(first + 1)..<last]))
    }

    private mutating func readVersion(_ text: UnsafeRawBufferPointer) throws(HTTPRefusal) {
        guard text.count == 8, text.prefix(5).elementsEqual("HTTP/".utf8), text[6] == 46, 48...57 ~= text[5],
            48...57 ~= text[7]
        else { throw .badRequest("the request line is not `METHOD target HTTP/1.1`") }
        guard text[5] == 49, text[7] <= 49 else {
            throw HTTPRefusal(status: 505, message: "the server speaks HTTP/1.1")
        }
        isVersion10 = text[7] == 48
        keepsAlive = !isVersion10
    }

    private mutating func readTarget(_ target: UnsafeRawBufferPointer) throws(HTTPRefusal) {
        var start = 0
        if target.first != 47 {
            if methodText == "OPTIONS", target.elementsEqual([42]) {
                path = "*"
                return
            }
            start = try skipOrigin(target)
        }
        var end = target.count
        for index in start..<target.count {
            let byte = target[index]
            guard HTTPSyntax.isURI(byte) else {
                throw .badRequest("the request target is not a URI without a fragment")
            }
            if byte == 63, end == target.count { end = index }
            guard
                byte != 37
                    || index + 2 < target.count && HTTPSyntax.isHexadecimal(target[index + 1])
                        && HTTPSyntax.isHexadecimal(target[index + 2])
            else { throw .badRequest("a `%` in the request target does not begin an escape") }
        }
        path = start == end ? "/" : String(decoding: target[start..<end], as: UTF8.self)
    }

    /// Passes over `http://host`, which a server must take (RFC 9112, section 3.2.2).
    private func skipOrigin(_ target: UnsafeRawBufferPointer) throws(HTTPRefusal) -> Int {
        for scheme in ["http://", "https://"] as [StaticString] where HTTPHead.hasPrefix(target[...], scheme) {
            let start = scheme.utf8CodeUnitCount
            let end = target[start...].firstIndex { $0 == 47 || $0 == 63 } ?? target.count
            guard HTTPSyntax.isAuthority(UnsafeRawBufferPointer(rebasing: target[start..<end])) else { break }
            return end
        }
        throw .badRequest("the request target is neither a path nor `http://host/path`")
    }

    // MARK: Fields

    /// - Parameter line: one line without its CR LF, without control characters but tabs.
    mutating func readField(_ line: UnsafeRawBufferPointer, limits: Limits) throws(HTTPRefusal) {
        fields += 1
        guard fields <= limits.headerFields else { throw .headerTooLarge(limits) }
        guard let colon = line.firstIndex(of: 58), colon > 0, line[..<colon].allSatisfy(HTTPSyntax.isToken) else {
            throw .badRequest("a header line is not `name: value`")
        }
        // Longer names than any that matters are left alone.
        guard colon <= 31 else { return }
        let name = String(unsafeUninitializedCapacity: colon) { room in
            for index in 0..<colon { room[index] = HTTPHead.lowercased(line[index]) }
            return colon
        }
        try readField(name, HTTPHead.trimmed(line[(colon + 1)...]))
    }

    private mutating func readField(_ name: String, _ value: Slice<UnsafeRawBufferPointer>) throws(HTTPRefusal) {
        switch name {
        case "host":
            hosts += 1
            guard hosts == 1, HTTPSyntax.isAuthority(UnsafeRawBufferPointer(rebasing: value)) else {
                throw .badRequest("the Host field must be given once, as `host` or `host:port`")
            }
        case "content-length":
            lengths += 1
            guard lengths == 1, !value.isEmpty, value.count <= 18, value.allSatisfy({ $0 >= 48 && $0 <= 57 }) else {
                throw .badRequest("Content-Length must be given once, as a decimal number")
            }
            framing = .length(value.reduce(0) { $0 * 10 + Int($1 - 48) })
        case "transfer-encoding":
            codings += 1
            guard codings == 1, HTTPHead.lowercased(value) == "chunked" else {
                throw .badRequest("the only Transfer-Encoding that is understood is `chunked`")
            }
        case "connection":
            for option in HTTPHead.lowercased(value).split(separator: ",") {
                switch option.filter({ $0 != " " && $0 != "\t" }) {
                case "close": isClosing = true
                case "keep-alive": keepsAlive = true
                default: break
                }
            }
        case "expect":
            guard HTTPHead.lowercased(value) == "100-continue" else {
                throw HTTPRefusal(status: 417, message: "the only expectation that is understood is `100-continue`")
            }
            expectsContinue = !isVersion10
        case "upgrade":
            if HTTPHead.lowercased(value) == "websocket" { wantsWebSocket = true }
        case "content-type":
            guard contentType == nil else { throw .badRequest("Content-Type must be given once") }
            // Without an allocation in the usual case.
            let isUsual = value.elementsEqual("application/json".utf8)
            contentType = isUsual ? "application/json" : String(decoding: value, as: UTF8.self)
        case "inference-header-content-length":
            guard inferenceHeaderLength == nil else {
                throw .badRequest("Inference-Header-Content-Length must be given once")
            }
            inferenceHeaderLength = String(decoding: value, as: UTF8.self)
        case "content-encoding":
            let coding = HTTPHead.lowercased(value)
            contentEncoding = contentEncoding.map { "\($0), \(coding)" } ?? coding
        case "x-request-id", "traceparent", "tracestate":
            if context == nil { context = CallerContext() }
            context?.read(name, value)
        default:
            break
        }
    }

    private var isClosing = false

    mutating func finish(byteCount: Int) throws(HTTPRefusal) {
        guard isVersion10 || hosts == 1 else { throw .badRequest("the Host field is missing") }
        guard codings == 0 || lengths == 0 else {
            throw .badRequest("Content-Length and Transfer-Encoding must not be given together")
        }
        guard codings == 0 || !isVersion10 else { throw .badRequest("HTTP/1.0 has no Transfer-Encoding") }
        if codings == 1 { framing = .chunked }
        // A body where none is meant may be the next request of somebody else (RFC 9110, section 9.3.1): nothing behind it is read.
        // The same goes for frames of a protocol that is not spoken here.
        if isClosing || wantsWebSocket || method != .post && framing != .length(0) { keepsAlive = false }
        self.byteCount = byteCount
    }

    private static func trimmed(_ value: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
        var value = value
        while let first = value.first, first == 32 || first == 9 { value = value.dropFirst() }
        while let last = value.last, last == 32 || last == 9 { value = value.dropLast() }
        return value
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 { byte >= 65 && byte <= 90 ? byte | 32 : byte }

    private static func lowercased(_ value: Slice<UnsafeRawBufferPointer>) -> String {
        String(decoding: value.lazy.map { lowercased($0) }, as: UTF8.self)
    }

    private static func hasPrefix(_ text: Slice<UnsafeRawBufferPointer>, _ prefix: StaticString) -> Bool {
        let wanted = UnsafeBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount)
        return text.count >= wanted.count && zip(text, wanted).allSatisfy { lowercased($0) == $1 }
    }
}
