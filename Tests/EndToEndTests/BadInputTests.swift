import Foundation
import Glibc
import TestKit
import Testing

@Suite("Bad input: one clear error, the promised status, nothing half-written")
struct BadInputTests {
    /// Packs `model` into a new folder and checks what is promised for every kind of bad input.
    private func expectRefusal(
        _ model: String, says words: [String], status: Int32 = 2, more: [String] = [],
        environment: [String: String] = [:],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let folder = TemporaryDirectory()
        let result = try run(
            Workshop.skiff(), ["pack", model, "-o", folder.file("ctx")] + more, environment: environment)
        #expect(result.status == status, "\(result.errors)", sourceLocation: sourceLocation)
        #expect(result.output.isEmpty, sourceLocation: sourceLocation)
        #expect(
            result.errors.split(separator: "\n").filter { $0.hasPrefix("error: ") }.count == 1, "\(result.errors)",
            sourceLocation: sourceLocation)
        for word in words { #expect(result.errors.contains(word), "\(result.errors)", sourceLocation: sourceLocation) }
        #expect(try folder.files("").isEmpty, sourceLocation: sourceLocation)
    }

    /// A copy of the example's model folder that a test may damage.
    private func damagedModel(_ folder: TemporaryDirectory, _ damage: (URL) throws -> Void) throws -> String {
        let model = folder.url.appendingPathComponent("model", isDirectory: true)
        try FileManager.default.copyItem(atPath: Example.creditDefault.model, toPath: model.path)
        try damage(model)
        return model.path
    }

    @Test("a folder without an MLmodel")
    func noMLmodel() throws {
        let folder = TemporaryDirectory()
        let model = try damagedModel(folder) {
            try FileManager.default.removeItem(at: $0.appendingPathComponent("MLmodel"))
        }
        try expectRefusal(model, says: ["MLmodel"])
    }

    @Test("a folder that is not there")
    func noFolder() throws { try expectRefusal("/nonexistent/model", says: ["/nonexistent/model"]) }

    @Test("an MLmodel that is not YAML, with its line")
    func brokenMLmodel() throws {
        let folder = TemporaryDirectory()
        let model = try damagedModel(folder) {
            try Data("flavors:\n  sklearn: [\n".utf8).write(to: $0.appendingPathComponent("MLmodel"))
        }
        try expectRefusal(model, says: ["MLmodel", ":3"])
    }

    @Test("a truncated pickle is not converted, and says at which byte it ends")
    func truncatedPickle() throws {
        let folder = TemporaryDirectory()
        let model = try damagedModel(folder) {
            let file = $0.appendingPathComponent("model.pkl")
            try Data(contentsOf: file).prefix(100_000).write(to: file)
        }
        for verb in ["convert", "pack"] {
            let result = try skiff(verb, model, "-o", folder.file("output"))
            #expect(result.status == 2)
            #expect(
                result.errors.hasPrefix(
                    """
                    error: cannot read `model.pkl` of `\(model)`: a frame of 70442 bytes is longer than the rest of the file; \
                    before that it names `sklearn.pipeline.Pipeline`
                    """), "\(result.errors)")
            #expect(result.errors.contains("\n  --> model.pkl at byte "), "\(result.errors)")
            #expect(!FileManager.default.fileExists(atPath: folder.file("output")))
        }
    }

    @Test("a program learns as JSON why a model does not convert", arguments: ["output", "context"])
    func refusalsAsJSON(missing: String) throws {
        let folder = TemporaryDirectory()
        let output = folder.file("output")
        let words =
            missing == "output"
            ? ["convert", Example.creditMonitor.model, "-o", output, "--json"]
            : ["pack", Example.creditMonitor.model, "-o", output, "--runtime", "native", "--json"]
        let result = try run(Workshop.skiff(), words)
        #expect(result.status == 1)
        #expect(result.errors.hasPrefix("error: cannot convert `"), "\(result.errors)")
        let document = try #require(
            try JSONSerialization.jsonObject(with: result.output) as? [String: Any])
        #expect(document[missing] is NSNull)
        let refusals = try #require(document["refusals"] as? [[String: Any]])
        #expect(refusals.map { $0["path"] as? String } == ["MLmodel"])
        #expect(refusals.allSatisfy { ($0["reason"] as? String)?.isEmpty == false && $0["help"] is String })
    }

    @Test("an archive that is there already is told before the model is looked for")
    func occupiedArchive() throws {
        let folder = TemporaryDirectory()
        try Data("precious".utf8).write(to: URL(fileURLWithPath: folder.file("context.tar")))
        let result = try skiff("pack", "/nonexistent/model", "--tar", folder.file("context.tar"), "--force")
        #expect(result.status == 2)
        #expect(
            result.errors == """
                error: cannot write the archive `\(folder.file("context.tar"))`: it exists already
                hint: remove it, or choose another name

                """)
        #expect(try folder.files("") == ["context.tar": Data("precious".utf8)])
    }

    @Test("a server that nobody listens at")
    func unreachable() throws {
        let port = try Workshop.freePort()
        try expectRefusal(
            "models:/credit-default/1", says: ["127.0.0.1:\(port)"],
            environment: ["MLFLOW_TRACKING_URI": "http://127.0.0.1:\(port)"])
    }

    @Test("an output folder with someone else's files is left as it is")
    func foreignOutput() throws {
        let folder = TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: folder.file("mine"), withIntermediateDirectories: false)
        try Data("precious".utf8).write(to: URL(fileURLWithPath: folder.file("mine/notes.txt")))
        for more in [[], ["--force"]] {
            let result = try run(
                Workshop.skiff(), ["pack", Example.creditDefault.model, "-o", folder.file("mine")] + more)
            #expect(result.status == 2)
            #expect(result.errors.contains("mine"), "\(result.errors)")
            #expect(try folder.files("mine") == ["notes.txt": Data("precious".utf8)])
        }
    }

    @Test("a context that skiff made is replaced with --force, and only then")
    func force() throws {
        let folder = TemporaryDirectory()
        try pack(Example.creditProbability.model, into: folder.file("ctx"))
        let before = try folder.files("ctx")
        let again = try skiff("pack", Example.creditDefault.model, "-o", folder.file("ctx"))
        #expect(again.status == 2)
        #expect(try folder.files("ctx") == before)
        try pack(Example.creditDefault.model, into: folder.file("ctx"), "--force")
        #expect(try folder.files("ctx") != before)
    }

    @Test("a wrong option is misuse, and the nearest right one is named")
    func misuse() throws {
        let result = try skiff("pack", "model", "--outptu", "x")
        #expect(result.status == 64)
        #expect(result.errors.contains("--output"), "\(result.errors)")
    }

    @Test("--runtime native refuses a custom PythonModel with status 1 and its reason")
    func nativeOnly() throws {
        try expectRefusal(
            Example.creditMonitor.model, says: ["python_function"], status: 1, more: ["--runtime", "native"])
    }

    @Test("a full disk is one clear error and leaves nothing")
    func fullDisk() throws {
        let folder = TemporaryDirectory()
        let disk = folder.file("disk")
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: false)
        // One megabyte: too small for the scorer. In a mount namespace of its own, so nothing is left mounted.
        let script = """
            mount -t tmpfs -o size=1m none "$1" && "$2" pack "$3" -o "$1/ctx"; status=$?
            find "$1" -mindepth 1 >&2; exit $status
            """
        let namespace = getuid() == 0 ? ["--mount"] : ["--user", "--map-root-user", "--mount"]
        let result = try run(
            URL(fileURLWithPath: "/usr/bin/unshare"),
            namespace + ["sh", "-c", script, "sh", disk, Workshop.skiff().path, Example.creditDefault.model])
        #expect(result.status == 2, "\(result.errors)")
        #expect(result.errors.contains("no space is left"), "\(result.errors)")
        #expect(!result.errors.contains(disk + "/\n"))
        #expect(!result.errors.split(separator: "\n").contains { $0.hasPrefix(disk + "/") }, "\(result.errors)")
    }

    @Test("SIGINT while a big output is written leaves nothing and ends with status 130")
    func interrupted() throws {
        let folder = TemporaryDirectory()
        // A model whose copy takes long enough to be interrupted: the Python runtime copies the folder as it is.
        let model = folder.file("model")
        try FileManager.default.copyItem(atPath: Example.creditMonitor.model, toPath: model)
        try Data().write(to: URL(fileURLWithPath: model + "/artifacts/artifacts/big.bin"))
        truncate(model + "/artifacts/artifacts/big.bin", 2 << 30)
        try FileManager.default.createDirectory(atPath: folder.file("out"), withIntermediateDirectories: false)
        let command = try RunningCommand(Workshop.skiff(), ["pack", model, "-o", folder.file("out/ctx")])
        #expect(try eventually { try !FileManager.default.contentsOfDirectory(atPath: folder.file("out")).isEmpty })
        command.send(SIGINT)
        let result = try command.finish(within: 30)
        #expect(result.status == 130, "\(result.errors)")
        #expect(try folder.files("out").isEmpty)
    }

    @Test(
        "SIGINT and SIGTERM while a model is downloaded leave what has come, and say so",
        arguments: [SIGINT: 130, SIGTERM: 143])
    func interruptedDownload(_ pair: (signal: Int32, status: Int32)) throws {
        let root = "/api/2.0/mlflow-artifacts/artifacts"
        let server = try #require(
            FaultServer { request in
                guard request.path != root else {
                    return .text(200, #"{"files": [{"path": "MLmodel", "is_dir": false, "file_size": 1000}]}"#)
                }
                return .hanging(after: "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nflavors:")
            })
        defer { server.stop() }
        let folder = TemporaryDirectory()
        let command = try RunningCommand(
            Workshop.skiff(), ["fetch", "mlflow-artifacts:/1/model", folder.file("model")],
            environment: ["MLFLOW_TRACKING_URI": server.origin])
        #expect(eventually { server.requests.contains { $0.path == root + "/1/model/MLmodel" } })
        command.send(pair.signal)
        let result = try command.finish(within: 30)
        #expect(result.status == pair.status, "\(result.errors)")
        #expect(result.errors.contains("hint: the same command goes on from there"), "\(result.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("")) == [".model.skiff-partial"])
    }
}
