import CCurl
import Diagnostics
import Glibc

/// Sends requests one after the other over kept connections, on the thread that calls.
///
/// Redirects are followed here, not by libcurl: at most ten, never from `https` to `http`, never for a `POST`; across
/// origins without the credential and with no header but `Accept`, `Range` and `User-Agent`. No cookies, no `.netrc`.
public struct HTTPSession: ~Copyable {
    /// Bytes of the body of an error answer that are kept.
    public static let errorBodyLimit = 64 * 1024
    static let redirectLimit = 10

    /// How requests are sent.
    public let settings: HTTPSettings
    private let handle: CurlHandle

    /// Opens no connection yet.
    ///
    /// - Throws: `HTTPError` of kind `.settings` when libcurl does not start.
    public init(settings: HTTPSettings) throws(HTTPError) {
        self.settings = settings
        self.handle = try CurlHandle.make()
    }

    /// Sends `request` and collects the body, of at most `bodyLimit` bytes.
    ///
    /// - Returns: The answer, whatever its status.
    /// - Throws: `HTTPError` when no complete answer came.
    public mutating func send(_ request: HTTPRequest, bodyLimit: Int) throws(HTTPError) -> HTTPResponse {
        let collector = BodyCollector(limit: bodyLimit)
        do {
            return try send(request, to: collector) { collector.bytes }
        } catch let error as HTTPError {
            throw error
        } catch {
            throw HTTPError(.answer(reason: "\(error)"), request: request)
        }
    }

    /// Sends `request` and passes the body of a 2xx answer on as it comes.
    ///
    /// - Returns: The answer, whatever its status; its body is empty when the status is 2xx.
    /// - Throws: `HTTPError` when no complete answer came, or what `receiver` throws, which ends the transfer.
    public mutating func send(_ request: HTTPRequest, to receiver: any BodyReceiver) throws -> HTTPResponse {
        try send(request, to: receiver) { [] }
    }

    private mutating func send(
        _ request: HTTPRequest, to receiver: any BodyReceiver, body: () -> [UInt8]
    ) throws -> HTTPResponse {
        var attempt = 1
        while true {
            do {
                let (exchange, last) = try follow(request, receiver)
                let head = exchange.head ?? HTTPResponseHead(status: 0, headers: [])
                guard RetryPolicy.transientStatuses.contains(head.status), try wait(afterAttempt: attempt, head) else {
                    return HTTPResponse(
                        head: head, body: head.isSuccess ? body() : exchange.errorBody, request: last,
                        attempts: attempt, credentialWasSent: last.credential != nil)
                }
            } catch var error as HTTPError {
                error.attempts = attempt
                guard error.isTransient, try wait(afterAttempt: attempt, nil) else { throw error }
            }
            attempt += 1
        }
    }

    /// Waits before the next attempt; false when there is none.
    private func wait(afterAttempt attempt: Int, _ head: HTTPResponseHead?) throws(HTTPError) -> Bool {
        let asked = head == nil ? nil : handle.retryAfterSeconds
        guard
            let wait = settings.retry.wait(
                afterAttempt: attempt, retryAfterSeconds: asked, jitter: .random(in: 0...1))
        else { return false }
        let end = monotonicSeconds() + wait
        while true {
            if settings.isCancelled() { throw HTTPError(.cancelled) }
            let left = end - monotonicSeconds()
            guard left > 0 else { return true }
            usleep(UInt32(min(left, 0.1) * 1e6))
        }
    }

    /// Sends `request` and follows redirects.
    ///
    /// - Returns: The last exchange and its request.
    private func follow(_ request: HTTPRequest, _ receiver: any BodyReceiver) throws -> (Exchange, HTTPRequest) {
        var request = request
        if request.credential?.origin != request.url.origin { request.credential = nil }
        for _ in 0...Self.redirectLimit {
            let exchange = try exchange(request, receiver)
            guard let head = exchange.head, [301, 302, 303, 307, 308].contains(head.status),
                let location = head["Location"]
            else { return (exchange, request) }
            request = try redirected(request, to: location)
        }
        throw HTTPError(
            .redirect(reason: "it is the eleventh in a row", location: request.url.description), request: request)
    }

    private func redirected(_ request: HTTPRequest, to location: String) throws(HTTPError) -> HTTPRequest {
        func refuse(_ reason: String, _ location: String?) -> HTTPError {
            HTTPError(.redirect(reason: reason, location: location), request: request)
        }
        let target: HTTPURL
        do {
            target = try request.url.resolving(location)
        } catch {
            throw refuse("its target is not an `http` or `https` URL", nil)
        }
        guard target.origin.scheme == "https" || request.url.origin.scheme == "http" else {
            throw refuse("it leads from `https` to `http`", target.description)
        }
        guard request.method != .post else {
            throw refuse("a `POST` is not repeated at another address", "\(target.origin)")
        }
        var next = request
        next.url = target
        if target.origin != request.url.origin {
            next.credential = nil
            next.headers.removeAll { !["accept", "range"].contains($0.name.lowercased()) }
        }
        return next
    }

    /// Sends `request` once.
    private func exchange(_ request: HTTPRequest, _ receiver: any BodyReceiver) throws -> Exchange {
        let exchange = Exchange(
            receiver: receiver, timeouts: settings.timeouts, isCancelled: settings.isCancelled)
        var lines = CurlList()
        do {
            try handle.configure(request, settings, &lines)
            try exchange.attach(to: handle)
        } catch {
            throw HTTPError(error.kind, request: request)
        }
        let code = withExtendedLifetime(exchange) { handle.perform() }
        // The lines must outlive the transfer.
        withExtendedLifetime(lines.head) {}
        if var failure = exchange.failure as? HTTPError {
            failure.concerns(request)
            throw failure
        }
        if let failure = exchange.failure { throw failure }
        guard code != CURLE_OK, !exchange.errorBodyIsCut else {
            guard exchange.head != nil else {
                throw HTTPError(.answer(reason: "it sent no status line"), request: request)
            }
            return exchange
        }
        throw HTTPError(handle.kind(of: code, settings), request: request)
    }
}

/// Keeps a body in memory.
private final class BodyCollector: BodyReceiver {
    private(set) var bytes: [UInt8] = []
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    func begin(_ head: HTTPResponseHead) throws {
        bytes = []
    }

    func receive(_ piece: UnsafeRawBufferPointer) throws {
        guard bytes.count + piece.count <= limit else { throw HTTPError(.tooLong(limit: limit)) }
        bytes += piece
    }
}
