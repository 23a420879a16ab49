/// The exit statuses of both executables; scripts rely on them.
public enum ExitStatus: Int32, Sendable {
    /// It was done.
    case done = 0
    /// It was checked and found wanting: a difference, a policy, a refused conversion.
    case wanting = 1
    /// It could not be done.
    case failed = 2
    /// The command line is wrong (`EX_USAGE`).
    case misuse = 64
    /// Ended by SIGINT.
    case interrupted = 130
    /// Ended by SIGTERM.
    case terminated = 143
}
