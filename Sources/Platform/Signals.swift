import Glibc

/// Signals, as far as both executables need them. The tool uses `Interruption`; the scorer its own event loop.
public enum Signals {
    /// Writing to a pipe or socket whose reader is gone becomes the error `EPIPE` instead of the end of the process.
    public static func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }

    static func set(_ signals: [Int32]) -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        return set
    }
}
