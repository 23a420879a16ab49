import Platform

/// Runs `work` on a thread of its own, which nobody joins.
public func onThread(_ work: @escaping @Sendable () -> Void) {
    do { try DetachedThread.start(work) } catch { fatalError("no thread for a test: \(error)") }
}
