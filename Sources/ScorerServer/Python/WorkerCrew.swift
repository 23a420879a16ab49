import Diagnostics
import Glibc
import JSONText
import Platform

/// The workers: starts them, tests each before it works, and fills a place again when its worker has gone.
///
/// The first process loads the model. When it may be copied (it says so: no threads, no connections, no files are open) it works on
/// no request, but is the parent of all workers: each is a copy (`fork`) that shares its memory, and is there in milliseconds.
/// Otherwise it is the first worker, and the others load for themselves.
final class WorkerCrew {
    /// Called once, when every place has a worker that passed the self-test.
    var whenComplete: () -> Void = {}
    /// Called when that cannot be.
    var whenUnstartable: (ServerError) -> Void = { _ in }
    /// Called when there is at least one worker that can score, and when there is none any more.
    var whenServing: (Bool) -> Void = { _ in }
    /// Called when a worker may be free.
    var whenIdle: () -> Void = {}
    /// Tests a worker.
    var test: (PythonWorker, @escaping (ServerError?) -> Void) -> Void = { $1(nil) }

    /// The time that a copy has to begin.
    private static let copySeconds = 10

    private let command: [String]
    private let environment: WorkerEnvironment
    private let loop: EventLoop
    private let state: ServerState
    private let output = ErrorLines()
    private var seats: [Seat]
    /// What the workers are copied from.
    private var parent: PythonWorker?
    /// The process that shows, when it has loaded, whether it may be copied.
    private var candidate: PythonWorker?
    private var makesCopies: Bool
    private var lastCopy: UInt32 = 0
    /// Workers that were lost after the start, each of which is started again.
    private(set) var restarts = 0
    private var isComplete = false
    private var isStopping = false

    /// A place for a worker.
    private struct Seat {
        var worker: PythonWorker?
        var isServing = false
        /// The number of the copy that was asked for.
        var copy: UInt32 = 0
        /// When a copy must have begun.
        var startEnd: UInt64 = .max
        /// Failures one after the other.
        var failures = 0
        var nextStart: UInt64 = 0
    }

    init(command: [String], count: Int, environment: WorkerEnvironment, on loop: EventLoop, state: ServerState) {
        self.command = command
        self.environment = environment
        self.loop = loop
        self.state = state
        seats = Array(repeating: Seat(), count: count)
        makesCopies = environment.start != .separate
    }

    /// - Throws: when the program cannot be started at all.
    func start() throws {
        // A copy of a copy becomes our child, or nobody here could end it.
        makesCopies = makesCopies && ChildProcess.adoptOrphans()
        for index in seats.indices { try fill(index) }
    }

    func stop() {
        isStopping = true
        let workers = [parent].compactMap { $0 } + seats.compactMap(\.worker)
        for worker in workers { worker.askToStop() }
        let end = Clock.now() &+ 500_000_000
        for worker in workers { worker.end(within: max(0, Double(Int64(bitPattern: end &- Clock.now()))) / 1e9) }
        parent = nil
        for index in seats.indices { seats[index].worker = nil }
    }

    func owns(process number: Int32) -> Bool {
        parent?.processNumber == number || seats.contains { $0.worker?.processNumber == number }
    }

    /// The places for workers.
    var count: Int { seats.count }
    /// The workers that can score.
    var servingCount: Int { seats.count { $0.isServing } }

    /// A worker that waits for a request.
    var idleWorker: PythonWorker? {
        seats.first { $0.isServing && $0.worker?.isIdle ?? false }?.worker
    }

    // MARK: Time

    func checkTime(_ now: UInt64) {
        output.flush()
        parent?.checkTime(now)
        for index in seats.indices {
            guard let worker = seats[index].worker else {
                if now >= seats[index].nextStart { refill(index) }
                continue
            }
            worker.checkTime(now)
            if let job = worker.job, now > job.deadline {
                endHung(worker, index, job)
            } else if now > seats[index].startEnd {
                worker.end()
                // Whatever keeps it from copying itself will keep it again.
                parent?.end()
                parent = nil
                lost(index, "it did not begin within \(Self.copySeconds) s")
            }
        }
    }

    private func endHung(_ worker: PythonWorker, _ index: Int, _ job: WorkerJob) {
        worker.job = nil
        worker.end()
        lost(index, "it did not answer within \(state.limits.requestSeconds) s and was killed")
        let message = "The model did not answer within \(state.limits.requestSeconds) seconds."
        job.completion(.refusal(RequestError(.deadlineExceeded, message), rows: job.rows))
    }

    // MARK: Starting

    private func fillAll() {
        for index in seats.indices where seats[index].worker == nil && Clock.now() >= seats[index].nextStart {
            refill(index)
        }
    }

    private func refill(_ index: Int) {
        guard !isStopping else { return }
        do { try fill(index) } catch { lost(index, Diagnostic.wrapping(error).summary) }
    }

    private func fill(_ index: Int) throws {
        // Until it has loaded, nobody knows whether it can be copied.
        guard candidate == nil else { return }
        let handler: (PythonWorker, PythonWorker.Event) -> Void = { [unowned self] in handle($1, of: $0) }
        if let parent {
            lastCopy &+= 1
            seats[index].copy = lastCopy
            seats[index].startEnd = Clock.now() &+ Clock.seconds(Self.copySeconds)
            seats[index].worker = try PythonWorker.copy(
                of: parent, number: index + 1, request: lastCopy, output: output, on: loop, report: handler)
            return
        }
        let worker = try PythonWorker.start(
            number: index + 1, command: command, environment: environment.variables, output: output, on: loop,
            report: handler)
        seats[index].worker = worker
        if makesCopies { candidate = worker }
    }

    /// The process has loaded the model: it is to be copied, or a worker that is to be tested.
    private func loaded(_ worker: PythonWorker, _ index: Int, _ hello: [UInt8]) {
        guard worker === candidate else { return begin(worker, index) }
        candidate = nil
        let report = try? JSONText.parse(hello)
        makesCopies = report?["fork"]?.boolValue ?? false
        state.log.write(
            "workers",
            [
                ("count", .int(seats.count)), ("start", makesCopies ? "copies" : "separate"),
                ("reason", report?["reason"] ?? .null), ("seconds", report?["seconds"] ?? .null),
            ])
        if makesCopies {
            worker.becomeParent()
            parent = worker
            seats[index].worker = nil
        } else {
            begin(worker, index)
        }
        fillAll()
    }

    private func copied(_ request: UInt32, _ payload: [UInt8]) {
        guard let index = seats.firstIndex(where: { $0.copy == request && $0.worker?.isCopy ?? false }),
            let worker = seats[index].worker, worker.processNumber == nil
        else { return }
        let report = try? JSONText.parse(payload)
        guard let number = report?["process"]?.intValue.flatMap({ Int32(exactly: $0) }) else {
            let reason = report?["message"]?.stringValue ?? "no reason was given"
            return lost(index, "the loaded process could not be copied: \(reason)")
        }
        guard worker.adopt(process: number) else { return lost(index, "it ended at once") }
        begin(worker, index)
    }

    /// Tests a worker that is loaded and whose process is known.
    private func begin(_ worker: PythonWorker, _ index: Int) {
        guard worker.isLoaded, let process = worker.processNumber else { return }
        seats[index].startEnd = .max
        test(worker) { [unowned self] problem in
            // It may have gone meanwhile, and that is told already.
            guard seats[index].worker === worker, !isStopping else { return }
            if let problem { return failed(worker, index, problem) }
            let hello = try? JSONText.parse(worker.hello)
            state.log.write(
                "worker-ready",
                [
                    ("worker", .int(worker.number)), ("process", .int(Int(process))),
                    ("python", hello?["python"] ?? .null), ("loader", hello?["loader"] ?? .null),
                    ("seconds", hello?["seconds"] ?? .null),
                ])
            seats[index].isServing = true
            whenServing(true)
            if !isComplete, seats.allSatisfy(\.isServing) {
                isComplete = true
                whenComplete()
            }
            whenIdle()
        }
    }

    private func failed(_ worker: PythonWorker, _ index: Int, _ problem: ServerError) {
        worker.end()
        guard !isComplete else { return lost(index, "it failed its self-test: \(problem.diagnostic.summary)") }
        seats[index].worker = nil
        isStopping = true
        whenUnstartable(problem)
    }

    // MARK: Events

    private func handle(_ event: PythonWorker.Event, of worker: PythonWorker) {
        if worker === parent { return handleParent(event) }
        guard let index = seats.firstIndex(where: { $0.worker === worker }) else { return }
        switch event {
        case .ready(let payload): loaded(worker, index, payload)
        case .loadFailed(let payload):
            let report = WorkerReport(payload)
            report.forwardTraceback(to: output, worker: worker.number)
            worker.end()
            lost(index, "it could not load the model: \(report.message ?? "no reason was given")")
        case .forked: break
        case .ended(let reason): ended(worker, index, reason)
        case .answer(let text):
            seats[index].failures = 0
            guard let job = worker.job else { return }
            worker.job = nil
            text.withUnsafeBytes { job.completion(.answer($0, rows: job.rows ?? 0)) }
            whenIdle()
        case .error(let payload):
            seats[index].failures = 0
            guard let job = worker.job else { return }
            worker.job = nil
            let report = WorkerReport(payload)
            report.forwardTraceback(to: output, worker: worker.number)
            job.completion(.refusal(report.refusal, rows: job.rows))
            whenIdle()
        }
    }

    private func handleParent(_ event: PythonWorker.Event) {
        switch event {
        case .forked(let request, let payload): copied(request, payload)
        case .ended(let reason):
            parent?.end()
            parent = nil
            // The workers go on; the next place to fill gets a new one.
            state.log.write("workers-parent-ended", [("reason", .string(quotedLine(reason)))])
        case .ready, .loadFailed, .answer, .error: break
        }
    }

    private func ended(_ worker: PythonWorker, _ index: Int, _ reason: String) {
        let job = worker.job
        worker.job = nil
        var reason = reason
        let namesMemory = reason.hasSuffix("memory")
        if let limit = environment.memoryLimit, namesMemory || reason.hasPrefix("signal") {
            let name = EnvironmentVariable.skiffWorkerMemoryBytes.rawValue
            reason += "\(namesMemory ? "" : ", perhaps for want of memory"); \(name) is \(limit)"
        }
        worker.end()
        lost(index, reason)
        let message =
            reason.hasPrefix("it ran out of memory")
            ? "The worker that evaluated the model ran out of memory; the request was not answered."
            : "The worker that evaluated the model has ended; the request was not answered."
        job?.completion(.refusal(RequestError(.temporarilyUnavailable, message), rows: job?.rows))
    }

    /// Empties a place, and decides when it is filled again.
    private func lost(_ index: Int, _ reason: String) {
        if let worker = seats[index].worker, worker === candidate { candidate = nil }
        seats[index].worker = nil
        seats[index].isServing = false
        seats[index].startEnd = .max
        guard !isStopping else { return }
        let pause = min(30_000, 100 << min(seats[index].failures, 10))
        seats[index].failures += 1
        if isComplete { restarts += 1 }
        seats[index].nextStart = Clock.now() &+ UInt64(pause) &* 1_000_000
        state.log.write(
            "worker-ended",
            [
                ("worker", .int(index + 1)), ("reason", .string(quotedLine(reason))),
                ("restart_milliseconds", isComplete ? .int(pause) : .null),
            ])
        if !seats.contains(where: \.isServing) { whenServing(false) }
        guard !isComplete else { return }
        isStopping = true
        whenUnstartable(
            ServerError(
                .worker, "cannot start the model's Python worker: \(quotedLine(reason))",
                hints: ["the worker's own words are on standard error"]))
    }

    private func quotedLine(_ text: String) -> String { escaped(text, limit: 1000) }
}
