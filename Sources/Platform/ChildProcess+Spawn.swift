import CLinux
import Glibc

extension ChildProcess {
    /// Starts a program.
    ///
    /// - Throws: when there is no such program or folder, or the system has no room for it. What the program then does is no error.
    public static func spawn(_ request: Request) throws(FileError) -> ChildProcess {
        let path = try locate(request)
        let input = try Plumbing(request.input, isRead: true, path: path)
        let output = try Plumbing(request.output, isRead: false, path: path)
        let error = try Plumbing(request.error, isRead: false, path: path)

        var wanted = request.descriptors
        for (target, theirs) in [(0, input.theirs), (1, output.theirs), (2, error.theirs)] as [(Int32, Int32?)] {
            if let theirs { wanted[target] = theirs }
        }
        let number = try spawn(path, request, wanted)
        return ChildProcess(number: number, path: path, input: input, output: output, error: error)
    }

    /// Becomes another program: it takes the place of this process, with this process's streams.
    public static func become(_ request: Request) throws(FileError) -> Never {
        let path = try locate(request)
        if let folder = request.workingDirectory, chdir(folder) != 0 { throw .last("enter", folder) }
        signal(SIGPIPE, SIG_DFL)
        withCStrings([request.executable] + request.arguments) { arguments in
            withCStrings(environmentList(request)) { environment in _ = execve(path, arguments, environment) }
        }
        throw .last("run", path)
    }

    private static func spawn(
        _ path: String, _ request: Request, _ wanted: [Int32: Int32]
    ) throws(FileError) -> Int32 {
        // Copies above every target number: giving one descriptor away must not overwrite another that is still needed.
        let firstFree = (wanted.keys.max() ?? 2) + 1
        var copies: [(target: Int32, copy: Int32)] = []
        defer { for entry in copies { close(entry.copy) } }
        for (target, ours) in wanted.sorted(by: { $0.key < $1.key }) {
            let copy = fcntl(ours, F_DUPFD_CLOEXEC, max(firstFree, 3))
            guard copy >= 0 else { throw .last("run", path) }
            copies.append((target, copy))
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for entry in copies { posix_spawn_file_actions_adddup2(&actions, entry.copy, entry.target) }
        posix_spawn_file_actions_addclosefrom_np(&actions, max(firstFree, 3))
        if let folder = request.workingDirectory { posix_spawn_file_actions_addchdir_np(&actions, folder) }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = Signals.set([])
        var usual = Signals.set([SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD, SIGUSR1, SIGUSR2])
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &usual)
        var flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        if request.hasOwnGroup { flags |= POSIX_SPAWN_SETPGROUP }
        posix_spawnattr_setflags(&attributes, Int16(flags))

        var number: pid_t = 0
        let code = withCStrings([request.executable] + request.arguments) { arguments in
            withCStrings(environmentList(request)) { environment in
                posix_spawn(&number, path, &actions, &attributes, arguments, environment)
            }
        }
        if code == 0 { return number }
        // ENOENT may also mean the folder; say which.
        if code == ENOENT, let folder = request.workingDirectory, try FileStatus.of(folder) == nil {
            throw FileError("enter", folder, .system(ENOENT))
        }
        throw FileError("run", path, .system(code))
    }

    /// The path of the executable, looked for in the `PATH` that the program itself will see.
    private static func locate(_ request: Request) throws(FileError) -> String {
        if request.executable.utf8.contains(UInt8(ascii: "/")) { return request.executable }
        let search = request.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        for folder in search.split(separator: ":") {
            let path = folder + "/" + request.executable
            if try FileStatus.of(path)?.kind == .file, access(path, X_OK) == 0 { return path }
        }
        throw FileError("run", request.executable, .system(ENOENT))
    }

    private static func environmentList(_ request: Request) -> [String] {
        request.environment.map { "\($0.key)=\($0.value)" }.sorted()
    }
}

/// One standard stream while the program is being started: its end and ours.
struct Plumbing: ~Copyable {
    private var pipeOrNull: FileDescriptor?
    private var ours: FileDescriptor?
    /// The number of our end; nil unless the stream is a pipe.
    let ourNumber: Int32?
    /// The descriptor that the program gets; nil when it keeps what it would have anyway.
    let theirs: Int32?

    init(_ stream: ChildProcess.Request.Stream, isRead: Bool, path: String) throws(FileError) {
        ours = nil
        pipeOrNull = nil
        switch stream {
        case .inherit: (theirs, ourNumber) = (nil, nil)
        case .descriptor(let number): (theirs, ourNumber) = (number, nil)
        case .null:
            let number = open("/dev/null", O_RDWR | O_CLOEXEC)
            guard number >= 0 else { throw .last("open", "/dev/null") }
            pipeOrNull = FileDescriptor(owning: number, path: "/dev/null")
            (theirs, ourNumber) = (number, nil)
        case .pipe:
            var ends: [Int32] = [-1, -1]
            guard pipe2(&ends, O_CLOEXEC) == 0 else { throw .last("run", path) }
            let (their, our) = isRead ? (ends[0], ends[1]) : (ends[1], ends[0])
            pipeOrNull = FileDescriptor(owning: their, path: path)
            ours = FileDescriptor(owning: our, path: path)
            (theirs, ourNumber) = (their, our)
        }
    }

    consuming func takeOurs() -> FileDescriptor? { ours.take() }
}

/// Calls `body` with a null-terminated list of C strings.
private func withCStrings<Result>(
    _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
) -> Result {
    let copies = strings.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies + [nil])
}
