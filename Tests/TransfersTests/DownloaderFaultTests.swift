import Diagnostics
import Glibc
import HTTPTransport
import Hashing
import Platform
import Synchronization
import TestKit
import Testing

@testable import Transfers

@Suite struct DownloaderFaultTests {
    typealias Request = FaultServer.Request
    typealias Reply = FaultServer.Reply

    static let bytes = noise(30_000)
    static let damaged = "hint: try again; when it stays so, the file is damaged in the server's storage\n"

    /// One file of 30,000 bytes, in one stream.
    static func file(_ server: FaultServer, name: String = "f", renewed: Set<Int> = []) -> RemoteObject {
        TransferKit.object(name, bytes.count, TestAccess(server.origin + "/f", renewed: renewed))
    }

    static func honest(_ request: Request) -> Reply { .object(bytes, to: request) }

    /// What a server does wrong once, by how it answers the request number `earlierCount`.
    struct Fault: CustomTestStringConvertible, Sendable {
        let name: String
        let reply: @Sendable (Request) -> Reply
        /// The `Range` of each request.
        let ranges: [String?]
        var testDescription: String { name }

        static func once(_ name: String, _ ranges: [String?], _ reply: @escaping @Sendable (Request) -> Reply) -> Fault
        {
            Fault(name: name, reply: { $0.earlierCount == 0 ? reply($0) : honest($0) }, ranges: ranges)
        }
    }

    static let mended: [Fault] = [
        .once("cut", [nil, "bytes=12000-29999"]) { honest($0).cut(after: 12_000) },
        .once("cut chunks", [nil, "bytes=12000-29999"]) {
            Reply.object(bytes, to: $0).chunked(isEnded: false).cut(after: 12_006)
        },
        .once("no answer", [nil, nil]) { _ in .raw("") },
        .once("reset at once", [nil, nil]) { _ in .reset },
        .once("chunks that end early as if complete", [nil, nil]) {
            Reply.object(Array(bytes.prefix(12_000)), to: $0).chunked(isEnded: true)
        },
        .once("shorter than listed", [nil, nil]) { _ in .answer(200, [1, 2, 3]) },
        .once("longer than listed", [nil, nil]) { _ in
            .raw("HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: 30_001))
        },
        .once("a web page of the right size", [nil, nil]) { _ in .answer(200, bytes, type: "text/html; charset=utf-8")
        },
        .once("another digest", [nil, nil]) {
            Reply.object(bytes, to: $0, headers: ["Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="])
        },
        .once("429 with a wait of no seconds", [nil, nil]) { _ in .text(429, "", headers: ["Retry-After": "0"]) },
        .once("503 with a date", [nil, nil]) { _ in
            .text(
                503, "",
                headers: ["Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT", "Date": "Sun, 06 Nov 1994 08:49:37 GMT"])
        },
        .once("500", [nil, nil]) { _ in .text(500, "") },
        Fault(
            name: "parts of another version: read anew",
            reply: { request in
                switch request.earlierCount {
                case 0: Reply.object(noise(30_000, seed: 9), to: request, tag: "\"v0\"").cut(after: 12_000)
                case 1: .object(bytes, to: without("if-range", request))
                default: honest(request)
                }
            }, ranges: [nil, "bytes=12000-29999", nil]),
        Fault(
            name: "another version as a whole: taken from its start",
            reply: { request in
                request.earlierCount == 0
                    ? Reply.object(noise(30_000, seed: 9), to: request, tag: "\"v0\"").cut(after: 12_000)
                    : honest(request)
            }, ranges: [nil, "bytes=12000-29999"]),
        Fault(
            name: "no parts after all: taken from its start",
            reply: { request in
                request.earlierCount == 0
                    ? honest(request).cut(after: 12_000) : .object(bytes, to: without("range", request))
            }, ranges: [nil, "bytes=12000-29999"]),
        Fault(
            name: "no validator: read anew",
            reply: { request in
                let whole = Reply.object(bytes, to: request, tag: nil)
                return request.earlierCount == 0 ? whole.cut(after: 12_000) : whole
            }, ranges: [nil, nil]),
        Fault(
            name: "a date in place of a tag",
            reply: { request in
                let date = ["Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT"]
                let whole = Reply.object(bytes, to: request, tag: nil, headers: date)
                return request.earlierCount == 0 ? whole.cut(after: 12_000) : whole
            }, ranges: [nil, "bytes=12000-29999"]),
        Fault(
            name: "416 to a range: read anew",
            reply: { request in
                switch request.earlierCount {
                case 0: honest(request).cut(after: 12_000)
                case 1: .text(416, "")
                default: honest(request)
                }
            }, ranges: [nil, "bytes=12000-29999", nil]),
        Fault(
            name: "a part with another total: read anew",
            reply: { request in
                switch request.earlierCount {
                case 0: honest(request).cut(after: 12_000)
                case 1: .object(bytes + [1], to: request)
                default: honest(request)
                }
            }, ranges: [nil, "bytes=12000-29999", nil]),
        Fault(
            name: "another part than asked for: read anew",
            reply: { request in
                switch request.earlierCount {
                case 0: honest(request).cut(after: 12_000)
                case 1:
                    .answer(
                        206, Array(bytes[11_999...]),
                        headers: ["ETag": "\"v1\"", "Content-Range": "bytes 11999-29999/30000"])
                default: honest(request)
                }
            }, ranges: [nil, "bytes=12000-29999", nil]),
    ]

    /// `request` as if it had come without a header.
    static func without(_ name: String, _ request: Request) -> Request { request.without(name) }

    @Test("what goes wrong once is mended, and the bytes are right", arguments: mended)
    func once(_ fault: Fault) throws {
        let server = try #require(FaultServer(fault.reply))
        defer { server.stop() }
        let kit = try TransferKit()
        let digests = try kit.run([Self.file(server)])
        #expect(digests == [SHA256Digest(of: Self.bytes)])
        #expect(try kit.contents("f") == Self.bytes)
        #expect(server.requests.map { $0.headers["range"] } == fault.ranges)
    }

    struct Failure: CustomTestStringConvertible, Sendable {
        let name: String
        let message: String
        let requestCount: Int
        let reply: @Sendable (Request) -> Reply
        var testDescription: String { name }
    }

    static let start = "error: cannot download `m`: cannot read `f`: "
    static let place = "\n  --> SERVER/f (GET)\n"

    static let failures: [Failure] = [
        Failure(
            name: "chunks that end early as if complete",
            message: start + "the server lists it with 30,000 bytes and sends 12,000" + place + damaged, requestCount: 2
        ) { Reply.object(Array(bytes.prefix(12_000)), to: $0).chunked(isEnded: true) },
        Failure(
            name: "a web page of the right size",
            message: start + "the server sends a web page in its place" + place
                + "hint: is there a login page or a proxy between?\n", requestCount: 2
        ) { _ in .answer(200, bytes, type: "text/html") },
        Failure(
            name: "another version each time",
            message: start + "it changes on the server while it is read" + place
                + "hint: try again once nobody changes it any more\n", requestCount: 4
        ) { request in
            Reply.object(bytes, to: without("if-range", request), tag: "\"v\(request.earlierCount)\"").cut(after: 5_000)
        },
        Failure(
            name: "416 to each range",
            message: start + "the server has fewer bytes of it than the 30,000 that it lists" + place + damaged,
            requestCount: 4
        ) { $0.headers["range"] == nil ? honest($0).cut(after: 5_000) : .text(416, "") },
        Failure(
            name: "each part has another total, and the whole is always cut",
            message: start + "cannot reach `SERVER`: it closed the connection before the answer was complete" + place
                + "  - tried 10 times\nhint: check that the address is right and the server is running; "
                + "proxies are taken from `HTTPS_PROXY` and `NO_PROXY`\n", requestCount: 11
        ) { $0.headers["range"] == nil ? honest($0).cut(after: 5_000) : .object(bytes + [1], to: $0) },
        Failure(
            name: "compressed",
            message: start
                + "cannot understand `SERVER`: it sends the body encoded as `gzip`, which was not asked for" + place,
            requestCount: 1
        ) { Reply.object(bytes, to: $0, headers: ["Content-Encoding": "gzip"]) },
        Failure(
            name: "206 without a range", message: start + "the server answers with status 206 and not 200" + place,
            requestCount: 2
        ) { _ in .answer(206, bytes) },
        Failure(
            name: "trouble without end", message: "error: cannot have it: status 503\n  - tried 10 times\n",
            requestCount: 10
        ) { _ in .text(503, "") },
        Failure(
            name: "a wait of more than five minutes", message: "error: cannot have it: status 429\n", requestCount: 1
        ) { _ in .text(429, "", headers: ["Retry-After": "301"]) },
        Failure(
            name: "a wait until a date that is an hour away", message: "error: cannot have it: status 503\n",
            requestCount: 1
        ) { _ in
            .text(
                503, "",
                headers: ["Retry-After": "Sun, 06 Nov 1994 09:49:37 GMT", "Date": "Sun, 06 Nov 1994 08:49:37 GMT"])
        },
        Failure(name: "400", message: "error: cannot have it: status 400\n", requestCount: 1) { _ in .text(400, "") },
        Failure(name: "404", message: "error: cannot have it: status 404\n", requestCount: 1) { _ in .text(404, "") },
        Failure(name: "416 to all of it", message: "error: cannot have it: status 416\n", requestCount: 1) { _ in
            .text(416, "")
        },
    ]

    @Test("what stays wrong is an error, after as many requests as make sense", arguments: failures)
    func always(_ row: Failure) throws {
        let server = try #require(FaultServer(row.reply))
        defer { server.stop() }
        let kit = try TransferKit()
        #expect(kit.message([Self.file(server)], server) == row.message)
        #expect(server.requests.count == row.requestCount)
    }

    @Test("a page is right for a file that is one")
    func page() throws {
        let server = try #require(FaultServer { _ in .text(200, "<p>", type: "text/html") })
        defer { server.stop() }
        let kit = try TransferKit()
        try kit.run([TransferKit.object("docs/Index.HTML", 3, TestAccess(server.origin + "/f"))])
        #expect(try kit.contents("docs/Index.HTML") == Array("<p>".utf8))
    }

    @Test(
        "an address that expires in the middle is asked for anew, and the file goes on at the byte",
        arguments: [400, 403])
    func expiry(status: Int) throws {
        let signs = Mutex(0)
        let server = try #require(
            FaultServer { request in
                if request.path == "/sign" {
                    return .text(
                        200,
                        signs.withLock {
                            $0 += 1
                            return "t\($0)"
                        })
                }
                switch (request.target, request.earlierCount) {
                case ("/f?token=t1", 0): return Self.honest(request).cut(after: 12_000)
                case ("/f?token=t1", _): return .text(status, "expired")
                default: return Self.honest(request)
                }
            })
        defer { server.stop() }
        let kit = try TransferKit()
        let access = TestAccess(server.origin + "/f", signedAt: server.origin + "/sign", renewed: [status])
        try kit.run([TransferKit.object("f", Self.bytes.count, access)])
        #expect(try kit.contents("f") == Self.bytes)
        #expect(
            server.requests.map { "\($0.target) \($0.headers["range"] ?? "")" } == [
                "/sign ", "/f?token=t1 ", "/f?token=t1 bytes=12000-29999", "/sign ", "/f?token=t2 bytes=12000-29999",
            ])
    }

    @Test("a credential that is refused again and again is renewed five times and then an error")
    func renewals() throws {
        let server = try #require(FaultServer { _ in .text(401, "") })
        defer { server.stop() }
        let kit = try TransferKit()
        #expect(
            kit.message([Self.file(server, renewed: [401])], server) == Self.start
                + "its address or credential expired 5 times" + Self.place)
        #expect(server.requests.count == 6)
    }

    @Test("many parts that expire together are one renewal")
    func together() throws {
        let large = noise(120_000)
        let signs = Mutex(0)
        let server = try #require(
            FaultServer { request in
                if request.path == "/sign" {
                    return .text(
                        200,
                        signs.withLock {
                            $0 += 1
                            return "t\($0)"
                        })
                }
                let isOld = request.target == "/f?token=t1" && request.earlierCount > 0
                return isOld ? .text(403, "expired") : .object(large, to: request)
            })
        defer { server.stop() }
        var kit = try TransferKit(connections: 8)
        kit.options.limits.renewals = 1
        let access = TestAccess(server.origin + "/f", signedAt: server.origin + "/sign", renewed: [403])
        try kit.run([TransferKit.object("f", large.count, access)])
        #expect(try kit.contents("f") == large)
        #expect(signs.withLock { $0 } == 2)
    }

    @Test("a server that stands still in the middle is left and gone on with", arguments: [0, 5_000])
    func stalled(after count: Int) throws {
        let server = try #require(
            FaultServer { request in
                request.earlierCount == 0 ? Self.honest(request).stalled(after: count) : Self.honest(request)
            })
        defer { server.stop() }
        var kit = try TransferKit()
        // Long enough for the answers that do come.
        kit.http.timeouts.firstByteSeconds = 2
        kit.http.timeouts.stallSeconds = 2
        try kit.run([Self.file(server)])
        #expect(try kit.contents("f") == Self.bytes)
        #expect(server.requests.last?.headers["range"] == (count == 0 ? nil : "bytes=5000-29999"))
    }

    @Test("progress makes earlier failures forgotten; reading the same bytes again and again does not")
    func forgiving() throws {
        let server = try #require(
            FaultServer { request in
                request.path == "/whole"
                    ? FaultServer.Reply.object(Self.bytes, to: request.without("range")).cut(after: 16_000)
                    : Self.honest(request).cut(after: 10_000)
            })
        defer { server.stop() }
        var kit = try TransferKit()
        kit.options.limits.attempts = 2
        kit.options.limits.forgivingBytes = 8_000
        try kit.run([Self.file(server)])
        #expect(try kit.contents("f") == Self.bytes)
        let other = TransferKit.object("g", Self.bytes.count, TestAccess(server.origin + "/whole"))
        #expect(kit.message([other], server).contains("before the answer was complete"))
        #expect(server.requests.filter { $0.path == "/whole" }.count <= 4)
    }

    @Test("across origins only Accept, Range and User-Agent go along, for a part too")
    func redirect() throws {
        let other = try #require(
            FaultServer { request in
                request.earlierCount == 0 ? Self.honest(request).cut(after: 12_000) : Self.honest(request)
            })
        let server = try #require(FaultServer { _ in .redirect(307, to: other.origin + "/stored?sig=x") })
        defer {
            server.stop()
            other.stop()
        }
        let kit = try TransferKit()
        let credential = HTTPCredential(
            origin: try HTTPURL(server.origin).origin, headerName: "Authorization", headerValue: Secret("Bearer token"),
            source: "test")
        let access = TestAccess(server.origin + "/f", credential: credential)
        try kit.run([TransferKit.object("f", Self.bytes.count, access)])
        #expect(try kit.contents("f") == Self.bytes)
        #expect(server.requests.allSatisfy { $0.headers["authorization"] == "Bearer token" })
        #expect(
            other.requests.map { Set($0.headers.keys) } == [
                ["host", "accept", "user-agent"], ["host", "accept", "user-agent", "range"],
            ])
    }

    @Test("one bad file ends the download of all")
    func oneOfMany() throws {
        let server = try #require(
            FaultServer { $0.path == "/bad" ? .text(404, "") : .object(noise(1000), to: $0) })
        defer { server.stop() }
        let kit = try TransferKit()
        let objects = (0..<20).map { TransferKit.object("f\($0)", 1000, TestAccess("\(server.origin)/\($0)")) }
        let bad = TransferKit.object("bad", 2000, TestAccess(server.origin + "/bad"))
        #expect(kit.message(objects + [bad], server) == "error: cannot have it: status 404\n")
    }

    @Test("a full disk says what is missing, and that a later run goes on")
    func diskFull() throws {
        var kit = try TransferKit(journal: true)
        func text() throws -> String {
            let download = try Download(
                [TransferKit.object("f", 12_345, TestAccess("http://127.0.0.1:1/"))], kit.folder, kit.options, kit.http,
                "download `m`"
            ) { _ in }
            return message(of: download.explained(FileError("write", "/out/f", .system(ENOSPC))))
                .replacing(/[0-9,]+ are free/, with: "N are free")
        }
        let common = """
            error: cannot download `m`: cannot write `/out/f`: no space is left on its disk
              - 12,345 bytes are still to come, and N are free
            hint: free some space there (`df -h` shows it), or choose a folder on another disk

            """
        #expect(try text() == common + "hint: what has come is kept: the next run goes on from there\n")
        kit.options.journal = nil
        #expect(try text() == common)
    }
}
