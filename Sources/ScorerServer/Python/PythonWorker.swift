import Diagnostics
import Glibc
import JSONText
import Platform

/// A scoring request on its way through a worker.
struct WorkerJob {
    var id: UInt32
    /// The frame with room for its header.
    var frame: FrameBuilder.Frame
    var deadline: UInt64
    var clock: JobClock
    /// Who waits for the answer; nil for a self-test.
    var client: HTTPConnection?
    var completion: (ScoringOutcome) -> Void

    var rows: Int? { frame.rows }
}

/// One worker process and the socket pair to it. Everything happens in handlers of the loop.
final class PythonWorker {
    enum Event {
        case ready([UInt8])
        case loadFailed([UInt8])
        /// JSON text.
        case answer([UInt8])
        case error([UInt8])
        /// The copy that was asked for with this number.
        case forked(UInt32, [UInt8])
        /// The process has gone, or does not keep to the protocol.
        case ended(String)
    }

    /// The status of a worker that ended because it got no memory.
    static let outOfMemoryStatus: Int32 = 77

    private(set) var number: Int
    /// The request that it works on.
    var job: WorkerJob?
    /// Whether the process is a copy of a loaded one.
    let isCopy: Bool
    private(set) var isLoaded = false
    /// What it said when it had loaded the model.
    private(set) var hello: [UInt8] = []
    private let socket: Int32
    /// nil for a copy that has not been told of yet.
    private(set) var process: ChildProcess?
    private let report: (PythonWorker, Event) -> Void
    private let lines: LineForwarder
    private var readWatch: EventWatch?
    private var writeWatch: EventWatch?
    private var inbox: [UInt8] = []
    private var wanted = WorkerFrame.headerBytes
    private var outbox: [UInt8] = []
    private var sent = 0
    private var hasEnded = false

    /// Takes over the socket; watching it begins with `open`.
    init(
        number: Int, channel: consuming WorkerChannel, process: ChildProcess?, output: ErrorLines, on loop: EventLoop,
        report: @escaping (PythonWorker, Event) -> Void
    ) throws(ServerError) {
        self.number = number
        self.process = process
        self.report = report
        isCopy = process == nil
        let ends = channel.release()
        socket = ends.socket
        lines = try LineForwarder(
            descriptor: ends.printed, prefix: "[worker \(number)] ", output: output, on: loop)
        _ = fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK)
        readWatch = try EventWatch(.readable(socket), on: loop) { [unowned self] in receive() }
        writeWatch = try EventWatch(.writable(socket), on: loop) { [unowned self] in flush() }
        readWatch?.arm()
    }

    deinit {
        readWatch = nil
        writeWatch = nil
        close(socket)
    }

    var processNumber: Int32? { process?.number }
    var isIdle: Bool { isLoaded && job == nil && !hasEnded }

    /// It is none of the numbered workers, but what they are copied from.
    func becomeParent() {
        number = 0
        lines.prefix = "[workers] "
    }

    func checkTime(_ now: UInt64) { lines.checkTime(now) }

    // MARK: Sending

    /// Sends a request; the worker must be idle.
    func begin(_ job: WorkerJob) {
        self.job = job
        outbox = job.frame.bytes
        self.job?.frame.bytes = []
        let header = WorkerFrame.header(
            .request, request: job.id, payloadCount: outbox.count - WorkerFrame.headerBytes,
            isColumnar: job.frame.isColumnar)
        outbox.replaceSubrange(..<header.count, with: header)
        sent = 0
        flush()
    }

    /// Asks for a copy that has `descriptors` as its socket and its output.
    func askForCopy(_ request: UInt32, descriptors: [Int32]) throws(ServerError) {
        let frame = WorkerFrame.header(.fork, request: request, payloadCount: 0)
        guard DescriptorMessage.send(frame, descriptors: descriptors, to: socket) else {
            throw ServerError(.worker, "cannot copy a worker: \(errorText(errno))")
        }
    }

    /// The copy is this process; false when that is no child of ours.
    func adopt(process number: Int32) -> Bool {
        guard process == nil, let child = ChildProcess.adopt(number: number, path: "a worker") else { return false }
        process = child
        return true
    }

    /// Asks it to stop by itself.
    func askToStop() {
        hasEnded = true
        readWatch = nil
        writeWatch = nil
        let frame = WorkerFrame.header(.stop, request: 0, payloadCount: 0)
        _ = send(socket, frame, frame.count, Int32(MSG_NOSIGNAL))
    }

    /// Kills the process, and what it started, unless it ends by itself within `seconds`.
    func end(within seconds: Double = 0) {
        hasEnded = true
        readWatch = nil
        writeWatch = nil
        guard let process, process.wait(seconds: seconds) == nil else { return }
        // Not collected yet, so the number still belongs to its group.
        kill(-process.number, SIGKILL)
        process.send(SIGKILL)
        _ = process.wait()
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

    // MARK: Receiving

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
            hello = payload
            report(self, .ready(payload))
        case .loadFailed where !isLoaded:
            report(self, .loadFailed(payload))
        case .answer where isLoaded && frame.request == job?.id:
            guard
                let text = WorkerAnswer.text(
                    payload, isColumnar: frame.isColumnar, takesNotFinite: job?.frame.takesNotFinite ?? false)
            else {
                return finish("its answer is damaged")
            }
            report(self, .answer(text))
        case .error where isLoaded && frame.request == job?.id:
            report(self, .error(payload))
        case .rows where isLoaded && frame.request == job?.id:
            let count = (try? JSONText.parse(payload))?["rows"]?.intValue
            guard let count, count >= 0 else { return finish("it sent a number of rows that is none") }
            job?.frame.rows = count
        case .forked where isLoaded && job == nil:
            report(self, .forked(frame.request, payload))
        case .ready, .loadFailed, .answer, .error, .request, .stop, .fork, .forked, .rows:
            finish("it sent a frame out of turn")
        }
    }

    private func finish(_ reason: String) {
        guard !hasEnded else { return }
        hasEnded = true
        readWatch = nil
        writeWatch = nil
        process?.send(SIGKILL)
        report(self, .ended(reason))
    }

    /// How the process ended, when it has.
    private var outcomeInWords: String {
        // The socket closes a moment before the process can be collected.
        switch process?.wait(seconds: 0.2) {
        case .exited(Self.outOfMemoryStatus)?: "it ran out of memory"
        case .exited(let status)?: "it exited with status \(status)"
        case .signalled(SIGKILL)?: "it was killed (signal 9), perhaps for want of memory"
        case .signalled(let signal)?: "signal \(signal)"
        case nil: "it closed its socket"
        }
    }
}

/// What the answer of a worker says.
enum WorkerAnswer {
    // Python's own bounds: 1000 levels of nesting, 4300 digits.
    private static let limits = JSONLimits(
        maxDepth: 1000, maxBytes: WorkerFrame.payloadLimit, maxNumberLength: 5000)

    /// The JSON text of the payload, or with `takesNotFinite` JSON that has Python's words for what is not finite; nil when it is
    /// damaged.
    static func text(_ payload: [UInt8], isColumnar: Bool, takesNotFinite: Bool = false) -> [UInt8]? {
        if isColumnar { return payload.withUnsafeBytes { AnswerText.make($0, writesNotFinite: takesNotFinite) } }
        let isWhole = payload.withUnsafeBytes { bytes in
            var reader = JSONPullReader(bytes, limits: limits)
            reader.takesNotFinite = takesNotFinite
            guard (try? reader.skipValue()) != nil, let end = try? reader.next() else { return false }
            return end == .endOfDocument
        }
        return isWhole ? payload : nil
    }
}
