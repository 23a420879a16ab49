import Glibc

/// One thread's share of the server: an event loop, its connections, its backend.
final class ServerThread {
    let loop: EventLoop
    let state: ServerState
    let backend: any Backend
    /// Memory for one read; only valid during it.
    let readBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 64)
    /// Memory for one answer's body.
    var scratch: [UInt8] = []
    let counters: Counters
    var random = RandomPool()
    /// Memory for the fields of one answer.
    var fields: [UInt8] = []
    /// Set while a scoring request is answered.
    var scored: ScoredRequest?
    private var headBuffer: [UInt8] = []
    private var connections: [HTTPConnection?] = []
    private var freeSlots: [Int] = []
    private var watches: [EventWatch] = []
    private var dateSecond = -1
    private var dateText = ""

    init(loop: EventLoop, state: ServerState, backend: any Backend) throws(ServerError) {
        self.loop = loop
        self.state = state
        self.backend = backend
        counters = state.metrics.makeCounters()
        let timer = try EventWatch(.timer, on: loop) { [unowned self] in checkTime() }
        timer.arm(everyMilliseconds: 250)
        watches.append(timer)
    }

    deinit { readBuffer.deallocate() }

    var limits: Limits { state.limits }
    var isDraining: Bool { state.isDraining }

    /// The time as HTTP's Date field has it.
    var date: String {
        var now = time(nil)
        guard now != dateSecond else { return dateText }
        dateSecond = now
        var parts = tm()
        gmtime_r(&now, &parts)
        var text = [CChar](repeating: 0, count: 40)
        // The scorer never calls `setlocale`, so the names are English.
        let count = strftime(&text, text.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
        dateText = String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return dateText
    }

    /// Memory for the head of one answer, empty at first. An answer can lead to the next one, which gets memory of its own.
    func withHeadBuffer(_ use: (inout [UInt8]) -> Void) {
        var bytes: [UInt8] = []
        swap(&bytes, &headBuffer)
        bytes.removeAll(keepingCapacity: true)
        use(&bytes)
        swap(&bytes, &headBuffer)
    }

    /// Takes messages from `mailbox` while the loop runs.
    func attach(_ mailbox: Mailbox) throws(ServerError) {
        let watch = try EventWatch(.readable(mailbox.readEnd), on: loop) { [unowned self] in
            for message in mailbox.take() {
                switch message {
                case .connection(let descriptor): adopt(descriptor)
                case .drain: drain()
                case .stop: loop.stop()
                }
            }
        }
        watch.arm()
        watches.append(watch)
    }

    /// Serves a connected socket, which is owned from here on.
    func adopt(_ descriptor: Int32) {
        guard state.addConnection() else {
            counters.add(to: .connectionsRefused)
            Router.refuseConnection(descriptor, date: date)
            close(descriptor)
            return
        }
        counters.add(to: .connections)
        do {
            let connection = try HTTPConnection(descriptor: descriptor, on: loop, host: self)
            connection.slot = freeSlots.popLast() ?? connections.count
            if connection.slot == connections.count {
                connections.append(connection)
            } else {
                connections[connection.slot] = connection
            }
            if isDraining { connection.drain() }
        } catch {
            state.removeConnection()
            close(descriptor)
        }
    }

    /// Closes each connection after its next answer, or soon when none is asked for.
    func drain() {
        for connection in connections { connection?.drain() }
        state.addDrainingThread()
    }

    /// Closes everything.
    func closeAll() { for connection in connections { connection?.close() } }

    /// Called by a connection that has closed.
    func closed(_ connection: HTTPConnection) {
        connections[connection.slot] = nil
        freeSlots.append(connection.slot)
        state.removeConnection()
    }

    func handle(_ head: HTTPHead, body: UnsafeRawBufferPointer, from connection: HTTPConnection) {
        Router.handle(head, body: body, from: connection, on: self)
    }

    func refuse(_ refusal: HTTPRefusal, on connection: HTTPConnection) { Router.refuse(refusal, on: connection, self) }

    private func checkTime() {
        let now = Clock.now()
        for connection in connections { connection?.checkTime(now) }
    }
}
