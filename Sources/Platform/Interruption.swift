import CLinux
import Glibc
import Synchronization

/// What SIGINT, SIGTERM and SIGHUP do to the tool: they remove what is half written, then end the process.
///
/// The signal handler only writes the number of the signal to a pipe; a thread of our own reads it and removes the registered
/// paths.
public enum Interruption {
    private struct Registry {
        var paths: [Int: String] = [:]
        var nextNumber = 0
        var isWatching = false
    }
    private static let registry = Mutex(Registry())
    /// Where the signal handler writes; set before the handler is installed.
    private static let pipeEnd = Atomic<Int32>(-1)

    /// Begins to watch; once is enough. Ends the process with 130 (SIGINT), 143 (SIGTERM) or 129 (SIGHUP).
    ///
    /// It also makes a vanished reader of our output an error (`EPIPE`) instead of a sudden death (SIGPIPE).
    public static func watch() throws(FileError) {
        let isFirst = registry.withLock { registry in
            defer { registry.isWatching = true }
            return !registry.isWatching
        }
        guard isFirst else { return }
        Signals.ignoreBrokenPipes()
        var ends: [Int32] = [-1, -1]
        guard pipe2(&ends, O_CLOEXEC) == 0 else { throw .last("watch", "the signals") }
        pipeEnd.store(ends[1], ordering: .releasing)
        let number = UnsafeMutableRawPointer(bitPattern: Int(ends[0]))
        var thread = pthread_t()
        let code = pthread_create(&thread, nil, { Interruption.waitForSignal(Int32(Int(bitPattern: $0))) }, number)
        guard code == 0 else { throw FileError("watch", "the signals", .system(code)) }
        pthread_detach(thread)
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { Interruption.note($0) }
        action.sa_flags = SA_RESTART
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            guard sigaction(signal, &action, nil) == 0 else { throw .last("watch", "the signals") }
        }
        Signals.unblockEndings()
    }

    /// The signal handler: only what is safe there.
    private static func note(_ signal: Int32) {
        let saved = errno
        var byte = UInt8(truncatingIfNeeded: signal)
        _ = write(pipeEnd.load(ordering: .acquiring), &byte, 1)
        errno = saved
    }

    private static func waitForSignal(_ number: Int32) -> Never {
        var signal: UInt8 = 0
        // Our own pipe, whose other end stays open: a read gives one byte.
        while retrying({ read(number, &signal, 1) }) != 1 {}
        // The lock is never given back: nothing can be registered or committed any more.
        registry.withLock { registry -> Never in
            for path in registry.paths.values { removeForGood(path) }
            _exit(128 + Int32(signal))
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
