import Glibc
import JSONText
import Platform
import TestKit
import Testing

@testable import ScorerServer

@Suite("Python workers")
struct PythonBackendTests {
    static let columns: JSONValue = [
        "kind": "columns", "source": "signature",
        "columns": [
            ["name": "do", "type": "string", "required": false], ["name": "x", "type": "double", "required": true],
            ["name": "n", "type": "long", "required": false], ["name": "t", "type": "datetime", "required": false],
            ["name": "list", "type": ["type": "array", "items": ["type": "double"]], "required": false],
        ],
    ]

    static func server(_ members: JSONObject = [:], workers: Int = 1) throws -> ServerUnderTest {
        var all: JSONObject = ["schema": columns]
        for (key, value) in members.members { all[key] = value }
        return try .python(all, workers: workers)
    }

    static func asking(_ action: String) -> String { #"[{"x": 1, "do": "\#(action)"}]"# }

    @Test("a worker gets checked columns with their types, and its answer is passed on as it is")
    func frame() throws {
        let server = try Self.server()
        let body =
            #"{"dataframe_records": [{"n": 2.0, "x": 1e3, "foo": 1, "list": [1, 2.5]}, {"x": null, "n": 3, "list": []}]}"#
        let answer = try server.ask("POST", "/invocations", body)
        #expect(
            answer.body
                == #"{"predictions": {"form": "frame", "rows": 2, "columns": ["x", "n", "list"], "types": ["double", "long", {"type": "array", "items": {"type": "double"}}], "data": [[1000.0, null], [2, 3], [[1, 2.5], []]]}}"#
        )
    }

    @Test("without a schema the rows are passed on as they came, with their form")
    func raw() throws {
        let server = try ServerUnderTest.python()
        let answer = try server.ask(
            "POST", "/invocations", #"{"inputs": [{"a": "x", "b": [1e2]}], "params": {"k": 1}, "z": 1}"#)
        #expect(
            answer.body == #"{"predictions": {"form": "raw", "key": "inputs", "data": [{"a": "x", "b": [100.0]}]}}"#)
        #expect(
            try server.ask("POST", "/predict", #"[{"a": 1}]"#).body
                == #"{"form": "raw", "key": "dataframe_records", "data": [{"a": 1}]}"#)
        let twice = try server.ask("POST", "/predict", #"[{"a": {"b": 1, "b": 2}}]"#)
        #expect(twice.status == 400)
    }

    @Test("a Parquet file goes to the worker as it is, with what binds its table; the worker tells the rows")
    func parquet() throws {
        let server = try Self.server()
        let type = "application/vnd.apache.parquet"
        #expect(
            try server.ask("POST", "/invocations", "PAR1", type: type).body
                == #"{"predictions": {"form": "parquet", "rows": 1, "bound": true, "row_limit": 100000, "column_limit": 100000, "data": [[[80, 65, 82, 49]]]}}"#
        )
        try server.waitForLog(#""rows": 7"#)
        let untyped = try ServerUnderTest.python()
        #expect(try untyped.ask("POST", "/invocations", "x", type: type).body.contains(#""bound": false"#))
        #expect(
            try server.ask("POST", "/predict", "PAR1", type: type).refusal.message
                == "/predict takes application/json; send application/vnd.apache.parquet to /invocations.")
        #expect(try server.ask("POST", "/invocations", "\0", type: type).status == 503)
        #expect(
            try server.event("worker-ended")["reason"]?.stringValue == "it sent a number of rows that is none")
        let hinted = try Self.server(["type_hint": true])
        #expect(try hinted.ask("POST", "/invocations", "PAR1", type: type).status == 400)
    }

    @Test("a request whose client goes while it waits for a worker is not worked on; one that only ends its side is")
    func abandoned() throws {
        let server = try Self.server()
        let working = try server.connect()
        try working.request("POST", "/predict", Self.asking("slow"))
        _ = try server.errorLine(containing: "at work")
        let halfClosed = try server.connect()
        try halfClosed.request("POST", "/predict", Self.asking("process"))
        halfClosed.endSending()
        do {
            let leaving = try server.connect()
            try leaving.request("POST", "/predict", Self.asking("slow"))
        }
        #expect(try working.answer().status == 200)
        var answer = try halfClosed.answer()
        if answer.status == 100 { answer = try halfClosed.answer() }
        #expect(answer.status == 200)
        #expect(try halfClosed.hasEnded())
        #expect(try server.ask("POST", "/predict", Self.asking("process")).status == 200)
        let metrics = try server.ask("GET", "/metrics", type: nil).body
        #expect(metrics.contains("\nskiff_requests_abandoned_total 1\n"))
        #expect(metrics.contains("\nskiff_queue_length 0\n"))
        #expect(metrics.contains("\nskiff_scoring_in_flight 0\n"))
        #expect(server.errorText.components(separatedBy: "at work").count == 2)
    }

    @Test("a tensor is checked against its shape and element type")
    func tensor() throws {
        let schema: JSONValue = [
            "kind": "tensors", "source": "signature",
            "tensors": [["name": nil, "dtype": "float64", "shape": [-1, 2]]],
        ]
        let server = try ServerUnderTest.python(["schema": schema])
        #expect(
            try server.ask("POST", "/invocations", #"{"inputs": [[1, 2.5], [3, 4]]}"#).body
                == #"{"predictions": {"form": "tensor", "rows": 2, "columns": null, "types": ["float64"], "data": [[1.0, 2.5], [3.0, 4.0]]}}"#
        )
        #expect(
            try server.ask("POST", "/invocations", #"{"dataframe_records": [{"a": 1, "b": 2}, {"b": 4, "a": 3}]}"#).body
                .contains(#""data": [[1.0, 2.0], [3.0, 4.0]]"#))
        #expect(
            try server.ask("POST", "/invocations", #"{"inputs": [[1, 2], [3]]}"#).refusal.message
                == "Failed to enforce schema. /inputs/1: Shape of input does not match expected shape (-1, 2): got an array of 1."
        )
        #expect(
            try server.ask("POST", "/invocations", #"{"inputs": [[1, "x"]]}"#).refusal.message?
                .hasSuffix(#"/inputs/0/1: expected an element of type float64, got the string "x"."#) == true)
    }

    @Test("parameters: defaults, whole numbers for doubles, unknown ones dropped, everything else refused")
    func parameters() throws {
        let declared: JSONValue = [
            ["name": "k", "type": "long", "default": 3, "shape": nil],
            ["name": "scale", "type": "double", "default": 0.5, "shape": nil],
            ["name": "weights", "type": "double", "default": [1.0], "shape": [-1]],
        ]
        let server = try Self.server(["params": declared])
        func ask(_ parameters: String) throws -> TestAnswer {
            try server.ask("POST", "/invocations", #"{"dataframe_records": [{"x": 1}], "params": \#(parameters)}"#)
        }
        #expect(try ask("null").body.contains(#""params": {"k": 3, "scale": 0.5, "weights": [1.0]}"#))
        #expect(
            try ask(#"{"scale": 2, "nope": 1, "weights": [1, 2]}"#).body
                .contains(#""params": {"k": 3, "scale": 2.0, "weights": [1.0, 2.0]}"#))
        #expect(
            try ask(#"{"k": 7.0}"#).body as String?
                == #"{"error_code": "INVALID_PARAMETER_VALUE", "message": "Invalid parameters found: ('k', \"/params/k: expected a whole number of 64 bits (long), got 7.0\").", "details": [{"pointer": "/params/k", "expected": "a whole number of 64 bits (long)", "got": "7.0"}]}"#
        )
        #expect(try ask(#"{"weights": 1}"#).refusal.message?.contains("/params/weights: expected an array") == true)
        #expect(
            try ask("[1]").refusal.message
                == "Parameters must be a dictionary. /params: expected an object, got an array.")
    }

    @Test("what a worker prints goes to standard error, line by line, with its name")
    func prints() throws {
        let server = try Self.server()
        #expect(try server.errorLine(containing: "loading") == "[worker 1] loading the model")
        let ready = try server.event("worker-ready")
        #expect(ready["loader"]?.stringValue == "test")
    }

    @Test(
        "errors of the model are 400 when the caller's, 500 without detail when its own; the trace goes to standard error"
    )
    func errors() throws {
        let server = try Self.server()
        let refused = try server.ask("POST", "/predict", Self.asking("refuse"))
        #expect(refused.status == 400)
        #expect(refused.refusal == ("BAD_REQUEST", "no such colour"))
        let failed = try server.ask("POST", "/predict", Self.asking("fail"))
        #expect(failed.status == 500)
        #expect(failed.refusal == ("INTERNAL_ERROR", "The model could not be evaluated."))
        #expect(try server.errorLine(containing: "KeyError") == "[worker 1] KeyError: 'k'")
        let missing = try server.ask("POST", "/predict", Self.asking("missing"))
        #expect(missing.status == 404)
        #expect(missing.refusal.code == "RESOURCE_DOES_NOT_EXIST")
    }

    @Test(
        "a worker that crashes or does not keep to the frames costs its request a 503, and is started again",
        arguments: ["crash", "garbage", "damaged columns", "endless columns", "no json", "bare nan"])
    func crash(action: String) throws {
        let server = try Self.server()
        let answer = try server.ask("POST", "/predict", Self.asking(action))
        #expect(answer.status == 503)
        #expect(
            answer.refusal.message == "The worker that evaluated the model has ended; the request was not answered.")
        let event = try server.event("worker-ended")
        #expect(event["restart_milliseconds"]?.intValue == 100)
        #expect(try server.ask("POST", "/predict", #"[{"x": 1}]"#).status == 200)
    }

    @Test("a worker that got no memory is named as such")
    func memory() throws {
        let server = try Self.server()
        let answer = try server.ask("POST", "/predict", Self.asking("out of memory"))
        #expect(answer.status == 503)
        #expect(answer.refusal.message?.contains("ran out of memory") == true)
        #expect(try server.event("worker-ended")["reason"]?.stringValue == "it ran out of memory")
    }

    @Test("a model that prints much is not held up, and no line of its has parts of another")
    func loud() throws {
        let server = try Self.server()
        #expect(try server.ask("POST", "/predict", Self.asking("loud")).status == 200)
        #expect(
            try server.errorLine(containing: "progress 2")
                == "[worker 1] progress 2line 0 of a model that has much to say, and says it")
        #expect(try server.ask("POST", "/predict", #"[{"x": 1}]"#).status == 200)
        let forwarded = server.errorText.split(separator: "\n").filter { $0.contains("line ") || $0.contains("xxx") }
        #expect(
            forwarded.allSatisfy { line in
                line.hasPrefix("[worker 1] xxx") || line.hasPrefix("[worker 1] progress 2line 0 ")
                    || line.hasPrefix("[worker 1] line ")
                        && line.hasSuffix(" of a model that has much to say, and says it")
            })
        #expect(server.logText.split(separator: "\n").allSatisfy { $0.hasPrefix("{\"time\": ") && $0.hasSuffix("}") })
    }

    @Test("a worker that hangs is killed at the limit: 504")
    func hang() throws {
        let server = try Self.server(["limits": ["request_seconds": 3]])
        let answer = try server.ask("POST", "/predict", Self.asking("hang"))
        #expect(answer.status == 504)
        #expect(answer.refusal == ("DEADLINE_EXCEEDED", "The model did not answer within 3 seconds."))
        // The next worker may need longer than that to load.
        #expect(try eventually { try server.ask("POST", "/predict", #"[{"x": 1}]"#).status == 200 })
    }

    @Test("requests share the workers; those beyond the queue are told to come back")
    func queue() throws {
        let server = try Self.server(["limits": ["queue": 1]], workers: 2)
        for number in 1...2 { try server.waitForLog("\"worker-ready\", \"worker\": \(number)") }
        let connections = try (0..<4).map { _ in try server.connect() }
        for connection in connections { try connection.request("POST", "/predict", Self.asking("slow")) }
        let answers = try connections.map { try $0.answer() }
        #expect(answers.filter { $0.status == 200 }.count == 3)
        let refused = answers.first { $0.status == 503 }
        #expect(refused?.refusal.message == "The server is busy: 1 requests are waiting.")
        #expect(refused?.fields["retry-after"] == "1")
    }

    @Test("an answer larger than the socket's memory arrives whole")
    func large() throws {
        let answer = try Self.server().ask("POST", "/predict", Self.asking("large"))
        #expect(answer.body.utf8.count == 400_000 * 5)
        #expect(answer.body.hasSuffix("1.5, 1.5]"))
    }

    @Test(
        "a model that cannot be loaded at first start ends the server with the reason",
        arguments: [
            ("broken", "it could not load the model: ImportError: no module named vin"),
            ("gone", "it exited with status 7"),
        ])
    func broken(start: String, reason: String) throws {
        let folder = TemporaryDirectory()
        let document: JSONValue = [
            "format": 1, "name": "small",
            "backend": [
                "kind": "python", "workers": 1,
                "command": ["python3", .string(Checkout.fixture("server/worker.py")), .string(start)],
            ],
        ]
        try folder.write("serving.json", JSONWriter.bytes(document, style: .compact))
        let result = try run(ServerUnderTest.executable, ["--listen", "127.0.0.1:0", folder.path], timeoutSeconds: 60)
        #expect(result.status == 2)
        #expect(result.outputText.contains(#""event": "worker-ended", "worker": 1, "reason": "\#(reason)""#))
        #expect(
            result.errorText.hasSuffix(
                """
                error: cannot start the model's Python worker: \(reason)
                hint: the worker's own words are on standard error

                """))
    }

    @Test("a command that does not exist is named")
    func noCommand() throws {
        let folder = TemporaryDirectory()
        let document: JSONValue = [
            "format": 1, "name": "small", "backend": ["kind": "python", "command": ["/no/such/python"], "workers": 1],
        ]
        try folder.write("serving.json", JSONWriter.bytes(document, style: .compact))
        let result = try run(ServerUnderTest.executable, ["--listen", "127.0.0.1:0", folder.path], timeoutSeconds: 60)
        #expect(result.status == 2)
        #expect(
            result.errorText == """
                error: cannot run `/no/such/python`: there is no such file or folder
                hint: install it, or put its folder in PATH

                """)
    }

    @Test("a request that is being answered when SIGTERM comes is answered; then the server ends with status 0")
    func drain() throws {
        let server = try Self.server()
        let idle = try server.connect()
        try idle.request("GET", "/ready", type: nil)
        #expect(try idle.answer().status == 200)
        let busy = try server.connect()
        try busy.request("POST", "/predict", Self.asking("slow"))
        _ = try server.errorLine(containing: "at work")
        server.process.send(SIGTERM)
        #expect(try idle.hasEnded())
        let answer = try busy.answer()
        #expect(answer.status == 200)
        #expect(answer.fields["connection"] == "close")
        #expect(server.process.wait() == .exited(0))
        #expect(throws: TestConnection.Refused.self) { try server.connect() }
    }

    @Test("a second SIGTERM ends at once with status 143, and so does the limit", arguments: [true, false])
    func impatience(sendsSecond: Bool) throws {
        let server = try Self.server(["limits": ["drain_seconds": sendsSecond ? 30 : 1]])
        let busy = try server.connect()
        try busy.request("POST", "/predict", Self.asking("hang"))
        _ = try busy.send("")
        server.process.send(SIGTERM)
        _ = try server.event("draining")
        if sendsSecond { server.process.send(SIGTERM) }
        #expect(server.process.wait() == .exited(143))
    }
}
