import Diagnostics
import JSONText

/// An answer of one of the two surfaces of Unity Catalog.
enum SurfaceAnswer<Value> {
    case value(Value)
    /// The workspace does not know the surface; the error says so to a person.
    case unknownSurface(() -> RegistryError)
}

/// What `generate-temporary-credentials` answers: the credential, and its fields as they came.
typealias LentAnswer = JSONObject

/// The questions that both surfaces of Unity Catalog answer.
protocol UnityCatalogSurface {
    func version(
        _ name: CatalogName, _ number: String, doing task: String
    ) throws(RegistryError) -> SurfaceAnswer<DatabricksVersion>
    func alias(
        _ name: CatalogName, _ alias: String, doing task: String
    ) throws(RegistryError) -> SurfaceAnswer<DatabricksVersion>
    /// All of them, in no order.
    func versions(_ name: CatalogName, doing task: String) throws(RegistryError) -> SurfaceAnswer<[DatabricksVersion]>
    func aliases(_ name: CatalogName, doing task: String) throws(RegistryError) -> [String]
    /// For versions that do not say it themselves.
    func location(
        _ name: CatalogName, _ number: String, doing task: String
    ) throws(RegistryError) -> SurfaceAnswer<String>
    func credentials(
        _ name: CatalogName, _ number: String, doing task: String
    ) throws(RegistryError) -> SurfaceAnswer<LentAnswer>
}

private func noLocation(_ task: String) -> RegistryError {
    RegistryError(.answer, "cannot \(task): the workspace does not say where its files are")
}

/// `/api/2.0/mlflow/unity-catalog`: MLflow's shapes (mlflow 3.17, `protos/databricks_uc_registry_service_pb2`).
struct LegacyUnityCatalog: UnityCatalogSurface {
    private let client: DatabricksClient
    private static let api = "api/2.0/mlflow/unity-catalog/"

    init(_ client: DatabricksClient) {
        self.client = client
    }

    func version(
        _ name: CatalogName, _ number: String, doing task: String
    ) throws(RegistryError) -> SurfaceAnswer<DatabricksVersion> {
        try version("model-versions/get", ("version", number), name, task)
    }

    func alias(
        _ name: CatalogName, _ alias: String, doing task: String
    ) throws(RegistryError) -> SurfaceAnswer<DatabricksVersion> {
        try version("registered-models/alias", ("alias", alias), name, task)
    }

    private func version(
        _ service: String, _ query: (name: String, value: String), _ name: CatalogName, _ task: String
    ) throws(RegistryError) -> SurfaceAnswer<DatabricksVersion> {
        let reply = try client.ask(
            Self.api + service, [("name", name.text), query], about: .catalogModel(name), doing: task)
        return try reply.mapped(task) { answer throws(RegistryError) in
            try DatabricksVersion(answer["model_version"], name: name.text, doing: task)
        }
    }

    func versions(_ name: CatalogName, doing task: String) throws(RegistryError) -> SurfaceAnswer<[DatabricksVersion]> {
        // MLflow's filters know no escape for a quote.
        let quote = name.text.contains("'") ? "\"" : "'"
        let filter = "name=\(quote)\(name.text)\(quote)"
        return try client.allPages(
            Self.api + "model-versions/search", [("filter", filter)], about: .catalogModel(name), doing: task
        ) { value throws(RegistryError) in try DatabricksVersion(value, name: name.text, doing: task) }
    }

    func aliases(_ name: CatalogName, doing task: String) throws(RegistryError) -> [String] {
        let answer = try client.get(
            Self.api + "registered-models/get", [("name", name.text)], about: .catalogModel(name), doing: task)
        return (answer["registered_model"]?["aliases"]?.arrayValue ?? []).compactMap { $0["alias"]?.stringValue }
    }

    func location(
        _ name: CatalogName, _ number: String, doing task: String
    ) throws(RegistryError) -> SurfaceAnswer<String> {
        let query = [(name: "name", value: name.text), (name: "version", value: number)]
        let reply = try client.ask(
            Self.api + "model-versions/get-download-uri", query, about: .catalogModel(name), doing: task)
        return try reply.mapped(task) { answer throws(RegistryError) in
            guard let uri = answer["artifact_uri"]?.stringValue, !uri.isEmpty else { throw noLocation(task) }
            return uri
        }
    }

    func credentials(
        _ name: CatalogName, _ number: String, doing task: String
    ) throws(RegistryError) -> SurfaceAnswer<LentAnswer> {
        let body: JSONValue = [
            "name": .string(name.text), "version": .string(number), "operation": "MODEL_VERSION_OPERATION_READ",
        ]
        let reply = try client.ask(
            posting: body, to: Self.api + "model-versions/generate-temporary-credentials", about: .catalogModel(name),
            doing: task)
        return try reply.mapped(task) { answer throws(RegistryError) in answer["credentials"]?.objectValue ?? [:] }
    }
}

/// `/api/2.1/unity-catalog`: documented, flat, with numbers for versions (mlflow 3.17, `protos/unity_catalog_messages_pb2`).
struct NativeUnityCatalog: UnityCatalogSurface {
    private let client: DatabricksClient
    private static let api = "api/2.1/unity-catalog/"

    init(_ client: DatabricksClient) {
        self.client = client
    }

    func version(
        _ name: CatalogName, _ number: String, doing task: String
    ) throws(RegistryError) -> SurfaceAnswer<DatabricksVersion> {
        try version("versions/" + number, name, task)
    }

    func alias(
        _ name: CatalogName, _ alias: String, doing task: String
    ) throws(RegistryError) -> SurfaceAnswer<DatabricksVersion> {
        guard !alias.utf8.contains(UInt8(ascii: "/")) else {
            throw RegistryError(.reference, "cannot \(task): an alias has no slash", status: .misuse)
        }
        return try version("aliases/" + alias, name, task)
    }

    private func version(
        _ path: String, _ name: CatalogName, _ task: String
    ) throws(RegistryError) -> SurfaceAnswer<DatabricksVersion> {
        let reply = try client.ask("\(Self.api)models/\(name.text)/\(path)", about: .catalogModel(name), doing: task)
        return try reply.mapped(task) { answer throws(RegistryError) in
            try DatabricksVersion(native: .object(answer), name: name, doing: task)
        }
    }

    func versions(_ name: CatalogName, doing task: String) throws(RegistryError) -> SurfaceAnswer<[DatabricksVersion]> {
        try client.allPages("\(Self.api)models/\(name.text)/versions", [], about: .catalogModel(name), doing: task) {
            value throws(RegistryError) in try DatabricksVersion(native: value, name: name, doing: task)
        }
    }

    func aliases(_ name: CatalogName, doing task: String) throws(RegistryError) -> [String] {
        let answer = try client.get(
            "\(Self.api)models/\(name.text)", [("include_aliases", "true")], about: .catalogModel(name), doing: task)
        return (answer["aliases"]?.arrayValue ?? []).compactMap { $0["alias_name"]?.stringValue }
    }

    func location(
        _ name: CatalogName, _ number: String, doing task: String
    ) throws(RegistryError) -> SurfaceAnswer<String> {
        throw noLocation(task)
    }

    func credentials(
        _ name: CatalogName, _ number: String, doing task: String
    ) throws(RegistryError) -> SurfaceAnswer<LentAnswer> {
        let body: JSONValue = [
            "catalog_name": .string(name.catalog), "schema_name": .string(name.schema),
            "model_name": .string(name.model),
            "version": .int(Int(number) ?? 0), "operation": "READ_MODEL_VERSION",
        ]
        let reply = try client.ask(
            posting: body, to: Self.api + "temporary-model-version-credentials", about: .catalogModel(name), doing: task
        )
        return try reply.mapped(task) { answer throws(RegistryError) in answer }
    }
}

extension DatabricksClient.Reply {
    /// What `read` makes of the answer.
    ///
    /// - Throws: the error of a refusal, unless the workspace does not know the address at all.
    func mapped<Value>(
        _ task: String, _ read: (JSONObject) throws(RegistryError) -> Value
    ) throws(RegistryError) -> SurfaceAnswer<Value> {
        switch self {
        case .object(let object): return .value(try read(object))
        case .refusal(let answer):
            guard answer.isUnknownAddress else { throw answer.error(doing: task) }
            return .unknownSurface { answer.error(doing: task) }
        }
    }
}

extension DatabricksClient {
    /// Every version on every page of a list of versions.
    func allPages(
        _ path: String, _ query: [(name: String, value: String)], about subject: DatabricksSubject, doing task: String,
        _ read: (JSONValue) throws(RegistryError) -> DatabricksVersion
    ) throws(RegistryError) -> SurfaceAnswer<[DatabricksVersion]> {
        var versions: [DatabricksVersion] = []
        var seen: Set<String> = []
        var token: String?
        repeat {
            let asked = query + (token.map { [(name: "page_token", value: $0)] } ?? [])
            let answer: JSONObject
            switch try ask(path, asked, about: subject, doing: task) {
            case .object(let object): answer = object
            case .refusal(let refusal):
                guard refusal.isUnknownAddress else { throw refusal.error(doing: task) }
                return .unknownSurface { refusal.error(doing: task) }
            }
            for value in answer["model_versions"]?.arrayValue ?? [] { versions.append(try read(value)) }
            token = answer["next_page_token"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
            if let token, !seen.insert(token).inserted {
                throw RegistryError(.answer, "cannot \(task): the workspace's list of versions goes in a circle")
            }
            guard versions.count + seen.count <= Listing.entryLimit else { throw Listing.tooMany(task) }
        } while token != nil
        return .value(versions)
    }
}
