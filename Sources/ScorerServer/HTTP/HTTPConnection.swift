import Glibc

/// One client: reads requests one after the other, and reads the next only when the last is answered.
final class HTTPConnection {
    private enum State { case idle, head, body, waiting, answering, lingering, closed }

    /// The place in the host's table.
    var slot = 0
    /// When the request that is being answered was complete.
    private(set) var requestStart: UInt64 = 0
    /// The head of the request that is being answered; nil when it could not be read.
    private(set) var request: HTTPHead?
    private(set) var requestBytes = 0
    /// When the last answer was handed to the socket.
    private(set) var sentAt: UInt64 = 0

    private let descriptor: Int32
    private unowned let host: ServerThread
    private var readWatch: EventWatch?
    private var writeWatch: EventWatch?
    private var state = State.idle
    private var deadline: UInt64
    private var inbox: [UInt8] = []
    private var consumed = 0
    private var scanned = 0
    private var chunks: ChunkedBody?
    private var outbox: [UInt8] = []
    private var sent = 0
    private var closesAfterAnswer = false
    private var isProcessing = false
    private var hasEnded = false

    /// Takes over `descriptor`, a connected non-blocking socket.
    init(descriptor: Int32, on loop: EventLoop, host: ServerThread) throws(ServerError) {
        self.descriptor = descriptor
        self.host = host
        deadline = Clock.now() &+ Clock.seconds(host.limits.idleSeconds)
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        // The watches are dropped in `close`, which every connection reaches.
        readWatch = try EventWatch(.readable(descriptor), on: loop) { [unowned self] in receive() }
        writeWatch = try EventWatch(.writable(descriptor), on: loop) { [unowned self] in flush() }
        readWatch?.arm()
    }

    /// Whether an answer given now would reach the request that was handled.
    var isWaiting: Bool { state == .waiting }

    var isClosed: Bool { state == .closed }

    // MARK: Time

    /// Acts when a time limit has passed.
    func checkTime(_ now: UInt64) {
        guard now > deadline else { return }
        switch state {
        case .idle, .answering, .lingering: close()
        case .head, .body:
            refuse(HTTPRefusal(status: 408, message: "the request did not arrive within the time limit"))
            process()
        case .waiting, .closed: break
        }
    }

    /// Closes after the next answer, or in a second when no request comes: one may be on its way.
    func drain() {
        closesAfterAnswer = true
        if state == .idle { deadline = Clock.now() &+ Clock.seconds(1) }
    }

    private func limitTime(seconds: Int) { deadline = Clock.now() &+ Clock.seconds(seconds) }

    // MARK: Reading

    private func receive() {
        let buffer = host.readBuffer
        let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard count > 0 else {
            hasEnded = true
            // Half a request is of no use; an answer under way is written all the same.
            if state == .answering || state == .waiting { readWatch?.disarm() } else { close() }
            return
        }
        if state == .lingering { return }
        inbox.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        process()
    }

    private func process() {
        guard !isProcessing else { return }
        isProcessing = true
        defer { isProcessing = false }
        while step() {}
        if state == .waiting || state == .answering { readWatch?.disarm() } else { readWatch?.arm() }
    }

    /// Goes on with what has arrived; false when that is all.
    private func step() -> Bool {
        switch state {
        case .idle: return startRequest()
        case .head: return readHead()
        case .body: return readBody()
        case .waiting, .answering, .lingering, .closed: return false
        }
    }

    private func startRequest() -> Bool {
        if hasEnded && consumed == inbox.count {
            close()
            return false
        }
        guard consumed < inbox.count else {
            consumed = 0
            if inbox.capacity > 1 << 16 { inbox = [] } else { inbox.removeAll(keepingCapacity: true) }
            return false
        }
        // One empty line before a request is allowed (RFC 9112, section 2.2).
        if inbox.count - consumed >= 2, inbox[consumed] == 13, inbox[consumed + 1] == 10 { consumed += 2 }
        state = .head
        scanned = 0
        limitTime(seconds: host.limits.headerSeconds)
        return true
    }

    private func readHead() -> Bool {
        let outcome = inbox.withUnsafeBytes { bytes in
            HTTPHead.parse(UnsafeRawBufferPointer(rebasing: bytes[consumed...]), scanned: &scanned, limits: host.limits)
        }
        switch outcome {
        case .needsMore: return false
        case .refused(let refusal): return refuse(refusal)
        case .complete(let head):
            consumed += head.byteCount
            request = head
            requestBytes = head.byteCount
            if !head.keepsAlive { closesAfterAnswer = true }
            return startBody(head)
        }
    }

    private func startBody(_ head: HTTPHead) -> Bool {
        var isComplete = false
        switch head.framing {
        case .length(let count):
            guard count <= host.limits.bodyBytes else { return refuse(.bodyTooLarge(host.limits)) }
            isComplete = inbox.count - consumed >= count
            if !isComplete { inbox.reserveCapacity(consumed + count) }
        case .chunked:
            chunks = ChunkedBody(limits: host.limits)
        }
        if head.expectsContinue, !isComplete, inbox.count == consumed {
            write(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
        }
        state = .body
        limitTime(seconds: host.limits.bodySeconds)
        return true
    }

    private func readBody() -> Bool {
        guard let head = request else { return false }
        switch head.framing {
        case .length(let count):
            guard inbox.count - consumed >= count else { return false }
            begin(bytes: count)
            inbox.withUnsafeBytes { bytes in
                let body = UnsafeRawBufferPointer(rebasing: bytes[consumed..<(consumed + count)])
                host.handle(head, body: body, from: self)
            }
            consumed += count
        case .chunked:
            guard var decoder = chunks else { return false }
            chunks = nil
            let outcome = inbox.withUnsafeBytes { decoder.read($0, from: &consumed) }
            switch outcome {
            case .needsMore:
                chunks = decoder
                return false
            case .refused(let refusal): return refuse(refusal)
            case .complete:
                begin(bytes: decoder.bytes.count)
                decoder.bytes.withUnsafeBytes { host.handle(head, body: $0, from: self) }
            }
        }
        return true
    }

    private func begin(bytes: Int) {
        requestBytes += bytes
        requestStart = Clock.now()
        state = .waiting
    }

    /// Answers and closes: what follows on the connection cannot be trusted to be a request.
    @discardableResult
    private func refuse(_ refusal: HTTPRefusal) -> Bool {
        closesAfterAnswer = true
        requestStart = Clock.now()
        inbox = []
        consumed = 0
        state = .waiting
        host.refuse(refusal, on: self)
        return true
    }

    // MARK: Answering

    /// Answers the request that waits; does nothing when the connection is closed.
    func respond(_ response: HTTPResponse, body: UnsafeRawBufferPointer) {
        guard state == .waiting else { return }
        if host.isDraining || hasEnded { closesAfterAnswer = true }
        let keepAlive: String? = request.map { $0.isVersion10 ? "keep-alive" : nil } ?? nil
        var head: [UInt8] = []
        head.reserveCapacity(256)
        response.appendHead(
            to: &head, bodyCount: body.count, connection: closesAfterAnswer ? "close" : keepAlive, date: host.date)
        state = .answering
        let sendsBody = request?.method != .head
        write(head, sendsBody ? body : UnsafeRawBufferPointer(start: nil, count: 0))
        sentAt = Clock.now()
        request = nil
        if state == .answering, outbox.isEmpty { answered() }
        if !isProcessing { process() }
    }

    private func answered() {
        if closesAfterAnswer {
            linger()
        } else {
            state = .idle
            limitTime(seconds: host.limits.idleSeconds)
        }
    }

    /// Sends what can be sent at once and keeps the rest.
    private func write(_ head: [UInt8], _ body: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)) {
        guard outbox.isEmpty else {
            outbox.append(contentsOf: head)
            outbox.append(contentsOf: body)
            return
        }
        let count = head.withUnsafeBytes { start in
            let parts = [
                iovec(iov_base: UnsafeMutableRawPointer(mutating: start.baseAddress), iov_len: start.count),
                iovec(iov_base: UnsafeMutableRawPointer(mutating: body.baseAddress), iov_len: body.count),
            ]
            return writev(descriptor, parts, body.isEmpty ? 1 : 2)
        }
        if count < 0, errno != EAGAIN, errno != EINTR { return close() }
        let done = max(0, count)
        guard done < head.count + body.count else { return }
        outbox.append(contentsOf: head.dropFirst(done))
        outbox.append(contentsOf: body.dropFirst(max(0, done - head.count)))
        limitTime(seconds: host.limits.answerSeconds)
        writeWatch?.arm()
    }

    private func flush() {
        let count = outbox.withUnsafeBytes {
            send(descriptor, $0.baseAddress?.advanced(by: sent), $0.count - sent, Int32(MSG_NOSIGNAL))
        }
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard count > 0 else { return close() }
        sent += count
        guard sent == outbox.count else { return }
        outbox = []
        sent = 0
        writeWatch?.disarm()
        if state == .answering { answered() }
        process()
    }

    /// Ends our side and reads on for a moment, so that the client sees the answer and not a reset.
    private func linger() {
        guard !hasEnded else { return close() }
        shutdown(descriptor, Int32(SHUT_WR))
        state = .lingering
        limitTime(seconds: 1)
    }

    /// Closes at once.
    func close() {
        guard state != .closed else { return }
        state = .closed
        readWatch = nil
        writeWatch = nil
        inbox = []
        outbox = []
        Glibc.close(descriptor)
        host.closed(self)
    }
}
