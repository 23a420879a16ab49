import Synchronization

/// What one thread counts. Any thread reads it; only its own thread writes, so that a load and a store are enough to add, and
/// the way of a request takes no lock and shares no cache line.
// Sound: the cells are atomics, and they live as long as the object that holds them.
final class Counters: @unchecked Sendable {
    private let cells: UnsafeMutablePointer<Atomic<UInt64>>
    // Copies of what the layout says, which would be looked up with each count.
    private let bounds: UnsafeMutableBufferPointer<UInt64>
    private let stages: Int
    private let totals: Int

    init() {
        cells = .allocate(capacity: CounterLayout.count)
        for index in 0..<CounterLayout.count { (cells + index).initialize(to: Atomic(0)) }
        bounds = .allocate(capacity: CounterLayout.bounds.count)
        _ = bounds.initialize(from: CounterLayout.bounds.map(\.nanoseconds))
        stages = CounterLayout.index(of: MetricStage.parse)
        totals = CounterLayout.index(of: CounterLayout.Total.rows)
    }

    deinit {
        cells.deinitialize(count: CounterLayout.count)
        cells.deallocate()
        bounds.deallocate()
    }

    @inline(__always)
    private func add(_ amount: UInt64, at index: Int) {
        // A build with this condition counts nothing: examples/benchmarks/observing.sh compares it with this one.
        #if !SKIFF_WITHOUT_COUNTING
            cells[index].store(cells[index].load(ordering: .relaxed) &+ amount, ordering: .relaxed)
        #endif
    }

    func add(_ amount: Int = 1, to total: CounterLayout.Total) {
        add(UInt64(clamping: amount), at: totals + total.rawValue)
    }

    func countAnswer(_ path: MetricPath, _ method: MetricMethod, status: Int) {
        add(1, at: CounterLayout.index(path, method, status: CounterLayout.statusIndex(status)))
    }

    func countError(_ code: String) { add(1, at: CounterLayout.index(error: CounterLayout.errorIndex(code))) }

    /// Notes that `stage` of a request took `nanoseconds`.
    func observe(_ nanoseconds: UInt64, _ stage: MetricStage) {
        var bucket = 0
        while bucket < bounds.count, nanoseconds > bounds[bucket] { bucket += 1 }
        let start = stages + stage.rawValue * (bounds.count + 2)
        add(1, at: start + bucket)
        add(nanoseconds, at: start + bounds.count + 1)
    }

    /// Adds all cells to `sums`.
    func add(to sums: inout [UInt64]) {
        for index in 0..<CounterLayout.count { sums[index] &+= cells[index].load(ordering: .relaxed) }
    }
}

/// Where each number stands: the sets of paths, methods, statuses and errors are fixed, so that no client can make more series.
enum CounterLayout {
    /// Numbers without labels.
    enum Total: Int, CaseIterable {
        case rows, requestBytes, responseBytes, scoringBegun, scoringEnded, connections, connectionsRefused
    }

    /// Upper bounds of the histograms' buckets, as text in seconds and in nanoseconds.
    static let bounds: [(text: String, nanoseconds: UInt64)] = [
        ("0.00001", 10_000), ("0.000025", 25_000), ("0.00005", 50_000), ("0.0001", 100_000), ("0.00025", 250_000),
        ("0.0005", 500_000), ("0.001", 1_000_000), ("0.0025", 2_500_000), ("0.005", 5_000_000), ("0.01", 10_000_000),
        ("0.025", 25_000_000), ("0.05", 50_000_000), ("0.1", 100_000_000), ("0.25", 250_000_000),
        ("0.5", 500_000_000), ("1.0", 1_000_000_000), ("2.5", 2_500_000_000), ("5.0", 5_000_000_000),
        ("10.0", 10_000_000_000), ("30.0", 30_000_000_000), ("60.0", 60_000_000_000),
    ]

    /// The statuses that the server gives by itself; a model's own exception may ask for others.
    static let statuses = [200, 400, 404, 405, 408, 413, 414, 415, 417, 426, 431, 500, 501, 503, 504, 505]

    /// The error codes that the server gives by itself.
    static let errors = [
        "BAD_REQUEST", "INVALID_PARAMETER_VALUE", "ENDPOINT_NOT_FOUND", "INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE",
        "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED",
    ]

    private static let methodCount = MetricMethod.allCases.count
    private static let statusCount = statuses.count + 1
    private static let answers = MetricPath.allCases.count * methodCount * statusCount
    private static let histogram = bounds.count + 2
    private static let errorStart = answers
    private static let stageStart = errorStart + errors.count + 1
    private static let totalStart = stageStart + MetricStage.allCases.count * histogram
    static let count = totalStart + Total.allCases.count

    static func statusIndex(_ status: Int) -> Int {
        status == 200 ? 0 : statuses.firstIndex(of: status) ?? statuses.count
    }

    static func errorIndex(_ code: String) -> Int { errors.firstIndex(of: code) ?? errors.count }

    static func index(_ path: MetricPath, _ method: MetricMethod, status: Int) -> Int {
        (path.rawValue * methodCount + method.rawValue) * statusCount + status
    }

    static func index(error: Int) -> Int { errorStart + error }

    /// The first bucket; after the buckets come those above all bounds, then the sum in nanoseconds.
    static func index(of stage: MetricStage) -> Int { stageStart + stage.rawValue * histogram }

    static func index(of total: Total) -> Int { totalStart + total.rawValue }
}

/// A part of the time of a scoring request.
enum MetricStage: Int, CaseIterable {
    case parse, validate, queue, predict, write, total

    var label: String { "\(self)" }
}

/// A request's method as metrics know it.
enum MetricMethod: Int, CaseIterable {
    case get, head, post, other

    init(_ method: HTTPHead.Method?) {
        switch method {
        case .get?: self = .get
        case .head?: self = .head
        case .post?: self = .post
        case .other?, nil: self = .other
        }
    }

    var label: String { self == .other ? "other" : "\(self)".uppercased() }
}

/// A request's path as metrics know it: one of ours, with the name and the version left out, or `other`.
enum MetricPath: Int, CaseIterable {
    case invocations, predict, ping, health, ready, version, metrics, openAPI
    case v2, v2Live, v2Ready, v2Model, v2ModelReady, v2Infer, other

    init(_ path: String) {
        switch path {
        case "/invocations": self = .invocations
        case "/predict": self = .predict
        case "/ping": self = .ping
        case "/health": self = .health
        case "/ready": self = .ready
        case "/version": self = .version
        case "/metrics": self = .metrics
        case "/openapi.json": self = .openAPI
        case "/v2": self = .v2
        case "/v2/health/live": self = .v2Live
        case "/v2/health/ready": self = .v2Ready
        case _ where path.hasPrefix("/v2/models/"): self = MetricPath(model: path)
        default: self = .other
        }
    }

    /// `/v2/models/NAME[/versions/V][/ready|/infer]`
    private init(model path: String) {
        var parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst(4)
        if parts.count >= 2, parts.first == "versions" { parts = parts.dropFirst(2) }
        switch (parts.count, parts.first) {
        case (0, _): self = .v2Model
        case (1, "ready"): self = .v2ModelReady
        case (1, "infer"): self = .v2Infer
        default: self = .other
        }
    }

    var label: String {
        switch self {
        case .invocations: "/invocations"
        case .predict: "/predict"
        case .ping: "/ping"
        case .health: "/health"
        case .ready: "/ready"
        case .version: "/version"
        case .metrics: "/metrics"
        case .openAPI: "/openapi.json"
        case .v2: "/v2"
        case .v2Live: "/v2/health/live"
        case .v2Ready: "/v2/health/ready"
        case .v2Model: "/v2/models/NAME"
        case .v2ModelReady: "/v2/models/NAME/ready"
        case .v2Infer: "/v2/models/NAME/infer"
        case .other: "other"
        }
    }
}
