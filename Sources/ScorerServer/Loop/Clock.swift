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

    /// Writes the time of day as `2026-01-02T03:04:05.678Z`: 24 bytes.
    static func writeTimestamp(to writer: inout TextWriter) {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        write(seconds: time.tv_sec, milliseconds: time.tv_nsec / 1_000_000, to: &writer)
    }

    /// Writes a time of the years 1970 to 9999, without asking for zones, locks or memory as `gmtime_r` and strings would.
    static func write(seconds: Int, milliseconds: Int, to writer: inout TextWriter) {
        // A year that begins in March ends with the leap day: days of 400 years, of a century, of four years, of a year.
        let days = seconds / 86_400 + 719_468
        let (era, ofEra) = days.quotientAndRemainder(dividingBy: 146_097)
        let ofYears = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let day = ofEra - (365 * ofYears + ofYears / 4 - ofYears / 100)
        let month = (5 * day + 2) / 153
        let isNextYear = month >= 10
        let second = seconds % 86_400
        writer.appendDigits(era * 400 + ofYears + (isNextYear ? 1 : 0), 4)
        writer.append("-")
        writer.appendDigits(isNextYear ? month - 9 : month + 3, 2)
        writer.append("-")
        writer.appendDigits(day - (153 * month + 2) / 5 + 1, 2)
        writer.append("T")
        writer.appendDigits(second / 3600, 2)
        writer.append(":")
        writer.appendDigits(second / 60 % 60, 2)
        writer.append(":")
        writer.appendDigits(second % 60, 2)
        writer.append(".")
        writer.appendDigits(milliseconds, 3)
        writer.append("Z")
    }
}
