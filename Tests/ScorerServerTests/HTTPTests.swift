import JSONText
import TestKit
import Testing

@testable import ScorerServer

/// Bytes that are not a sound request, and the status of the one answer before the connection is closed.
struct MalformedCase: CustomTestStringConvertible {
    var bytes: String
    var status: Int

    init(_ bytes: String, _ status: Int = 400) {
        self.bytes = bytes
        self.status = status
    }

    var testDescription: String { String(bytes.prefix(80)).debugDescription }
}

@Suite("HTTP")
struct HTTPTests {
    static let post = "POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    static let next = "GET /ping HTTP/1.1\r\nHost: a\r\n\r\n"

    static let malformed: [MalformedCase] = [
        MalformedCase("GET /ping HTTP/1.1\r\n\r\n"),
        MalformedCase("GET /ping HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        MalformedCase("GET /ping HTTP/1.1\r\nHost: a b\r\n\r\n"),
        MalformedCase("GET /ping HTTP/1.1\nHost: a\n\r\n\r\n"),
        MalformedCase("GET /ping HTTP/1.1\r\nHost: a\r\nA: b\n\r\n\r\n"),
        MalformedCase("GET /ping HTTP/1.1\r\nHost: a\r\nA: b\rc\r\n\r\n"),
        MalformedCase("GET /ping HTTP/1.1\r\nHost: a\r\nA: b\r\n folded\r\n\r\n"),
        MalformedCase("GET /ping HTTP/1.1\r\nHost : a\r\n\r\n"),
        MalformedCase("GET /ping HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n"),
        MalformedCase("GET /ping HTTP/1.1\r\nHost: a\r\nA: \u{0}\r\n\r\n"),
        MalformedCase("GET  /ping HTTP/1.1\r\nHost: a\r\n\r\n"),
        MalformedCase("GET ping HTTP/1.1\r\nHost: a\r\n\r\n"),
        MalformedCase("GET /ping\r\n\r\n"),
        MalformedCase("GET /ping HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        MalformedCase("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        MalformedCase("\u{16}\u{3}\u{1}"),
        MalformedCase("GET /\(String(repeating: "a", count: 9000)) HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        MalformedCase("GET /\(String(repeating: "a", count: 9000))", 414),
        MalformedCase("GET /ping HTTP/1.1\r\nHost: a\r\nA: \(String(repeating: "a", count: 17000))\r\n\r\n", 431),
        MalformedCase("GET /ping HTTP/1.1\r\nHost: a\r\n\(String(repeating: "A: b\r\n", count: 101))\r\n", 431),
        MalformedCase("\(post)Content-Length: 2\r\nContent-Length: 2\r\n\r\n[]"),
        MalformedCase("\(post)Content-Length: +2\r\n\r\n[]"),
        MalformedCase("\(post)Content-Length: -2\r\n\r\n[]"),
        MalformedCase("\(post)Content-Length: 0x2\r\n\r\n[]"),
        MalformedCase("\(post)Content-Length: 2, 2\r\n\r\n[]"),
        MalformedCase("\(post)Content-Length: 18446744073709551618\r\n\r\n[]"),
        MalformedCase("\(post)Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n"),
        MalformedCase("\(post)Transfer-Encoding: gzip\r\n\r\n"),
        MalformedCase("\(post)Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        MalformedCase("\(post)Transfer-Encoding: chunked\r\n\r\nx\r\n"),
        MalformedCase("\(post)Transfer-Encoding: chunked\r\n\r\n-1\r\n"),
        MalformedCase("\(post)Transfer-Encoding: chunked\r\n\r\n11111111111111111\r\n"),
        MalformedCase("\(post)Transfer-Encoding: chunked\r\n\r\n2\n[]\n0\n\n"),
        MalformedCase("\(post)Transfer-Encoding: chunked\r\n\r\n2\r\n[]]\r\n0\r\n\r\n"),
        MalformedCase(
            "\(post)Transfer-Encoding: chunked\r\n\r\n2;\(String(repeating: "a", count: 300))\r\n[]\r\n0\r\n\r\n"),
        MalformedCase("\(post)Transfer-Encoding: chunked\r\n\r\n1000001\r\n", 413),
        MalformedCase("\(post)Content-Length: 16777217\r\n\r\n", 413),
        MalformedCase("\(post)Content-Length: 2\r\nExpect: a-miracle\r\n\r\n[]", 417),
    ]

    @Test("what is not a sound request gets one answer with a JSON body, and the end of the connection")
    func malformed() throws {
        let server = try ServerUnderTest.native()
        for item in Self.malformed {
            let connection = try server.connect()
            // A second request behind it must not be answered.
            try connection.send(item.bytes + (item.bytes.hasSuffix("\n") ? Self.next : ""))
            let answer = try connection.answer()
            #expect(answer.status == item.status, "\(item.testDescription)")
            #expect(answer.refusal.code == "BAD_REQUEST", "\(item.testDescription)")
            #expect(answer.fields["connection"] == "close", "\(item.testDescription)")
            #expect(try connection.hasEnded(), "\(item.testDescription)")
        }
        #expect(try server.ask("GET", "/ping", type: nil).status == 200)
    }

    @Test("requests sent at once are answered in order")
    func pipeline() throws {
        let connection = try ServerUnderTest.native().connect()
        try connection.send(
            String(repeating: Self.next, count: 3) + "\r\nGET /ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        for _ in 0..<3 { #expect(try connection.answer().body == "\n") }
        let last = try connection.answer()
        #expect(last.body == #"{"ready": true}"#)
        #expect(last.fields["connection"] == "close")
        #expect(try connection.hasEnded())
    }

    @Test("a request may come byte by byte, and its body in chunks")
    func pieces() throws {
        let connection = try ServerUnderTest.native().connect()
        let body = "[\(record)]"
        let half = body.utf8.count / 2
        let head = "\(Self.post)Transfer-Encoding: chunked\r\n\r\n"
        let chunks =
            "\(String(half, radix: 16));name=value\r\n\(body.prefix(half))\r\n"
            + "\(String(body.utf8.count - half, radix: 16).uppercased())\r\n\(body.dropFirst(half))\r\n0\r\nTrailer: x\r\n\r\n"
        for byte in (head + chunks).utf8 { try connection.send([byte]) }
        #expect(try connection.answer().body == "[121.0]")
        try connection.send(Self.next)
        #expect(try connection.answer().body == "\n")
    }

    @Test("Expect: 100-continue is answered before the body comes")
    func expectation() throws {
        let connection = try ServerUnderTest.native().connect()
        let body = "[\(record)]"
        try connection.send("\(Self.post)Content-Length: \(body.utf8.count)\r\nExpect: 100-continue\r\n\r\n")
        #expect(try connection.answer().status == 100)
        try connection.send(body)
        #expect(try connection.answer().body == "[121.0]")
    }

    @Test("HTTP/1.0 closes unless it asks to stay")
    func oldVersion() throws {
        let server = try ServerUnderTest.native()
        let first = try server.connect()
        try first.send("GET /ping HTTP/1.0\r\n\r\n")
        #expect(try first.answer().fields["connection"] == "close")
        #expect(try first.hasEnded())
        let second = try server.connect()
        try second.send("GET /ping HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\nGET /ping HTTP/1.0\r\n\r\n")
        #expect(try second.answer().fields["connection"] == "keep-alive")
        #expect(try second.answer().status == 200)
    }

    @Test("a body of megabytes arrives and is answered whole")
    func large() throws {
        let server = try ServerUnderTest.native()
        let rows = 50_000
        let connection = try server.connect()
        try connection.request(
            "POST", "/predict", "[" + Array(repeating: record, count: rows).joined(separator: ",") + "]")
        let answer = try connection.answer()
        #expect(answer.status == 200)
        #expect(answer.body == "[" + Array(repeating: "121.0", count: rows).joined(separator: ", ") + "]")
    }

    @Test("a request that stops half-way is answered 408 at the time limit")
    func slow() throws {
        let server = try ServerUnderTest.native(["limits": ["header_seconds": 1, "body_seconds": 1]])
        for start in ["GET /ping HTTP/1.1\r\nHo", "\(Self.post)Content-Length: 20\r\n\r\n[{"] {
            let connection = try server.connect()
            try connection.send(start)
            let answer = try connection.answer()
            #expect(answer.status == 408)
            #expect(try connection.hasEnded())
        }
    }

    @Test("an idle connection is closed at its limit")
    func idle() throws {
        let connection = try ServerUnderTest.native(["limits": ["idle_seconds": 1]]).connect()
        try connection.send(Self.next)
        #expect(try connection.answer().status == 200)
        #expect(try connection.hasEnded())
    }

    @Test("one connection too many is told to come back, and is welcome when another has gone")
    func connections() throws {
        let server = try ServerUnderTest.native(["limits": ["connections": 2]])
        let first = try server.connect()
        var second: TestConnection? = try server.connect()
        for connection in [first, second] {
            try connection?.send(Self.next)
            #expect(try connection?.answer().status == 200)
        }
        let third = try server.connect()
        let answer = try third.answer()
        #expect(answer.status == 503)
        #expect(answer.fields["retry-after"] == "1")
        #expect(try third.hasEnded())
        second = nil
        #expect(try eventually { try server.ask("GET", "/ping", type: nil).status == 200 })
    }

    @Test("a content coding is refused")
    func coding() throws {
        let connection = try ServerUnderTest.native().connect()
        try connection.send("\(Self.post)Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n[]")
        let answer = try connection.answer()
        #expect(answer.status == 415)
        #expect(answer.refusal.message == "This predictor does not support the content coding `gzip`.")
    }
}
