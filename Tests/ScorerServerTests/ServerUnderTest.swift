import Foundation
import Glibc
import JSONText
import Platform
import Scoring
import Synchronization
import TestKit
import Testing

/// A `skiff-scorer` that runs for one test, on a port that it chose itself.
final class ServerUnderTest: Sendable {
    let process: ChildProcess
    let port: UInt16
    private let folder: TemporaryDirectory
    private let output: LineCollector
    private let errors: LineCollector

    /// The built executable: in `SKIFF_TEST_PRODUCTS`, else beside this test bundle.
    static let executable: String = {
        if let folder = ProcessInfo.processInfo.environment["SKIFF_TEST_PRODUCTS"], !folder.isEmpty {
            return "\(folder)/skiff-scorer"
        }
        let bundle = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        return bundle.deletingLastPathComponent().appendingPathComponent("skiff-scorer").path
    }()

    private init(
        process: ChildProcess, port: UInt16, folder: TemporaryDirectory, output: LineCollector, errors: LineCollector
    ) {
        self.process = process
        self.port = port
        self.folder = folder
        self.output = output
        self.errors = errors
    }

    /// Starts a server of a native model: `y = 1 + 2·number + 4·single + [colour is red]·100`.
    static func native(
        _ members: JSONObject = [:], arguments: [String] = [], environment: [String: String] = [:],
        model: CompiledModel? = nil
    ) throws -> ServerUnderTest {
        let folder = TemporaryDirectory()
        try folder.write("model.skiff", (model ?? SmallModel.make()).serialized())
        return try start(
            in: folder, backend: ["kind": "native", "model": "model.skiff"], members, arguments, environment,
            waitsFor: "ready")
    }

    /// Starts a server whose worker is `Tests/Fixtures/server/worker.py`.
    static func python(
        _ members: JSONObject = [:], start: String = "ready", workers: Int? = 1, environment: [String: String] = [:],
        waitsFor event: String = "ready"
    ) throws -> ServerUnderTest {
        let path = try Surroundings.current().environment["PATH"] ?? "/usr/bin:/bin"
        let command: JSONValue = ["python3", "-u", .string(Checkout.fixture("server/worker.py")), .string(start)]
        let backend: JSONValue = [
            "kind": "python", "command": command, "workers": workers.map(JSONValue.int) ?? .null,
        ]
        return try Self.start(
            in: TemporaryDirectory(), backend: backend, members, [],
            environment.merging(["PATH": path]) { own, _ in own }, waitsFor: event)
    }

    /// Starts a server of what is in `folder`, with this backend in `serving.json`.
    static func start(
        in folder: TemporaryDirectory, backend: JSONValue, _ members: JSONObject, _ arguments: [String],
        _ environment: [String: String], waitsFor event: String
    ) throws -> ServerUnderTest {
        var document: JSONObject = ["format": 1, "name": "small", "version": "3", "backend": backend]
        for (key, value) in members.members { document[key] = value }
        try folder.write("serving.json", JSONWriter.bytes(.object(document), style: .pretty))
        var request = ChildProcess.Request(
            executable, ["--listen", "127.0.0.1:0"] + arguments + [folder.path], environment: environment)
        request.output = .pipe
        request.error = .pipe
        let process = try ChildProcess.spawn(request)
        let output = LineCollector(try #require(process.outputNumber))
        let errors = LineCollector(try #require(process.errorNumber))
        let first = try #require(output.wait { $0.contains("\"event\": \"start\"") }, "\(errors.all)")
        let port = try #require(try JSONText.parse(first)["port"]?.intValue.flatMap { UInt16(exactly: $0) })
        _ = try #require(output.wait { $0.contains("\"event\": \"\(event)\"") }, "\(errors.all)")
        return ServerUnderTest(process: process, port: port, folder: folder, output: output, errors: errors)
    }

    /// The first line of the log with this event, waiting for it.
    func event(_ name: String) throws -> JSONValue {
        try JSONText.parse(try #require(output.wait { $0.contains("\"event\": \"\(name)\"") }))
    }

    /// Waits until the log has a line that contains `text`.
    func waitForLog(_ text: String) throws { _ = try #require(output.wait { $0.contains(text) }) }

    /// The first line on standard error that contains `text`, waiting for it.
    func errorLine(containing text: String) throws -> String { try #require(errors.wait { $0.contains(text) }) }

    /// The log so far.
    var logText: String { output.all.joined(separator: "\n") }

    /// Everything on standard error so far.
    var errorText: String { errors.all.joined(separator: "\n") }

    /// A connection that keeps the server running.
    func connect() throws -> TestConnection { try TestConnection(port: port, server: self) }

    /// One request on a connection of its own.
    func ask(_ method: String, _ path: String, _ body: String = "", type: String? = "application/json") throws
        -> TestAnswer
    {
        let connection = try connect()
        try connection.request(method, path, body, type: type)
        return try connection.answer()
    }
}

/// A `skiff-scorer` with arguments of one's own.
final class Started {
    let process: ChildProcess
    let port: UInt16
    private let output: LineCollector

    init(_ arguments: [String]) throws {
        var request = ChildProcess.Request(ServerUnderTest.executable, arguments, environment: [:])
        request.output = .pipe
        process = try ChildProcess.spawn(request)
        output = LineCollector(try #require(process.outputNumber))
        let first = try #require(output.wait { $0.contains("\"event\": \"start\"") })
        port = try #require(try JSONText.parse(first)["port"]?.intValue.flatMap { UInt16(exactly: $0) })
    }
}

/// The model of the tests.
enum SmallModel {
    static func make() throws -> CompiledModel {
        var builder = try ModelBuilder(
            inputs: InputSchema(columns: [
                InputColumn(name: "number", type: .double, required: true),
                InputColumn(name: "single", type: .float, required: true),
                InputColumn(name: "count", type: .long, required: true),
                InputColumn(name: "small", type: .integer, required: false),
                InputColumn(name: "flag", type: .boolean, required: false),
                InputColumn(name: "colour", type: .string, required: false),
            ]))
        let slots = builder.inputSlots
        let red = try builder.code(of: "red", column: 5)
        let isRed = try builder.oneHot(slots[5], width: 1, codes: [red], columns: [0], unknown: .zeros, missing: .zeros)
        let filled = try builder.impute(Array(slots[3...4]), missing: .nan, fill: [0, 0])
        try builder.requireFinite(Array(slots[0...2]), width: .float64, allowsMissing: false)
        let sum = try builder.linear(
            Array(slots[0...2]) + filled + isRed, weights: [2, 4, 8, 16, 32, 100], intercepts: [1], width: .float64)
        let source = SourceArtefact(sha256: [UInt8](repeating: 7, count: 32), name: "model.pkl", library: "test")
        return try builder.finish(answer: .numbers(sum[0]), source: source)
    }
}

/// The model of `Tests/Fixtures/http`: `y = a + 2·b`.
enum PairModel {
    static func make() throws -> CompiledModel {
        var builder = try ModelBuilder(
            inputs: InputSchema(columns: [
                InputColumn(name: "a", type: .double, required: true),
                InputColumn(name: "b", type: .double, required: true),
            ]))
        let slots = Array(builder.inputSlots)
        try builder.requireFinite(slots, width: .float64, allowsMissing: false)
        let sum = try builder.linear(slots, weights: [1, 2], intercepts: [0], width: .float64)
        let source = SourceArtefact(sha256: [UInt8](repeating: 7, count: 32), name: "model.pkl", library: "test")
        return try builder.finish(answer: .numbers(sum[0]), source: source)
    }

    /// The schema for a worker that answers whatever it gets.
    static let schema: JSONValue = [
        "kind": "columns",
        "columns": [
            ["name": "a", "type": "double", "required": true], ["name": "b", "type": "double", "required": true],
        ],
    ]
}

/// Collects the lines of a pipe on a thread of its own.
final class LineCollector: Sendable {
    private let lines = Mutex<(complete: [String], hasEnded: Bool)>(([], false))

    init(_ descriptor: Int32) {
        // The process that owns the pipe may be dropped before the thread has ended.
        let own = dup(descriptor)
        Foundation.Thread.detachNewThread { [self] in
            var rest: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = read(own, &buffer, buffer.count)
                guard count > 0 else { break }
                rest += buffer[..<count]
                while let end = rest.firstIndex(of: 10) {
                    let line = String(decoding: rest[..<end], as: UTF8.self)
                    lines.withLock { $0.complete.append(line) }
                    rest.removeSubrange(...end)
                }
            }
            lines.withLock { $0.hasEnded = true }
            close(own)
        }
    }

    var all: [String] { lines.withLock { $0.complete } }

    /// The first line that fits, as soon as it is there; nil when the pipe ends without one, or after a minute.
    func wait(for fits: (String) -> Bool) -> String? {
        let end = Date().addingTimeInterval(60)
        while Date() < end {
            let (found, hasEnded) = lines.withLock { ($0.complete.first(where: fits), $0.hasEnded) }
            if found != nil || hasEnded { return found }
            usleep(2000)
        }
        return nil
    }
}

/// An HTTP answer.
struct TestAnswer: Equatable {
    var status: Int
    var fields: [String: String]
    var body: String

    /// `error_code` and `message` of a refusal.
    var refusal: (code: String?, message: String?) {
        let value = try? JSONText.parse(body)
        return (value?["error_code"]?.stringValue, value?["message"]?.stringValue)
    }
}

/// A connection of the tests: sends what it is told, reads answers one by one.
final class TestConnection {
    private let descriptor: Int32
    private let server: AnyObject?
    private var inbox: [UInt8] = []

    struct Refused: Error { var number: Int32 }

    /// No answer, or only a part of one. It is an error and not an expectation: threads of tests have no test to report to.
    struct Cut: Error { var reason: String }

    init(port: UInt16, server: AnyObject? = nil) throws {
        self.server = server
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var patience = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { [descriptor] in
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw Refused(number: errno) }
    }

    deinit { close(descriptor) }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// Sends as much as the server takes: it may hang up in the middle of what it refuses.
    func offer(_ bytes: [UInt8]) {
        var start = 0
        while start < bytes.count {
            let count = bytes[start...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            start += count
        }
    }

    /// The index of a connection that has something to read, waiting for it.
    static func firstReadable(_ connections: [TestConnection]) throws -> Int {
        var watched = connections.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        try #require(poll(&watched, nfds_t(watched.count), 60_000) > 0, "no answer within a minute")
        return try #require(watched.firstIndex { $0.revents != 0 })
    }

    /// Says that nothing more will be sent.
    func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    func send(_ bytes: [UInt8]) throws {
        var start = 0
        while start < bytes.count {
            let count = bytes[start...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Cut(reason: "the server hung up: errno \(errno)") }
            start += count
        }
    }

    func request(_ method: String, _ path: String, _ body: String = "", type: String? = "application/json") throws {
        let field = type.map { "Content-Type: \($0)\r\n" } ?? ""
        try send(
            "\(method) \(path) HTTP/1.1\r\nHost: test\r\n\(field)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    /// The next answer; `hasBody` is false for HEAD.
    func answer(hasBody: Bool = true) throws -> TestAnswer {
        let end = Array("\r\n\r\n".utf8)
        var split = inbox.firstRange(of: end)
        while split == nil {
            guard try receive() else {
                throw Cut(reason: "no answer but errno \(errno) after: \(String(decoding: inbox, as: UTF8.self))")
            }
            split = inbox.firstRange(of: end)
        }
        let head = try #require(split)
        let lines = String(decoding: inbox[..<head.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        inbox.removeSubrange(..<head.upperBound)
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            fields[parts[0].lowercased()] = parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
        }
        let status = try #require(lines[0].split(separator: " ").dropFirst().first.flatMap { Int($0) })
        let count = hasBody && status != 100 ? Int(fields["content-length"] ?? "0") ?? 0 : 0
        while inbox.count < count { guard try receive() else { throw Cut(reason: "the body is cut off") } }
        defer { inbox.removeFirst(count) }
        return TestAnswer(status: status, fields: fields, body: String(decoding: inbox[..<count], as: UTF8.self))
    }

    /// Whether the server has closed, waiting for that or for more bytes.
    func hasEnded() throws -> Bool { try inbox.isEmpty && !receive() }

    private func receive() throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count >= 0 || errno == ECONNRESET else { throw Cut(reason: "nothing within a minute: errno \(errno)") }
        if count > 0 { inbox += buffer[..<count] }
        return count > 0
    }
}
