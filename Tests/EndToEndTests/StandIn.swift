import Foundation
import Platform
import TestKit
import Testing

/// Runs a suite of tests beside one stand-in for Databricks (`Tests/Fixtures/databricks`), started once for all of them. They share its
/// settings and its log, so the suite is `.serialized` and each test begins with `reset`.
struct BesideStandIn: SuiteTrait, TestScoping {
    @TaskLocal static var running: StandIn?

    /// The stand-in of the suite that the current test is in.
    static var standIn: StandIn {
        get throws {
            guard let running else { throw MissingPart(description: "this suite lacks the trait `.besideStandIn`") }
            return running
        }
    }

    @concurrent
    func provideScope(
        for test: Test, testCase: Test.Case?, performing body: @concurrent @Sendable () async throws -> Void
    ) async throws {
        let standIn = try StandIn()
        defer { standIn.stop() }
        try await Self.$running.withValue(standIn) { try await body() }
    }
}

extension Trait where Self == BesideStandIn {
    static var besideStandIn: Self { Self() }
}

/// A running stand-in, and a folder for what a test makes.
// Sound: everything in it is constant once `init` is done; its state is in another process.
final class StandIn: @unchecked Sendable {
    /// One line of its log.
    struct Request: Decodable {
        var role: String
        var method: String
        var path: String
        var headers: [String: String]
        var body: String
        var status: Int
        var sent: Int
    }

    private struct Ready: Decodable {
        var ports: [String: Int]
        var authority: String
        var trees: String
        var token: String
    }

    private let ready: Ready
    private let command: RunningCommand
    let folder = TemporaryDirectory()

    init() throws {
        let script = Checkout.fixture("databricks/stand_in.py")
        command = try RunningCommand(
            Workshop.python(), ["-B", script, "--folder", folder.file("stand-in")], holdsInput: true)
        let deadline = Date().addingTimeInterval(60)
        while !command.output.contains(0x0a) {
            guard command.isRunning, Date() < deadline else {
                throw MissingPart(description: "the stand-in did not start:\n\(command.errors)")
            }
            usleep(10_000)
        }
        ready = try JSONDecoder().decode(Ready.self, from: command.output)
    }

    func stop() { command.closeInput() }

    var token: String { ready.token }
    /// The authority that signed the https listener's certificate.
    var authority: String { ready.authority }

    func port(_ role: String) -> Int { ready.ports[role] ?? 0 }
    func origin(_ role: String) -> String { "http://127.0.0.1:\(port(role))" }

    /// The files of a tree, as the stand-in serves them, by path.
    func files(_ tree: String) throws -> [String: Data] {
        try filesBelow(URL(fileURLWithPath: "\(ready.trees)/\(tree)")).filter { !$0.key.hasSuffix("/") }
    }

    func path(ofTree tree: String) -> String { "\(ready.trees)/\(tree)" }

    /// What a person sets for Databricks, in a home of its own.
    func databricks(_ more: [String: String] = [:]) throws -> [String: String] {
        try home([
            "MLFLOW_TRACKING_URI": "databricks", "DATABRICKS_HOST": origin("workspace"), "DATABRICKS_TOKEN": token,
        ])
        .merging(more) { _, new in new }
    }

    /// What a person sets for the MLflow listener.
    func mlflow(_ more: [String: String] = [:]) throws -> [String: String] {
        try home(["MLFLOW_TRACKING_URI": origin("mlflow")]).merging(more) { _, new in new }
    }

    private func home(_ variables: [String: String]) throws -> [String: String] {
        let home = folder.file("home")
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
        let own = [
            "HOME": home, "XDG_CACHE_HOME": home + "/cache", "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true",
        ]
        return own.merging(variables) { _, new in new }
    }

    // MARK: Controls

    private func control(_ verb: String, _ body: String = "{}") throws -> Data {
        let answer = try ask("POST", "/__stand-in/\(verb)", port: port("workspace"), body: Data(body.utf8))
        guard answer.status == 200 else {
            throw MissingPart(description: "the stand-in refused `\(verb)`: \(answer.body)")
        }
        return Data(answer.body.utf8)
    }

    /// Forgets settings, faults and the log.
    func reset() throws { _ = try control("reset") }
    /// Changes settings, by a JSON object.
    func set(_ settings: String) throws { _ = try control("set", settings) }
    /// Adds a fault, by a JSON object.
    func fault(_ fault: String) throws { _ = try control("fault", fault) }
    /// Ends `tokens` or `urls`, at once.
    func expire(_ what: String) throws { _ = try control("expire", "[\"\(what)\"]") }
    /// Every request since the last reset.
    func log() throws -> [Request] { try JSONDecoder().decode([Request].self, from: control("log")) }
    /// Every secret that it has given out, and those that it asks for.
    func secrets() throws -> [String] { try JSONDecoder().decode([String].self, from: control("secrets")) }
}

/// Where a secret is found in `text`: as it is, in base64 at any of the three offsets, or percent-encoded.
func leaks(of secrets: [String], in text: Data) -> [String] {
    secrets.filter { secret in
        let raw = Data(secret.utf8)
        let percent = secret.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? secret
        let unreserved = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-._~"))
        let encoded = secret.addingPercentEncoding(withAllowedCharacters: unreserved) ?? secret
        var forms = [raw, Data(percent.utf8), Data(encoded.utf8)]
        for offset in 0..<3 {
            // Without the characters at both ends that depend on what stands beside the secret.
            let padded = Data(repeating: 0, count: offset) + raw
            let base64 = Data(padded.base64EncodedString().utf8).filter { $0 != 0x3d }
            forms.append(Data(base64.dropFirst(offset == 0 ? 0 : offset + 1).dropLast(2)))
        }
        return forms.contains { text.range(of: $0) != nil }
    }
}
