import Glibc
import Platform

/// Asks every millisecond whether `condition` holds, at most for `seconds`; false when it never did.
///
/// Long, so that a machine with much to do is not taken for a defect. No test waits that long when all is well.
public func eventually(within seconds: Double = 60, _ condition: () throws -> Bool) rethrows -> Bool {
    let start = MonotonicClock.nanoseconds
    while try !condition() {
        guard MonotonicClock.seconds(since: start) < seconds else { return false }
        usleep(1000)
    }
    return true
}
