import Diagnostics
import Glibc
import JSONText
import Platform
import TestKit
import Testing

@testable import ScorerServer

/// One case of `Tests/Fixtures/http/cases.json`: bytes, the statuses of all answers to them, and whether the connection ends then.
struct HTTPCase: CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    let statuses: [Int]
    /// The same for a Python model.
    let pythonStatuses: [Int]
    let closes: Bool
    let endsSending: Bool

    /// `send` is a list of texts, whose characters are bytes, and of pairs of a text and how often it comes.
    init(_ value: JSONValue) throws {
        name = try #require(value["case"]?.stringValue)
        var bytes: [UInt8] = []
        for part in try #require(value["send"]?.arrayValue) {
            let text = try #require(part.stringValue ?? part.arrayValue?[0].stringValue)
            let times = part.arrayValue?[1].intValue ?? 1
            let once = text.unicodeScalars.map { UInt8($0.value) }
            for _ in 0..<times { bytes += once }
        }
        self.bytes = bytes
        statuses = try #require(value["answers"]?.arrayValue).compactMap(\.intValue)
        pythonStatuses = value["python"]?.arrayValue?.compactMap(\.intValue) ?? statuses
        closes = value["closes"]?.boolValue == true
        endsSending = value["endsSending"]?.boolValue ?? false
    }

    static func all() throws -> [HTTPCase] {
        let bytes = try readFile(Checkout.fixture("http/cases.json"), limit: 1 << 20)
        return try #require(try JSONText.parse(bytes).arrayValue).map(HTTPCase.init)
    }

    var testDescription: String { name }
}

@Suite("HTTP cases")
struct HTTPCasesTests {
    @Test(
        "every case of the table gets its answers, and the connection ends exactly where it must",
        arguments: [false, true])
    func table(isPython: Bool) throws {
        let server =
            try isPython
            ? ServerUnderTest.python(["schema": PairModel.schema]) : ServerUnderTest.native(model: PairModel.make())
        let cases = try HTTPCase.all()
        #expect(cases.count >= 240)
        for item in cases {
            let connection = try server.connect()
            connection.offer(item.bytes)
            if item.endsSending { connection.endSending() }
            let isHead = item.bytes.starts(with: "HEAD".utf8)
            for status in isPython ? item.pythonStatuses : item.statuses {
                let answer = try connection.answer(hasBody: !isHead)
                #expect(answer.status == status, "\(item.name): \(answer.body)")
                // MLflow's words on media types are plain text.
                if status >= 400, status != 415, !isHead {
                    #expect(answer.refusal.code != nil, "\(item.name): \(answer.body)")
                }
            }
            guard !item.closes else {
                #expect(try connection.hasEnded(), "\(item.name)")
                continue
            }
            try connection.send(HTTPTests.next)
            #expect(try connection.answer().status == 200, "\(item.name)")
        }
        #expect(try server.ask("GET", "/ping", type: nil).status == 200)
    }

    @Test("the page beside the cases has a line for each of them, and tells the limits as they are")
    func page() throws {
        let bytes = try readFile(Checkout.fixture("http/README.md"), limit: 1 << 20)
        let lines = Set(String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init))
        for item in try HTTPCase.all() {
            let answers = item.statuses.isEmpty ? "none" : item.statuses.map(String.init).joined(separator: ", ")
            let rest = " | \(answers) | \(item.closes ? "closed" : "stays") |"
            let found = lines.contains { $0.hasPrefix("| \(item.name)") && $0.hasSuffix(rest) }
            #expect(found, "\(item.name)\(rest)")
        }
        for (name, path, _) in Limits.all {
            let found = lines.first { $0.hasPrefix("| `\(name)` | ") }
            #expect(found?.hasPrefix("| `\(name)` | \(grouped(Limits()[keyPath: path])) | ") == true, "\(name)")
        }
    }

    @Test("a case that comes byte by byte gets the same answers")
    func pieces() throws {
        let server = try ServerUnderTest.native(model: PairModel.make())
        for item in try HTTPCase.all() where item.bytes.count < 400 {
            let connection = try server.connect()
            for byte in item.bytes { connection.offer([byte]) }
            if item.endsSending { connection.endSending() }
            let isHead = item.bytes.starts(with: "HEAD".utf8)
            for status in item.statuses {
                #expect(try connection.answer(hasBody: !isHead).status == status, "\(item.name)")
            }
            if item.closes { #expect(try connection.hasEnded(), "\(item.name)") }
        }
    }

    @Test("connections together hold as many bytes as the limit says, and are told to come back beyond that")
    func budget() throws {
        // Two threads could ask for the last bytes at once, and both be refused.
        let server = try ServerUnderTest.native(
            ["limits": ["body_bytes": 1_000_000, "buffered_bytes": 1_000_000]], arguments: ["--threads", "1"],
            model: PairModel.make())
        let head =
            "POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 900000\r\n\r\n"
        let spaces = [UInt8](repeating: 32, count: 800_000)
        let both = [try server.connect(), try server.connect()]
        for connection in both {
            connection.offer(Array(head.utf8))
            connection.offer(spaces)
        }
        // The bytes of which one come first is not ours to say.
        let refused = try TestConnection.firstReadable(both)
        let refusal = try both[refused].answer()
        #expect(refusal.status == 503)
        #expect(refusal.fields["retry-after"] == "1")
        // A small body needs nothing of it.
        #expect(try server.ask("POST", "/predict", #"[{"a": 1, "b": 2}]"#).body == "[5.0]")
        let other = both[1 - refused]
        try other.send([UInt8](repeating: 32, count: 100_000))
        #expect(try other.answer().status == 400)
        // The bytes of that one are given back a moment after its answer.
        var status = 503
        _ = try eventually {
            let third = try server.connect()
            third.offer(Array(head.utf8))
            third.offer([UInt8](repeating: 32, count: 900_000))
            status = (try? third.answer().status) ?? 503
            return status != 503
        }
        #expect(status == 400)
    }

    @Test("a body that drips is refused when it has been too slow for too long, a slow one within the limit is not")
    func drip() throws {
        let server = try ServerUnderTest.native(
            ["limits": ["body_bytes_per_second": 100, "body_grace_seconds": 1, "body_seconds": 60]],
            model: PairModel.make())
        let head = "POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
        let slow = try server.connect()
        try slow.send(head + "[")
        #expect(try slow.answer().status == 408)
        #expect(try slow.hasEnded())
    }
}
