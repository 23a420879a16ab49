import Glibc
import Platform

/// What the kernel tells of this process.
struct ProcessStatus {
    var residentBytes: UInt64
    var virtualBytes: UInt64
    var processorSeconds: Double
    var openDescriptors: UInt64
    var descriptorLimit: UInt64

    /// nil without `/proc`.
    static func current() -> ProcessStatus? {
        // A container may come without /proc; the metrics then do without these.
        guard let text = try? readFile("/proc/self/statm", limit: 4096) else { return nil }
        let pages = String(decoding: text, as: UTF8.self).split(separator: " ").prefix(2).compactMap { UInt64($0) }
        guard pages.count == 2, let descriptors = descriptorCount() else { return nil }
        let page = UInt64(clamping: sysconf(Int32(_SC_PAGESIZE)))
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return ProcessStatus(
            residentBytes: pages[1] &* page, virtualBytes: pages[0] &* page,
            processorSeconds: Double(time.tv_sec) + Double(time.tv_nsec / 1000) / 1e6, openDescriptors: descriptors,
            descriptorLimit: UInt64(limit.rlim_cur))
    }

    /// Without the one that reads the folder.
    private static func descriptorCount() -> UInt64? {
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        var count: UInt64 = 0
        while let entry = readdir(folder) { if entry.pointee.d_name.0 != 46 { count += 1 } }
        return count > 0 ? count - 1 : 0
    }
}
