import Glibc

/// The time of day, which may be wrong and may jump: only for what must name a time to others.
public enum WallClock {
    /// Milliseconds since 1970-01-01 00:00 UTC.
    public static func milliseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }

    /// `2026-11-22 21:18 UTC`, from seconds since 1970; the number itself when it is no date.
    public static func text(_ seconds: Int) -> String {
        var seconds = time_t(seconds)
        var date = tm()
        guard gmtime_r(&seconds, &date) != nil else { return "\(seconds)" }
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(Int(date.tm_year) + 1900)-\(two(date.tm_mon + 1))-\(two(date.tm_mday)) "
            + "\(two(date.tm_hour)):\(two(date.tm_min)) UTC"
    }
}
