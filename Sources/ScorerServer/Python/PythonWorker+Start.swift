import Glibc
import Platform

extension PythonWorker {
    /// Starts a process that runs `command` with a socket as descriptor 3.
    static func start(
        number: Int, command: [String], environment: [String: String], output: ErrorLines, on loop: EventLoop,
        report: @escaping (PythonWorker, Event) -> Void
    ) throws -> PythonWorker {
        let channel = try WorkerChannel.make()
        var request = ChildProcess.Request(command[0], Array(command.dropFirst()), environment: environment)
        request.environment[EnvironmentVariable.skiffWorkerDescriptor.rawValue] = "3"
        request.descriptors = [3: channel.theirSocket]
        request.output = .descriptor(channel.theirOutput)
        request.error = .descriptor(channel.theirOutput)
        request.hasOwnGroup = true
        let process = try ChildProcess.spawn(request)
        return try PythonWorker(
            number: number, channel: channel, process: process, output: output, on: loop, report: report)
    }

    /// Asks `parent` for a copy of itself, which becomes the worker.
    static func copy(
        of parent: PythonWorker, number: Int, request: UInt32, output: ErrorLines, on loop: EventLoop,
        report: @escaping (PythonWorker, Event) -> Void
    ) throws -> PythonWorker {
        let channel = try WorkerChannel.make()
        try parent.askForCopy(request, descriptors: [channel.theirSocket, channel.theirOutput])
        return try PythonWorker(
            number: number, channel: channel, process: nil, output: output, on: loop, report: report)
    }
}

/// The four ends between the server and a worker: a socket pair for frames, a pipe for what the model prints.
struct WorkerChannel: ~Copyable {
    private var ours: FileDescriptor?
    private var printed: FileDescriptor?
    private let theirs: FileDescriptor
    private let printing: FileDescriptor
    let theirSocket: Int32
    let theirOutput: Int32

    private init(_ pair: [Int32], _ pipe: [Int32]) {
        ours = FileDescriptor(owning: pair[0], path: "the worker's socket")
        theirs = FileDescriptor(owning: pair[1], path: "the worker's socket")
        printed = FileDescriptor(owning: pipe[0], path: "the worker's output")
        printing = FileDescriptor(owning: pipe[1], path: "the worker's output")
        theirSocket = pair[1]
        theirOutput = pipe[1]
    }

    static func make() throws(ServerError) -> WorkerChannel {
        var pair: [Int32] = [-1, -1]
        var pipe: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &pair) == 0 else {
            throw ServerError(.worker, "cannot start a worker: \(errorText(errno))")
        }
        guard Glibc.pipe(&pipe) == 0 else {
            let problem = errno
            close(pair[0])
            close(pair[1])
            throw ServerError(.worker, "cannot start a worker: \(errorText(problem))")
        }
        for end in pipe { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return WorkerChannel(pair, pipe)
    }

    /// Our ends, which the caller owns from here on; the others are closed.
    consuming func release() -> (socket: Int32, printed: Int32) {
        (ours.take()?.release() ?? -1, printed.take()?.release() ?? -1)
    }
}
