/// How to serve: what the command line and the environment say.
public struct ServerOptions: Sendable {
    /// A folder with `serving.json`, or a `.skiff` file.
    public var path: String
    /// Where to listen.
    public var address: ListenAddress
    /// Event threads for a native model, and the processors that large batches may use together; nil: all processors for us.
    public var threads: Int?
    /// Python workers; nil: as `serving.json` says, and if that says nothing as many as `auto` gives.
    public var workers: Int?
    /// Whether the number of Python workers follows from the processors and the memory.
    public var workersFollowMachine = false
    /// Whether each request gets a line on standard output.
    public var logsRequests = true
    /// How far to follow MLflow's server where it is careless; nil: as `serving.json` says.
    var compatibility: Compatibility?
    /// What of requests and answers stands in the log; nil for nothing.
    public var dataLogging: DataLogging?
    /// The key of digests in the log; nil for a new one at each start.
    public var logKey: String?
    /// How the service is called in the log; nil for the model's name.
    public var serviceName: String?
    /// Whether answers tell where their time went.
    public var sendsServerTiming = true
    /// Seconds after SIGTERM in which new connections are still taken.
    public var drainDelay = 0
    /// Limits that differ from those of `serving.json`, by their names there.
    public var limits: [(name: String, value: Int)] = []
    /// The environment, for the workers.
    public var environment: [String: String]

    /// Serves `path` at `address`, with the environment for workers.
    public init(path: String, address: ListenAddress, environment: [String: String]) {
        self.path = path
        self.address = address
        self.environment = environment
    }

    /// Reads the variables `PORT` and `SKIFF_…`; what the command line gives goes before them.
    ///
    /// - Parameters:
    ///   - path: the argument of the command line.
    ///   - listen, threads, workers, compatibility: the options of the command line; nil when not given.
    /// - Throws: `ServerError` of kind `.configuration` or `.address` that names the variable or option, with the status of a misuse.
    public init(
        path: String, listen: String?, threads: String?, workers: String?, compatibility: String? = nil,
        environment: [String: String]
    ) throws(ServerError) {
        self.path = path
        self.environment = environment
        address = try ServerOptions.address(listen: listen, environment: environment)
        self.threads = try ServerOptions.count(
            threads ?? ServerOptions.value("SKIFF_THREADS", environment),
            threads == nil ? "SKIFF_THREADS" : "--threads", 1...256)
        let workersText = workers ?? ServerOptions.value("SKIFF_WORKERS", environment)
        workersFollowMachine = workersText == "auto"
        self.workers = try ServerOptions.count(
            workersFollowMachine ? nil : workersText, workers == nil ? "SKIFF_WORKERS" : "--workers", 1...256)
        if let word = compatibility ?? ServerOptions.value("SKIFF_COMPAT", environment) {
            guard let value = Compatibility(rawValue: word) else {
                let name = compatibility == nil ? "SKIFF_COMPAT" : "--compat"
                throw .misuse(
                    .configuration, "cannot use \(name)=`\(quoted(word))`: it must be `strict` or `mlflow`")
            }
            self.compatibility = value
        }
        try readOperations(environment)
        for entry in Limits.all {
            let name = "SKIFF_LIMIT_\(entry.name.uppercased())"
            let value = try ServerOptions.count(ServerOptions.value(name, environment), name, 1...(1 << 40))
            if let value { limits.append((entry.name, value)) }
        }
    }

    /// Where to listen: `--listen`, else `SKIFF_LISTEN`, else port 8080 of every address; `PORT` replaces the port of the latter two.
    public static func address(
        listen: String?, environment: [String: String]
    ) throws(ServerError) -> ListenAddress {
        if let listen { return try ListenAddress(parsing: listen) }
        let address = try ListenAddress(parsing: value("SKIFF_LISTEN", environment) ?? "0.0.0.0:8080")
        guard let port = value("PORT", environment) else { return address }
        let host = address.host.contains(":") ? "[\(address.host)]" : address.host
        return try ListenAddress(parsing: "\(host):\(port)")
    }

    private mutating func readOperations(_ environment: [String: String]) throws(ServerError) {
        logsRequests = try ServerOptions.isOn("SKIFF_ACCESS_LOG", environment)
        sendsServerTiming = try ServerOptions.isOn("SKIFF_SERVER_TIMING", environment)
        if let text = ServerOptions.value("SKIFF_LOG_DATA", environment) { dataLogging = try DataLogging.parse(text) }
        logKey = ServerOptions.value("SKIFF_LOG_KEY", environment)
        serviceName = ServerOptions.value("SKIFF_SERVICE_NAME", environment)
        // What runs in the workers must not be able to undo the digests.
        self.environment["SKIFF_LOG_KEY"] = nil
        // There, others learn of our end while they still send us connections; Kubernetes sets this variable in every container.
        let isInKubernetes = ServerOptions.value("KUBERNETES_SERVICE_HOST", environment) != nil
        drainDelay =
            try ServerOptions.count(
                ServerOptions.value("SKIFF_DRAIN_DELAY", environment), "SKIFF_DRAIN_DELAY", 0...3600)
            ?? (isInKubernetes ? 5 : 0)
    }

    /// How the data of requests is logged.
    func dataLog(of configuration: ServingConfiguration, _ limits: Limits) -> DataLog? {
        guard let dataLogging else { return nil }
        var key = Array((logKey ?? "").utf8)
        if key.isEmpty {
            var random = RandomPool()
            random.appendHexadecimal(32, to: &key)
        }
        return DataLog(
            logging: dataLogging, hash: dataLogging.form == .hashed ? ValueHash(key: key) : nil,
            service: serviceName ?? configuration.name, model: configuration.name, version: configuration.version,
            dataBytes: limits.logDataBytes)
    }

    private static func isOn(_ name: String, _ environment: [String: String]) throws(ServerError) -> Bool {
        switch value(name, environment) {
        case nil, "on": return true
        case "off": return false
        case let other?:
            throw .misuse(.configuration, "cannot use \(name)=`\(quoted(other))`: it must be `on` or `off`")
        }
    }

    private static func value(_ name: String, _ environment: [String: String]) -> String? {
        guard let value = environment[name], !value.isEmpty else { return nil }
        return value
    }

    private static func count(_ text: String?, _ name: String, _ range: ClosedRange<Int>) throws(ServerError) -> Int? {
        guard let text else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw .misuse(
                .configuration,
                "cannot use \(name)=`\(quoted(text))`: it must be a whole number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return number
    }
}
