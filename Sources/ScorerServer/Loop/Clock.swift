import Glibc

/// Tells how long each of several steps took.
struct StopWatch {
    private var last = Clock.now()

    /// Nanoseconds since the last lap.
    mutating func lap() -> UInt64 {
        let now = Clock.now()
        defer { last = now }
        return now &- last
    }
}

/// Time for deadlines and for log lines.
enum Clock {
    /// Nanoseconds on a clock that never goes back.
    static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }

    static func seconds(_ count: Int) -> UInt64 { UInt64(count) &* 1_000_000_000 }

    static func milliseconds(_ count: Int) -> UInt64 { UInt64(count) &* 1_000_000 }

    /// The time of day as `2026-01-02T03:04:05.678Z`.
    static func timestamp() -> String {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        var parts = tm()
        gmtime_r(&time.tv_sec, &parts)
        let date = "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
        let milliseconds = Int32(time.tv_nsec / 1_000_000)
        let fraction = milliseconds < 100 ? "0\(two(milliseconds))" : "\(milliseconds)"
        return "\(date)T\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)).\(fraction)Z"
    }

    private static func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
