import Glibc

/// Threads that run until their function returns; nobody waits for them.
public enum DetachedThread {
    /// Starts a thread.
    ///
    /// - Parameter stackBytes: the size of its stack; nil for the system's usual one.
    /// - Throws: `FileError` when the system has none left for us.
    public static func start(
        stackBytes: Int? = nil, _ run: @escaping @Sendable () -> Void
    ) throws(FileError) {
        // Allocated, not made by `pthread_attr_t()`: which module owns that initializer depends on what else is compiled with this.
        let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
        pthread_attr_init(attributes)
        defer {
            pthread_attr_destroy(attributes)
            attributes.deallocate()
        }
        pthread_attr_setdetachstate(attributes, Int32(PTHREAD_CREATE_DETACHED))
        if let stackBytes { pthread_attr_setstacksize(attributes, stackBytes) }
        _ = try startThread(attributes, run)
    }
}

private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

/// Starts a thread with `attributes`, or the usual ones, that runs `run`.
func startThread(
    _ attributes: UnsafePointer<pthread_attr_t>?, _ run: @escaping @Sendable () -> Void
) throws(FileError) -> pthread_t {
    var thread = pthread_t()
    let body = Unmanaged.passRetained(Body(run))
    let code = pthread_create(
        &thread, attributes,
        { context in
            if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
            return nil
        }, body.toOpaque())
    guard code == 0 else {
        body.release()
        throw FileError("start", "a thread", .system(code))
    }
    return thread
}
