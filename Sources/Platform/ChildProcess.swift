import CLinux
import Glibc
import Synchronization

/// A program that we started. Signals that we block or ignore are as usual in it, and it sees no descriptor that was not given to
/// it. When the last reference goes while it still runs, it is killed.
public final class ChildProcess: Sendable {
    /// What to start, and with what.
    public struct Request: Sendable {
        /// Where one of the three standard streams leads.
        public enum Stream: Sendable, Equatable {
            /// Where ours leads.
            case inherit
            /// `/dev/null`
            case null
            /// To us, by a pipe.
            case pipe
            /// To an open descriptor of ours, which stays ours.
            case descriptor(Int32)
        }

        /// A path, or a name that is looked for in the `PATH` of `environment`.
        public var executable: String
        /// The arguments after the program's own name.
        public var arguments: [String]
        /// The whole environment of the program; nothing of ours is added.
        public var environment: [String: String]
        /// The folder that it starts in; ours when nil.
        public var workingDirectory: String?
        /// Its standard input.
        public var input = Stream.null
        /// Its standard output.
        public var output = Stream.inherit
        /// Its standard error.
        public var error = Stream.inherit
        /// Further descriptors: its number → ours, which stays ours.
        public var descriptors: [Int32: Int32] = [:]
        /// Whether it gets a process group of its own, so that a Ctrl-C in the terminal does not reach it.
        public var hasOwnGroup = false

        /// A program with its streams as described above.
        public init(
            _ executable: String, _ arguments: [String] = [], environment: [String: String],
            workingDirectory: String? = nil
        ) {
            self.executable = executable
            self.arguments = arguments
            self.environment = environment
            self.workingDirectory = workingDirectory
        }
    }

    /// How a program ended.
    public enum Outcome: Sendable, Equatable {
        /// By itself, with this status.
        case exited(Int32)
        /// By this signal.
        case signalled(Int32)
    }

    /// Its process number.
    public let number: Int32
    /// The executable, for messages.
    public let path: String
    /// Our end of the pipe to its standard input; nil unless it is a pipe. Closed by `closeInput`.
    private let inputEnd: Mutex<FileDescriptor?>
    private let outputEnd: FileDescriptor?
    private let errorEnd: FileDescriptor?
    /// Our end of its standard output, nil unless that is a pipe; valid while this object lives.
    public let outputNumber: Int32?
    /// Our end of its standard error, nil unless that is a pipe; valid while this object lives.
    public let errorNumber: Int32?
    private let outcome = Mutex<Outcome?>(nil)

    init(
        number: Int32, path: String, input: consuming Plumbing, output: consuming Plumbing, error: consuming Plumbing
    ) {
        self.number = number
        self.path = path
        outputNumber = output.ourNumber
        errorNumber = error.ourNumber
        inputEnd = Mutex(input.takeOurs())
        outputEnd = output.takeOurs()
        errorEnd = error.takeOurs()
    }

    private init(adopted number: Int32, path: String) {
        self.number = number
        self.path = path
        outputNumber = nil
        errorNumber = nil
        inputEnd = Mutex(nil)
        outputEnd = nil
        errorEnd = nil
    }

    /// A process that one of ours started and that has become ours, as `adoptOrphans` makes it; nil when `number` is none of ours.
    public static func adopt(number: Int32, path: String) -> ChildProcess? {
        guard number > 0 else { return nil }
        var information = siginfo_t()
        let result = retrying { waitid(P_PID, id_t(number), &information, WEXITED | WNOHANG | WNOWAIT) }
        return result == 0 ? ChildProcess(adopted: number, path: path) : nil
    }

    /// Makes this process the parent of what its own children leave behind when they end (PR_SET_CHILD_SUBREAPER); false when the
    /// system does not do that.
    public static func adoptOrphans() -> Bool { skiff_adopt_orphans() == 0 }

    deinit {
        if poll() == nil {
            send(SIGKILL)
            _ = wait()
        }
    }

    /// Writes to its standard input; an error when that is no pipe or was closed, and when it reads no more.
    ///
    /// Without `Signals.ignoreBrokenPipes` (or `Interruption.watch`) a program that reads no more ends our process.
    public func write(_ bytes: [UInt8]) throws(FileError) {
        try inputEnd.withLock { (end: inout FileDescriptor?) throws(FileError) in
            guard end != nil else { throw FileError("write to", path, .system(EPIPE)) }
            try end?.write(bytes)
        }
    }

    /// Closes its standard input, so that it sees the end.
    public func closeInput() { inputEnd.withLock { $0 = nil } }

    /// Sends a signal; nothing when the program has ended.
    public func send(_ signal: Int32) {
        outcome.withLock { outcome in
            // Under the lock nobody can collect it meanwhile, so its number is not that of another program.
            if outcome == nil { kill(number, signal) }
        }
    }

    /// How it ended; nil while it runs.
    public func poll() -> Outcome? { collect(WNOHANG) }

    /// Waits until it ends. Drain its pipes first, or it may wait for us.
    public func wait() -> Outcome {
        while true {
            // Waits without collecting and without the lock, so that `send` is possible meanwhile.
            var information = siginfo_t()
            _ = retrying { waitid(P_PID, id_t(number), &information, WEXITED | WNOWAIT) }
            if let outcome = collect(0) { return outcome }
        }
    }

    /// Waits until it ends, at most this long; nil when it still runs then.
    public func wait(seconds: Double) -> Outcome? {
        let start = MonotonicClock.nanoseconds
        var pause: UInt32 = 200
        while true {
            if let outcome = poll() { return outcome }
            let left = seconds - MonotonicClock.seconds(since: start)
            guard left > 0 else { return nil }
            // Asks in growing intervals: pidfd_open would need a newer kernel than the rest of the program.
            usleep(min(pause, UInt32(left * 1e6) + 1))
            pause = min(pause * 2, 20_000)
        }
    }

    private func collect(_ flags: Int32) -> Outcome? {
        outcome.withLock { outcome in
            if let outcome { return outcome }
            var status: Int32 = 0
            let result = retrying { waitpid(number, &status, flags) }
            if result == 0 { return nil }
            // Somebody else collected it (ECHILD): its status is lost, and the worst is assumed.
            let ended: Outcome =
                if result < 0 { .exited(127) } else if status & 0x7f == 0 { .exited(status >> 8 & 0xff) } else {
                    .signalled(status & 0x7f)
                }
            outcome = ended
            return ended
        }
    }
}
