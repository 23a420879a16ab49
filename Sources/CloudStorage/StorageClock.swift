/// The time as a storage has it: this machine's, until the storage refuses that and its own `Date` is taken, once.
public final class StorageClock {
    private let now: () -> Int
    private var offset = 0
    private var isCorrected = false

    /// Reads a clock.
    ///
    /// - Parameter now: seconds since 1970 by this machine's clock.
    public init(now: @escaping () -> Int) {
        self.now = now
    }

    /// What a request that is signed now says.
    public var time: CalendarTime { CalendarTime(seconds: now() + offset) }

    /// Takes over `date`, the storage's own time in seconds since 1970, after it refused a request as too far from it.
    ///
    /// - Returns: false when there is nothing more to be done: it named no time, or its time was taken over before. A
    ///   request that only lay too long between signing and sending may be signed again as often as needed.
    public func correct(by date: Int?) -> Bool {
        guard let date else { return false }
        let difference = date - now() - offset
        if difference.magnitude < 300 { return true }
        guard !isCorrected else { return false }
        isCorrected = true
        offset += difference
        return true
    }
}
