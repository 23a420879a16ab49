import Foundation
import Glibc
import Testing

/// A model folder under `examples/` with a request and the answer that MLflow's own server gave to it.
struct Example: CustomTestStringConvertible, Sendable {
    enum Runtime: String, Sendable { case native, python }

    var name: String
    var runtime: Runtime
    /// Zero where the answer must be MLflow's text; else by how many units in the last place a number may differ.
    var ulps: Int

    var testDescription: String { name }
    var folder: URL { Workshop.examples.appendingPathComponent(name, isDirectory: true) }
    var model: String { folder.appendingPathComponent("model").path }

    func request() throws -> Data { try Data(contentsOf: folder.appendingPathComponent("request.json")) }
    func expected() throws -> String {
        try String(contentsOf: folder.appendingPathComponent("expected-response.json"), encoding: .utf8)
    }

    /// The seed's own shape; equal to scikit-learn bit by bit.
    static let creditDefault = Example(name: "credit-default", runtime: .native, ulps: 0)
    /// scikit-learn leaves the sum of a dot product to BLAS, which adds in another order.
    static let creditProbability = Example(name: "credit-probability", runtime: .native, ulps: 8)
    static let creditMonitor = Example(name: "credit-monitor", runtime: .python, ulps: 0)
    static let all = [creditDefault, creditProbability, creditMonitor]
    static let native = all.filter { $0.runtime == .native }

    /// Records an issue unless `answer` is what MLflow answered.
    func expectRight(_ answer: Answer, sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(answer.status == 200, "\(answer.body)", sourceLocation: sourceLocation)
        let expected = try expected()
        guard ulps > 0 else {
            #expect(answer.body == expected, sourceLocation: sourceLocation)
            return
        }
        let (ours, theirs) = (numbers(answer.body), numbers(expected))
        #expect(ours.count == theirs.count && !ours.isEmpty, "\(answer.body)", sourceLocation: sourceLocation)
        for (our, their) in zip(ours, theirs) {
            #expect(
                abs(our - their) <= Double(ulps) * their.ulp, "\(our), not \(their)", sourceLocation: sourceLocation)
        }
        let withoutNumbers: (String) -> String = { $0.filter { !"0123456789.e-".contains($0) } }
        #expect(withoutNumbers(answer.body) == withoutNumbers(expected), sourceLocation: sourceLocation)
    }

    private func numbers(_ text: String) -> [Double] {
        text.split { !"0123456789.e+-".contains($0) }.compactMap { Double($0) }
    }
}

/// A running `skiff-scorer` of this test.
final class Served {
    let command: RunningCommand
    let port: Int

    /// Starts the built scorer on `app` (an `app/` folder or a `.skiff` file) and waits until it is ready.
    init(_ app: String, _ more: String..., environment: [String: String] = [:]) throws {
        port = try Workshop.freePort()
        command = try RunningCommand(
            Workshop.scorer(), ["--listen", "127.0.0.1:\(port)"] + more + [app], environment: environment)
        try waitUntilReady(command, port: port, path: "/ready")
    }

    /// Asks it to end as a container engine does, and gives its exit status.
    func stop() throws -> Int32 {
        command.send(SIGTERM)
        return try command.finish(within: 40).status
    }
}

/// Packs a model and says how it went when it did not go well.
@discardableResult
func pack(
    _ model: String, into output: String, _ more: String..., environment: [String: String] = [:]
) throws -> CommandResult {
    let result = try run(
        Workshop.skiff(), ["pack", model, "-o", output, "--quiet"] + more, environment: environment)
    guard result.status == 0 else {
        throw MissingPart(description: "skiff pack ended with status \(result.status):\n\(result.errors)")
    }
    return result
}
