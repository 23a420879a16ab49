import Glibc

/// Threads that run a function each; they are waited for when their owner ends.
public struct JoinedThreads: ~Copyable {
    private var threads: [pthread_t] = []

    /// None so far.
    public init() {}

    /// Starts a thread.
    ///
    /// - Throws: `FileError` when the system has none left for us.
    public mutating func start(_ run: @escaping @Sendable () -> Void) throws(FileError) {
        threads.append(try startThread(nil, run))
    }

    /// Waits for all of them.
    public consuming func join() {}

    deinit {
        // It can only fail for a thread that does not exist.
        for thread in threads { _ = pthread_join(thread, nil) }
    }
}
