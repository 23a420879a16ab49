import JSONText
import Platform

/// How wide the server runs, and whether the model can fit, from what the machine and the control group allow.
struct Sizing {
    var processors: Int
    /// The control group's limit; nil when there is none.
    var memoryBytes: Int?
    /// The files of the model.
    var modelBytes: Int

    /// What this process is allowed.
    init(modelPath: String) {
        let group = ControlGroup()
        processors = Processors.available(group)
        memoryBytes = group.memoryBytes
        modelBytes = Sizing.bytes(of: modelPath)
    }

    init(processors: Int, memoryBytes: Int?, modelBytes: Int) {
        self.processors = processors
        self.memoryBytes = memoryBytes
        self.modelBytes = modelBytes
    }

    /// Workers for `auto`: one for each processor, but no more than fit into the memory.
    ///
    /// A worker is taken to need 256 MiB for Python and its libraries and three times the model's files: a pickle is read whole,
    /// and what it becomes is often larger.
    var workers: Int {
        guard let memoryBytes else { return processors }
        return max(1, min(processors, memoryBytes / (256 << 20 + 3 * modelBytes)))
    }

    /// Why the model cannot fit; nil when it may.
    var warning: String? {
        guard let memoryBytes, modelBytes > memoryBytes else { return nil }
        return "the model's files have \(modelBytes) bytes, and the control group allows \(memoryBytes) bytes of memory"
    }

    /// For the line that tells of the start.
    var facts: [(key: String, value: JSONValue)] {
        [
            ("processors", .int(processors)), ("memory_limit_bytes", memoryBytes.map(JSONValue.int) ?? .null),
            ("model_bytes", .int(modelBytes)),
        ]
    }

    /// The size of a file, or of all files in a folder.
    private static func bytes(of path: String) -> Int {
        // What cannot be read is told when the model is loaded.
        guard let status = try? FileStatus.of(path) else { return 0 }
        guard status.kind == .directory else { return status.size }
        guard let entries = try? DirectoryWalk.entries(of: path) else { return 0 }
        return entries.reduce(0) { $0 + ($1.status.kind == .file ? $1.status.size : 0) }
    }
}
