import Glibc
import Platform

/// Blocking work on threads of its own, never on the cooperative pool.
enum Threads {
    /// Runs `work` on `count` threads, this one included, and waits for all of them.
    ///
    /// When the system gives fewer threads, the work goes on with those that there are.
    static func run(_ count: Int, _ work: @escaping @Sendable () -> Void) throws(FileError) {
        var threads: [pthread_t] = []
        for _ in 1..<max(count, 1) {
            var thread = pthread_t()
            let context = Unmanaged.passRetained(Box(work))
            let status = pthread_create(
                &thread, nil,
                { context in
                    guard let context else { return nil }
                    Unmanaged<Box>.fromOpaque(context).takeRetainedValue().work()
                    return nil
                }, context.toOpaque())
            guard status == 0 else {
                context.release()
                break
            }
            threads.append(thread)
        }
        work()
        for thread in threads {
            let status = pthread_join(thread, nil)
            guard status == 0 else { throw FileError("wait for", "a download thread", .system(status)) }
        }
    }

    private final class Box {
        let work: @Sendable () -> Void
        init(_ work: @escaping @Sendable () -> Void) { self.work = work }
    }
}
