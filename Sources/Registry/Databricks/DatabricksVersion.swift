import Diagnostics
import HTTPTransport
import JSONText

/// A version of a registered model, as any of the three surfaces tells it.
struct DatabricksVersion {
    /// The whole name.
    let name: String
    /// Decimal digits.
    let version: String
    /// `READY`, or why not.
    let status: String?
    let statusMessage: String?
    let runID: String?
    let modelID: String?
    /// Unity Catalog: where in the cloud its files are.
    let storageLocation: String?
    /// Milliseconds since 1970.
    let createdAt: Int?
    let aliases: [String]

    /// The workspace registry (`model_version` of MLflow's API) and the older surface of Unity Catalog, whose answers differ from it
    /// by a few more fields.
    ///
    /// - Throws: `RegistryError` of kind `.answer` when there is no number.
    init(_ value: JSONValue?, name: String, doing task: String) throws(RegistryError) {
        guard let value, let version = Self.number(value["version"]) else { throw Self.unusable(task) }
        self.name = Self.text(value["name"]) ?? name
        self.version = version
        aliases = (value["aliases"]?.arrayValue ?? []).compactMap { $0["alias"]?.stringValue ?? $0.stringValue }
        createdAt = Self.number(value["creation_timestamp"]).flatMap { Int($0) }
        (status, statusMessage) = (Self.text(value["status"]), Self.text(value["status_message"]))
        runID = Self.text(value["run_id"])
        modelID = Self.text(value["model_id"]) ?? Self.text(value["source"]).flatMap(Self.loggedModelID)
        storageLocation = Self.text(value["storage_location"])
    }

    /// Unity Catalog's own surface (2.1), where the name comes in three parts and the number is a number.
    init(native value: JSONValue, name: CatalogName, doing task: String) throws(RegistryError) {
        guard let version = Self.number(value["version"]) else { throw Self.unusable(task) }
        self.name =
            CatalogName(
                catalog: Self.text(value["catalog_name"]) ?? name.catalog,
                schema: Self.text(value["schema_name"]) ?? name.schema,
                model: Self.text(value["model_name"]) ?? name.model
            ).text
        self.version = version
        aliases = (value["aliases"]?.arrayValue ?? []).compactMap { $0["alias_name"]?.stringValue }
        createdAt = Self.number(value["created_at"]).flatMap { Int($0) }
        (status, statusMessage) = (Self.text(value["status"]), Self.text(value["status_message"]))
        runID = Self.text(value["run_id"])
        modelID = Self.text(value["model_id"]) ?? Self.text(value["source"]).flatMap(Self.loggedModelID)
        storageLocation = Self.text(value["storage_location"])
    }

    private static func unusable(_ task: String) -> RegistryError {
        RegistryError(
            .answer, "cannot \(task): the workspace's answer has no number of a version",
            hints: ["is this the address of a Databricks workspace?"])
    }

    private static func text(_ value: JSONValue?) -> String? { value?.stringValue.flatMap { $0.isEmpty ? nil : $0 } }

    /// Decimal digits, sent as text or as a number.
    static func number(_ value: JSONValue?) -> String? {
        let digits = value?.stringValue ?? value?.intValue.map(String.init)
        return digits.flatMap { $0.utf8.allSatisfy { (0x30...0x39).contains($0) } && Int($0) != nil ? $0 : nil }
    }

    /// A version that was logged with MLflow 3 may name its logged model only as its source.
    private static func loggedModelID(_ source: String) -> String? {
        guard source.hasPrefix("models:/m-") else { return nil }
        return source.dropFirst("models:/".count).split(separator: "/").first.map(String.init)
    }

    var number: Int { Int(version) ?? 0 }

    /// A registry that does not tell the status has only versions that are ready.
    var isReady: Bool { status == nil || status == "READY" }

    /// - Throws: `RegistryError` of kind `.notReady` when the registry is still copying it, or could not.
    func checkReady(doing task: String) throws(RegistryError) {
        guard !isReady, let status else { return }
        throw RegistryError(
            .notReady, "cannot \(task): version \(version) is not ready, its status is `\(escaped(status))`",
            details: statusMessage.map { ["the workspace says: \(escaped($0, limit: 400))"] } ?? [],
            hints: status == "PENDING_REGISTRATION" ? ["try again in a while"] : ["register it again"])
    }

    /// What the manifest records of it.
    func identity(
        _ kind: SourceIdentity.Kind, reference: String, server: HTTPURL, selector: ModelURI.Selector
    ) -> SourceIdentity {
        var identity = SourceIdentity(kind: kind, reference: reference)
        identity.server = "\(server)"
        identity.name = name
        identity.version = version
        if case .alias(let alias) = selector { identity.alias = alias }
        if case .stage(let stage) = selector { identity.stage = stage }
        identity.runID = runID
        identity.modelID = modelID
        identity.createdMilliseconds = createdAt
        return identity
    }
}
