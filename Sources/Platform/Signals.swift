import Glibc

/// Signals, as far as both executables need them. The tool uses `Interruption`; the scorer its own event loop.
public enum Signals {
    /// Writing to a pipe or socket whose reader is gone becomes the error `EPIPE` instead of the end of the process.
    public static func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }

    /// Lets the signals that end a program through to this thread: a parent may have started us with them blocked (a thread
    /// pool of libdispatch does), and nothing would ever end us then.
    public static func unblockEndings() {
        var endings = set([SIGINT, SIGTERM, SIGHUP])
        pthread_sigmask(SIG_UNBLOCK, &endings, nil)
    }

    static func set(_ signals: [Int32]) -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        return set
    }
}
