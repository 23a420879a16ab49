import Foundation
import Glibc
import TestKit
import Testing

@Suite("A download that is interrupted goes on where it was", .besideStandIn, .serialized)
struct InterruptedDownloadTests {
    struct Way: Sendable, CustomTestStringConvertible {
        var name: String
        var reference: String
        var isMLflow = false
        var signal: Int32
        var testDescription: String { name }
    }

    static let ways = [
        Way(name: "Unity Catalog, SIGINT", reference: "models:/main.default.large/1", signal: SIGINT),
        Way(name: "Unity Catalog, kill -9", reference: "models:/main.default.large/1", signal: SIGKILL),
        Way(name: "workspace registry, SIGTERM", reference: "models:/large/1", signal: SIGTERM),
        Way(name: "MLflow server, kill -9", reference: "models:/large/1", isMLflow: true, signal: SIGKILL),
    ]

    private func environment(_ way: Way, _ standIn: StandIn) throws -> [String: String] {
        try way.isMLflow ? standIn.mlflow() : standIn.databricks(RealClientsTests.secretPair)
    }

    /// Bytes of the two large files that went out.
    private func sent(_ standIn: StandIn) throws -> [String: Int] {
        var bytes: [String: Int] = [:]
        for request in try standIn.log() {
            for name in ["weights-a.bin", "weights-b.bin"] where request.path.contains(name) {
                if request.path.contains("artifacts?") || request.path.contains("create-download-url") { continue }
                bytes[name, default: 0] += request.sent
            }
        }
        return bytes
    }

    @Test(
        "at most 8 MiB of a file are read again, and no secret is in what lies on the disk meanwhile", arguments: ways)
    func resumed(_ way: Way) throws {
        let standIn = try BesideStandIn.standIn
        try standIn.reset()
        try standIn.set(#"{"rate": 12000000}"#)
        let folder = TemporaryDirectory()
        let environment = try environment(way, standIn)
        let command = try RunningCommand(
            Workshop.skiff(), ["fetch", way.reference, folder.file("model")], environment: environment)
        let deadline = Date().addingTimeInterval(60)
        while Date() < deadline, command.isRunning, try sent(standIn).values.reduce(0, +) < 24 << 20 { usleep(20_000) }
        // A second process does not touch what the first is at, and names it.
        let second = try skiff("fetch", way.reference, folder.file("model"), environment: environment)
        #expect(second.status == 2, "\(second.errors)")
        #expect(second.errors.contains("\(command.identifier)"), "\(second.errors)")

        let stopped = Date()
        command.send(way.signal)
        let result = try command.finish(within: 30)
        #expect(result.status == 128 + way.signal, "\(result.errors)")
        #expect(Date().timeIntervalSince(stopped) < 10)
        #expect(!FileManager.default.fileExists(atPath: folder.file("model")))
        let partials = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
            $0.hasPrefix(".model")
        }
        #expect(!partials.isEmpty)
        let secrets = try standIn.secrets()
        for (name, bytes) in try folder.files("") where !name.hasSuffix("/") {
            // The model's own bytes are no text of ours.
            if name.hasSuffix(".bin") { continue }
            #expect(leaks(of: secrets, in: bytes) == [], "\(name)")
            #expect(bytes.range(of: Data("X-Amz-".utf8)) == nil, "\(name)")
        }
        #expect(leaks(of: secrets, in: Data(result.errors.utf8) + result.output) == [])

        // Everything that the server still had under way for the first process is over.
        var before = try sent(standIn)
        _ = try eventually {
            usleep(200_000)
            let earlier = before
            before = try sent(standIn)
            return before == earlier
        }
        try standIn.set(#"{"rate": 0}"#)
        let again = try skiff("fetch", way.reference, folder.file("model"), environment: environment)
        #expect(again.status == 0, "\(again.errors)")
        let expected = try standIn.files("large")
        #expect(try folder.files("model") == expected)
        let after = try sent(standIn)
        for name in ["weights-a.bin", "weights-b.bin"] {
            let twice = after[name, default: 0] - (expected[name]?.count ?? 0)
            #expect(
                twice <= 8 << 20, "\(name): \(before[name, default: 0]) bytes, then \(after[name, default: 0]) in all")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["model"])
    }

    @Test("a second SIGINT ends it at once")
    func secondSignal() throws {
        let standIn = try BesideStandIn.standIn
        try standIn.reset()
        try standIn.fault(#"{"match": "weights|/fs/", "delay": 8, "times": 99}"#)
        let folder = TemporaryDirectory()
        let command = try RunningCommand(
            Workshop.skiff(), ["fetch", "models:/main.default.large/1", folder.file("model")],
            environment: standIn.databricks())
        let deadline = Date().addingTimeInterval(60)
        while Date() < deadline, command.isRunning, try standIn.log().isEmpty { usleep(10_000) }
        usleep(100_000)
        let stopped = Date()
        command.send(SIGINT)
        usleep(50_000)
        command.send(SIGINT)
        #expect(try command.finish(within: 30).status == 130, "\(command.errors)")
        // Each answer is 8 seconds late.
        #expect(Date().timeIntervalSince(stopped) < 7)
    }
}
