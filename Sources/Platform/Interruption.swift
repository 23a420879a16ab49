import Glibc
import Synchronization

/// What SIGINT, SIGTERM and SIGHUP do to the tool: they remove what is half written, then end the process.
///
/// Registered paths are removed by a thread of its own that waits for the signals; nothing runs inside a signal handler.
public enum Interruption {
    private struct Registry {
        var paths: [Int: String] = [:]
        var nextNumber = 0
        var isWatching = false
    }
    private static let registry = Mutex(Registry())

    /// Begins to watch. Call it in `main`, before any other thread begins, because it blocks the signals for this thread and
    /// those that it starts. Ends the process with 130 (SIGINT), 143 (SIGTERM) or 129 (SIGHUP).
    ///
    /// It also makes a vanished reader of our output an error (`EPIPE`) instead of a sudden death (SIGPIPE).
    public static func watch() throws(FileError) {
        let isFirst = registry.withLock { registry in
            defer { registry.isWatching = true }
            return !registry.isWatching
        }
        guard isFirst else { return }
        Signals.ignoreBrokenPipes()
        var signals = Signals.set([SIGINT, SIGTERM, SIGHUP])
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        var thread = pthread_t()
        let code = pthread_create(&thread, nil, { _ in Interruption.waitForSignal() }, nil)
        guard code == 0 else { throw FileError("start", "the thread that waits for signals", .system(code)) }
        pthread_detach(thread)
    }

    private static func waitForSignal() -> Never {
        var signals = Signals.set([SIGINT, SIGTERM, SIGHUP])
        var signal: Int32 = 0
        while sigwait(&signals, &signal) != 0 {}
        // The lock is never given back: nothing can be registered, committed or begun any more.
        registry.withLock { registry -> Never in
            for path in registry.paths.values { removeForGood(path) }
            _exit(128 + signal)
        }
    }

    /// Other threads may still be writing into the folder, so removing it is tried again for a while.
    private static func removeForGood(_ path: String) {
        let (parent, name) = splitPath(path)
        for _ in 0..<200 {
            do throws(FileError) {
                try DirectoryAnchor.open(parent).removeTree(name)
                return
            } catch {
                usleep(5000)
            }
        }
    }

    /// Makes something at `path` and has it removed on an interruption, without a gap between the two.
    static func register<Failure: Error>(
        _ path: String, making: () throws(Failure) -> Void
    ) throws(Failure) -> Int {
        try registry.withLock { registry throws(Failure) in
            try making()
            registry.nextNumber += 1
            registry.paths[registry.nextNumber] = path
            return registry.nextNumber
        }
    }

    /// Runs `change`, after which nothing is to be removed any more, without a gap between the two.
    static func unregister<Failure: Error>(
        _ number: Int, after change: () throws(Failure) -> Void
    ) throws(Failure) {
        try registry.withLock { registry throws(Failure) in
            try change()
            registry.paths[number] = nil
        }
    }
}

/// The folder and the last name of a path: `a/b/` gives `a` and `b`, `b` gives `.` and `b`.
func splitPath(_ path: String) -> (parent: String, name: String) {
    var trimmed = Substring(path)
    while trimmed.utf8.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
    guard let slash = trimmed.lastIndex(of: "/") else { return (".", String(trimmed)) }
    let parent = trimmed[..<slash]
    return (parent.isEmpty ? "/" : String(parent), String(trimmed[trimmed.index(after: slash)...]))
}
