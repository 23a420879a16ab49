import CCurl
import Diagnostics
import Glibc

/// Sends many requests at once over kept connections, on the one thread that calls; HTTP/2 where TLS offers it.
///
/// Each request is sent once, and redirects are followed by the rule of `HTTPRequest.redirected(by:)`: whether to try again
/// is the caller's decision. Receivers and completions are called inside of `run` only; a receiver that takes its time holds
/// the network up, which is how memory stays bounded: nothing is read that has no place to go.
public final class HTTPEngine {
    /// A request under way, or a timer.
    public struct Ticket: Hashable, Sendable {
        fileprivate let number: Int
    }

    /// What becomes of a request: an answer of any status, the `HTTPError` of the transport, or what its receiver threw.
    public typealias Outcome = Result<HTTPResponse, any Error>

    static let redirectLimit = 10
    /// How often cancellation and stalls are looked for.
    static let lookSeconds = 0.2
    /// A caller that did something else for longer than this between two looks was not listening: no transfer has stalled.
    static let absenceSeconds = 1.0

    /// How requests are sent; its `retry` is not used here.
    public let settings: HTTPSettings
    private let multi: CurlMulti
    private var flights: [UnsafeMutableRawPointer: Flight] = [:]
    private var addresses: [Ticket: UnsafeMutableRawPointer] = [:]
    private var failures: [(ticket: Ticket, tell: () -> Void)] = []
    private var timers: [Timer] = []
    private var nextNumber = 0
    private var lastLookSeconds = monotonicSeconds()

    private struct Timer {
        let ticket: Ticket
        let atSeconds: Double
        let work: () -> Void
    }

    /// Opens no connection yet.
    ///
    /// - Parameter connectionsPerHost: more requests than that to one host wait for each other, unless HTTP/2 carries them.
    /// - Throws: `HTTPError` of kind `.settings` when libcurl does not start.
    public init(settings: HTTPSettings, connectionsPerHost: Int) throws(HTTPError) {
        self.settings = settings
        multi = try CurlMulti.make(connectionsPerHost: max(1, connectionsPerHost))
    }

    deinit { cancelAll() }

    /// How many requests are under way.
    public var requestCount: Int { addresses.count }

    /// Ends the waiting of `run` from another thread.
    public var waker: Waker { multi.waker }

    /// Begins a request; bytes move only inside of `run`.
    ///
    /// - Parameters:
    ///   - receiver: takes the body of a 2xx answer. What it throws ends the request and is its outcome.
    ///   - completion: called once, unless the request is cancelled. It may start and cancel requests.
    @discardableResult
    public func start(
        _ request: HTTPRequest, to receiver: any BodyReceiver, completion: @escaping (Outcome) -> Void
    ) -> Ticket {
        var request = request
        if request.credential?.origin != request.url.origin { request.credential = nil }
        let ticket = newTicket()
        do throws(HTTPError) {
            try launch(Flight(ticket: ticket, request: request, receiver: receiver, completion: completion))
        } catch {
            let failure = HTTPError(error.kind, request: request)
            failures.append((ticket, { completion(.failure(failure)) }))
        }
        return ticket
    }

    /// Calls `work` inside of `run` once `seconds` have passed.
    @discardableResult
    public func after(_ seconds: Double, _ work: @escaping () -> Void) -> Ticket {
        let ticket = newTicket()
        timers.append(Timer(ticket: ticket, atSeconds: monotonicSeconds() + seconds, work: work))
        return ticket
    }

    /// Ends a request or a timer without calling anybody; nothing happens when it is over already.
    public func cancel(_ ticket: Ticket) {
        timers.removeAll { $0.ticket == ticket }
        failures.removeAll { $0.ticket == ticket }
        if let address = addresses[ticket], let flight = flights[address] { land(flight) }
    }

    /// Ends everything without calling anybody.
    public func cancelAll() {
        timers = []
        failures = []
        for flight in Array(flights.values) { land(flight) }
    }

    /// Works until `isDone`, which is asked after each step, or until neither a request nor a timer is left.
    ///
    /// - Throws: `HTTPError` of kind `.cancelled` within a second of the settings' cancellation, which is asked about at least
    ///   once; `.settings` when libcurl itself breaks. Everything under way is cancelled then.
    public func run(until isDone: () -> Bool = { false }) throws(HTTPError) {
        do throws(HTTPError) {
            // What the caller did since the last run counts as nobody's silence.
            look(now: monotonicSeconds(), isReturn: true)
            while true {
                if settings.isCancelled() { throw HTTPError(.cancelled) }
                try step()
                if isDone() || (flights.isEmpty && timers.isEmpty && failures.isEmpty) { return }
                try multi.wait(atMostSeconds: secondsToWait())
            }
        } catch {
            cancelAll()
            throw error
        }
    }

    private func step() throws(HTTPError) {
        try multi.perform()
        while let (address, code) = multi.nextEnd() {
            if let flight = flights[address] { finish(flight, code) }
        }
        let now = monotonicSeconds()
        for timer in timers where timer.atSeconds <= now {
            // The work of an earlier one may have cancelled it.
            guard let index = timers.firstIndex(where: { $0.ticket == timer.ticket }) else { continue }
            timers.remove(at: index)
            timer.work()
        }
        if now - lastLookSeconds >= Self.lookSeconds { look(now: now, isReturn: false) }
        while !failures.isEmpty { failures.removeFirst().tell() }
    }

    private func secondsToWait() -> Double {
        guard failures.isEmpty else { return 0 }
        let next = timers.map(\.atSeconds).min() ?? .infinity
        return min(Self.lookSeconds, next - monotonicSeconds())
    }

    /// Looks for requests that stand still.
    private func look(now: Double, isReturn: Bool) {
        let gap = now - lastLookSeconds
        lastLookSeconds = now
        let wasAway = isReturn || gap > Self.absenceSeconds
        for flight in Array(flights.values) {
            if wasAway { flight.exchange.overlook(seconds: gap) }
            guard let error = flight.exchange.silence(now: now) else { continue }
            land(flight)
            let failure = HTTPError(error.kind, request: flight.request)
            failures.append((flight.ticket, { flight.completion(.failure(failure)) }))
        }
    }

    private func newTicket() -> Ticket {
        nextNumber += 1
        return Ticket(number: nextNumber)
    }

    private func launch(_ flight: Flight) throws(HTTPError) {
        let easy = try flight.prepare(settings)
        try multi.add(easy.handle)
        flights[easy.handle.identity] = flight
        addresses[flight.ticket] = easy.handle.identity
    }

    /// Takes `flight` out of the air.
    private func land(_ flight: Flight) {
        guard let easy = flight.easy else { return }
        flights[easy.handle.identity] = nil
        addresses[flight.ticket] = nil
        do throws(HTTPError) { try multi.remove(easy.handle) } catch {
            // libcurl says so of a handle that it does not know; it takes out the others when they go away.
        }
        flight.easy = nil
    }

    private func finish(_ flight: Flight, _ code: CURLcode) {
        let outcome: Outcome
        do {
            let head = try flight.result(code, settings)
            land(flight)
            if flight.request.followsRedirects, let location = head.redirection {
                flight.hopCount += 1
                flight.request = try flight.request.redirected(to: location, hopCount: flight.hopCount)
                do throws(HTTPError) { return try launch(flight) } catch {
                    throw HTTPError(error.kind, request: flight.request)
                }
            }
            outcome = .success(
                HTTPResponse(
                    head: head, body: flight.exchange.errorBody, request: flight.request, attempts: 1,
                    credentialWasSent: flight.request.credential != nil))
        } catch {
            land(flight)
            outcome = .failure(error)
        }
        flight.completion(outcome)
    }
}

/// A libcurl handle. Each request, and each hop of a redirect, has its own: libcurl 7.88 does not let go of the buffer of one that
/// has carried HTTP/2, and refuses to set its size again.
final class EasyHandle {
    let handle: CurlHandle

    init() throws(HTTPError) { handle = try CurlHandle.make() }
}

/// A request under way.
final class Flight {
    let ticket: HTTPEngine.Ticket
    let receiver: any BodyReceiver
    let completion: (HTTPEngine.Outcome) -> Void
    /// As it was sent last.
    var request: HTTPRequest
    /// Redirects so far.
    var hopCount = 0
    fileprivate(set) var easy: EasyHandle?
    private(set) var exchange: Exchange
    /// libcurl reads them until the request is over.
    private var lines = CurlList()

    init(
        ticket: HTTPEngine.Ticket, request: HTTPRequest, receiver: any BodyReceiver,
        completion: @escaping (HTTPEngine.Outcome) -> Void
    ) {
        self.ticket = ticket
        self.request = request
        self.receiver = receiver
        self.completion = completion
        exchange = Exchange(receiver: receiver, timeouts: HTTPTimeouts())
    }

    /// Sets a handle up for `request`.
    func prepare(_ settings: HTTPSettings) throws(HTTPError) -> EasyHandle {
        let easy = try EasyHandle()
        try easy.handle.reset()
        exchange = Exchange(receiver: receiver, timeouts: settings.timeouts)
        lines = CurlList()
        try easy.handle.configure(request, settings, &lines)
        try exchange.attach(to: easy.handle)
        self.easy = easy
        return easy
    }

    /// The head of the answer that has ended with `code`.
    ///
    /// - Throws: `HTTPError`, or what the receiver threw.
    func result(_ code: CURLcode, _ settings: HTTPSettings) throws -> HTTPResponseHead {
        if var failure = exchange.failure as? HTTPError {
            failure.concerns(request)
            throw failure
        }
        if let failure = exchange.failure { throw failure }
        guard code == CURLE_OK || exchange.errorBodyIsCut else {
            throw HTTPError(easy?.handle.kind(of: code, settings) ?? .answer(reason: "it is gone"), request: request)
        }
        guard let head = exchange.head else {
            throw HTTPError(.answer(reason: "it sent no status line"), request: request)
        }
        return head
    }
}
