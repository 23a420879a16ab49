import Diagnostics
import Glibc
import Synchronization
import TestKit
import Testing

@testable import HTTPTransport

@Suite struct HTTPEngineTests {
    static func engine(
        connections: Int = 8, isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws -> HTTPEngine {
        var settings = HTTPSettings(userAgent: "skiff-test", environment: [:], isCancelled: isCancelled)
        settings.timeouts.firstByteSeconds = 20
        return try HTTPEngine(settings: settings, connectionsPerHost: connections)
    }

    @Test("requests are under way at the same time, and each gets its own answer")
    func together() throws {
        // Nobody is answered before all have asked.
        let arrived = Mutex(0)
        let server = try #require(
            FaultServer { request in
                arrived.withLock { $0 += 1 }
                _ = eventually(within: 15) { arrived.withLock { $0 } >= 6 }
                return .text(200, arrived.withLock { $0 } == 6 ? request.path : "alone")
            })
        defer { server.stop() }
        let engine = try Self.engine()
        var bodies: [String] = []
        for number in 0..<6 {
            let collector = BodyCollector(limit: 100)
            engine.start(HTTPRequest(.get, try HTTPURL("\(server.origin)/\(number)")), to: collector) { outcome in
                if case .success(let response) = outcome, response.head.status == 200 {
                    bodies.append(String(decoding: collector.bytes, as: UTF8.self))
                }
            }
        }
        #expect(engine.requestCount == 6)
        try engine.run()
        #expect(bodies.sorted() == ["/0", "/1", "/2", "/3", "/4", "/5"])
        #expect(engine.requestCount == 0)
    }

    @Test("no more connections to one host than allowed")
    func limit() throws {
        let state = Mutex((now: 0, most: 0))
        let server = try #require(
            FaultServer { _ in
                state.withLock {
                    $0.now += 1
                    $0.most = max($0.most, $0.now)
                }
                _ = eventually(within: 15) { state.withLock { $0.most } >= 2 }
                for _ in 0..<20 { waitShortly() }
                state.withLock { $0.now -= 1 }
                return .text(200, "")
            })
        defer { server.stop() }
        let engine = try Self.engine(connections: 2)
        var count = 0
        for _ in 0..<6 {
            engine.start(HTTPRequest(.get, try HTTPURL(server.origin)), to: BodyCollector(limit: 9)) { _ in count += 1 }
        }
        try engine.run()
        #expect(count == 6)
        #expect(state.withLock { $0.most } == 2)
    }

    @Test("a completion may start the next request, and a cancelled request tells nobody")
    func chain() throws {
        let server = try #require(
            FaultServer { $0.path == "/hang" ? .hanging(after: "") : .text(200, $0.path) })
        defer { server.stop() }
        let engine = try Self.engine()
        let sink = BodyCollector(limit: 100)
        var told: [String] = []
        let hanging = engine.start(HTTPRequest(.get, try HTTPURL(server.origin + "/hang")), to: sink) { _ in
            told.append("hang")
        }
        let second = HTTPRequest(.get, try HTTPURL(server.origin + "/b"))
        engine.start(HTTPRequest(.get, try HTTPURL(server.origin + "/a")), to: sink) { _ in
            told.append("a")
            engine.start(second, to: sink) { _ in
                told.append("b")
                engine.cancel(hanging)
            }
        }
        try engine.run()
        #expect(told == ["a", "b"])
    }

    @Test("what one receiver throws does not touch the other request")
    func receiverThrows() throws {
        struct Full: Error, Equatable {}
        final class Receiver: BodyReceiver {
            func begin(_ head: HTTPResponseHead) throws { throw Full() }
            func receive(_ bytes: UnsafeRawBufferPointer) throws {}
        }
        let server = try #require(FaultServer { _ in .text(200, "body") })
        defer { server.stop() }
        let engine = try Self.engine()
        var failure: (any Error)?
        let collector = BodyCollector(limit: 9)
        let request = HTTPRequest(.get, try HTTPURL(server.origin))
        engine.start(request, to: Receiver()) { if case .failure(let error) = $0 { failure = error } }
        engine.start(request, to: collector) { _ in }
        try engine.run()
        #expect(failure as? Full == Full())
        #expect(collector.bytes == Array("body".utf8))
    }

    @Test("a request that cannot even be set up is told like any other failure, inside of run")
    func unusable() throws {
        let engine = try Self.engine()
        let request = HTTPRequest(.get, try HTTPURL("http://127.0.0.1:1/"), headers: [HTTPHeader("X", "a\r\nb")])
        var text = ""
        engine.start(request, to: BodyCollector(limit: 9)) { outcome in text = message { try outcome.get() } }
        #expect(text.isEmpty)
        try engine.run()
        #expect(
            text == """
                error: cannot set up the connection to `http://127.0.0.1:1`: the value of the header `X` holds a control character
                  --> http://127.0.0.1:1/ (GET)

                """)
    }

    @Test("timers fire in the order of their times, a cancelled one never")
    func timers() throws {
        let engine = try Self.engine()
        var fired: [Int] = []
        engine.after(0.03) { fired.append(3) }
        engine.after(0.01) { fired.append(1) }
        let cancelled = engine.after(0.02) { fired.append(2) }
        engine.cancel(cancelled)
        try engine.run()
        #expect(fired == [1, 3])
    }

    @Test("cancellation ends everything long before any timeout, and nobody is told")
    func cancelled() throws {
        let isCancelled = Mutex(false)
        let server = try #require(
            FaultServer { _ in
                isCancelled.withLock { $0 = true }
                return .hanging(after: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
            })
        defer { server.stop() }
        let engine = try Self.engine { isCancelled.withLock { $0 } }
        var isTold = false
        engine.start(HTTPRequest(.get, try HTTPURL(server.origin)), to: BodyCollector(limit: 9)) { _ in isTold = true }
        let start = monotonicSeconds()
        let error = #expect(throws: HTTPError.self) { try engine.run() }
        #expect(error?.kind == .cancelled)
        #expect(monotonicSeconds() - start < 10)
        #expect(isTold == false)
        #expect(engine.requestCount == 0)
    }

    @Test("time in which nobody listened is not held against the server")
    func absence() {
        var timeouts = HTTPTimeouts()
        timeouts.firstByteSeconds = 5
        let exchange = Exchange(receiver: BodyCollector(limit: 9), timeouts: timeouts)
        let now = monotonicSeconds()
        #expect(exchange.silence(now: now + 4) == nil)
        #expect(exchange.silence(now: now + 6)?.kind == .timeout(reason: "no answer for 5 s"))
        exchange.overlook(seconds: 60)
        #expect(exchange.silence(now: now + 62) == nil)
        #expect(exchange.silence(now: now + 66)?.kind == .timeout(reason: "no answer for 5 s"))
    }
}

/// A millisecond for the other threads.
private func waitShortly() { usleep(1000) }
