import Foundation
import Glibc
import JSONText
import Platform
import TestKit
import Testing

@testable import ScorerServer

@Suite("Metrics")
struct MetricsTests {
    @Test("a time of the log is what gmtime_r says")
    func timestamps() {
        var random = SplitMix64(seed: 3)
        let days = [0, 59, 60, 365, 11_016, 11_017, 19_782, 19_783, 47_540, 47_541, 2_932_896]
        let seconds = days.flatMap { [$0 * 86_400, $0 * 86_400 + 86_399] }
        for second in seconds + (0..<20_000).map({ _ in Int(random.next() % 253_402_300_800) }) {
            var (time, parts) = (second, tm())
            gmtime_r(&time, &parts)
            var expected = [CChar](repeating: 0, count: 64)
            let count = strftime(&expected, 64, "%Y-%m-%dT%H:%M:%S.007Z", &parts)
            var bytes: [UInt8] = []
            TextWriter.append(to: &bytes, capacity: 24) { Clock.write(seconds: second, milliseconds: 7, to: &$0) }
            #expect(bytes == expected[..<count].map(UInt8.init(bitPattern:)))
        }
    }

    /// Samples by their name with labels.
    static func samples(_ text: String) -> [String: Double] {
        var samples: [String: Double] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            guard let space = line.lastIndex(of: " ") else { continue }
            samples[String(line[..<space])] = Double(line[line.index(after: space)...])
        }
        return samples
    }

    /// The metrics as soon as `fits`: a thread counts a request a moment after its client has the answer.
    private func metrics(
        of server: ServerUnderTest, when fits: ([String: Double]) -> Bool = { _ in true }
    ) throws -> [String: Double] {
        var values: [String: Double] = [:]
        _ = try eventually {
            let answer = try server.ask("GET", "/metrics", type: nil)
            #expect(answer.fields["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            values = Self.samples(answer.body)
            return fits(values)
        }
        return values
    }

    @Test("requests, errors, rows and the parts of the time are counted over all threads")
    func counts() throws {
        let server = try ServerUnderTest.native(arguments: ["--threads", "4"])
        for _ in 0..<8 { _ = try server.ask("POST", "/predict", "[\(record), \(record)]") }
        _ = try server.ask("POST", "/invocations", "{")
        _ = try server.ask("GET", "/nowhere", type: nil)
        _ = try server.ask("PATCH", "/ping", type: nil)
        let values = try metrics(of: server) {
            $0["skiff_scoring_duration_seconds_count"] == 9
                && $0[#"skiff_requests_total{path="/ping",method="other",status="405"}"#] == 1
                && $0[#"skiff_errors_total{kind="endpoint_not_found"}"#] == 1
        }
        #expect(values[#"skiff_requests_total{path="/predict",method="POST",status="200"}"#] == 8)
        #expect(values[#"skiff_requests_total{path="/invocations",method="POST",status="400"}"#] == 1)
        #expect(values[#"skiff_requests_total{path="other",method="GET",status="404"}"#] == 1)
        #expect(values[#"skiff_requests_total{path="/ping",method="other",status="405"}"#] == 1)
        #expect(values[#"skiff_errors_total{kind="bad_request"}"#] == 2)
        #expect(values[#"skiff_errors_total{kind="endpoint_not_found"}"#] == 1)
        #expect(values["skiff_rows_total"] == 16)
        #expect(values["skiff_scoring_in_flight"] == 0)
        #expect(values["skiff_scoring_duration_seconds_count"] == 9)
        for stage in ["parse", "validate", "predict", "write"] {
            #expect(values["skiff_scoring_stage_seconds_count{stage=\"\(stage)\"}"] == 9)
            #expect(values["skiff_scoring_stage_seconds_bucket{stage=\"\(stage)\",le=\"+Inf\"}"] == 9)
        }
        let parts = ["parse", "validate", "queue", "predict", "write"].compactMap {
            values["skiff_scoring_stage_seconds_sum{stage=\"\($0)\"}"]
        }
        #expect(abs(parts.reduce(0, +) - (values["skiff_scoring_duration_seconds_sum"] ?? -1)) < 1e-9)
        let digest = "sha256:" + String(repeating: "07", count: 32)
        let labels =
            #"name="small",version="3",run_id="",backend="native",digest="\#(digest)",skiff_version="0.1.0-dev""#
        #expect(values["skiff_model_info{\(labels)}"] == 1)
        #expect(values["skiff_ready"] == 1)
        #expect(values["process_resident_memory_bytes"] ?? 0 > 1_048_576)
        #expect(values["process_open_fds"] ?? 0 > 3)
        #expect(abs((values["process_start_time_seconds"] ?? 0) - Date().timeIntervalSince1970) < 600)
    }

    @Test("no client can make more series: paths, methods and statuses are of fixed sets")
    func cardinality() throws {
        let server = try ServerUnderTest.native(arguments: ["--threads", "1"])
        _ = try server.ask("GET", "/a", type: nil)
        let before = try metrics(of: server).count
        for index in 0..<50 { _ = try server.ask("GET", "/v2/models/\(index)/x/\(index)", type: nil) }
        // The answer of `/metrics` itself is one series more.
        #expect(try metrics(of: server).count == before + 1)
    }

    @Test("workers: how many there should be, how many are up, how often one was started again, who waits")
    func workers() throws {
        let server = try PythonBackendTests.server(workers: 2)
        _ = try server.ask("POST", "/predict", PythonBackendTests.asking("crash"))
        _ = try server.event("worker-ended")
        _ = try server.ask("POST", "/predict", PythonBackendTests.asking("echo"))
        let values = try metrics(of: server)
        #expect(values["skiff_workers"] == 2)
        #expect(values["skiff_worker_restarts_total"] == 1)
        #expect(values["skiff_queue_length"] == 0)
        #expect(values["skiff_workers_up"] ?? 0 >= 1)
        #expect(values[#"skiff_requests_total{path="/predict",method="POST",status="503"}"#] == 1)
        #expect(values[#"skiff_scoring_stage_seconds_count{stage="queue"}"#] ?? 0 >= 1)
    }

    @Test("Prometheus' own parser reads every family, with its type, and finds the histograms cumulative")
    func parser() throws {
        let server = try ServerUnderTest.native(
            ["name": "a \"quoted\" \\ name", "version": "line\nfeed"], arguments: ["--threads", "1"])
        _ = try server.ask("POST", "/predict", "[\(record)]")
        let folder = TemporaryDirectory()
        let file = try folder.write("metrics.txt", Array(try server.ask("GET", "/metrics", type: nil).body.utf8))
        let script = Checkout.fixture("server/check_metrics.py")
        let python =
            try Surroundings.current().environment["SKIFF_TEST_PYTHON"] ?? "\(Checkout.root)/.build-python/bin/python"
        let result = try run(python, [script, file], timeoutSeconds: 60)
        #expect(result.status == 0, "\(result.outputText)\(result.errorText)")
        #expect(result.outputText.hasPrefix("a \"quoted\" \\ name|line\nfeed|"))
    }

    @Test("a path is one of ours or `other`")
    func paths() {
        #expect(MetricPath("/invocations").label == "/invocations")
        #expect(MetricPath("/v2/models/x/versions/3/infer") == .v2Infer)
        #expect(MetricPath("/v2/models/x/ready") == .v2ModelReady)
        #expect(MetricPath("/v2/models/x") == .v2Model)
        #expect(MetricPath("/v2/models/x/versions/1") == .v2Model)
        #expect(MetricPath("/v2/models/x/y/z/infer") == .other)
        #expect(MetricPath("/Ping") == .other)
    }
}

@Suite("What the answer tells of the request")
struct AnswerFieldsTests {
    private func fields(_ given: String, of server: ServerUnderTest) throws -> [String: String] {
        let connection = try server.connect()
        try connection.send(
            "POST /predict HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n\(given)"
                + "Content-Length: \(record.utf8.count + 2)\r\n\r\n[\(record)]")
        return try connection.answer().fields
    }

    @Test("Server-Timing gives the parts of the time, which add up; SKIFF_SERVER_TIMING=off leaves it out")
    func timing() throws {
        let text = try #require(try fields("", of: .native())["server-timing"])
        let parts = text.components(separatedBy: ", ").map { $0.components(separatedBy: ";dur=") }
        #expect(parts.map { $0[0] } == ["parse", "validate", "predict", "write", "total"])
        let times = parts.compactMap { Double($0[1]) }
        #expect(abs(times[..<4].reduce(0, +) - times[4]) < 0.005)
        let quiet = try ServerUnderTest.native(environment: ["SKIFF_SERVER_TIMING": "off"])
        #expect(try fields("", of: quiet)["server-timing"] == nil)
    }

    @Test("a caller's X-Request-Id comes back and stands in the log; without a usable one it is random")
    func requestID() throws {
        let server = try ServerUnderTest.native()
        #expect(try fields("X-Request-Id: order-7/a\r\n", of: server)["x-request-id"] == "order-7/a")
        try server.waitForLog("\"request_id\": \"order-7/a\"")
        let hostile = [
            "", "X-Request-Id: a b\r\n", "X-Request-Id: \(String(repeating: "x", count: 129))\r\n",
            "X-Request-Id: one\r\nX-Request-Id: two\r\n",
        ]
        var seen: Set<String> = []
        for given in hostile {
            let made = try #require(try fields(given, of: server)["x-request-id"])
            #expect(made.count == 32 && made.allSatisfy(\.isHexDigit), "\(given)")
            seen.insert(made)
        }
        #expect(seen.count == hostile.count)
        _ = try fields("X-Request-Id: a\"b\\c\r\n", of: server)
        try server.waitForLog(#""request_id": "a\"b\\c""#)
    }

    @Test("traceparent and tracestate are passed through and logged")
    func trace() throws {
        let server = try ServerUnderTest.native()
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let answer = try fields("traceparent: \(parent)\r\ntracestate: a=1\r\ntracestate: b=2\r\n", of: server)
        #expect(answer["traceparent"] == parent)
        #expect(answer["tracestate"] == "a=1,b=2")
        let line = try server.event("request")
        #expect(line["trace_id"]?.stringValue == "0af7651916cd43dd8448eb211c80319c")
        #expect(line["span_id"]?.stringValue == "b7ad6b7169203331")
    }

    @Test(
        "a traceparent that is not well formed is left out, and its tracestate too",
        arguments: [
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true),
            ("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", true),
            ("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true),
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", false),
            ("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.more", false),
            ("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false),
            ("00-00000000000000000000000000000000-b7ad6b7169203331-01", false),
            ("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false),
            ("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", false),
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331", false), ("", false), ("00", false),
        ])
    func traceParent(text: String, isSound: Bool) {
        let context = CallerContext()
        read("traceparent", text, context)
        read("tracestate", "vendor=1", context)
        #expect(context.traceParent.map { String(decoding: $0, as: UTF8.self) } == (isSound ? text : nil))
        #expect((context.traceState != nil) == isSound)
    }

    @Test("two traceparents, or a tracestate that is too long or no list, are left out")
    func doubles() {
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let twice = CallerContext()
        for _ in 0..<2 { read("traceparent", parent, twice) }
        #expect(twice.traceParent == nil)
        let members = (0..<33).map { "a\($0)=1" }.joined(separator: ",")
        for state in ["a", "=1", "a=", "A=1", members, "a=" + String(repeating: "x", count: 511)] {
            let context = CallerContext()
            read("traceparent", parent, context)
            read("tracestate", state, context)
            #expect(context.traceParent != nil && context.traceState == nil, "\(state)")
        }
    }

    private func read(_ name: String, _ value: String, _ context: CallerContext) {
        Array(value.utf8).withUnsafeBytes { context.read(name, $0[...]) }
    }
}
