import Diagnostics
import JSONText

/// A version of a registered model, as `model-versions/get` and its kin answer.
struct ModelVersion {
    let name: String
    /// Decimal digits.
    let version: String
    /// `READY`, or why not.
    let status: String?
    let statusMessage: String?
    let source: String?
    let runID: String?
    let modelID: String?
    let createdMilliseconds: Int?

    /// - Throws: `RegistryError` of kind `.answer` when name or version are missing.
    init(_ value: JSONValue?, doing task: String) throws(RegistryError) {
        func text(_ key: String) -> String? {
            value?[key]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
        }
        let version = text("version") ?? value?["version"]?.intValue.map(String.init)
        guard let name = text("name"), let version, Int(version) != nil else {
            throw RegistryError(
                .answer, "cannot \(task): the server's answer has no name and version of a model",
                hints: ["is this the address of an MLflow server?"])
        }
        self.name = name
        self.version = version
        createdMilliseconds = value?["creation_timestamp"].flatMap { $0.intValue ?? $0.stringValue.flatMap { Int($0) } }
        status = text("status")
        statusMessage = text("status_message")
        source = text("source")
        runID = text("run_id")
        // A version that was logged with MLflow 3 names its logged model only as its source.
        modelID = text("model_id") ?? source.flatMap(Self.loggedModelID)
    }

    private static func loggedModelID(_ source: String) -> String? {
        guard let uri = try? ModelURI(source), case .logged(let id) = uri.target else { return nil }
        return id
    }

    var number: Int { Int(version) ?? 0 }

    /// - Throws: `RegistryError` of kind `.notReady` when the registry is still copying it, or could not.
    func checkReady(doing task: String) throws(RegistryError) {
        guard let status, status != "READY" else { return }
        throw RegistryError(
            .notReady, "cannot \(task): version \(version) is not ready, its status is `\(escaped(status))`",
            details: statusMessage.map { ["the server says: \(escaped($0, limit: 400))"] } ?? [],
            hints: status == "PENDING_REGISTRATION" ? ["try again in a while"] : ["register it again"])
    }
}
