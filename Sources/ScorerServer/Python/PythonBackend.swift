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
    private let state: ServerState
    private var builder: FrameBuilder
    private var queue: [WorkerJob] = []
    private var lastJob: UInt32 = 0
    private var timer: EventWatch?

    /// - Parameters:
    ///   - command: the program and its arguments.
    ///   - environment: what workers are started with.
    init(
        command: [String], workers: Int, environment: WorkerEnvironment, on loop: EventLoop, state: ServerState
    ) throws(ServerError) {
        self.state = state
        builder = FrameBuilder(
            schema: state.configuration.schema, parameters: state.configuration.parameters, limits: state.limits)
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

    // MARK: Requests

    func score(_ request: ScoringRequest, completion: @escaping (ScoringOutcome) -> Void) {
        do throws(RequestError) {
            let job = try job(for: request, completion)
            guard queue.count < state.limits.queue else {
                throw RequestError(
                    .temporarilyUnavailable, "The server is busy: \(state.limits.queue) requests are waiting.")
            }
            queue.append(job)
        } catch {
            return completion(.refusal(error, rows: nil))
        }
        dispatch()
    }

    private func job(
        for request: ScoringRequest, _ completion: @escaping (ScoringOutcome) -> Void
    ) throws(RequestError) -> WorkerJob {
        let frame = try builder.frame(for: request)
        lastJob &+= 1
        let deadline = Clock.now() &+ Clock.seconds(state.limits.requestSeconds)
        return WorkerJob(id: lastJob, frame: frame, deadline: deadline, completion: completion)
    }

    private func dispatch() {
        while !queue.isEmpty, let worker = crew.idleWorker { worker.begin(queue.removeFirst()) }
    }

    private func checkTime() {
        let now = Clock.now()
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

        init(_ worker: PythonWorker, _ backend: PythonBackend) {
            self.worker = worker
            self.backend = backend
        }

        func score(_ request: ScoringRequest, completion: @escaping (ScoringOutcome) -> Void) {
            do throws(RequestError) {
                worker.begin(try backend.job(for: request, completion))
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
