import Bytes
import Diagnostics
import Glibc
import JSONText
import Platform
import Scoring

/// What both kinds of service share on the main thread: the listener, the signals, the end.
final class Service {
    let state: ServerState
    let loop: EventLoop
    let main: ServerThread
    /// Other threads' mailboxes.
    var mailboxes: [Mailbox] = []
    /// Called for each process that ended and that we did not start: as process 1 we inherit orphans.
    var ownsProcess: (Int32) -> Bool = { _ in false }
    private var listener: ConnectionListener?
    private var watches: [EventWatch] = []
    private var nextThread = 0
    private let drainDelay: Int
    /// How long a handshake that has begun may take when the door is closed.
    private static let handshakeMilliseconds = 200
    private var listenEnd: UInt64 = 0
    private var isDoorClosed = false
    private var drainEnd: UInt64?
    private(set) var status = ExitStatus.done
    private(set) var failure: ServerError?

    /// - Parameter drainDelay: seconds after SIGTERM in which new connections are still taken.
    init(
        state: ServerState, loop: EventLoop, backend: any Backend, drainDelay: Int
    ) throws(ServerError) {
        self.state = state
        self.drainDelay = drainDelay
        self.loop = loop
        main = try ServerThread(loop: loop, state: state, backend: backend)
        for number in [SIGTERM, SIGINT] {
            let watch = try EventWatch(.signal(number), on: loop) { [unowned self] in stopAsked(number) }
            watch.arm()
            watches.append(watch)
        }
        let children = try EventWatch(.signal(SIGCHLD), on: loop) { [unowned self] in collectOrphans() }
        children.arm()
        watches.append(children)
    }

    /// Opens the port, and says so.
    func listen(_ address: ListenAddress, _ facts: [(key: String, value: JSONValue)]) throws(ServerError) {
        let (descriptor, port) = try address.listen()
        listener = try ConnectionListener(descriptor: descriptor, on: loop) { [unowned self] in distribute($0) }
        var members: [(key: String, value: JSONValue)] = [
            ("skiff_version", .string(scorerVersion)), ("name", .string(state.configuration.name)),
            ("version", .optional(state.configuration.version)), ("host", .string(address.host)),
            ("port", .int(Int(port))),
            ("process", .int(Int(getpid()))),
        ]
        members += facts
        state.log.write("start", members)
    }

    /// The model is loaded and tested: requests are answered from now on.
    func becomeReady(since start: UInt64) {
        state.becomeLoaded()
        let milliseconds = Double((Clock.now() &- start) / 10_000) / 100
        state.log.write("ready", [("milliseconds", .double(milliseconds))])
    }

    /// Ends the service because of `problem`.
    func fail(_ problem: ServerError) {
        failure = problem
        loop.stop()
    }

    /// Serves until the end, and gives the status to exit with.
    func run() throws -> ExitStatus {
        try loop.run()
        listener = nil
        main.closeAll()
        for mailbox in mailboxes { mailbox.send(.stop) }
        if let failure { throw failure }
        state.log.write("stop", [("status", .int(Int(status.rawValue)))])
        return status
    }

    /// Connections go around the threads; each stays with its own.
    private func distribute(_ descriptor: Int32) {
        nextThread = (nextThread + 1) % (mailboxes.count + 1)
        if nextThread == 0 { main.adopt(descriptor) } else { mailboxes[nextThread - 1].send(.connection(descriptor)) }
    }

    // MARK: The end

    private func stopAsked(_ number: Int32) {
        guard drainEnd == nil else { return end(.terminated) }
        let now = Clock.now()
        drainEnd = now &+ Clock.seconds(state.limits.drainSeconds)
        listenEnd = now &+ Clock.seconds(drainDelay)
        state.beginDrain()
        state.log.write("draining", [("signal", .int(Int(number))), ("connections", .int(state.connectionCount))])
        if drainDelay == 0 { closeDoor() }
        do {
            let timer = try EventWatch(.timer, on: loop) { [unowned self] in checkDrain() }
            timer.arm(everyMilliseconds: 10)
            watches.append(timer)
        } catch { end(.terminated) }
    }

    /// Nobody begins to connect any more, and those who have begun have a moment to end that.
    private func closeDoor() {
        isDoorClosed = true
        guard listener?.closeDoor() == true else { return stopListening() }
        listenEnd = Clock.now() &+ Clock.milliseconds(Service.handshakeMilliseconds)
    }

    /// Takes whoever has connected, then nobody any more.
    private func stopListening() {
        listener?.acceptWaiting()
        listener = nil
        main.drain()
        for mailbox in mailboxes { mailbox.send(.drain) }
    }

    private func checkDrain() {
        let now = Clock.now()
        if listener != nil, now > listenEnd { if isDoorClosed { stopListening() } else { closeDoor() } }
        // A connection that waits in a thread's mailbox is not counted yet.
        let isTold = listener == nil && state.drainingThreadCount > mailboxes.count
        if isTold, state.connectionCount == 0 { return end(.done) }
        if let drainEnd, now > drainEnd { end(.terminated) }
    }

    private func end(_ status: ExitStatus) {
        self.status = status
        loop.stop()
    }

    private func collectOrphans() {
        while true {
            var information = siginfo_t()
            guard waitid(P_ALL, 0, &information, WEXITED | WNOHANG | WNOWAIT) == 0 else { return }
            let number = information._sifields._sigchld.si_pid
            // A worker's own end is collected by its worker.
            guard number > 0, !ownsProcess(number) else { return }
            waitpid(number, nil, WNOHANG)
        }
    }
}

/// Serves a native model: an event loop, an evaluator and buffers for each thread.
enum NativeService {
    static func run(
        _ options: ServerOptions, _ state: ServerState, _ loop: EventLoop, modelPath: String
    ) throws -> ExitStatus {
        let start = Clock.now()
        let sizing = Sizing(modelPath: modelPath)
        let model = try CompiledModel.load(try MappedFile.open(modelPath), file: modelPath)
        state.metrics.digest = "sha256:" + Hexadecimal.encode(model.source.sha256)
        let count = options.threads ?? sizing.processors
        let processors = ScoringProcessors(count: count)
        let backend = try NativeBackend(
            model: model, configuration: state.configuration, limits: state.limits, processors: processors)
        var problem: ServerError?
        // A native model answers before `run` returns, and exactly as recorded.
        SelfTest.run(state.configuration.selfTests[...], on: backend, tolerance: nil) { problem = $0 }
        if let problem { throw problem }
        let service = try Service(state: state, loop: loop, backend: backend, drainDelay: options.drainDelay)
        for _ in 1..<max(2, count) where count > 1 {
            service.mailboxes.append(try startThread(state, model, processors))
        }
        try service.listen(options.address, [("backend", "native"), ("threads", .int(count))] + sizing.facts)
        if let warning = sizing.warning { state.log.write("warning", [("reason", .string(warning))]) }
        service.becomeReady(since: start)
        return try service.run()
    }

    private static func startThread(
        _ state: ServerState, _ model: CompiledModel, _ processors: ScoringProcessors
    ) throws -> Mailbox {
        let mailbox = try Mailbox()
        try Thread.start {
            do {
                let loop = try EventLoop.make()
                let backend = try NativeBackend(
                    model: model, configuration: state.configuration, limits: state.limits, processors: processors)
                let thread = try ServerThread(loop: loop, state: state, backend: backend)
                try thread.attach(mailbox)
                try loop.run()
                thread.closeAll()
            } catch {
                state.log.write("thread-failed", [("reason", .string(Diagnostic.wrapping(error).summary))])
                state.log.flush()
                exit(ExitStatus.failed.rawValue)
            }
        }
        return mailbox
    }
}

/// Serves a model in Python workers; one event loop is enough for them.
enum PythonService {
    static func run(
        _ options: ServerOptions, _ state: ServerState, _ loop: EventLoop, command: [String], workers: Int,
        sizing: Sizing
    ) throws -> ExitStatus {
        let start = Clock.now()
        let environment = try WorkerEnvironment(
            options.environment, workers: workers, processors: sizing.processors)
        let backend = try PythonBackend(
            command: command, workers: workers, environment: environment, on: loop, state: state)
        let service = try Service(state: state, loop: loop, backend: backend, drainDelay: options.drainDelay)
        service.ownsProcess = { [unowned backend] in backend.owns(process: $0) }
        backend.whenServing = { state.setServing($0) }
        backend.whenUnloadable = { [unowned service] in service.fail($0) }
        backend.whenLoaded = { [unowned service] in service.becomeReady(since: start) }
        let facts: [(key: String, value: JSONValue)] = [
            ("backend", "python"), ("threads", 1), ("workers", .int(workers)),
        ]
        try service.listen(options.address, facts + sizing.facts)
        if let warning = sizing.warning { state.log.write("warning", [("reason", .string(warning))]) }
        defer { backend.stop() }
        try backend.start()
        return try service.run()
    }
}
