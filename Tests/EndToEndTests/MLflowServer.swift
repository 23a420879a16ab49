import Foundation
import Glibc
import TestKit
import Testing

/// Runs a suite of tests beside a real MLflow tracking server, started once for all of them and stopped after them.
struct BesideMLflowServer: SuiteTrait, TestScoping {
    @TaskLocal static var running: MLflowServer?

    /// The server of the suite that the current test is in.
    static var server: MLflowServer {
        get throws {
            guard let running else {
                throw MissingPart(description: "this suite lacks the trait `.besideMLflowServer`")
            }
            return running
        }
    }

    @concurrent
    func provideScope(
        for test: Test, testCase: Test.Case?, performing body: @concurrent @Sendable () async throws -> Void
    ) async throws {
        let server = try MLflowServer()
        defer { server.stop() }
        try await Self.$running.withValue(server) { try await body() }
    }
}

extension Trait where Self == BesideMLflowServer {
    static var besideMLflowServer: Self { Self() }
}

/// A real MLflow tracking server with the example models registered in it, for one suite of tests.
// Sound: everything in it is constant once `init` is done, and only the suite's trait stops the process.
final class MLflowServer: @unchecked Sendable {
    /// What `register.py` made: run id, version and (for MLflow 3's logged models) model id.
    struct Version: Decodable {
        var run: String
        var version: String
        var model: String?
    }

    /// What a person sets to use this server.
    let environment: [String: String]
    let versions: [String: [Version]]
    private let command: RunningCommand
    private let folder: TemporaryDirectory

    init() throws {
        folder = TemporaryDirectory()
        let port = try Workshop.freePort()
        environment = ["MLFLOW_TRACKING_URI": "http://127.0.0.1:\(port)", "MLFLOW_DISABLE_TELEMETRY": "true"]
        command = try RunningCommand(
            Workshop.python(),
            [
                "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", "\(port)", "--workers", "1",
                "--backend-store-uri", "sqlite:///" + folder.file("mlflow.db"), "--serve-artifacts",
                "--artifacts-destination", folder.file("artifacts"),
            ],
            environment: ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"], folder: folder.url)
        try waitUntilReady(command, port: port, path: "/health", within: 180)
        let script = Workshop.checkout.appendingPathComponent("Tests/Fixtures/pyfunc/register.py").path
        let made = try run(
            Workshop.python(), [script, Workshop.examples.path], environment: environment, folder: folder.url,
            within: 300)
        guard made.status == 0, let last = made.text.split(separator: "\n").last else {
            throw MissingPart(description: "MLflow could not register the examples:\n\(made.errors)")
        }
        versions = try JSONDecoder().decode([String: [Version]].self, from: Data(last.utf8))
    }

    func stop() {
        // Foundation starts a process as the head of its own group; the server's workers are in it.
        kill(-command.identifier, SIGTERM)
        _ = try? command.finish(within: 20)
        kill(-command.identifier, SIGKILL)
    }
}
