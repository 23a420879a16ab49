import Diagnostics
import Glibc
import JSONText

/// Scores with Python worker processes: checks requests here and queues them over the idle workers. Lives on one thread.
final class PythonBackend: Backend {
    /// Called once, when every worker has loaded the model and passed the self-test.
    var whenLoaded: () -> Void = {}
    /// Called when the model cannot be loaded, or fails its self-test, at first start.
    var whenUnloadable: (ServerError) -> Void = { _ in }
    /// Called when there is at least one worker that can score, and when there is none any more.
    var whenServing: (Bool) -> Void = { _ in }

    let crew: WorkerCrew
    private(set) var times = StageTimes()
    private let state: ServerState
    private var builder: FrameBuilder
    private var queue: [WorkerJob] = []
    private var lastJob: UInt32 = 0
    private var timer: EventWatch?
    /// Requests that were not worked on, because their clients had gone.
    private var abandoned = 0

    /// - Parameters:
    ///   - command: the program and its arguments.
    ///   - environment: what workers are started with.
    init(
        command: [String], workers: Int, environment: WorkerEnvironment, on loop: EventLoop, state: ServerState
    ) throws(ServerError) {
        self.state = state
        builder = FrameBuilder(state.configuration, limits: state.limits)
        crew = WorkerCrew(command: command, count: workers, environment: environment, on: loop, state: state)
        timer = try EventWatch(.timer, on: loop) { [unowned self] in checkTime() }
        crew.whenComplete = { [unowned self] in whenLoaded() }
        crew.whenUnstartable = { [unowned self] in whenUnloadable($0) }
        crew.whenServing = { [unowned self] in whenServing($0) }
        crew.whenIdle = { [unowned self] in dispatch() }
        crew.test = { [unowned self] in test($0, completion: $1) }
        timer?.arm(everyMilliseconds: 100)
    }

    /// Starts all workers.
    ///
    /// - Throws: when the program cannot be started at all.
    func start() throws { try crew.start() }

    /// Ends all workers.
    func stop() {
        timer = nil
        crew.stop()
    }

    /// Whether `number` is one of our processes, whose end we collect ourselves.
    func owns(process number: Int32) -> Bool { crew.owns(process: number) }

    var workers: WorkerStatus? {
        WorkerStatus(
            queued: queue.count, abandoned: abandoned, wanted: crew.count, up: crew.servingCount,
            restarts: crew.restarts)
    }

    // MARK: Requests

    /// Nothing: only Python could tell, and `serving.json` has it.
    var description: ModelDescription { ModelDescription() }

    func score(_ request: ScoringRequest, completion: @escaping (ScoringOutcome) -> Void) {
        let clock = JobClock()
        do throws(RequestError) {
            let job = try job(for: request, clock) { [unowned self] outcome in
                times = clock.finished()
                completion(outcome)
            }
            if queue.count >= state.limits.queue { dropAbandoned() }
            guard queue.count < state.limits.queue else {
                throw RequestError(
                    .temporarilyUnavailable, "The server is busy: \(state.limits.queue) requests are waiting.")
            }
            if queue.isEmpty, let worker = crew.idleWorker { return begin(job, on: worker) }
            queue.append(job)
        } catch {
            clock.endParsing()
            times = clock.times
            return completion(.refusal(error, rows: nil))
        }
    }

    private func job(
        for request: ScoringRequest, _ clock: JobClock, _ completion: @escaping (ScoringOutcome) -> Void
    ) throws(RequestError) -> WorkerJob {
        let frame = try builder.frame(for: request)
        clock.endParsing()
        lastJob &+= 1
        let deadline = Clock.now() &+ Clock.seconds(state.limits.requestSeconds)
        return WorkerJob(
            id: lastJob, frame: frame, deadline: deadline, clock: clock, client: request.client,
            completion: completion)
    }

    private func dispatch() {
        while !queue.isEmpty, let worker = crew.idleWorker {
            let job = queue.removeFirst()
            if job.client?.hasHungUp() ?? false { abandon(job) } else { begin(job, on: worker) }
        }
    }

    private func begin(_ job: WorkerJob, on worker: PythonWorker) {
        job.clock.endWaiting()
        worker.begin(job)
    }

    /// Takes the requests out of the queue whose clients have gone.
    private func dropAbandoned() {
        let gone = Set(queue.filter { $0.client?.hasHungUp() ?? false }.map(\.id))
        guard !gone.isEmpty else { return }
        let jobs = queue.filter { gone.contains($0.id) }
        queue.removeAll { gone.contains($0.id) }
        for job in jobs { abandon(job) }
    }

    /// Nobody gets this refusal: the connection is closed.
    private func abandon(_ job: WorkerJob) {
        abandoned += 1
        job.completion(.refusal(RequestError(.temporarilyUnavailable, "The client has gone."), rows: job.rows))
    }

    private func checkTime() {
        let now = Clock.now()
        dropAbandoned()
        while let first = queue.first, now > first.deadline {
            queue.removeFirst()
            first.completion(
                .refusal(RequestError(.temporarilyUnavailable, "No worker became free in time."), rows: first.rows))
        }
        crew.checkTime(now)
    }

    // MARK: The self-test

    /// Asks one worker alone, before it gets requests.
    private final class OneWorker: Backend {
        let worker: PythonWorker
        let backend: PythonBackend
        let times = StageTimes()
        let workers: WorkerStatus? = nil
        let description = ModelDescription()

        init(_ worker: PythonWorker, _ backend: PythonBackend) {
            self.worker = worker
            self.backend = backend
        }

        func score(_ request: ScoringRequest, completion: @escaping (ScoringOutcome) -> Void) {
            do throws(RequestError) {
                worker.begin(try backend.job(for: request, JobClock(), completion))
            } catch {
                completion(.refusal(error, rows: nil))
            }
        }
    }

    private func test(_ worker: PythonWorker, completion: @escaping (ServerError?) -> Void) {
        // Libraries differ in the last bits from one processor to the next.
        SelfTest.run(
            state.configuration.selfTests[...], on: OneWorker(worker, self), tolerance: 1e-9, completion: completion)
    }
}
