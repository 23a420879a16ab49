import Platform

/// What the environment says about workers, and what workers get as theirs.
struct WorkerEnvironment {
    /// How workers come to be.
    enum Start: String {
        /// Copies of one loaded process where that is safe, else processes that load for themselves.
        case auto
        /// Copies, whatever speaks against it.
        case fork
        /// Processes that load for themselves.
        case separate
    }

    let start: Start
    /// The most private memory of one worker, in bytes; nil for no limit.
    let memoryLimit: Int?
    /// The whole environment of a worker.
    let variables: [String: String]

    /// - Throws: `ServerError` of kind `.configuration` that names the variable.
    init(_ environment: [String: String], workers: Int, processors: Int) throws(ServerError) {
        let startName = EnvironmentVariable.skiffWorkerStart.rawValue
        let words = environment[startName] ?? ""
        guard let start = Start(rawValue: words.isEmpty ? "auto" : words) else {
            throw .misuse(
                .configuration,
                "cannot use \(startName)=`\(quoted(words))`: it must be `auto`, `fork` or `separate`")
        }
        self.start = start
        let memoryName = EnvironmentVariable.skiffWorkerMemoryBytes.rawValue
        if let text = environment[memoryName], !text.isEmpty {
            guard let bytes = Int(text), (1 << 26...1 << 50).contains(bytes) else {
                throw .misuse(
                    .configuration,
                    "cannot use \(memoryName)=`\(quoted(text))`: it must be a number of bytes, at least \(1 << 26)")
            }
            memoryLimit = bytes
        } else {
            memoryLimit = nil
        }
        var variables = environment
        variables[startName] = start.rawValue
        let share = String(max(1, processors / workers))
        for name in Self.threadCounts(environment) { variables[name] = share }
        self.variables = variables
    }

    /// The variables that say how many threads libraries start, and that nobody has set. Each of the later ones goes before
    /// OMP_NUM_THREADS, so they are left alone when somebody has set that.
    private static func threadCounts(_ environment: [String: String]) -> [String] {
        guard environment["OMP_NUM_THREADS"] == nil else { return [] }
        let names = [
            "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "LOKY_MAX_CPU_COUNT",
        ]
        return names.filter { environment[$0] == nil }
    }
}
