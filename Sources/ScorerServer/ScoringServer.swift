import Bytes
public import Diagnostics
import Glibc
import Platform
import Scoring

/// The version of the server.
public let scorerVersion = "0.1.0-dev"

/// The scoring server: loads a model, serves it until it is told to stop.
public enum ScoringServer {
    /// Serves until SIGTERM or SIGINT, and returns the status to exit with.
    ///
    /// One line of JSON on standard output tells each event: `start`, `ready`, `request`, `stop`, and what happens to workers.
    /// - Throws: what keeps it from serving at all: the address, the configuration, the model, its self-test.
    /// - Note: takes over the process: its signals, its main thread, its limit of open files.
    public static func run(_ options: ServerOptions) throws -> ExitStatus {
        Signals.ignoreBrokenPipes()
        Signals.unblockEndings()
        raiseFileLimit()
        Allocator.returnLargeBlocks()
        var (configuration, folder) = try loadConfiguration(options.path)
        configuration.compatibility = options.compatibility ?? configuration.compatibility
        var limits = Limits()
        for (name, value) in configuration.limits + options.limits { try limits.set(name, to: value) }
        let writer = try LogWriter(descriptor: STDOUT_FILENO, limit: limits.logBufferBytes)
        let log = EventLog(logsRequests: options.logsRequests, writer: writer)
        defer { log.flush() }
        let state = ServerState(
            configuration: configuration, limits: limits, log: log,
            dataLog: options.dataLog(of: configuration, limits), sendsServerTiming: options.sendsServerTiming)
        let loop = try EventLoop.make()
        switch configuration.backend {
        case .native(let file):
            return try NativeService.run(options, state, loop, modelPath: folder.map { "\($0)/\(file)" } ?? file)
        case .python(let command, let workers):
            let command = command.map { localized($0, folder: folder ?? ".") }
            let sizing = Sizing(modelPath: (folder ?? ".") + "/model")
            let count = options.workersFollowMachine ? sizing.workers : options.workers ?? workers ?? sizing.workers
            return try PythonService.run(options, state, loop, command: command, workers: count, sizing: sizing)
        }
    }

    /// Asks the server at `address` on this machine whether it is ready, for a container's health check.
    ///
    /// - Returns: why it is not; nil when it is.
    public static func check(_ address: ListenAddress) -> String? { HealthCheck.problem(at: address) }

    /// The configuration, and the folder that its paths are relative to; nil for a bare `.skiff` file.
    private static func loadConfiguration(_ path: String) throws -> (ServingConfiguration, folder: String?) {
        if try FileStatus.of(path)?.kind == .directory {
            let file = path.hasSuffix("/") ? "\(path)serving.json" : "\(path)/serving.json"
            let bytes = try readFile(file, limit: 64 << 20)
            var configuration = try ServingConfiguration(parsing: bytes, file: file)
            if let name = configuration.selfTestFile {
                let file = path.hasSuffix("/") ? path + name : "\(path)/\(name)"
                try configuration.addSelfTest(parsing: try readFile(file, limit: 64 << 20), file: file)
            }
            let document = path.hasSuffix("/") ? path + "openapi.json" : "\(path)/openapi.json"
            if try FileStatus.of(document) != nil {
                configuration.apiDocument = try readFile(document, limit: 64 << 20)
            }
            return (configuration, path)
        }
        var name = path.split(separator: "/").last.map(String.init) ?? path
        if name.hasSuffix(".skiff") { name.removeLast(6) }
        return (ServingConfiguration(modelFile: path, name: name), nil)
    }

    /// Contexts name their files as they stand in the image, under `/app`; elsewhere they are in the folder that is served.
    private static func localized(_ argument: String, folder: String) -> String {
        argument.hasPrefix("/app/") ? folder + "/" + argument.dropFirst(5) : argument
    }

    /// Each connection takes a descriptor; the usual soft limit of 1024 is too low for 1024 of them.
    private static func raiseFileLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < 8192 else { return }
        limit.rlim_cur = min(limit.rlim_max, 8192)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
