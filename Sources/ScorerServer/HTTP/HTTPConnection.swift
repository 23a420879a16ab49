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
    private let openedAt = Clock.now()

    private let descriptor: Int32
    private unowned let host: ServerThread
    private var readWatch: EventWatch?
    private var writeWatch: EventWatch?
    private var state = State.idle { didSet { if oldValue != state { deadline = nil } } }
    /// When `state` has lasted too long; nil when it has just begun.
    private var deadline: UInt64?
    /// What has come and could not be used yet.
    private let inbox: ByteQueue
    /// How far the bytes that are being processed were used.
    private var consumed = 0
    private var headReader = HTTPHeadReader()
    private var chunks: ChunkedBody?
    private var bodyBytes = 0
    private var bodyStart: UInt64 = 0
    private let writer: SocketWriter
    private var closesAfterAnswer = false
    private var isProcessing = false
    private var hasEnded = false
    /// Whether the client was asked, while it waits, if it is still there.
    private var isProbed = false

    /// Takes over `descriptor`, a connected non-blocking socket.
    init(descriptor: Int32, on loop: EventLoop, host: ServerThread) throws(ServerError) {
        self.descriptor = descriptor
        self.host = host
        inbox = ByteQueue(host.state.budget)
        writer = SocketWriter(descriptor: descriptor, budget: host.state.budget)
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        // The watches are dropped in `close`, which every connection reaches.
        readWatch = try EventWatch(.readable(descriptor), on: loop) { [unowned self] in receive() }
        writeWatch = try EventWatch(.writable(descriptor), on: loop) { [unowned self] in flush() }
        readWatch?.arm()
        limitTime()
    }

    /// Whether an answer given now would reach the request that was handled.
    var isWaiting: Bool { state == .waiting }

    var isClosed: Bool { state == .closed }

    // MARK: Presence

    /// `POLLRDHUP`, which glibc's headers keep from Swift.
    private static let pollReadHangUp: Int16 = 0x2000

    /// Whether the client has hung up while its request waits; the connection is closed then.
    ///
    /// That nothing more will come does not tell a client that has gone from one that has only ended its side. It is sent an interim
    /// response, which every client of HTTP/1.1 passes over (RFC 9110, section 15.2) and a closed socket answers with a reset: so
    /// one that has gone is known by the next call.
    func hasHungUp() -> Bool {
        guard state == .waiting else { return isClosed }
        var entry = pollfd(fd: descriptor, events: Self.pollReadHangUp, revents: 0)
        guard poll(&entry, 1, 0) > 0 else { return false }
        if entry.revents & Int16(POLLERR | POLLHUP) != 0 {
            close()
        } else if !isProbed, let request, !request.isVersion10 {
            isProbed = true
            sendContinue()
        }
        return isClosed
    }

    // MARK: Time

    /// Acts when a time limit has passed.
    func checkTime(_ now: UInt64) {
        if state == .body, now > bodyStart &+ Clock.seconds(host.limits.bodyGraceSeconds) {
            let seconds = (now &- bodyStart) / 1_000_000_000
            if UInt64(bodyBytes) < seconds &* UInt64(host.limits.bodyBytesPerSecond) { return refuseSlow() }
        }
        guard let deadline, now > deadline else { return }
        switch state {
        case .idle, .answering, .lingering: close()
        case .head, .body: refuseSlow()
        case .waiting, .closed: break
        }
    }

    private func refuseSlow() {
        refuse(HTTPRefusal(status: 408, message: "the request did not arrive within the time limit"))
        process()
    }

    /// Closes after the next answer, or soon when no request comes: one may be on its way, all the more on a connection that was
    /// made or used a moment ago.
    func drain() {
        closesAfterAnswer = true
        guard state == .idle else { return }
        let now = Clock.now()
        let isInUse = now &- max(openedAt, sentAt) < Clock.seconds(1)
        deadline = now &+ Clock.seconds(isInUse ? 5 : 1)
    }

    private func limitTime() {
        guard deadline == nil else { return }
        let limits = host.limits
        let seconds =
            switch state {
            case .idle: limits.idleSeconds
            case .head: limits.headerSeconds
            case .body: limits.bodySeconds
            case .answering: limits.answerSeconds
            case .lingering: 1
            case .waiting, .closed: 0
            }
        let now = Clock.now()
        if state == .body { bodyStart = now }
        deadline = now &+ Clock.seconds(seconds)
    }

    // MARK: Reading

    private func receive() {
        let buffer = host.readBuffer
        let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard count > 0 else { return ended() }
        if state == .lingering { return }
        process(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }

    /// Nothing more comes from the client.
    private func ended() {
        hasEnded = true
        switch state {
        case .waiting, .answering: readWatch?.disarm()
        case .body:
            refuse(.badRequest("the connection ended before the body did"))
            process()
        case .idle, .head, .lingering, .closed: close()
        }
    }

    /// Goes on with what was kept and `fresh`, which is valid during the call only.
    private func process(_ fresh: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)) {
        guard !isProcessing else { return }
        isProcessing = true
        defer { isProcessing = false }
        if state == .body { bodyBytes += fresh.count }
        let isKept = !inbox.isEmpty
        if isKept, !inbox.append(fresh, expecting: expectedBytes) { refuse(.tooManyBytes) }
        let bytes = isKept ? inbox.bytes : fresh
        consumed = 0
        var turns = 0
        while state != .idle || turns < host.limits.pipelined, step(bytes) {
            if state == .idle { turns += 1 }
        }
        keep(bytes, isKept)
        guard state != .closed else { return }
        // Others have their turn before a client that sends many requests at once goes on.
        let hasMore = state == .idle && !inbox.isEmpty
        if hasMore { writeWatch?.arm() }
        if hasMore || state == .waiting || state == .answering { readWatch?.disarm() } else { readWatch?.arm() }
        limitTime()
    }

    /// Keeps what was not used for the next time.
    private func keep(_ bytes: UnsafeRawBufferPointer, _ isKept: Bool) {
        switch state {
        case .lingering, .closed: inbox.removeAll()
        case .idle, .head, .body, .waiting, .answering:
            if isKept { return inbox.consume(consumed) }
            let rest = UnsafeRawBufferPointer(rebasing: bytes[consumed...])
            guard !inbox.append(rest, expecting: expectedBytes) else { return }
            // A request that is being answered is not to blame for what came behind it.
            if state == .waiting || state == .answering { closesAfterAnswer = true } else { refuse(.tooManyBytes) }
        }
    }

    /// How many bytes the inbox will hold when the request that is being read is there.
    private var expectedBytes: Int {
        guard state == .body, case .length(let count) = request?.framing else { return .max }
        return count
    }

    /// Goes on with what has arrived; false when that is all.
    private func step(_ bytes: UnsafeRawBufferPointer) -> Bool {
        switch state {
        case .idle: startRequest(bytes)
        case .head: readHead(bytes)
        case .body: readBody(bytes)
        case .waiting, .answering, .lingering, .closed: false
        }
    }

    private func startRequest(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard consumed < bytes.count else {
            if hasEnded { close() }
            return false
        }
        state = .head
        headReader = HTTPHeadReader()
        return true
    }

    private func readHead(_ bytes: UnsafeRawBufferPointer) -> Bool {
        switch headReader.read(UnsafeRawBufferPointer(rebasing: bytes[consumed...]), limits: host.limits) {
        case .needsMore: return false
        case .refused(let refusal): return refuse(refusal)
        case .complete(let head):
            consumed += head.byteCount
            request = head
            requestBytes = head.byteCount
            if !head.keepsAlive { closesAfterAnswer = true }
            return startBody(head, bytes.count - consumed)
        }
    }

    private func startBody(_ head: HTTPHead, _ available: Int) -> Bool {
        switch head.framing {
        case .length(let count):
            guard count <= host.limits.bodyBytes else { return refuse(.bodyTooLarge(host.limits)) }
        case .chunked:
            chunks = ChunkedBody(limits: host.limits, budget: host.state.budget)
        }
        if head.expectsContinue, head.framing != .length(0) {
            sendContinue()
            guard state != .closed else { return false }
        }
        state = .body
        bodyBytes = available
        return true
    }

    private func sendContinue() {
        let line: StaticString = "HTTP/1.1 100 Continue\r\n\r\n"
        send(
            UnsafeRawBufferPointer(start: line.utf8Start, count: line.utf8CodeUnitCount),
            UnsafeRawBufferPointer(start: nil, count: 0))
    }

    private func readBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let head = request else { return false }
        switch head.framing {
        case .length(let count):
            guard bytes.count - consumed >= count else { return false }
            let body = UnsafeRawBufferPointer(rebasing: bytes[consumed..<(consumed + count)])
            consumed += count
            begin(bytes: count)
            host.handle(head, body: body, from: self)
        case .chunked:
            guard var decoder = chunks else { return false }
            switch decoder.read(bytes, from: &consumed) {
            case .needsMore:
                chunks = decoder
                return false
            case .refused(let refusal): return refuse(refusal)
            case .complete:
                chunks = nil
                begin(bytes: decoder.content.count)
                host.handle(head, body: decoder.content.bytes, from: self)
            }
        }
        return true
    }

    private func begin(bytes: Int) {
        requestBytes += bytes
        requestStart = Clock.now()
        isProbed = false
        state = .waiting
    }

    /// Answers and closes: what follows on the connection cannot be trusted to be a request.
    @discardableResult
    private func refuse(_ refusal: HTTPRefusal) -> Bool {
        closesAfterAnswer = true
        requestStart = Clock.now()
        chunks = nil
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
        state = .answering
        let sendsBody = request?.method != .head
        host.withHeadBuffer { head in
            response.appendHead(
                to: &head, bodyCount: body.count, connection: closesAfterAnswer ? "close" : keepAlive, date: host.date)
            head.withUnsafeBytes { send($0, sendsBody ? body : UnsafeRawBufferPointer(start: nil, count: 0)) }
        }
        sentAt = Clock.now()
        request = nil
        if state == .answering, writer.isDone { answered() }
        if !isProcessing { process() }
    }

    private func answered() { if closesAfterAnswer { linger() } else { state = .idle } }

    private func send(_ head: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer) {
        switch writer.send(head, body) {
        case .done: break
        case .waiting: writeWatch?.arm()
        case .failed: close()
        }
    }

    private func flush() {
        switch writer.flush() {
        case .waiting: return
        case .failed: return close()
        case .done: break
        }
        writeWatch?.disarm()
        if state == .answering { answered() }
        process()
    }

    /// Ends our side and reads on for a moment, so that the client sees the answer and not a reset.
    private func linger() {
        guard !hasEnded else { return close() }
        shutdown(descriptor, Int32(SHUT_WR))
        state = .lingering
    }

    /// Closes at once.
    func close() {
        guard state != .closed else { return }
        state = .closed
        readWatch = nil
        writeWatch = nil
        chunks = nil
        Glibc.close(descriptor)
        host.closed(self)
    }
}
