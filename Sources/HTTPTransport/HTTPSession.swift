import Diagnostics

/// Sends requests one after the other over kept connections, on the thread that calls.
///
/// Redirects are followed by hand: at most ten, never from `https` to `http`, never for a `POST`; across origins without the
/// credential and with no header but `Accept`, `Range` and `User-Agent`. No cookies, no `.netrc`.
public struct HTTPSession: ~Copyable {
    /// Bytes of the body of an error answer that are kept.
    public static let errorBodyLimit = 64 * 1024

    /// How requests are sent.
    public let settings: HTTPSettings
    private let engine: HTTPEngine

    /// Opens no connection yet.
    ///
    /// - Throws: `HTTPError` of kind `.settings` when libcurl does not start.
    public init(settings: HTTPSettings) throws(HTTPError) {
        self.settings = settings
        engine = try HTTPEngine(settings: settings, connectionsPerHost: 1)
    }

    /// Sends `request` and collects the body, of at most `bodyLimit` bytes.
    ///
    /// - Returns: The answer, whatever its status.
    /// - Throws: `HTTPError` when no complete answer came.
    public mutating func send(_ request: HTTPRequest, bodyLimit: Int) throws(HTTPError) -> HTTPResponse {
        let collector = BodyCollector(limit: bodyLimit)
        do {
            let response = try send(request, to: collector)
            return response.head.isSuccess ? response.with(body: collector.bytes) : response
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
        var attempt = 1
        while true {
            do {
                var response = try once(request, receiver)
                response.attempts = attempt
                guard settings.retry.mayChange(response),
                    try wait(afterAttempt: attempt, response.head, request)
                else { return response }
            } catch var error as HTTPError {
                error.attempts = attempt
                guard error.isTransient, try wait(afterAttempt: attempt, nil, request) else { throw error }
            }
            attempt += 1
        }
    }

    private func once(_ request: HTTPRequest, _ receiver: any BodyReceiver) throws -> HTTPResponse {
        var outcome: HTTPEngine.Outcome?
        engine.start(request, to: receiver) { outcome = $0 }
        do throws(HTTPError) { try engine.run { outcome != nil } } catch {
            throw HTTPError(error.kind, request: request)
        }
        guard let outcome else { preconditionFailure("an engine without requests has not told how the last one ended") }
        return try outcome.get()
    }

    /// Waits before the next attempt; false when there is none.
    private func wait(
        afterAttempt attempt: Int, _ head: HTTPResponseHead?, _ request: HTTPRequest
    ) throws(HTTPError) -> Bool {
        guard
            let wait = settings.retry.wait(
                afterAttempt: attempt, retryAfterSeconds: head?.retryAfterSeconds, jitter: .random(in: 0...1))
        else { return false }
        engine.after(wait) {}
        do throws(HTTPError) { try engine.run() } catch {
            var error = HTTPError(error.kind, request: request)
            error.attempts = attempt
            throw error
        }
        return true
    }
}
