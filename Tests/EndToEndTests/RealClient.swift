import Foundation
import TestKit

/// The real clients, MLflow's and the Databricks SDK, by `Tests/Fixtures/databricks/client.py`.
enum RealClient {
    /// One download, to the folder of its name.
    struct Case: Encodable {
        var name: String
        /// What MLflow downloads; `sdk:NAME` asks the Databricks SDK for a registered model.
        var uri: String
        var environment: [String: String]
    }

    private struct Work: Encodable {
        var folder: String
        var cases: [Case]
    }

    /// Runs all cases, two at a time, and says how each ended: nil, or its error.
    static func run(_ cases: [Case], in folder: TemporaryDirectory) throws -> [String: String?] {
        let file = folder.file("cases.json")
        try JSONEncoder().encode(Work(folder: folder.path, cases: cases)).write(to: URL(fileURLWithPath: file))
        let script = Checkout.fixture("databricks/client.py")
        let result = try EndToEndTests.run(Workshop.python(), ["-B", script, file], within: 400)
        guard result.status == 0, let line = result.text.split(separator: "\n").last else {
            throw MissingPart(description: "the real clients did not run:\n\(result.errors)")
        }
        return try JSONDecoder().decode([String: String?].self, from: Data(line.utf8))
    }

    /// Downloads one model and gives its files, without the one that MLflow adds.
    static func download(
        _ reference: String, _ environment: [String: String], into folder: TemporaryDirectory
    ) throws -> [String: Data] {
        let errors = try run([Case(name: "theirs", uri: reference, environment: environment)], in: folder)
        if let error = errors["theirs"] ?? "was not run" {
            throw MissingPart(description: "MLflow's client cannot download `\(reference)`: \(error)")
        }
        return try folder.files("theirs").filter { $0.key != "registered_model_meta" }
    }
}
