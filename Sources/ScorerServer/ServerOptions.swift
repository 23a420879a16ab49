/// How to serve: what the command line and the environment say.
public struct ServerOptions: Sendable {
    /// A folder with `serving.json`, or a `.skiff` file.
    public var path: String
    /// Where to listen.
    public var address: ListenAddress
    /// Event threads for a native model, and the processors that large batches may use together; nil: all processors for us.
    public var threads: Int?
    /// Python workers; nil: as `serving.json` says.
    public var workers: Int?
    /// Whether each request gets a line on standard output.
    public var logsRequests = true
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
    ///   - listen, threads, workers: the options of the command line; nil when not given.
    /// - Throws: `ServerError` of kind `.configuration` or `.address` that names the variable or option.
    public init(
        path: String, listen: String?, threads: String?, workers: String?, environment: [String: String]
    ) throws(ServerError) {
        self.path = path
        self.environment = environment
        address = try ServerOptions.address(listen: listen, environment: environment)
        self.threads = try ServerOptions.count(
            threads ?? ServerOptions.value("SKIFF_THREADS", environment),
            threads == nil ? "SKIFF_THREADS" : "--threads", 1...256)
        self.workers = try ServerOptions.count(
            workers ?? ServerOptions.value("SKIFF_WORKERS", environment),
            workers == nil ? "SKIFF_WORKERS" : "--workers", 1...256)
        switch ServerOptions.value("SKIFF_ACCESS_LOG", environment) {
        case nil, "on": logsRequests = true
        case "off": logsRequests = false
        case let other?:
            throw ServerError(
                .configuration, "cannot use SKIFF_ACCESS_LOG=`\(quoted(other))`: it must be `on` or `off`")
        }
        for entry in Limits.names {
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

    private static func value(_ name: String, _ environment: [String: String]) -> String? {
        guard let value = environment[name], !value.isEmpty else { return nil }
        return value
    }

    private static func count(_ text: String?, _ name: String, _ range: ClosedRange<Int>) throws(ServerError) -> Int? {
        guard let text else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw ServerError(
                .configuration,
                "cannot use \(name)=`\(quoted(text))`: it must be a whole number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return number
    }
}
