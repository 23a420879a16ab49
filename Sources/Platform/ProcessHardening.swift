import CLinux

/// What a process that holds secrets does first.
public enum ProcessHardening {
    /// From now on this process leaves no core dump, and no other process of the same user can read its memory.
    ///
    /// Its own `/proc/self` stays readable to it. Programs that it starts get no core dumps either, but are otherwise as usual.
    ///
    /// - Returns: whether the system did both; when not, there is nothing better to do than to go on.
    @discardableResult
    public static func forbidDumps() -> Bool {
        skiff_forbid_dumps() == 0
    }
}
