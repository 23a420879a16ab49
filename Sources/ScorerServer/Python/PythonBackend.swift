import Diagnostics
import Glibc
import JSONText

/// Scores with Python worker processes: checks requests here, queues them over the idle workers, starts a worker again when it
/// has gone. Lives on one thread.
final class PythonBackend: Backend {
    /// Called once, when the first worker has loaded the model.
    var whenLoaded: () -> Void = {}
    /// Called when the model cannot be loaded at first start.
    var whenUnloadable: (ServerError) -> Void = { _ in }
    /// Called when there is at least one worker that can score, and when there is none any more.
    var whenServing: (Bool) -> Void = { _ in }

    private(set) var times = StageTimes()
    private var restarts = 0

    private let command: [String]
    private let environment: [String: String]
    private let loop: EventLoop
    private let state: ServerState
    private var builder: FrameBuilder
    private var seats: [Seat]
    private var queue: [WorkerJob] = []
    private var lastJob: UInt32 = 0
    private var hasLoaded = false
    private var isStopping = false
    private var timer: EventWatch?

    /// A place for a worker, which is filled again when the worker has gone.
    private struct Seat {
        var worker: PythonWorker?
        /// Failures one after the other.
        var failures = 0
        var nextStart: UInt64 = 0
    }

    /// - Parameters:
    ///   - command: the program and its arguments.
    ///   - environment: the workers' whole environment.
    init(
        command: [String], workers: Int, environment: [String: String], on loop: EventLoop, state: ServerState
    ) throws(ServerError) {
        self.command = command
        self.environment = environment
        self.loop = loop
        self.state = state
        builder = FrameBuilder(state.configuration, limits: state.limits)
        seats = Array(repeating: Seat(), count: workers)
        timer = try EventWatch(.timer, on: loop) { [unowned self] in checkTime() }
        timer?.arm(everyMilliseconds: 100)
    }

    /// Starts all workers.
    ///
    /// - Throws: when the program cannot be started at all.
    func start() throws { for index in seats.indices { try startWorker(index) } }

    /// Ends all workers.
    func stop() {
        isStopping = true
        timer = nil
        for seat in seats { seat.worker?.end(politely: true) }
        for index in seats.indices { seats[index].worker = nil }
    }

    /// Whether `number` is one of our processes, whose end we collect ourselves.
    func owns(process number: Int32) -> Bool { seats.contains { $0.worker?.processNumber == number } }

    var workers: WorkerStatus? {
        let up = seats.count { $0.worker?.isLoaded ?? false }
        return WorkerStatus(queued: queue.count, wanted: seats.count, up: up, restarts: restarts)
    }

    // MARK: Requests

    /// Nothing: only Python could tell, and `serving.json` has it.
    var description: ModelDescription { ModelDescription() }

    func score(_ request: ScoringRequest, completion: @escaping (ScoringOutcome) -> Void) {
        let payload: FrameBuilder.Payload
        let clock = JobClock()
        do throws(RequestError) {
            payload = try builder.payload(for: request)
            clock.endParsing()
            guard queue.count < state.limits.queue else {
                throw RequestError(
                    .temporarilyUnavailable, "The server is busy: \(state.limits.queue) requests are waiting.")
            }
        } catch {
            clock.endParsing()
            times = clock.times
            return completion(.refusal(error, rows: nil))
        }
        lastJob &+= 1
        let deadline = Clock.now() &+ Clock.seconds(state.limits.requestSeconds)
        queue.append(
            WorkerJob(
                id: lastJob, payload: payload.bytes, rows: payload.rows, deadline: deadline, clock: clock
            ) { [unowned self] outcome in
                times = clock.finished()
                completion(outcome)
            })
        dispatch()
    }

    private func dispatch() {
        while !queue.isEmpty, let worker = seats.lazy.compactMap(\.worker).first(where: \.isIdle) {
            let job = queue.removeFirst()
            job.clock.endWaiting()
            worker.begin(job)
        }
    }

    private func checkTime() {
        let now = Clock.now()
        while let first = queue.first, now > first.deadline {
            queue.removeFirst()
            first.completion(
                .refusal(RequestError(.temporarilyUnavailable, "No worker became free in time."), rows: first.rows))
        }
        for index in seats.indices {
            if let worker = seats[index].worker, let job = worker.job, now > job.deadline {
                endHung(worker, index, job)
            } else if seats[index].worker == nil, now >= seats[index].nextStart, !isStopping {
                do { try startWorker(index) } catch { lost(index, Diagnostic.wrapping(error).summary) }
            }
        }
    }

    private func endHung(_ worker: PythonWorker, _ index: Int, _ job: WorkerJob) {
        worker.job = nil
        worker.end(politely: false)
        lost(index, "it did not answer within \(state.limits.requestSeconds) s and was killed")
        let message = "The model did not answer within \(state.limits.requestSeconds) seconds."
        job.completion(.refusal(RequestError(.deadlineExceeded, message), rows: job.rows))
    }

    // MARK: Workers

    private func startWorker(_ index: Int) throws {
        seats[index].worker = try PythonWorker.start(
            number: index + 1, command: command, environment: environment, on: loop
        ) { [unowned self] worker, event in handle(event, of: worker, at: index) }
    }

    private func handle(_ event: PythonWorker.Event, of worker: PythonWorker, at index: Int) {
        switch event {
        case .ready(let payload): loaded(worker, payload)
        case .loadFailed(let payload): failedToLoad(index, payload)
        case .ended(let reason): ended(worker, index, reason)
        case .answer(let payload):
            seats[index].failures = 0
            guard let job = worker.job else { return }
            worker.job = nil
            payload.withUnsafeBytes { job.completion(.answer($0, rows: job.rows ?? 0)) }
            dispatch()
        case .error(let payload):
            seats[index].failures = 0
            guard let job = worker.job else { return }
            worker.job = nil
            job.completion(.refusal(refusal(payload, worker), rows: job.rows))
            dispatch()
        }
    }

    private func loaded(_ worker: PythonWorker, _ payload: [UInt8]) {
        let hello = try? JSONText.parse(payload)
        state.log.write(
            "worker-ready",
            [
                ("worker", .int(worker.number)), ("process", .int(Int(worker.processNumber))),
                ("python", hello?["python"] ?? .null), ("loader", hello?["loader"] ?? .null),
                ("seconds", hello?["seconds"] ?? .null),
            ])
        if !hasLoaded {
            hasLoaded = true
            whenLoaded()
        }
        whenServing(true)
        dispatch()
    }

    private func failedToLoad(_ index: Int, _ payload: [UInt8]) {
        let report = try? JSONText.parse(payload)
        let message = report?["message"]?.stringValue ?? "no reason was given"
        forwardTraceback(report, worker: index + 1)
        seats[index].worker?.end(politely: false)
        lost(index, "it could not load the model: \(message)")
    }

    private func ended(_ worker: PythonWorker, _ index: Int, _ reason: String) {
        let job = worker.job
        worker.job = nil
        lost(index, reason)
        let message = "The worker that evaluated the model has ended; the request was not answered."
        job?.completion(.refusal(RequestError(.temporarilyUnavailable, message), rows: job?.rows))
    }

    /// Empties a seat, and decides when it is filled again.
    private func lost(_ index: Int, _ reason: String) {
        seats[index].worker = nil
        guard !isStopping else { return }
        let pause = min(30_000, 100 << min(seats[index].failures, 10))
        seats[index].failures += 1
        if hasLoaded { restarts += 1 }
        seats[index].nextStart = Clock.now() &+ UInt64(pause) &* 1_000_000
        state.log.write(
            "worker-ended",
            [
                ("worker", .int(index + 1)), ("reason", .string(quotedLine(reason))),
                ("restart_milliseconds", hasLoaded ? .int(pause) : .null),
            ])
        if !seats.contains(where: { $0.worker?.isLoaded ?? false }) { whenServing(false) }
        guard !hasLoaded else { return }
        isStopping = true
        whenUnloadable(
            ServerError(
                .worker, "cannot start the model's Python worker: \(quotedLine(reason))",
                hints: ["the worker's own words are on standard error"]))
    }

    /// What the caller is told of an error in the worker; the rest goes to standard error.
    private func refusal(_ payload: [UInt8], _ worker: PythonWorker) -> RequestError {
        guard let report = try? JSONText.parse(payload), let message = report["message"]?.stringValue else {
            return RequestError(.internalError, "The model could not be evaluated.")
        }
        forwardTraceback(report, worker: worker.number)
        let status = report["status"]?.intValue
        guard report["kind"]?.stringValue == "input" else {
            return RequestError(.internalError, "The model could not be evaluated.")
        }
        let code = report["error_code"]?.stringValue ?? "BAD_REQUEST"
        return RequestError(code: code, status: status ?? 400, message)
    }

    private func forwardTraceback(_ report: JSONValue?, worker: Int) {
        guard let traceback = report?["traceback"]?.stringValue else { return }
        for line in traceback.split(separator: "\n") {
            let bytes = Array("[worker \(worker)] \(line)\n".utf8)
            _ = Glibc.write(2, bytes, bytes.count)
        }
    }

    private func quotedLine(_ text: String) -> String { escaped(text, limit: 1000) }
}
