import Diagnostics
import Glibc

/// Whether there is room on a disk.
enum DiskSpace {
    /// Compares what is free in the folder `descriptor` with `needed` and five percent more.
    ///
    /// - Throws: `RegistryError` of kind `.disk` that names both; a file system that does not say has room.
    static func check(
        _ descriptor: Int32, needed: Int, _ folder: String, doing task: String, hints: [String] = []
    ) throws(RegistryError) {
        var status = statvfs()
        guard fstatvfs(descriptor, &status) == 0 else { return }
        let (free, overflow) = Int(status.f_bavail).multipliedReportingOverflow(by: Int(status.f_frsize))
        let wanted = needed + needed / 20
        guard !overflow, free < wanted else { return }
        throw RegistryError(
            .disk,
            "cannot \(task): it needs \(grouped(wanted)) bytes, and the disk of `\(escaped(folder, limit: 1000))` has "
                + "\(grouped(free)) left",
            hints: hints + ["free some space there (`df -h` shows it), or choose a folder on another disk"])
    }
}
