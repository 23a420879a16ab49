import Synchronization

/// What all threads of one server share.
final class ServerState: Sendable {
    let configuration: ServingConfiguration
    let limits: Limits
    let log: EventLog
    let metrics = Metrics()
    /// nil when no request's data is logged.
    let dataLog: DataLog?
    /// Whether answers tell where their time went.
    let sendsServerTiming: Bool
    /// For bytes that connections hold.
    let budget: ByteBudget
    private let loaded = Atomic(false)
    private let serving = Atomic(true)
    private let draining = Atomic(false)
    private let connections = Atomic(0)
    private let drainingThreads = Atomic(0)

    init(
        configuration: ServingConfiguration, limits: Limits, log: EventLog, dataLog: DataLog?, sendsServerTiming: Bool
    ) {
        self.configuration = configuration
        self.limits = limits
        self.log = log
        self.dataLog = dataLog
        self.sendsServerTiming = sendsServerTiming
        budget = ByteBudget(limit: max(limits.bodyBytes, limits.bufferedBytes))
    }

    /// The model is loaded and has passed its self-test.
    var isLoaded: Bool { loaded.load(ordering: .relaxed) }

    /// The model is loaded, somebody is there to score, and no end was asked for.
    var isReady: Bool { isLoaded && serving.load(ordering: .relaxed) && !isDraining }

    var isDraining: Bool { draining.load(ordering: .relaxed) }

    var connectionCount: Int { connections.load(ordering: .relaxed) }

    func becomeLoaded() { loaded.store(true, ordering: .relaxed) }

    /// Whether a worker is there to score.
    func setServing(_ isServing: Bool) { serving.store(isServing, ordering: .relaxed) }

    /// Threads that have been told of the end and have taken every connection that was handed to them before.
    var drainingThreadCount: Int { drainingThreads.load(ordering: .relaxed) }

    func addDrainingThread() { drainingThreads.add(1, ordering: .relaxed) }

    func beginDrain() { draining.store(true, ordering: .relaxed) }

    /// Counts a connection; false when the limit is reached.
    func addConnection() -> Bool {
        if connections.add(1, ordering: .relaxed).newValue <= limits.connections { return true }
        removeConnection()
        return false
    }

    func removeConnection() { connections.subtract(1, ordering: .relaxed) }
}
