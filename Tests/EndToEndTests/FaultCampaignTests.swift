import Dispatch
import Foundation
import Platform
import Synchronization
import TestKit
import Testing

@testable import Registry

/// Downloads through proxies that misbehave by a seed: `SKIFF_TEST_CAMPAIGN_RUNS` of them, else 210. `sh Tests/fault-campaign.sh` runs
/// a thousand and shows the summary.
@Suite("The fault campaign")
struct FaultCampaignTests {
    /// One way to a model, and what is in front of it.
    struct Kind: Sendable {
        var name: String
        var reference: String
        var settings = "{}"
        var isMLflow = false
        var tree = "small"
        /// Whether the listing has digests, so that flipped bits must be found.
        var hasDigests = false
    }

    static let kinds = [
        Kind(name: "MLflow server", reference: "models:/small/1", isMLflow: true),
        Kind(
            name: "MLflow server, chunked", reference: "models:/small/1", settings: #"{"chunked": true}"#,
            isMLflow: true),
        Kind(
            name: "MLflow server, presigned", reference: "models:/medium/1", settings: #"{"presigned": true}"#,
            isMLflow: true, tree: "medium"),
        Kind(
            name: "workspace registry", reference: "models:/small/1", settings: #"{"page_size": 2}"#),
        Kind(name: "Unity Catalog, Files API", reference: "models:/main.default.small/1"),
        Kind(
            name: "Unity Catalog, Files API, signed", reference: "models:/main.default.medium/1", tree: "medium"),
        Kind(
            name: "Unity Catalog, S3", reference: "models:/main.default.small/2", settings: #"{"files_api": "denied"}"#),
        Kind(
            name: "Unity Catalog, GCS", reference: "models:/main.default.small/4",
            settings: #"{"files_api": "denied"}"#,
            hasDigests: true),
    ]

    /// How the runs of one kind ended.
    struct Ends: Sendable {
        /// At once.
        var right = 0
        /// After an error, by another call without faults.
        var continued = 0
        var errors: [String: Int] = [:]
        var wrong: [String] = []
        var all: Int { right + errors.values.reduce(0, +) }
    }

    @Test("each run ends in the right files, or in an error and no folder, and no other origin sees a secret")
    func campaign() throws {
        let count = Workshop.variable("SKIFF_TEST_CAMPAIGN_RUNS").flatMap { Int($0) } ?? 210
        let first = Workshop.variable("SKIFF_TEST_CAMPAIGN_SEED").flatMap { UInt64($0) } ?? 1
        let each = (count + Self.kinds.count - 1) / Self.kinds.count
        let ends = Mutex<[String: Ends]>([:])
        let failures = Mutex<[String]>([])
        let faults = Mutex<[FaultProxy.Fault: Int]>([:])
        let started = Date()
        // Two at a time, each with servers of its own.
        DispatchQueue.concurrentPerform(iterations: 2) { lane in
            do {
                let lanes = try Lane()
                defer { lanes.stop() }
                for (number, kind) in Self.kinds.enumerated() where number % 2 == lane {
                    let seed = first + UInt64(number * each)
                    let found = try lanes.run(kind, seeds: seed..<(seed + UInt64(each)))
                    ends.withLock { $0[kind.name] = found }
                }
                faults.withLock { $0.merge(lanes.faults, uniquingKeysWith: +) }
            } catch {
                failures.withLock { $0.append("\(error)") }
            }
        }
        #expect(failures.withLock { $0 } == [])
        let all = ends.withLock { $0 }
        var lines = ["fault campaign: \(count) runs from seed \(first) in \(Int(Date().timeIntervalSince(started))) s"]
        for kind in Self.kinds {
            guard let found = all[kind.name] else { continue }
            let errors = found.errors.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
            lines.append(
                "  \(kind.name): \(found.all) runs, \(found.right) right trees, \(found.wrong.count) wrong; errors: \(errors); "
                    + "\(found.continued) of these gone on with"
            )
            #expect(found.wrong == [], "\(kind.name)")
            // A campaign in which nothing succeeds, or nothing fails, shows nothing.
            #expect(found.right > each / 4, "\(kind.name): \(found.errors)")
        }
        let met = faults.withLock { $0 }.sorted { $0.key.rawValue < $1.key.rawValue }
        lines.append("  faults: " + met.map { "\($0.value) \($0.key)" }.joined(separator: ", "))
        print(lines.joined(separator: "\n"))
        #expect(all.values.contains { !$0.errors.isEmpty })
    }

    /// A stand-in with a misbehaving proxy before each of its listeners.
    private struct Lane {
        let standIn: StandIn
        let workspace: FaultProxy
        let storage: FaultProxy
        let mlflow: FaultProxy
        let folder = TemporaryDirectory()

        init() throws {
            standIn = try StandIn()
            let other = standIn.origin("other")
            workspace = try #require(FaultProxy(upstream: standIn.port("workspace"), elsewhere: other))
            storage = try #require(FaultProxy(upstream: standIn.port("storage"), elsewhere: other))
            mlflow = try #require(FaultProxy(upstream: standIn.port("mlflow"), elsewhere: other))
        }

        var faults: [FaultProxy.Fault: Int] {
            [workspace, storage, mlflow].reduce(into: [:]) { $0.merge($1.done, uniquingKeysWith: +) }
        }

        func stop() {
            for proxy in [workspace, storage, mlflow] { proxy.stop() }
            standIn.stop()
        }

        func run(_ kind: Kind, seeds: Range<UInt64>) throws -> Ends {
            try standIn.reset()
            try standIn.set(#"{"signed_base": "\#(storage.origin)"}"#)
            try standIn.set(kind.settings)
            let environment = try environment(kind)
            let expected = try standIn.files(kind.tree)
            var ends = Ends()
            var messages = Data()
            for seed in seeds {
                var random = SplitMix64(seed: seed)
                // Each run meets a few kinds of faults, often or seldom.
                let known = FaultProxy.Fault.allCases.filter { $0 != .flipped || kind.hasDigests }
                let faults = Array(known.shuffled(using: &random).prefix(Int.random(in: 1...6, using: &random)))
                let rate = Double.random(in: 0.02...0.4, using: &random)
                for proxy in [workspace, storage, mlflow] { proxy.begin(seed: seed, rate: rate, faults: faults) }
                let output = folder.file("\(seed)")
                // Every second run leaves what it has when it ends early, and is gone on with when the faults are over.
                let isDurable = seed.isMultiple(of: 2)
                do {
                    try fetch(kind.reference, environment, into: output, isDurable)
                    ends.right += 1
                } catch let error as RegistryError {
                    ends.errors["\(error.kind)", default: 0] += 1
                    messages += Data(message(of: error).utf8)
                    if FileManager.default.fileExists(atPath: output) {
                        ends.wrong.append("seed \(seed): an error, and a folder: \(message(of: error))")
                    }
                    messages += try leftovers(except: expected)
                    guard isDurable else {
                        if try !folder.names().isEmpty { ends.wrong.append("seed \(seed): left \(try folder.names())") }
                        continue
                    }
                    for proxy in [workspace, storage, mlflow] { proxy.begin(seed: seed, rate: 0, faults: []) }
                    try fetch(kind.reference, environment, into: output, isDurable)
                    ends.continued += 1
                }
                let files = try filesBelow(URL(fileURLWithPath: output)).filter { !$0.key.hasSuffix("/") }
                if files != expected { ends.wrong.append("seed \(seed): \(files.keys.sorted())") }
                for name in try folder.names() { try FileManager.default.removeItem(atPath: folder.file(name)) }
            }
            let secrets = try standIn.secrets()
            ends.wrong += leaks(of: secrets, in: messages).map { "a message or a journal holds `\($0)`" }
            ends.wrong += try seenElsewhere(secrets)
            return ends
        }

        /// What lies beside the output and is none of the model's bytes.
        private func leftovers(except expected: [String: Data]) throws -> Data {
            try folder.files("").filter { file in
                !file.key.hasSuffix("/") && !expected.keys.contains { file.key.hasSuffix("/" + $0) }
            }.reduce(into: Data()) { $0 += Data($1.key.utf8) + $1.value }
        }

        private func environment(_ kind: Kind) throws -> [String: String] {
            guard !kind.isMLflow else { return try standIn.mlflow(["MLFLOW_TRACKING_URI": mlflow.origin]) }
            return try standIn.databricks(RealClientsTests.secretPair).merging([
                "DATABRICKS_HOST": workspace.origin, "MLFLOW_S3_ENDPOINT_URL": storage.origin,
                "STORAGE_EMULATOR_HOST": storage.origin,
            ]) { _, new in new }
        }

        private func fetch(
            _ reference: String, _ environment: [String: String], into output: String, _ isDurable: Bool
        ) throws {
            var resolver = try ModelResolver(Surroundings(environment: environment), userAgent: "skiff-test")
            resolver.http.retry.firstWaitSeconds = 0.001
            resolver.http.retry.longestWaitSeconds = 0.004
            resolver.http.timeouts.firstByteSeconds = 20
            let model = try resolver.resolve(ModelReference.parse(reference))
            _ = try Fetcher.fetch(model, into: output, options: FetchOptions(connections: 4, isDurable: isDurable)) {
                _ in
            }
        }

        /// What the other origin was sent that it must not see. A signed address is all that a redirect may lead there with.
        private func seenElsewhere(_ secrets: [String]) throws -> [String] {
            let allowed: Set<String> = [
                "host", "accept", "accept-encoding", "range", "user-agent", "connection", "content-length",
                "content-type",
            ]
            return try standIn.log().filter { $0.role == "other" }.flatMap { request in
                let strange = request.headers.keys.filter { !allowed.contains($0) }
                // The server that redirected wrote the query of the new address itself.
                let text = request.headers.map { "\($0.key): \($0.value)\n" }.joined() + request.body
                let found = leaks(of: secrets, in: Data(text.utf8)) + strange
                return found.map { "another origin saw `\($0)` at \(request.path)" }
            }
        }
    }
}
