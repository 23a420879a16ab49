import Glibc
import Platform

/// How many processors there are for us.
enum Processors {
    /// The processors that we may run on, or fewer when the control group allows less time; at least 1.
    static func available(_ group: ControlGroup = ControlGroup()) -> Int {
        var count = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        if let allowed = allowedProcessors() { count = min(count, allowed) }
        if let quota = group.processors { count = min(count, max(1, Int(quota.rounded(.up)))) }
        return count
    }

    /// The processors of our affinity mask, as the kernel tells it: `Cpus_allowed:` and hexadecimal digits.
    private static func allowedProcessors() -> Int? {
        guard let words = words("/proc/self/status"), let label = words.firstIndex(of: "Cpus_allowed:"),
            label + 1 < words.count
        else { return nil }
        let bits = words[label + 1].reduce(0) { $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0) }
        return bits > 0 ? bits : nil
    }

    fileprivate static func words(_ path: String) -> [String]? {
        // Outside a container the file is often missing; that is no limit.
        guard let bytes = try? readFile(path, limit: 1 << 16) else { return nil }
        return String(decoding: bytes, as: UTF8.self).split { $0 == " " || $0 == "\n" || $0 == "\t" }.map(String.init)
    }
}

/// What the control group of this process allows, of version 1 or 2; the strictest of the group and those that it is in.
struct ControlGroup {
    /// Processors' worth of time; nil without a limit.
    private(set) var processors: Double?
    /// Bytes of memory; nil without a limit.
    private(set) var memoryBytes: Int?

    /// - Parameters:
    ///   - root: where the control groups are mounted.
    ///   - membership: the file that names ours.
    init(root: String = "/sys/fs/cgroup", membership: String = "/proc/self/cgroup") {
        // The file is missing where there are no control groups; then only the root is looked at.
        let text = (try? readFile(membership, limit: 1 << 16)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        var isVersion2 = false
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            if parts[0] == "0", parts[1].isEmpty {
                isVersion2 = true
                for folder in ControlGroup.folders(root, parts[2]) { readVersion2(folder) }
                continue
            }
            let controllers = parts[1].split(separator: ",")
            for name in Set([parts[1]] + controllers) {
                for folder in ControlGroup.folders("\(root)/\(name)", parts[2]) {
                    if controllers.contains("cpu") { readProcessors1(folder) }
                    if controllers.contains("memory") { readMemory1(folder) }
                }
            }
        }
        if !isVersion2 { readVersion2(root) }
    }

    /// The folder of a group and those above it. In a container the path is often that of the host, and only the mount's root is there.
    private static func folders(_ root: String, _ path: Substring) -> [String] {
        var names = path.split(separator: "/")
        if names.contains("..") { names = [] }
        return (0...names.count).map { count in ([root] + names.prefix(count).map(String.init)).joined(separator: "/") }
    }

    private mutating func readVersion2(_ folder: String) {
        if let words = Processors.words("\(folder)/cpu.max"), words.count == 2 { limitTime(words[0], words[1]) }
        if let words = Processors.words("\(folder)/memory.max") { limitMemory(words.first) }
    }

    private mutating func readProcessors1(_ folder: String) {
        guard let quota = Processors.words("\(folder)/cpu.cfs_quota_us")?.first,
            let period = Processors.words("\(folder)/cpu.cfs_period_us")?.first
        else { return }
        limitTime(quota, period)
    }

    private mutating func readMemory1(_ folder: String) {
        limitMemory(Processors.words("\(folder)/memory.limit_in_bytes")?.first)
    }

    /// `max` and `-1` mean no limit.
    private mutating func limitTime(_ quota: String, _ period: String) {
        guard let time = Double(quota), time > 0, let period = Double(period), period > 0 else { return }
        processors = min(processors ?? .infinity, time / period)
    }

    /// `max` means no limit, and so does a number near the largest that there is.
    private mutating func limitMemory(_ text: String?) {
        guard let text, let bytes = Int(text), bytes > 0, bytes < 1 << 60 else { return }
        memoryBytes = min(memoryBytes ?? .max, bytes)
    }
}
