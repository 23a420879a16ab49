/// When a request is sent again: after 408, 429, 500, 502, 503, 504, and when a connection fails or stalls.
///
/// The wait doubles from `firstWaitSeconds` to `longestWaitSeconds`, of which a random part between a half and the
/// whole is waited. `Retry-After` is obeyed when it is longer, and ends the tries when it asks for more than
/// `longestRetryAfterSeconds`.
public struct RetryPolicy: Sendable, Equatable {
    /// How often a request is sent at most; 1 means no second try.
    public var attempts = 4
    /// The first wait, before jitter.
    public var firstWaitSeconds = 0.5
    /// No wait of our own is longer.
    public var longestWaitSeconds = 8.0
    /// A server that asks for a longer wait is not asked again.
    public var longestRetryAfterSeconds = 60.0

    /// The defaults: four attempts, under four seconds of waiting in all.
    public init() {}

    static let transientStatuses: Set<Int> = [408, 429, 500, 502, 503, 504]

    /// Seconds to wait before the attempt after number `attempt` (1 is the first); nil to give up.
    ///
    /// - Parameters:
    ///   - retryAfterSeconds: what the server asked for.
    ///   - jitter: a random number from 0 to 1.
    func wait(afterAttempt attempt: Int, retryAfterSeconds: Double?, jitter: Double) -> Double? {
        guard attempt < attempts else { return nil }
        var whole = firstWaitSeconds
        for _ in 1..<max(attempt, 1) where whole < longestWaitSeconds { whole *= 2 }
        let own = min(whole, longestWaitSeconds) * (0.5 + 0.5 * jitter)
        guard let asked = retryAfterSeconds else { return own }
        return asked > longestRetryAfterSeconds ? nil : max(own, asked)
    }
}
