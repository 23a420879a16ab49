import Glibc

/// A clock that only runs forward, for durations. It never reaches an output: times in files come from `Surroundings.sourceDate`.
public enum MonotonicClock {
    /// Nanoseconds since some moment before the process began.
    public static var nanoseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Seconds since `start`, which `nanoseconds` gave; `start` may lie before the machine's own start, where the count wraps around.
    public static func seconds(since start: UInt64) -> Double { Double(nanoseconds &- start) / 1e9 }
}
