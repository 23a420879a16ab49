import JSONText
import Platform
import Scoring
import TestKit
import Testing

@testable import ScorerServer

/// One request and what it is answered.
struct RouteCase: CustomTestStringConvertible {
    var method = "POST"
    var path = "/invocations"
    var body = ""
    var type: String? = "application/json"
    var status = 200
    var answer: String

    var testDescription: String { "\(method) \(path) \(type ?? "-") \(body.prefix(60))" }
}

let record = #"{"number": 1.5, "single": 0.25, "count": 2, "colour": "red"}"#

@Suite("Routes of a native model")
struct RoutesTests {
    static let cases: [RouteCase] = [
        RouteCase(method: "GET", path: "/ping", type: nil, answer: "\n"),
        RouteCase(method: "GET", path: "/health", type: nil, answer: "\n"),
        RouteCase(method: "GET", path: "/ready?x=1", type: nil, answer: #"{"ready": true}"#),
        RouteCase(
            method: "GET", path: "/version", type: nil,
            answer: #"{"skiff_version": "0.1.0-dev", "name": "small", "version": "3", "backend": "native"}"#),
        RouteCase(
            method: "GET", path: "/nowhere", type: nil, status: 404,
            answer:
                #"{"error_code": "ENDPOINT_NOT_FOUND", "message": "There is nothing at `/nowhere`; score at /invocations or /predict."}"#
        ),
        RouteCase(
            method: "GET", type: nil, status: 405,
            answer: #"{"error_code": "BAD_REQUEST", "message": "This path takes POST only."}"#),
        RouteCase(
            method: "DELETE", path: "/ping", type: nil, status: 405,
            answer: #"{"error_code": "BAD_REQUEST", "message": "This path takes GET, HEAD only."}"#),
        RouteCase(
            body: "{}", type: nil, status: 415,
            answer:
                "This predictor only supports the following content types: Types: ['text/csv', 'application/json', 'application/vnd.apache.parquet']. Got ''."
        ),
        RouteCase(
            body: "{}", type: "application/vnd.apache.parquet", status: 415,
            answer:
                "This predictor only supports the following content types: Types: ['text/csv', 'application/json']. Got 'application/vnd.apache.parquet'."
        ),
        RouteCase(
            path: "/predict", body: "a", type: "text/csv", status: 415,
            answer:
                #"{"error_code": "BAD_REQUEST", "message": "/predict takes application/json; send text/csv to /invocations."}"#
        ),
        RouteCase(
            body: "\u{feff},colour,number,single,count\r\n0,\"red\", 1.5,0.25,2.0\r\n\r\n1,NA,0,0,0", type: "text/csv",
            answer: #"{"predictions": [121.0, 1.0]}"#),
        RouteCase(
            body: "{}", type: "application/json; charset=latin-1", status: 415,
            answer: "The scoring server only supports UTF-8"),
        RouteCase(
            body: #"{"dataframe_records": [\#(record), {"colour": null, "number": -1, "single": 0, "count": 0}]}"#,
            type: "application/json; charset=UTF-8", answer: #"{"predictions": [121.0, -1.0]}"#),
        RouteCase(
            body:
                #"{"dataframe_split": {"data": [[2, 0.25, 1.5, "x", "red"]], "index": ["r7"], "columns": ["count", "single", "number", "extra", "colour"]}}"#,
            answer: #"{"predictions": [121.0]}"#),
        RouteCase(body: #"{"inputs": [\#(record)], "other": [1, {}]}"#, answer: #"{"predictions": [121.0]}"#),
        RouteCase(
            body: #"{"instances": {"number": [1.5, 0], "single": [0.25, 0], "count": [2, 1]}}"#,
            answer: #"{"predictions": [21.0, 9.0]}"#),
        RouteCase(path: "/predict", body: "[\(record)]", answer: "[121.0]"),
        RouteCase(path: "/predict", body: #"{"dataframe_records": [\#(record)]}"#, answer: "[121.0]"),
        RouteCase(
            body:
                #"{"dataframe_records": [{"number": true, "single": 16777217, "count": 2.0, "small": 1e1, "flag": 1}]}"#,
            answer: #"{"predictions": [67109075.0]}"#),
    ]

    @Test("each path answers what it promises, on one connection")
    func routes() throws {
        let server = try ServerUnderTest.native()
        let connection = try server.connect()
        for item in Self.cases {
            try connection.request(item.method, item.path, item.body, type: item.type)
            let answer = try connection.answer()
            #expect(answer.status == item.status, "\(item.testDescription)")
            #expect(answer.body == item.answer, "\(item.testDescription)")
            let isText = item.status == 415 && !item.answer.hasPrefix("{")
            #expect(
                answer.fields["content-type"] == (isText ? "text/plain; charset=utf-8" : "application/json"),
                "\(item.testDescription)")
        }
    }

    @Test("HEAD is answered like GET, without the body")
    func head() throws {
        let connection = try ServerUnderTest.native().connect()
        try connection.request("HEAD", "/ping", type: nil)
        let answer = try connection.answer(hasBody: false)
        #expect(answer.status == 200)
        #expect(answer.fields["content-length"] == "1")
        try connection.request("GET", "/ping", type: nil)
        #expect(try connection.answer().body == "\n")
    }

    @Test("a bare .skiff file is served with the columns that it has itself")
    func bareFile() throws {
        let folder = TemporaryDirectory()
        let file = try folder.write("churn.skiff", SmallModel.make().serialized())
        let request = ["--listen", "127.0.0.1:0", file]
        let process = try Started(request)
        let answer = try TestConnection(port: process.port)
        try answer.request("POST", "/predict", "[\(record)]")
        #expect(try answer.answer().body == "[121.0]")
        try answer.request("GET", "/version", type: nil)
        #expect(try answer.answer().body.contains(#""name": "churn", "version": null"#))
    }

    @Test("each event is one line of JSON, and a request's line says what was asked and how long it took")
    func log() throws {
        let server = try ServerUnderTest.native()
        _ = try server.ask("POST", "/invocations?secret=1", #"{"dataframe_records": [\#(record), \#(record)]}"#)
        let start = try server.event("start")
        #expect(start["host"]?.stringValue == "127.0.0.1")
        #expect(start["backend"]?.stringValue == "native")
        let line = try server.event("request")
        #expect(
            line.objectValue?.keys == [
                "time", "event", "request_id", "method", "path", "status", "rows", "milliseconds", "bytes_in",
                "bytes_out",
            ])
        #expect(line["path"]?.stringValue == "/invocations")
        #expect(line["rows"]?.intValue == 2)
        #expect(line["status"]?.intValue == 200)
    }

    @Test("SKIFF_ACCESS_LOG=off leaves out the lines of requests")
    func quiet() throws {
        let server = try ServerUnderTest.native(environment: ["SKIFF_ACCESS_LOG": "off"])
        _ = try server.ask("GET", "/ping", type: nil)
        server.process.send(15)
        #expect(try server.event("stop")["status"]?.intValue == 0)
        #expect(!server.logText.contains("\"event\": \"request\""))
    }

    @Test("the self-test of serving.json must give the recorded answer before the port opens")
    func selfTest() throws {
        let request: JSONValue = ["dataframe_records": [["number": 1.5, "single": 0.25, "count": 2]]]
        let server = try ServerUnderTest.native([
            "self_test": ["request": request, "response": ["predictions": [21.0]]]
        ])
        #expect(try server.ask("GET", "/ready", type: nil).status == 200)
        let folder = TemporaryDirectory()
        try folder.write("model.skiff", SmallModel.make().serialized())
        let document: JSONValue = [
            "format": 1, "name": "small", "backend": ["kind": "native", "model": "model.skiff"],
            "self_test": ["request": request, "response": ["predictions": [21.5]]],
        ]
        try folder.write("serving.json", JSONWriter.bytes(document, style: .compact))
        let result = try run(ServerUnderTest.executable, ["--listen", "127.0.0.1:0", folder.path], timeoutSeconds: 60)
        #expect(result.status == 2)
        #expect(
            result.errorText == """
                error: cannot serve the model: the answer at `/0` is 21.0, and 21.5 was recorded
                  --> \(folder.path)/serving.json
                hint: the model, its libraries or this machine's arithmetic are not those that the context was made with

                """)
    }

    @Test("the rows of the self-test's file must be answered bit by bit as recorded, or nobody is served")
    func selfTestFile() throws {
        let document: JSONValue = [
            "format": 1, "name": "small", "backend": ["kind": "native", "model": "model.skiff"],
            "self_test_file": "rows.json",
        ]
        func errors(_ predictions: JSONValue) throws -> String {
            let folder = TemporaryDirectory()
            try folder.write("model.skiff", SmallModel.make().serialized())
            try folder.write("serving.json", JSONWriter.bytes(document, style: .compact))
            let rows: JSONValue = [
                "request": [
                    "dataframe_split": [
                        "columns": ["number", "single", "count"], "data": [[1.5, 0.25, 2], [1.5, 0.25, 2]],
                    ]
                ], "response": ["predictions": predictions],
            ]
            try folder.write("rows.json", JSONWriter.bytes(rows, style: .compact))
            let result = try run(
                ServerUnderTest.executable, ["--listen", "127.0.0.1:0", folder.path], timeoutSeconds: 60)
            #expect(result.status == 2)
            return result.errorText.replacing(folder.path, with: "app")
        }
        let hint =
            "hint: the model, its libraries or this machine's arithmetic are not those that the context was made with\n"
        #expect(
            try errors([21.0, 21.000000000000004]) == """
                error: cannot serve the model: the answer at `/1` is 21.0, and 21.000000000000004 was recorded
                  --> app/rows.json

                """ + hint)
        #expect(
            try errors([21.0]) == """
                error: cannot serve the model: the answer is a list of 2, and a list of 1 was recorded
                  --> app/rows.json

                """ + hint)
    }

    @Test("four threads share the connections, and all answer")
    func threads() throws {
        let server = try ServerUnderTest.native(arguments: ["--threads", "4"])
        let connections = try (0..<12).map { _ in try server.connect() }
        for connection in connections { try connection.request("POST", "/predict", "[\(record)]") }
        for connection in connections { #expect(try connection.answer().body == "[121.0]") }
    }
}
