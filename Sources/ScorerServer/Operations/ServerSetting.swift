/// One setting of the server: what may be set by a variable, and perhaps by an option, which goes before it.
public struct ServerSetting: Sendable {
    /// The variable.
    public let variable: String
    /// The option of `skiff-scorer`, without its dashes.
    public let option: String?
    /// What holds when neither is given.
    public let defaultText: String
    /// What it does.
    public let help: String

    private init(_ variable: String, option: String? = nil, default text: String, _ help: String) {
        self.variable = variable
        self.option = option
        defaultText = text
        self.help = help
    }

    /// Every setting. `examples/operations.md` has the same table; a test compares them.
    public static let all: [ServerSetting] =
        [
            ServerSetting("SKIFF_LISTEN", option: "listen", default: "0.0.0.0:8080", "where to listen: HOST:PORT"),
            ServerSetting("PORT", default: "8080", "the port, in place of that of SKIFF_LISTEN"),
            ServerSetting(
                "SKIFF_THREADS", option: "threads", default: "one a processor",
                "event threads of a native model; a Python model has one"),
            ServerSetting(
                "SKIFF_WORKERS", option: "workers", default: "serving.json, or auto",
                "processes of a Python model, or `auto`: one a processor, as far as the memory limit goes"),
            ServerSetting(
                "SKIFF_WORKER_START", default: "auto",
                "how they start: `fork` copies a loaded process, `separate` loads in each, `auto` copies where that is safe"
            ),
            ServerSetting(
                "SKIFF_WORKER_MEMORY_BYTES", default: "no limit",
                "the most private memory of one worker, at least 67108864"),
            ServerSetting(
                "SKIFF_COMPAT", option: "compat", default: "serving.json, or strict",
                "`strict` changes no value without a word; `mlflow` takes what MLflow's server takes where nothing is lost"
            ),
            ServerSetting("SKIFF_ACCESS_LOG", default: "on", "`off` leaves out the line of each request"),
            ServerSetting(
                "SKIFF_LOG_DATA", default: "off",
                "what of requests and answers is logged: `off`, `full`, `sampled:RATE`, `hashed` or `hashed:RATE`"),
            ServerSetting(
                "SKIFF_LOG_KEY", default: "random",
                "the key of `hashed`, so that several servers give equal values equal digests"),
            ServerSetting("SKIFF_SERVICE_NAME", default: "the model's name", "`service_name` of the lines of data"),
            ServerSetting("SKIFF_SERVER_TIMING", default: "on", "`off` leaves out the field Server-Timing"),
            ServerSetting(
                "SKIFF_DRAIN_DELAY", default: "0, or 5 in Kubernetes",
                "seconds after SIGTERM in which new connections are still taken"),
        ]
        + Limits.all.map { entry in
            ServerSetting(
                "SKIFF_LIMIT_\(entry.name.uppercased())", default: String(Limits()[keyPath: entry.path]), entry.help)
        }

    /// The settings as a section of the help text.
    public static var helpText: String {
        let width = (all.map(\.variable.count).max() ?? 0) + 2
        let lines = all.map { setting in
            let name = setting.variable + String(repeating: " ", count: width - setting.variable.count)
            return "  \(name)\(setting.help) (default: \(setting.defaultText))\n"
        }
        return "\nVARIABLES, behind the options:\n\(lines.joined())"
    }
}
