import Glibc
import Platform

/// How many processors there are for us.
enum Processors {
    /// The processors that we may run on, or fewer when the control group allows less time; at least 1.
    static func available() -> Int {
        var count = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        if let allowed = allowedProcessors() { count = min(count, allowed) }
        if let quota = controlGroupQuota() { count = min(count, max(1, Int(quota.rounded(.up)))) }
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

    /// The processors' worth of time that the control group allows; nil when it sets no limit.
    private static func controlGroupQuota() -> Double? {
        if let words = words("/sys/fs/cgroup/cpu.max"), words.count == 2 { return quota(words[0], words[1]) }
        let folder = "/sys/fs/cgroup/cpu/"
        guard let quota = words(folder + "cpu.cfs_quota_us")?.first,
            let period = words(folder + "cpu.cfs_period_us")?.first
        else { return nil }
        return self.quota(quota, period)
    }

    /// `max` and `-1` mean no limit.
    private static func quota(_ quota: String, _ period: String) -> Double? {
        guard let time = Double(quota), time > 0, let period = Double(period), period > 0 else { return nil }
        return time / period
    }

    private static func words(_ path: String) -> [String]? {
        // Outside a container the file is often missing; that is no limit.
        guard let bytes = try? readFile(path, limit: 1 << 16) else { return nil }
        return String(decoding: bytes, as: UTF8.self).split { $0 == " " || $0 == "\n" || $0 == "\t" }.map(String.init)
    }
}
