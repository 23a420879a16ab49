import JSONText
import Platform
import Scoring
import TestKit
import Testing

@testable import ScorerServer

@Suite("The command line of skiff-scorer")
struct CommandTests {
    static func scorer(_ arguments: [String], environment: [String: String] = [:]) throws -> ProgramResult {
        try run(ServerUnderTest.executable, arguments, environment: environment, timeoutSeconds: 60)
    }

    @Test("--version and --help say it on standard output")
    func help() throws {
        #expect(try Self.scorer(["--version"]).outputText == "skiff-scorer 0.1.0-dev\n")
        let help = try Self.scorer(["serve", "--help"])
        #expect(help.status == 0)
        #expect(help.outputText.hasPrefix("OVERVIEW: answer scoring requests for one model over HTTP\n"))
        #expect(help.outputText.contains("SKIFF_LIMIT_BODY_BYTES"))
    }

    @Test(
        "what cannot be served is told, with the status of a misuse or of a failure",
        arguments: [
            (
                [], 64,
                "error: cannot serve: there is no model\nhint: name a folder with `serving.json`, or a `.skiff` file\n"
            ),
            (["/nowhere"], 2, "error: cannot read `/nowhere`: there is no such file or folder\n"),
            (
                ["--listen", "localhost:80", "x"], 64,
                """
                error: cannot listen on `localhost:80`: `localhost` is not a numeric address
                hint: use `127.0.0.1` for this machine only, `0.0.0.0` for every IPv4 address, `[::]` for every address

                """
            ),
            (
                ["--listen", "127.0.0.1:http", "x"], 64,
                """
                error: cannot listen on `127.0.0.1:http`: `http` is not a port from 0 to 65535
                hint: write the address as HOST:PORT, for example `0.0.0.0:8080`

                """
            ),
            (
                ["--threads", "0", "x"], 64,
                "error: cannot use --threads=`0`: it must be a whole number from 1 to 256\n"
            ),
            (
                ["--threads", "x", "x"], 64,
                "error: cannot use --threads=`x`: it must be a whole number from 1 to 256\n"
            ),
            (
                ["--workers", "-1", "x"], 64,
                "error: cannot use --workers=`-1`: it must be a whole number from 1 to 256\n"
            ),
        ] as [([String], Int32, String)])
    func refused(arguments: [String], status: Int32, message: String) throws {
        let result = try Self.scorer(arguments)
        #expect(result.status == status)
        #expect(result.errorText == message)
        #expect(result.outputText.isEmpty)
    }

    @Test(
        "a variable that cannot be is named, and is a misuse",
        arguments: [
            ("SKIFF_LIMIT_ROWS", "many", "a whole number from 1 to 1099511627776"),
            ("SKIFF_ACCESS_LOG", "loud", "`on` or `off`"), ("SKIFF_COMPAT", "loose", "`strict` or `mlflow`"),
            ("SKIFF_THREADS", "0", "a whole number from 1 to 256"),
            ("SKIFF_DRAIN_DELAY", "soon", "a whole number from 0 to 3600"),
            ("SKIFF_LOG_DATA", "some", "`off`, `full`, `hashed`, `sampled:RATE` or `hashed:RATE`"),
        ])
    func variables(name: String, value: String, expected: String) throws {
        let result = try Self.scorer(["x"], environment: [name: value])
        #expect(result.status == 64)
        #expect(result.errorText.hasPrefix("error: cannot use \(name)=`\(value)`: it must be \(expected)\n"))
    }

    @Test("a variable for workers that cannot be is a misuse too, once the model turns out to be one of Python")
    func workerVariables() throws {
        let folder = TemporaryDirectory()
        try folder.write(
            "serving.json",
            Array(#"{"format": 1, "name": "a", "backend": {"kind": "python", "command": ["true"]}}"#.utf8))
        for (name, value) in [("SKIFF_WORKER_START", "slowly"), ("SKIFF_WORKER_MEMORY_BYTES", "1")] {
            let arguments = ["--listen", "127.0.0.1:0", folder.path]
            let result = try Self.scorer(arguments, environment: [name: value, "PATH": "/usr/bin:/bin"])
            #expect(result.status == 64 && result.errorText.contains("cannot use \(name)=`\(value)`"), "\(result)")
        }
    }

    @Test("PORT replaces the port, --listen goes before it")
    func port() throws {
        let environment = ["PORT": "9000", "SKIFF_LISTEN": "[::1]:80"]
        #expect(try ServerOptions.address(listen: nil, environment: [:]).text == "0.0.0.0:8080")
        #expect(try ServerOptions.address(listen: nil, environment: environment).text == "[::1]:9000")
        #expect(try ServerOptions.address(listen: "127.0.0.1:1", environment: environment).text == "127.0.0.1:1")
    }

    @Test("--check is 0 while the server is ready, and 1 when there is none")
    func check() throws {
        let server = try ServerUnderTest.native()
        let address = "127.0.0.1:\(server.port)"
        #expect(try Self.scorer(["--check", "--listen", address]).status == 0)
        #expect(try Self.scorer(["--check"], environment: ["PORT": String(server.port)]).status == 0)
        server.process.send(15)
        #expect(server.process.wait() == .exited(0))
        #expect(try Self.scorer(["--check", "--listen", address]).status == 1)
    }

    @Test("a port that is taken is told with the way out")
    func taken() throws {
        let server = try ServerUnderTest.native()
        let folder = TemporaryDirectory()
        let model = try folder.write("model.skiff", SmallModel.make().serialized())
        let result = try Self.scorer(["--listen", "127.0.0.1:\(server.port)", model])
        #expect(result.status == 2)
        #expect(
            result.errorText == """
                error: cannot listen on `127.0.0.1:\(server.port)`: Address already in use
                hint: another program has this port; choose one with `--listen HOST:PORT`

                """)
    }

    @Test(
        "a serving.json that is wrong is told with its member",
        arguments: [
            (#"{"format": 2}"#, "`format` must be 1; a newer context needs a newer skiff-scorer"),
            (#"{"format": 1}"#, "`name` must be a string"),
            (#"{"format": 1, "name": "a"}"#, "`backend` must be an object"),
            (#"{"format": 1, "name": "a", "backend": {"kind": "x"}}"#, "`backend.kind` must be `native` or `python`"),
            (
                #"{"format": 1, "name": "a", "backend": {"kind": "python", "command": []}}"#,
                "`backend.command` must be a list of strings"
            ),
            (
                #"{"format": 1, "name": "a", "backend": {"kind": "native", "model": "m"}, "schema": {"kind": "columns", "columns": [{"name": "x", "type": "complex"}]}}"#,
                "`schema.columns[0].type` must be one of MLflow's types"
            ),
        ])
    func configuration(text: String, reason: String) throws {
        let error = #expect(throws: ServerError.self) {
            _ = try ServingConfiguration(parsing: Array(text.utf8), file: "app/serving.json")
        }
        #expect(
            error.map(message) == """
                error: cannot read `app/serving.json`: \(reason)
                  --> app/serving.json
                hint: make the context again with `skiff pack`

                """)
    }

    @Test("a schema that does not belong to the model keeps the server from starting")
    func foreignSchema() throws {
        let configuration = try ServingConfiguration(
            parsing: Array(
                #"{"format": 1, "name": "a", "backend": {"kind": "native", "model": "m"}, "schema": {"kind": "columns", "columns": [{"name": "number", "type": "double"}]}}"#
                    .utf8), file: "serving.json")
        let text = message {
            _ = try NativeBackend(
                model: SmallModel.make(), configuration: configuration, limits: Limits(),
                processors: ScoringProcessors(count: 1))
        }
        #expect(
            text == """
                error: cannot serve `a`: the schema lacks the column `single`
                hint: `serving.json` and the model do not belong together; make the context again with `skiff pack`

                """)
    }
}
