import CLinux
import Glibc
import Synchronization

/// What SIGINT, SIGTERM and SIGHUP do to the tool: work that can go on later brings what it has to the disk, everything else that
/// is half written is removed, then the process ends.
///
/// The signal handler only writes the number of the signal to a pipe; a thread of our own reads it and does the rest. A second
/// signal ends the process at once.
public enum Interruption {
    private struct Registry {
        var paths: [Int: String] = [:]
        /// What to say of work that keeps what it has.
        var notes: [Int: @Sendable () -> String] = [:]
        var nextNumber = 0
        var isWatching = false
    }
    private static let registry = Mutex(Registry())
    /// Where the signal handler writes; set before the handler is installed.
    private static let pipeEnd = Atomic<Int32>(-1)
    private static let signalCount = Atomic<Int>(0)
    private static let wasRequested = Atomic<Bool>(false)
    /// How long kept work may take to come to an end.
    private static let graceMilliseconds = 1_200

    /// Whether a signal has come and kept work should come to an end; asked about by loops that wait.
    public static var isRequested: Bool { wasRequested.load(ordering: .acquiring) }

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

    /// Runs `body`, whose work can go on later. On a signal `isRequested` becomes true and `body` has 1.2 seconds to end, with an
    /// error most likely; then `note` is printed and the process ends, whatever `body` does.
    ///
    /// - Parameter note: lines for standard error; called on another thread.
    public static func keeping<Result, Failure: Error>(
        _ note: @escaping @Sendable () -> String, _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let number = registry.withLock { registry in
            registry.nextNumber += 1
            registry.notes[registry.nextNumber] = note
            return registry.nextNumber
        }
        defer {
            let mayGoOn = registry.withLock { registry in
                if !isRequested { registry.notes[number] = nil }
                return !isRequested
            }
            // From here on the other thread speaks: two errors for one signal would be one too many.
            if !mayGoOn {
                hasEnded.store(true, ordering: .releasing)
                while true { pause() }
            }
        }
        return try body()
    }

    private static let hasEnded = Atomic<Bool>(false)

    /// Runs `body` to its end before a signal can end the process.
    public static func uninterrupted<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try registry.withLock { _ throws(Failure) in try body() }
    }

    /// The signal handler: only what is safe there.
    private static func note(_ signal: Int32) {
        let saved = errno
        guard signalCount.add(1, ordering: .relaxed).newValue == 1 else { _exit(128 + signal) }
        var byte = UInt8(truncatingIfNeeded: signal)
        _ = write(pipeEnd.load(ordering: .acquiring), &byte, 1)
        errno = saved
    }

    private static func waitForSignal(_ number: Int32) -> Never {
        var signal: UInt8 = 0
        // Our own pipe, whose other end stays open: a read gives one byte.
        while retrying({ read(number, &signal, 1) }) != 1 {}
        let isKept = registry.withLock { registry in
            if !registry.notes.isEmpty { wasRequested.store(true, ordering: .releasing) }
            return !registry.notes.isEmpty
        }
        for _ in 0..<graceMilliseconds / 5 where isKept && !hasEnded.load(ordering: .acquiring) { usleep(5000) }
        // The lock is never given back: nothing can be registered or committed any more.
        registry.withLock { registry -> Never in
            for path in registry.paths.values { removeForGood(path) }
            for (_, note) in registry.notes.sorted(by: { $0.key < $1.key }) { say(note()) }
            _exit(128 + Int32(signal))
        }
    }

    /// On a terminal in place of the line that the cursor is on: a progress bar, and the `^C` that the terminal shows.
    private static func say(_ text: String) {
        var bytes = Array(((Terminal.isTerminal(STDERR_FILENO) ? "\r\u{1B}[K" : "") + text).utf8)[...]
        while !bytes.isEmpty {
            let count = retrying { bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) } }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }

    /// Other threads may still be writing into the folder, so removing it is tried again for a while; without a pause, because only
    /// who is faster than they are comes to an end.
    private static func removeForGood(_ path: String) {
        let (parent, name) = splitPath(path)
        let start = MonotonicClock.nanoseconds
        while MonotonicClock.seconds(since: start) < 1 {
            do throws(FileError) {
                try DirectoryAnchor.open(parent).removeTree(name)
                return
            } catch {
                sched_yield()
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
