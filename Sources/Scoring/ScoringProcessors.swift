import Synchronization

/// How many processors scoring may use at once. Evaluators that share one leave each other's processors alone: a large batch is
/// spread over those that no other large batch has.
public final class ScoringProcessors: Sendable {
    // Below 0 when more threads score than there are processors.
    private let idle: Mutex<Int>
    /// When a batch is large enough for more threads.
    let rule: Rule

    /// Threads are started for a batch that has taken `spent` nanoseconds, one for each `left` nanoseconds that it would still take.
    ///
    /// Starting a thread and waiting for it takes about 30 microseconds.
    struct Rule {
        var spent: UInt64
        var left: UInt64

        static let standard = Rule(spent: 100_000, left: 200_000)
    }

    /// Allows `count` processors, at least one.
    public convenience init(count: Int) { self.init(count: count, rule: .standard) }

    init(count: Int, rule: Rule) {
        idle = Mutex(max(1, count))
        self.rule = rule
    }

    /// Counts the calling thread as one that scores.
    func begin() { idle.withLock { $0 -= 1 } }

    /// Takes at most `count` idle processors, and gives how many.
    func take(atMost count: Int) -> Int {
        idle.withLock { idle in
            let taken = max(0, min(count, idle))
            idle -= taken
            return taken
        }
    }

    /// Gives processors back.
    func end(_ count: Int) { idle.withLock { $0 += count } }
}
