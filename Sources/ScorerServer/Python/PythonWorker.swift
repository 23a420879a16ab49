import Diagnostics
import Glibc
import Platform

/// A scoring request on its way through a worker.
struct WorkerJob {
    var id: UInt32
    var payload: [UInt8]
    var rows: Int?
    var deadline: UInt64
    var clock: JobClock
    var completion: (ScoringOutcome) -> Void
}

/// One worker process and the socket pair to it. Everything happens in handlers of the loop.
final class PythonWorker {
    enum Event {
        case ready([UInt8])
        case loadFailed([UInt8])
        case answer([UInt8])
        case error([UInt8])
        /// The process has gone, or does not keep to the protocol.
        case ended(String)
    }

    let number: Int
    /// The request that it works on.
    var job: WorkerJob?
    private(set) var isLoaded = false
    /// Whether it has answered anything.
    private(set) var hasAnswered = false
    private let socket: Int32
    private let process: ChildProcess
    private let report: (PythonWorker, Event) -> Void
    private var lines: LineForwarder?
    private var readWatch: EventWatch?
    private var writeWatch: EventWatch?
    private var inbox: [UInt8] = []
    private var wanted = WorkerFrame.headerBytes
    private var outbox: [UInt8] = []
    private var sent = 0
    private var hasEnded = false

    private init(
        number: Int, socket: Int32, process: ChildProcess, report: @escaping (PythonWorker, Event) -> Void
    ) {
        self.number = number
        self.socket = socket
        self.process = process
        self.report = report
    }

    deinit {
        readWatch = nil
        writeWatch = nil
        close(socket)
    }

    /// Starts a process that runs `command` with a socket as descriptor 3.
    static func start(
        number: Int, command: [String], environment: [String: String], on loop: EventLoop,
        report: @escaping (PythonWorker, Event) -> Void
    ) throws -> PythonWorker {
        var pair: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &pair) == 0 else {
            throw ServerError(.worker, "cannot start a worker: \(errorText(errno))")
        }
        defer { close(pair[1]) }
        let ours = FileDescriptor(owning: pair[0], path: "the worker's socket")
        var printed: [Int32] = [-1, -1]
        guard pipe(&printed) == 0 else { throw ServerError(.worker, "cannot start a worker: \(errorText(errno))") }
        let printedEnd = FileDescriptor(owning: printed[0], path: "the worker's output")
        _ = fcntl(printed[0], F_SETFD, FD_CLOEXEC)
        _ = fcntl(printed[1], F_SETFD, FD_CLOEXEC)
        defer { close(printed[1]) }

        var request = ChildProcess.Request(command[0], Array(command.dropFirst()), environment: environment)
        request.environment[EnvironmentVariable.skiffWorkerDescriptor.rawValue] = "3"
        request.descriptors = [3: pair[1]]
        request.output = .descriptor(printed[1])
        request.error = .descriptor(printed[1])
        request.hasOwnGroup = true
        let process = try ChildProcess.spawn(request)
        _ = fcntl(pair[0], F_SETFL, fcntl(pair[0], F_GETFL) | O_NONBLOCK)
        let worker = PythonWorker(number: number, socket: ours.release(), process: process, report: report)
        worker.lines = try LineForwarder(
            descriptor: printedEnd.release(), prefix: "[worker \(number)] ", on: loop)
        worker.readWatch = try EventWatch(.readable(pair[0]), on: loop) { [unowned worker] in worker.receive() }
        worker.writeWatch = try EventWatch(.writable(pair[0]), on: loop) { [unowned worker] in worker.flush() }
        worker.readWatch?.arm()
        return worker
    }

    var processNumber: Int32 { process.number }
    var isIdle: Bool { isLoaded && job == nil && !hasEnded }

    /// Sends a request; the worker must be idle.
    func begin(_ job: WorkerJob) {
        self.job = job
        outbox = WorkerFrame.header(.request, request: job.id, payloadCount: job.payload.count)
        outbox.append(contentsOf: job.payload)
        self.job?.payload = []
        sent = 0
        flush()
    }

    /// Ends the process, at once or after it had a moment to stop by itself.
    func end(politely: Bool) {
        hasEnded = true
        readWatch = nil
        writeWatch = nil
        if politely {
            let frame = WorkerFrame.header(.stop, request: 0, payloadCount: 0)
            _ = send(socket, frame, frame.count, Int32(MSG_NOSIGNAL))
            if process.wait(seconds: 0.5) != nil { return }
        }
        process.send(SIGKILL)
        _ = process.wait()
    }

    /// How the process ended, when it has.
    private var outcomeInWords: String {
        // The socket closes a moment before the process can be collected.
        switch process.wait(seconds: 0.2) {
        case .exited(let status)?: "it exited with status \(status)"
        case .signalled(let signal)?:
            signal == SIGKILL ? "it was killed (signal 9), perhaps for want of memory" : "signal \(signal)"
        case nil: "it closed its socket"
        }
    }

    private func flush() {
        while sent < outbox.count {
            let count = outbox.withUnsafeBytes {
                send(socket, $0.baseAddress?.advanced(by: sent), $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN {
                writeWatch?.arm()
                return
            }
            // The other side has gone; reading tells.
            guard count > 0 else { break }
            sent += count
        }
        writeWatch?.disarm()
        outbox = []
        sent = 0
    }

    private func receive() {
        for _ in 0..<64 {
            let start = inbox.count
            let room = max(1 << 16, wanted - start)
            let count = withUnsafeTemporaryAllocation(byteCount: min(room, 1 << 20), alignment: 16) { buffer in
                let count = recv(socket, buffer.baseAddress, buffer.count, 0)
                if count > 0 { inbox.append(contentsOf: buffer[..<count]) }
                return count
            }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { break }
            guard count > 0 else { return finish(outcomeInWords) }
            if inbox.count >= wanted { break }
        }
        readFrames()
    }

    private func readFrames() {
        var start = 0
        while !hasEnded {
            switch WorkerFrame.parse(inbox, from: start) {
            case .garbage: return finish("it sent something that is not a frame")
            case .needsMore(let count):
                inbox.removeFirst(start)
                wanted = count - start
                if inbox.isEmpty, inbox.capacity > 1 << 20 { inbox = [] }
                return
            case .frame(let frame):
                start = frame.payload.upperBound
                handle(frame, Array(inbox[frame.payload]))
            }
        }
    }

    private func handle(_ frame: WorkerFrame, _ payload: [UInt8]) {
        switch frame.kind {
        case .ready where !isLoaded:
            isLoaded = true
            report(self, .ready(payload))
        case .loadFailed where !isLoaded:
            report(self, .loadFailed(payload))
        case .answer where frame.request == job?.id:
            hasAnswered = true
            report(self, .answer(payload))
        case .error where frame.request == job?.id:
            hasAnswered = true
            report(self, .error(payload))
        case .ready, .loadFailed, .answer, .error, .request, .stop:
            finish("it sent a frame out of turn")
        }
    }

    private func finish(_ reason: String) {
        guard !hasEnded else { return }
        hasEnded = true
        readWatch = nil
        writeWatch = nil
        process.send(SIGKILL)
        report(self, .ended(reason))
    }
}
