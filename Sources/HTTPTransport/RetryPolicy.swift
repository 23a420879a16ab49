import CCurl
import Glibc

/// When a request is sent again: after 408, 429, 500, 502, 503, 504, and when a connection fails or stalls.
///
/// The wait is a random part of a span that doubles from `firstWaitSeconds` to `longestWaitSeconds` ("full jitter": many
/// clients that failed together do not come back together). `Retry-After` is obeyed when it is longer, and ends the tries when
/// it asks for more than `longestRetryAfterSeconds`.
public struct RetryPolicy: Sendable, Equatable {
    /// How often a request is sent at most; 1 means no second try.
    public var attempts = 5
    /// The first span.
    public var firstWaitSeconds = 0.5
    /// No span of our own is longer.
    public var longestWaitSeconds = 30.0
    /// A server that asks for a longer wait is not asked again.
    public var longestRetryAfterSeconds = 300.0
    /// Words in the body of an answer that make it a last one, whatever its status: `--no-serve-artifacts`.
    public var lastingWords: [String] = []

    /// The defaults: five attempts, under eight seconds of waiting in all.
    public init() {}

    /// Whether the same request may get another answer a moment later.
    func mayChange(_ response: HTTPResponse) -> Bool {
        guard Self.transientStatuses.contains(response.head.status) else { return false }
        return !lastingWords.contains { response.body.firstRange(of: Array($0.utf8)) != nil }
    }

    /// The answers that may be other ones a moment later.
    public static let transientStatuses: Set<Int> = [408, 429, 500, 502, 503, 504]

    /// Seconds to wait before the attempt after number `attempt` (1 is the first); nil to give up.
    ///
    /// - Parameters:
    ///   - retryAfterSeconds: what the server asked for.
    ///   - jitter: a random number from 0 to 1.
    public func wait(afterAttempt attempt: Int, retryAfterSeconds: Double?, jitter: Double) -> Double? {
        guard attempt < attempts else { return nil }
        var whole = firstWaitSeconds
        for _ in 1..<max(attempt, 1) where whole < longestWaitSeconds { whole *= 2 }
        let own = min(whole, longestWaitSeconds) * jitter
        guard let asked = retryAfterSeconds else { return own }
        return asked > longestRetryAfterSeconds ? nil : max(own, asked)
    }
}

extension HTTPResponseHead {
    /// What `Retry-After` asks for, in seconds, from a number or a date (RFC 9110 10.2.3); nil when it is absent or unreadable.
    ///
    /// A date counts from the answer's own `Date`, so that a wrong clock of ours does not matter; from our clock without one.
    public var retryAfterSeconds: Double? {
        guard let text = self["Retry-After"], !text.isEmpty else { return nil }
        if text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) { return Double(text) }
        let moment = curl_getdate(text, nil)
        guard moment >= 0 else { return nil }
        let sent = self["Date"].map { curl_getdate($0, nil) } ?? -1
        return Double(max(0, moment - (sent >= 0 ? sent : time(nil))))
    }
}
