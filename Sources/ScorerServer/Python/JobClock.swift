/// Where the time of one request of a Python worker goes.
final class JobClock {
    private(set) var times = StageTimes()
    private var watch = StopWatch()
    private var isParsed = false
    private var isAtWork = false

    /// The frame is made, or the request refused.
    func endParsing() {
        guard !isParsed else { return }
        isParsed = true
        times.parse = watch.lap()
    }

    /// A worker begins.
    func endWaiting() {
        isAtWork = true
        times.queue = watch.lap()
    }

    /// The outcome is there.
    func finished() -> StageTimes {
        if isAtWork { times.predict = watch.lap() } else { times.queue = watch.lap() }
        return times
    }
}
