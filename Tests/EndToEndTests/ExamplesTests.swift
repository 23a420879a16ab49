import Foundation
import Glibc
import TestKit
import Testing

@Suite("Examples: packed by skiff, served by skiff-scorer")
struct ExamplesTests {
    @Test("the context has the files that the example shows", arguments: Example.all)
    func tree(_ example: Example) throws {
        let folder = TemporaryDirectory()
        try pack(example.model, into: folder.file("context"))
        let names =
            try folder.files("context").keys.filter { !$0.hasSuffix("/") }.sorted().joined(separator: "\n") + "\n"
        let shown = try String(
            contentsOf: example.folder.appendingPathComponent("expected-tree.txt"), encoding: .utf8)
        #expect(names == shown)
    }

    @Test("packing twice, from another folder and in another time zone gives the same bytes", arguments: Example.all)
    func sameBytes(_ example: Example) throws {
        let folder = TemporaryDirectory()
        try pack(example.model, into: folder.file("one"))
        let elsewhere = folder.file("somewhere-else")
        try FileManager.default.createDirectory(atPath: elsewhere, withIntermediateDirectories: false)
        try FileManager.default.copyItem(atPath: example.model, toPath: elsewhere + "/model")
        let strange = ["TZ": "Asia/Kathmandu", "LANG": "tr_TR.UTF-8", "HOME": elsewhere, "USER": "someone"]
        try pack(elsewhere + "/model", into: elsewhere + "/two", environment: strange)
        let (one, two) = (try folder.files("one"), try folder.files("somewhere-else/two"))
        #expect(one.keys.sorted() == two.keys.sorted())
        for (name, bytes) in one { #expect(two[name] == bytes, "\(name) differs") }
    }

    @Test("a tar holds the same files as a folder, and is the same twice", arguments: Example.all)
    func tar(_ example: Example) throws {
        let folder = TemporaryDirectory()
        try pack(example.model, into: folder.file("context"))
        let first = try skiff("pack", example.model, "--tar", "-", "--quiet")
        let second = try skiff("pack", example.model, "--tar", "-", "--quiet")
        #expect(first.status == 0, "\(first.errors)")
        #expect(first.output == second.output)
        try first.output.write(to: URL(fileURLWithPath: folder.file("context.tar")))
        try FileManager.default.createDirectory(atPath: folder.file("unpacked"), withIntermediateDirectories: false)
        let untar = try run(
            URL(fileURLWithPath: "/usr/bin/bsdtar"), ["-xf", folder.file("context.tar"), "-C", folder.file("unpacked")])
        #expect(untar.status == 0, "\(untar.errors)")
        #expect(try folder.files("unpacked") == folder.files("context"))
    }

    @Test(
        "the scorer answers what MLflow's own server answers, and ends with status 0 on SIGTERM",
        arguments: Example.native)
    func answers(_ example: Example) throws {
        let folder = TemporaryDirectory()
        try pack(example.model, into: folder.file("context"))
        let server = try Served(folder.file("context/app"))
        try example.expectRight(ask("POST", "/invocations", port: server.port, body: example.request()))
        for path in ["/ping", "/health", "/ready", "/version"] {
            #expect(try ask("GET", path, port: server.port).status == 200, "\(path)")
        }
        #expect(try server.stop() == 0)
    }

    @Test(
        "`skiff predict` prints the server's bytes without a container, for a Python model too", arguments: Example.all)
    func predict(_ example: Example) throws {
        let folder = TemporaryDirectory()
        try pack(example.model, into: folder.file("context"))
        let path = try Workshop.python().deletingLastPathComponent().path + ":" + (Workshop.variable("PATH") ?? "")
        let request = example.folder.appendingPathComponent("request.json").path
        let result = try skiff("predict", folder.file("context"), "-i", request, environment: ["PATH": path])
        #expect(result.status == 0, "\(result.errors)")
        let body = result.text.hasSuffix("\n") ? String(result.text.dropLast()) : result.text
        try example.expectRight(Answer(status: 200, body: body))
    }

    @Test("`skiff verify` accepts what was packed and names what was changed afterwards", arguments: Example.all)
    func verify(_ example: Example) throws {
        let folder = TemporaryDirectory()
        try pack(example.model, into: folder.file("context"))
        #expect(try skiff("verify", folder.file("context")).status == 0)
        let changed = URL(fileURLWithPath: folder.file("context/app/serving.json"))
        try (Data(contentsOf: changed) + Data(" ".utf8)).write(to: changed)
        let result = try skiff("verify", folder.file("context"))
        #expect(result.status == 1)
        #expect((result.text + result.errors).contains("app/serving.json"), "\(result.text)\(result.errors)")
    }

    @Test("every answer from one server and many clients at once is right")
    func manyClients() async throws {
        let folder = TemporaryDirectory()
        try pack(Example.creditDefault.model, into: folder.file("context"))
        let server = try Served(folder.file("context/app"))
        let (port, request, expected) = (
            server.port, try Example.creditDefault.request(), try Example.creditDefault.expected()
        )
        let wrong = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    var wrong = 0
                    for _ in 0..<50 where try ask("POST", "/invocations", port: port, body: request).body != expected {
                        wrong += 1
                    }
                    return wrong
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(wrong == 0)
        #expect(try server.stop() == 0)
    }

    @Test("the bare form of the seed's API is answered unwrapped")
    func bareForm() throws {
        let folder = TemporaryDirectory()
        try pack(Example.creditProbability.model, into: folder.file("context"))
        let server = try Served(folder.file("context/app"))
        let request = try JSONSerialization.jsonObject(with: Example.creditProbability.request())
        let records = try #require((request as? [String: Any])?["dataframe_records"])
        let answer = try ask(
            "POST", "/predict", port: server.port, body: JSONSerialization.data(withJSONObject: records))
        #expect(answer.status == 200, "\(answer.body)")
        let rows = try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [[Double]]
        #expect(rows?.count == 2)
        #expect(try server.stop() == 0)
    }

    @Test("a request that does not fit the signature is refused with the place that is wrong")
    func badRequest() throws {
        let folder = TemporaryDirectory()
        try pack(Example.creditDefault.model, into: folder.file("context"))
        let server = try Served(folder.file("context/app"))
        let text = String(decoding: try Example.creditDefault.request(), as: UTF8.self)
        let answer = try ask(
            "POST", "/invocations", port: server.port,
            body: Data(text.replacingOccurrences(of: "2000.0, 25.0", with: "2000.0, \"young\"").utf8))
        #expect(answer.status == 400)
        #expect(answer.body.contains("age"), "\(answer.body)")
        #expect(try server.stop() == 0)
    }
}
