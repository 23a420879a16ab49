import Glibc

/// Threads that run a function each; they are waited for when their owner ends.
public struct JoinedThreads: ~Copyable {
    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private var threads: [pthread_t] = []

    /// None so far.
    public init() {}

    /// Starts a thread.
    ///
    /// - Throws: `FileError` when the system has none left for us.
    public mutating func start(_ run: @escaping @Sendable () -> Void) throws(FileError) {
        var thread = pthread_t()
        let body = Unmanaged.passRetained(Body(run))
        let code = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            }, body.toOpaque())
        guard code == 0 else {
            body.release()
            throw FileError("start", "a thread", .system(code))
        }
        threads.append(thread)
    }

    /// Waits for all of them.
    public consuming func join() {}

    deinit {
        // It can only fail for a thread that does not exist.
        for thread in threads { _ = pthread_join(thread, nil) }
    }
}
