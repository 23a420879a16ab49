import Platform

/// Threads that run until their function returns; nobody waits for them.
enum Thread {
    // The parser of requests recurses once for each level of nesting.
    private static let stackBytes = 2 << 20

    static func start(_ run: @escaping @Sendable () -> Void) throws(ServerError) {
        do { try DetachedThread.start(stackBytes: stackBytes, run) } catch {
            throw ServerError(.system, error.diagnostic.summary)
        }
    }
}
