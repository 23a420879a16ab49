import Glibc
import Synchronization

/// Everything that `/metrics` tells: the threads' counters and who the model is.
final class Metrics: Sendable {
    /// When the server started, in seconds since 1970.
    let startTime: Double
    private let threads = Mutex<[Counters]>([])
    private let artefact = Mutex<String?>(nil)

    init() {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        startTime = Double(time.tv_sec) + Double(time.tv_nsec / 1_000_000) / 1000
    }

    /// Counters of one more thread.
    func makeCounters() -> Counters {
        let counters = Counters()
        threads.withLock { $0.append(counters) }
        return counters
    }

    /// The sum of all threads' counters, in the order of `CounterLayout`.
    func sums() -> [UInt64] {
        var sums = [UInt64](repeating: 0, count: CounterLayout.count)
        for counters in threads.withLock({ $0 }) { counters.add(to: &sums) }
        return sums
    }

    /// The digest of what a native model was made of, as `sha256:…`.
    var digest: String? {
        get { artefact.withLock { $0 } }
        set { artefact.withLock { $0 = newValue } }
    }
}

/// What a backend tells of its workers.
struct WorkerStatus {
    /// Requests that wait for a worker.
    var queued: Int
    /// Requests that were dropped while they waited, because their clients had gone.
    var abandoned: Int
    /// Workers that there should be.
    var wanted: Int
    /// Workers that have loaded the model.
    var up: Int
    /// Workers that were started again.
    var restarts: Int
}

/// Writes the metrics of a server in Prometheus' text format, version 0.0.4.
struct MetricsDocument {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private(set) var bytes: [UInt8] = []

    /// - Parameter workers: nil for a native model.
    init(_ state: ServerState, workers: WorkerStatus?) {
        bytes.reserveCapacity(16 << 10)
        let sums = state.metrics.sums()
        appendModel(state)
        appendAnswers(sums)
        appendErrors(sums)
        appendTimes(sums)
        appendTotals(sums, state)
        if let workers { append(workers) }
        appendLog(state.log)
        appendProcess(since: state.metrics.startTime)
    }

    private mutating func appendModel(_ state: ServerState) {
        let configuration = state.configuration
        var kind = "native"
        if case .python = configuration.backend { kind = "python" }
        family("skiff_model_info", .gauge, "The model that is served; always 1.")
        let labels = [
            ("name", configuration.name), ("version", configuration.version ?? ""),
            ("run_id", configuration.runID ?? ""), ("backend", kind),
            ("digest", configuration.digest ?? state.metrics.digest ?? ""), ("skiff_version", scorerVersion),
        ]
        sample("skiff_model_info", labels, "1")
        single("skiff_ready", .gauge, "1 when the server answers scoring requests.", state.isReady ? 1 : 0)
        single("skiff_draining", .gauge, "1 from SIGTERM on.", state.isDraining ? 1 : 0)
    }

    private mutating func appendAnswers(_ sums: [UInt64]) {
        family("skiff_requests_total", .counter, "Answered requests.")
        for path in MetricPath.allCases {
            for method in MetricMethod.allCases {
                for status in 0...CounterLayout.statuses.count {
                    let count = sums[CounterLayout.index(path, method, status: status)]
                    guard count > 0 else { continue }
                    let text = status < CounterLayout.statuses.count ? String(CounterLayout.statuses[status]) : "other"
                    let labels = [("path", path.label), ("method", method.label), ("status", text)]
                    sample("skiff_requests_total", labels, String(count))
                }
            }
        }
    }

    private mutating func appendErrors(_ sums: [UInt64]) {
        family("skiff_errors_total", .counter, "Refused requests and failures by their error code.")
        for index in 0...CounterLayout.errors.count {
            let kind = index < CounterLayout.errors.count ? CounterLayout.errors[index].lowercased() : "other"
            sample("skiff_errors_total", [("kind", kind)], String(sums[CounterLayout.index(error: index)]))
        }
    }

    private mutating func appendTimes(_ sums: [UInt64]) {
        family("skiff_scoring_duration_seconds", .histogram, "From a whole scoring request to its answer.")
        appendHistogram("skiff_scoring_duration_seconds", .total, [], sums)
        family("skiff_scoring_stage_seconds", .histogram, "The parts of that time.")
        for stage in MetricStage.allCases where stage != .total {
            appendHistogram("skiff_scoring_stage_seconds", stage, [("stage", stage.label)], sums)
        }
    }

    private mutating func appendHistogram(
        _ name: String, _ stage: MetricStage, _ labels: [(String, String)], _ sums: [UInt64]
    ) {
        let start = CounterLayout.index(of: stage)
        var count: UInt64 = 0
        for (index, bound) in CounterLayout.bounds.enumerated() {
            count &+= sums[start + index]
            sample(name + "_bucket", labels + [("le", bound.text)], String(count))
        }
        count &+= sums[start + CounterLayout.bounds.count]
        sample(name + "_bucket", labels + [("le", "+Inf")], String(count))
        let nanoseconds = sums[start + CounterLayout.bounds.count + 1]
        sample(name + "_sum", labels, "\(Double(nanoseconds) / 1e9)")
        sample(name + "_count", labels, String(count))
    }

    private mutating func appendTotals(_ sums: [UInt64], _ state: ServerState) {
        func total(_ name: CounterLayout.Total) -> UInt64 { sums[CounterLayout.index(of: name)] }
        // The counters are read one after the other, so an end may be seen before its beginning.
        let begun = total(.scoringBegun)
        let ended = min(begun, total(.scoringEnded))
        single("skiff_scoring_in_flight", .gauge, "Scoring requests that are not answered yet.", begun - ended)
        single("skiff_rows_total", .counter, "Rows that were scored.", total(.rows))
        single("skiff_request_bytes_total", .counter, "Bytes of requests.", total(.requestBytes))
        single("skiff_response_bytes_total", .counter, "Bytes of answers' bodies.", total(.responseBytes))
        single("skiff_open_connections", .gauge, "Open connections.", UInt64(clamping: state.connectionCount))
        single("skiff_connections_total", .counter, "Connections that were taken.", total(.connections))
        single(
            "skiff_connections_refused_total", .counter, "Connections beyond the limit.", total(.connectionsRefused))
    }

    private mutating func append(_ workers: WorkerStatus) {
        single("skiff_queue_length", .gauge, "Requests that wait for a worker.", UInt64(clamping: workers.queued))
        single(
            "skiff_requests_abandoned_total", .counter, "Requests whose client went while they waited for a worker.",
            UInt64(clamping: workers.abandoned))
        single("skiff_workers", .gauge, "Worker processes that there should be.", UInt64(clamping: workers.wanted))
        single("skiff_workers_up", .gauge, "Worker processes that can score.", UInt64(clamping: workers.up))
        single(
            "skiff_worker_restarts_total", .counter, "Worker processes that were started again.",
            UInt64(clamping: workers.restarts))
    }

    private mutating func appendLog(_ log: EventLog) {
        let (taken, dropped) = log.counts
        single("skiff_log_lines_total", .counter, "Lines that were taken for standard output.", taken)
        single(
            "skiff_log_lines_dropped_total", .counter, "Lines that were dropped because nobody read standard output.",
            dropped)
    }

    private mutating func appendProcess(since start: Double) {
        family("process_start_time_seconds", .gauge, "When the process started, in seconds since 1970.")
        sample("process_start_time_seconds", [], "\(start)")
        guard let status = ProcessStatus.current() else { return }
        family("process_cpu_seconds_total", .counter, "Processor time, of the user and the system.")
        sample("process_cpu_seconds_total", [], "\(status.processorSeconds)")
        single("process_resident_memory_bytes", .gauge, "Resident memory.", status.residentBytes)
        single("process_virtual_memory_bytes", .gauge, "Virtual memory.", status.virtualBytes)
        single("process_open_fds", .gauge, "Open descriptors.", status.openDescriptors)
        single("process_max_fds", .gauge, "The limit of open descriptors.", status.descriptorLimit)
    }

    // MARK: Text

    private enum Kind: String { case counter, gauge, histogram }

    private mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: UInt64) {
        family(name, kind, help)
        sample(name, [], String(value))
    }

    private mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        append("# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n")
    }

    private mutating func sample(_ name: String, _ labels: [(String, String)], _ value: String) {
        append(name)
        for (index, (label, text)) in labels.enumerated() {
            append(index == 0 ? "{" : ",")
            append(label)
            append("=\"")
            appendLabel(text)
            append("\"")
        }
        append(labels.isEmpty ? " " : "} ")
        append(value)
        append("\n")
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    /// Of a label's value three characters are written as escapes.
    private mutating func appendLabel(_ text: String) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): append("\\\\")
            case UInt8(ascii: "\""): append("\\\"")
            case UInt8(ascii: "\n"): append("\\n")
            default: bytes.append(byte)
            }
        }
    }
}
