import Glibc
import JSONText
import Platform
import TestKit
import Testing

@testable import ScorerServer

@Suite("How Python workers start, with score.py itself")
struct WorkerStartTests {
    static func server(
        workers: Int = 2, _ environment: [String: String] = [:], _ members: JSONObject = [:],
        waitsFor event: String = "ready"
    ) throws -> ServerUnderTest {
        let folder = TemporaryDirectory()
        let script = try readFile("\(Checkout.root)/templates/python/score.py", limit: 1 << 20)
        try folder.write("score.py", script)
        try folder.write("model.pkl", Array("cstand_in\nMODEL\n.".utf8))
        var all: JSONObject = ["python": ["loader": "sklearn", "model": "model.pkl"]]
        for (key, value) in members.members { all[key] = value }
        var variables = ["PATH": try Surroundings.current().environment["PATH"] ?? "/usr/bin:/bin"]
        variables["PYTHONPATH"] = Checkout.fixture("server")
        variables["PYTHONDONTWRITEBYTECODE"] = "1"
        let command: JSONValue = ["python3", "-u", "/app/score.py"]
        return try ServerUnderTest.start(
            in: folder, backend: ["kind": "python", "command": command, "workers": .int(workers)], all, [],
            variables.merging(environment) { $1 }, waitsFor: event)
    }

    private func ask(_ server: ServerUnderTest, _ action: String) throws -> TestAnswer {
        try server.ask("POST", "/predict", #"[{"do": "\#(action)"}]"#)
    }

    /// What each of both workers says of itself.
    private func workers(_ server: ServerUnderTest) throws -> [Int: JSONValue] {
        var found: [Int: JSONValue] = [:]
        // A worker that is busy leaves the next request to the other one.
        for _ in 0..<50 where found.count < 2 {
            let connections = try (0..<4).map { _ in try server.connect() }
            for connection in connections { try connection.request("POST", "/predict", "[{}]") }
            for connection in connections {
                let said = try JSONText.parse(try connection.answer().body)
                found[try #require(said["process"]?.intValue)] = said
            }
        }
        return found
    }

    @Test("workers are copies of one loaded process: our own children, with random numbers of their own")
    func copies() throws {
        let server = try Self.server()
        let event = try server.event("workers")
        #expect(event["start"]?.stringValue == "copies")
        let found = try workers(server)
        #expect(found.count == 2)
        let loaders = Set(found.values.compactMap { $0["loaded in"]?.intValue })
        #expect(loaders.count == 1)
        #expect(loaders.isDisjoint(with: found.keys))
        #expect(found.values.allSatisfy { $0["parent"]?.intValue == Int(server.process.number) })
        #expect(Set(found.values.compactMap { $0["drawn"]?.doubleValue }).count == 2)
    }

    @Test("a copy that crashes costs its request a 503, and the next copy comes from the same loaded process")
    func crash() throws {
        let server = try Self.server(workers: 1)
        let before = try JSONText.parse(try ask(server, "tell").body)
        let answer = try ask(server, "crash")
        #expect(answer.status == 503)
        #expect(try server.event("worker-ended")["reason"]?.stringValue == "signal 11")
        let after = try JSONText.parse(try ask(server, "tell").body)
        #expect(before["process"] != after["process"])
        #expect(before["loaded in"] == after["loaded in"])
    }

    @Test("when the loaded process has gone, the next worker loads anew and is copied again")
    func parentKilled() throws {
        let server = try Self.server(workers: 1)
        let before = try JSONText.parse(try ask(server, "tell").body)
        kill(Int32(try #require(before["loaded in"]?.intValue)), SIGKILL)
        try server.waitForLog("workers-parent-ended")
        #expect(try ask(server, "tell").status == 200)
        #expect(try ask(server, "crash").status == 503)
        let after = try JSONText.parse(try ask(server, "tell").body)
        #expect(after["loaded in"] != before["loaded in"])
        #expect(after["loaded in"] != after["process"])
    }

    @Test(
        "each worker loads for itself where a copy would not be safe, and where that is asked for",
        arguments: [
            (["SKIFF_TEST_LOAD": "thread"], "the model has threads running: python3"),
            (["SKIFF_WORKER_START": "separate"], nil),
        ] as [([String: String], String?)])
    func separate(environment: [String: String], reason: String?) throws {
        let server = try Self.server(environment)
        if let reason {
            let event = try server.event("workers")
            #expect(event["start"]?.stringValue == "separate")
            #expect(event["reason"]?.stringValue?.hasPrefix(reason) == true)
        }
        let found = try workers(server)
        #expect(found.count == 2)
        #expect(found.allSatisfy { $0.value["loaded in"]?.intValue == $0.key })
    }

    @Test("a copy can be forced")
    func forced() throws {
        let server = try Self.server(["SKIFF_TEST_LOAD": "thread", "SKIFF_WORKER_START": "fork"])
        #expect(try server.event("workers")["start"]?.stringValue == "copies")
        #expect(try ask(server, "tell").status == 200)
    }

    @Test("a worker that may not have the memory it wants ends, its request is 503, and the log says why")
    func memory() throws {
        let server = try Self.server(workers: 1, ["SKIFF_WORKER_MEMORY_BYTES": "1000000000"])
        let answer = try ask(server, "memory")
        #expect(answer.status == 503)
        #expect(
            answer.refusal.message
                == "The worker that evaluated the model ran out of memory; the request was not answered.")
        #expect(
            try server.event("worker-ended")["reason"]?.stringValue
                == "it ran out of memory; SKIFF_WORKER_MEMORY_BYTES is 1000000000")
        #expect(try server.errorLine(containing: "MemoryError").hasPrefix("[worker 1] MemoryError"))
        #expect(try ask(server, "tell").status == 200)
    }

    @Test("a copy that hangs is killed at the limit: 504")
    func hang() throws {
        let server = try Self.server(workers: 1, [:], ["limits": ["request_seconds": 2]])
        #expect(try ask(server, "hang").status == 504)
        #expect(try eventually { try ask(server, "tell").status == 200 })
    }

    @Test("every worker passes the self-test before it answers; one that fails at first start ends the server")
    func selfTest() throws {
        let test: JSONObject = ["self_test": ["request": [["do": "self-test"]], "response": [1.5]]]
        let server = try Self.server([:], test)
        for number in 1...2 { try server.waitForLog("\"worker-ready\", \"worker\": \(number)") }
        #expect(try ask(server, "tell").status == 200)
        let wrong = try Self.server(["SKIFF_TEST_LOAD": "wrong"], test, waitsFor: "workers")
        #expect(wrong.process.wait() == .exited(2))
        #expect(try wrong.errorLine(containing: "error:").contains("the answer at `/0` is 2.5, and 1.5 was recorded"))
    }

    @Test("what is printed without the end of a line is on standard error after a moment")
    func unendedLine() throws {
        let server = try Self.server(workers: 1)
        #expect(try ask(server, "print").status == 200)
        #expect(try server.errorLine(containing: "no end") == "[worker 1] no end of a line")
    }

    @Test(
        "a setting that cannot be is named",
        arguments: [
            ("SKIFF_WORKER_START", "spoon", "it must be `auto`, `fork` or `separate`"),
            ("SKIFF_WORKER_MEMORY_BYTES", "1k", "it must be a number of bytes, at least 67108864"),
        ])
    func settings(name: String, value: String, words: String) {
        #expect(
            message { _ = try WorkerEnvironment([name: value], workers: 1, processors: 1) }
                == "error: cannot use \(name)=`\(value)`: \(words)\n")
    }

    @Test("without a number anywhere there are as many workers as for `auto`; a number goes before that")
    func unasked() throws {
        let count = Sizing(modelPath: "/nothing").workers
        for environment in [[:], ["SKIFF_WORKERS": "auto"]] {
            let server = try ServerUnderTest.python(workers: nil, environment: environment)
            #expect(try server.event("start")["workers"]?.intValue == count)
        }
        let asked = try ServerUnderTest.python(workers: nil, environment: ["SKIFF_WORKERS": "3"])
        #expect(try asked.event("start")["workers"] == 3)
    }

    @Test("each worker gets its share of the processors, unless somebody said how many threads there are")
    func threads() throws {
        func counts(_ environment: [String: String]) throws -> [String: String] {
            try WorkerEnvironment(environment, workers: 2, processors: 8).variables
        }
        #expect(try counts([:])["OMP_NUM_THREADS"] == "4")
        #expect(try counts([:])["OPENBLAS_NUM_THREADS"] == "4")
        #expect(try counts(["MKL_NUM_THREADS": "1"])["MKL_NUM_THREADS"] == "1")
        #expect(try counts(["OMP_NUM_THREADS": "3"])["OPENBLAS_NUM_THREADS"] == nil)
        #expect(try WorkerEnvironment([:], workers: 9, processors: 8).variables["OMP_NUM_THREADS"] == "1")
    }
}
