import CCurl
import Diagnostics

/// What one transfer of a request hears from libcurl: the head, the body, and how time passes.
///
/// The callbacks get it as an unmanaged pointer; its `Flight` keeps it alive until the transfer is over.
final class Exchange {
    private let receiver: any BodyReceiver
    private let timeouts: HTTPTimeouts

    private var status = 0
    private var headers: [HTTPHeader] = []
    private var headerByteCount = 0

    /// Set when the head of the final answer is complete.
    private(set) var head: HTTPResponseHead?
    /// The body of an answer that is not 2xx, cut after `HTTPSession.errorBodyLimit`.
    private(set) var errorBody: [UInt8] = []
    /// The transfer was ended by us because the rest of an error body is not wanted.
    private(set) var errorBodyIsCut = false
    /// Why we ended the transfer; it counts more than what libcurl reports.
    private(set) var failure: (any Error)?

    private var startSeconds = monotonicSeconds()
    private var windowSeconds = 0.0
    private var windowBytes = 0
    private var bodyBytes = 0

    static let headerLimit = 256 * 1024

    init(receiver: any BodyReceiver, timeouts: HTTPTimeouts) {
        self.receiver = receiver
        self.timeouts = timeouts
    }

    /// Takes one header line; false ends the transfer.
    func takeHeader(_ line: UnsafeRawBufferPointer) -> Bool {
        guard head == nil else { return true }  // a trailer
        headerByteCount += line.count
        guard headerByteCount <= Self.headerLimit else {
            return fail(
                HTTPError(.answer(reason: "its headers are longer than the limit of \(Self.headerLimit) bytes")))
        }
        let text = String(decoding: line, as: UTF8.self).trimmingSpaces
        if text.hasPrefix("HTTP/") {
            status = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
            headers = []
        } else if text.isEmpty {
            return status < 200 ? true : finishHead()
        } else if let colon = text.firstIndex(of: ":") {
            headers.append(
                HTTPHeader(String(text[..<colon]), String(text[text.index(after: colon)...]).trimmingSpaces))
        }
        return true
    }

    private func finishHead() -> Bool {
        let complete = HTTPResponseHead(status: status, headers: headers)
        head = complete
        guard complete.isSuccess else { return true }
        if let encoding = complete["Content-Encoding"], encoding.lowercased() != "identity" {
            return fail(
                HTTPError(
                    .answer(reason: "it sends the body encoded as `\(escaped(encoding))`, which was not asked for")))
        }
        return attempt { try receiver.begin(complete) }
    }

    /// Takes bytes of the body; false ends the transfer.
    func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if bodyBytes == 0 { windowSeconds = monotonicSeconds() }
        bodyBytes += bytes.count
        guard let head, !head.isSuccess else { return attempt { try receiver.receive(bytes) } }
        errorBody += bytes.prefix(HTTPSession.errorBodyLimit - errorBody.count)
        errorBodyIsCut = errorBody.count == HTTPSession.errorBodyLimit
        return !errorBodyIsCut
    }

    /// Why the transfer has to be given up: nothing came for too long. Nil when it may go on.
    func silence(now: Double) -> HTTPError? {
        if bodyBytes == 0 {
            guard now - startSeconds >= timeouts.firstByteSeconds else { return nil }
            return HTTPError(.timeout(reason: "no answer for \(seconds(timeouts.firstByteSeconds))"))
        }
        guard now - windowSeconds >= timeouts.stallSeconds else { return nil }
        let count = bodyBytes - windowBytes
        guard count >= timeouts.stallBytes else {
            return HTTPError(.timeout(reason: "only \(count) bytes came in \(seconds(timeouts.stallSeconds))"))
        }
        windowSeconds = now
        windowBytes = bodyBytes
        return nil
    }

    /// Leaves out time in which nobody was listening.
    func overlook(seconds: Double) {
        startSeconds += seconds
        windowSeconds += seconds
    }

    private func attempt(_ work: () throws -> Void) -> Bool {
        do {
            try work()
            return true
        } catch {
            return fail(error)
        }
    }

    private func fail(_ error: any Error) -> Bool {
        failure = failure ?? error
        return false
    }
}

extension Exchange {
    /// Points libcurl's callbacks at this exchange, which must outlive the transfer.
    func attach(to handle: borrowing CurlHandle) throws(HTTPError) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        try handle.set(
            CURLOPT_HEADERFUNCTION,
            callback: { bytes, size, count, context in
                Exchange.callback(bytes, size * count, context) { $0.takeHeader($1) }
            })
        try handle.set(CURLOPT_HEADERDATA, pointer: context)
        try handle.set(
            CURLOPT_WRITEFUNCTION,
            callback: { bytes, size, count, context in
                Exchange.callback(bytes, size * count, context) { $0.takeBody($1) }
            })
        try handle.set(CURLOPT_WRITEDATA, pointer: context)
    }

    /// libcurl takes any other number than `byteCount` as a request to stop.
    private static func callback(
        _ bytes: UnsafeMutablePointer<CChar>?, _ byteCount: Int, _ context: UnsafeMutableRawPointer?,
        _ take: (Exchange, UnsafeRawBufferPointer) -> Bool
    ) -> Int {
        guard let context else { return 0 }
        let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
        // An empty body is told by a call with no bytes: any answer but 0 would stop the transfer.
        guard byteCount > 0 else { return 0 }
        return take(exchange, UnsafeRawBufferPointer(start: bytes, count: byteCount)) ? byteCount : 0
    }
}

/// "1 s", "2.5 s".
func seconds(_ value: Double) -> String {
    value == value.rounded() ? "\(Int(value)) s" : "\(value) s"
}

extension String {
    var trimmingSpaces: String {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\r" || $0 == "\n" || $0 == "\r\n" }
        var rest = self[...]
        while let first = rest.first, isSpace(first) { rest.removeFirst() }
        while let last = rest.last, isSpace(last) { rest.removeLast() }
        return String(rest)
    }
}
