import Glibc
import JSONText
import Platform
import TestKit
import Testing

@testable import ScorerServer

/// The lines of data that a server wrote, with `type`.
private func dataLines(_ server: ServerUnderTest, _ type: String) throws -> [JSONValue] {
    try server.logText.split(separator: "\n").filter { $0.contains("\"type\": \"\(type)\"") }
        .map { try JSONText.parse(String($0)) }
}

@Suite("The log of data")
struct DataLogTests {
    private static func server(_ setting: String, _ more: [String: String] = [:]) throws -> ServerUnderTest {
        try .native(environment: more.merging(["SKIFF_LOG_DATA": setting]) { own, _ in own })
    }

    @Test("it is off by default: no value of a request or an answer is in the log")
    func off() throws {
        let server = try ServerUnderTest.native()
        _ = try server.ask("POST", "/predict", #"[{"number": 47114711.25, "single": 0, "count": 0}]"#)
        try server.waitForLog("\"path\": \"/predict\"")
        #expect(!server.logText.contains("47114711") && !server.logText.contains("InferenceData"))
    }

    @Test("full: InferenceData and ModelOutput in the seed's schema, under one request_id")
    func full() throws {
        let server = try Self.server("full", ["SKIFF_SERVICE_NAME": "credit-default-api"])
        _ = try server.ask("POST", "/predict", "[\(record)]")
        try server.waitForLog("\"event\": \"request\"")
        let input = try #require(try dataLines(server, "InferenceData").first)
        let output = try #require(try dataLines(server, "ModelOutput").first)
        #expect(
            input.objectValue?.keys == [
                "time", "type", "service_name", "request_id", "model_name", "model_version", "rows", "data",
            ])
        #expect(
            output.objectValue?.keys == [
                "time", "type", "service_name", "request_id", "model_name", "model_version", "status", "rows",
                "latency_ms", "data",
            ])
        #expect(input["service_name"] == "credit-default-api")
        #expect(input["data"] == .string("[\(record)]"))
        #expect(output["data"] == ["predictions": [121.0]])
        #expect(output["status"] == 200 && output["rows"] == 1 && output["model_version"] == "3")
        #expect(input["request_id"] == output["request_id"])
        #expect(try server.event("request")["request_id"] == input["request_id"])
    }

    @Test(
        "every form of a request is logged as rows",
        arguments: [
            #"{"dataframe_split": {"columns": ["number", "single", "count"], "data": [[1, 2, 3], [4, 5, 6]]}}"#,
            #"{"dataframe_records": [{"number": 1, "single": 2, "count": 3}, {"number": 4, "single": 5, "count": 6}]}"#,
            #"{"instances": [{"number": 1, "single": 2, "count": 3}, {"number": 4, "single": 5, "count": 6}]}"#,
            "{\"inputs\": {\"number\": [1, 4],\n \"single\": [2, 5], \"count\": [3, 6]}}",
        ])
    func forms(body: String) throws {
        let record = DataRecord(request: Array(body.utf8), hash: nil)
        guard case .rows(let rows) = record.content else { throw MissingRows() }
        #expect(
            rows.map { String(decoding: $0, as: UTF8.self) } == [
                #"{"number": 1, "single": 2, "count": 3}"#, #"{"number": 4, "single": 5, "count": 6}"#,
            ])
    }

    @Test("a model's own object, as the seed's predictions, outliers and drift, is the data")
    func ownObject() {
        for answer in [
            #"{"predictions": {"predictions": [0.25], "outliers": [0.0]}}"#,
            #"{"predictions":[0.25],"outliers":[0.0]}"#,
        ] {
            guard case .text(let bytes) = DataRecord(answer: Array(answer.utf8), hash: nil).content else { continue }
            #expect(String(decoding: bytes, as: UTF8.self) == #"{"predictions": [0.25], "outliers": [0.0]}"#)
        }
    }

    @Test("hashed: no value is in clear; equal values are equal under one key, and differ by column and by key")
    func hashed() throws {
        let server = try Self.server("hashed", ["SKIFF_LOG_KEY": "k"])
        let body =
            #"[{"number": 47114711, "single": 47114711, "count": 47114711, "colour": null}, {"number": 47114711, "single": 0, "count": 0}]"#
        _ = try server.ask("POST", "/predict", body)
        try server.waitForLog("\"event\": \"request\"")
        let data = try #require(try dataLines(server, "InferenceData").first?["data"]?.stringValue)
        let rows = try #require(try JSONText.parse(data).arrayValue)
        #expect(!server.logText.contains("47114711"))
        #expect(rows[0]["number"] == rows[1]["number"] && rows[0]["number"] != rows[0]["single"])
        #expect(rows[0]["number"]?.stringValue?.count == 16)
        #expect(rows[0]["colour"]?.isNull ?? false)
        let one = ValueHash(key: Array("k".utf8)).hashed(["number": 47114711], column: "")
        #expect(one["number"] == rows[0]["number"])
        let map = ValueHash(key: Array("k".utf8)).hashed(["tags": ["47114711": true]], column: "")
        #expect(map.objectValue?.keys == ["tags"] && !JSONWriter.text(map, style: .compact).contains("47114711"))
        #expect(ValueHash(key: Array("l".utf8)).hashed(["number": 47114711], column: "") != one)
        let output = try #require(try dataLines(server, "ModelOutput").first?["data"]?["predictions"]?.arrayValue)
        #expect(output.allSatisfy { $0.stringValue?.count == 16 })
    }

    @Test("sampled logs about its share of the requests, both lines or none")
    func sampled() throws {
        let server = try Self.server("sampled:0.5")
        let connection = try server.connect()
        for _ in 0..<200 {
            try connection.request("POST", "/predict", "[\(record)]")
            _ = try connection.answer()
        }
        server.process.send(15)
        _ = try server.event("stop")
        let inputs = try dataLines(server, "InferenceData").compactMap { $0["request_id"]?.stringValue }
        let outputs = try dataLines(server, "ModelOutput").compactMap { $0["request_id"]?.stringValue }
        #expect((60...140).contains(inputs.count))
        #expect(inputs == outputs)
    }

    @Test("what does not fit into 16 KiB becomes parts of whole rows, which give the data again")
    func parts() throws {
        let server = try Self.server("full")
        let body = "[" + Array(repeating: record, count: 2000).joined(separator: ", ") + "]"
        _ = try server.ask("POST", "/predict", body)
        try server.waitForLog("\"event\": \"request\"")
        #expect(server.logText.utf8.split(separator: 10).allSatisfy { $0.count < 16_384 })
        let inputs = try dataLines(server, "InferenceData")
        #expect(inputs.count > 5)
        var rows: [JSONValue] = []
        for (index, line) in inputs.enumerated() {
            #expect(line["part"]?.intValue == index + 1 && line["parts"]?.intValue == inputs.count)
            #expect(line["first_row"]?.intValue == rows.count && line["split"] == "rows")
            rows += try JSONText.parse(try #require(line["data"]?.stringValue)).arrayValue ?? []
        }
        #expect(rows == Array(repeating: try JSONText.parse(record), count: 2000))
        let outputs = try dataLines(server, "ModelOutput")
        #expect(outputs.flatMap { $0["data"]?["predictions"]?.arrayValue ?? [] }.count == 2000)
        #expect(Set((inputs + outputs).compactMap { $0["request_id"]?.stringValue }).count == 1)
    }

    @Test("a row that is too long for a line is split as text; joined, the parts are the data")
    func longRow() throws {
        var lines = DataLines()
        let row = #"[{"text": "\#(String(repeating: "é\\\"", count: 9000))"}]"#
        lines.append(Array("{\"start\": 1".utf8), DataRecord(request: Array(row.utf8), hash: nil))
        let parsed = try String(decoding: lines.text, as: UTF8.self).split(separator: "\n")
            .map { try JSONText.parse(String($0)) }
        #expect(parsed.count == lines.count && parsed.count > 3)
        #expect(lines.text.split(separator: 10).allSatisfy { $0.count <= DataLog.lineBytes })
        #expect(parsed.allSatisfy { $0["split"] == "text" })
        let joined = parsed.compactMap { $0["data"]?.stringValue }.joined()
        #expect(try JSONText.parse(joined) == JSONText.parse(row))
    }

    @Test("a body beyond log_data_bytes is named with its size only, a refused one not at all")
    func omitted() throws {
        let server = try Self.server("full", ["SKIFF_LIMIT_LOG_DATA_BYTES": "1000"])
        let body = "[" + Array(repeating: record, count: 100).joined(separator: ", ") + "]"
        _ = try server.ask("POST", "/predict", body)
        _ = try server.ask("POST", "/predict", #"[{"number": "secret"}]"#)
        try server.waitForLog("\"status\": 400")
        let lines = try dataLines(server, "InferenceData")
        #expect(lines.count == 1)
        #expect(lines[0]["data"]?.isNull ?? false)
        #expect(lines[0]["omitted_bytes"]?.intValue == body.utf8.count)
        #expect(!server.logText.contains("secret"))
    }

    @Test(
        "a setting that cannot be is told with what may be",
        arguments: ["on", "sampled", "sampled:0", "sampled:1.5", "hashed:x", "full:1"])
    func wrong(text: String) throws {
        let result = try CommandTests.scorer(["x"], environment: ["SKIFF_LOG_DATA": text])
        #expect(result.status == 64)
        #expect(
            result.errorText == """
                error: cannot use SKIFF_LOG_DATA=`\(text)`: it must be `off`, `full`, `hashed`, `sampled:RATE` or `hashed:RATE`
                hint: RATE is the share of the requests, above 0 and at most 1, as in `sampled:0.01`

                """)
    }

    @Test("SHA-256 and HMAC give the values of FIPS 180-4, RFC 4231 and sha256sum")
    func digests() throws {
        func hex(_ bytes: [UInt8]) -> String { bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
        #expect(hex(SHA256.digest([])) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            hex(SHA256.digest(Array("abc".utf8))) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        let code = SHA256.authenticationCode(
            of: Array("what do ya want for nothing?".utf8), key: Array("Jefe".utf8))
        #expect(hex(code) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        let long = SHA256.authenticationCode(
            of: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            key: [UInt8](repeating: 0xaa, count: 131))
        #expect(hex(long) == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
        let folder = TemporaryDirectory()
        for count in [1, 55, 56, 57, 63, 64, 65, 119, 120, 1000] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 31) }
            let file = try folder.write("\(count)", bytes)
            #expect(try run("sha256sum", [file]).outputText.hasPrefix(hex(SHA256.digest(bytes))), "\(count)")
        }
    }
}

private struct MissingRows: Error {}

@Suite("The writer of the log")
struct LogWriterTests {
    @Test("a pipe that nobody reads holds up no request: lines are dropped and counted, and those that come are whole")
    func stuckReader() throws {
        let folder = TemporaryDirectory()
        let model = try folder.write("model.skiff", SmallModel.make().serialized())
        var ends: [Int32] = [-1, -1]
        #expect(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        var request = ChildProcess.Request(
            ServerUnderTest.executable, ["--listen", "127.0.0.1:0", model],
            environment: ["SKIFF_LIMIT_LOG_BUFFER_BYTES": "20000", "SKIFF_LOG_DATA": "full"])
        request.output = .descriptor(ends[1])
        let process = try ChildProcess.spawn(request)
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var output: [UInt8] = []
        while !output.contains(10) {
            let count = read(ends[0], &buffer, buffer.count)
            output += buffer[..<max(0, count)]
        }
        let first = String(decoding: output[..<(output.firstIndex(of: 10) ?? 0)], as: UTF8.self)
        let port = try #require(try JSONText.parse(first)["port"]?.intValue.flatMap { UInt16(exactly: $0) })
        let connection = try TestConnection(port: port)
        let body = "[" + Array(repeating: record, count: 50).joined(separator: ", ") + "]"
        for _ in 0..<200 {
            try connection.request("POST", "/predict", body)
            #expect(try connection.answer().status == 200)
        }
        try connection.request("GET", "/metrics", type: nil)
        let values = MetricsTests.samples(try connection.answer().body)
        #expect(values["skiff_log_lines_dropped_total"] ?? 0 > 100)
        process.send(15)
        while true {
            var watched = pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)
            guard poll(&watched, 1, 1500) > 0 else { break }
            output += buffer[..<max(0, read(ends[0], &buffer, buffer.count))]
        }
        #expect(process.wait() == .exited(0))
        for line in output.split(separator: 10) {
            #expect(throws: Never.self) { try JSONText.parse(String(decoding: line, as: UTF8.self)) }
        }
        #expect(output.last == 10)
    }

    @Test("a pipe whose reader has gone ends nothing")
    func goneReader() throws {
        var ends: [Int32] = [-1, -1]
        #expect(pipe(&ends) == 0)
        let writer = try LogWriter(descriptor: ends[1], limit: 1000)
        close(ends[0])
        Signals.ignoreBrokenPipes()
        writer.append(Array("line\n".utf8))
        writer.flush()
        #expect(writer.counts.taken == 1 && writer.counts.dropped == 1)
        close(ends[1])
    }
}
