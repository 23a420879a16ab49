import Bytes
import Diagnostics
import JSONText

/// What `serving.json` says: who the model is, what it takes, what runs it.
struct ServingConfiguration: Sendable {
    enum Backend: Sendable, Equatable {
        /// A `.skiff` file, evaluated in this process.
        case native(model: String)
        /// Worker processes that run `command`; nil workers: as `Sizing` says.
        case python(command: [String], workers: Int?)
    }

    /// One declared parameter.
    struct Parameter: Sendable, Equatable {
        var name: String
        var type: CellType
        var `default`: JSONValue
        /// Whether the value is a list.
        var isList: Bool
    }

    /// A request and its answer, recorded when the context was made.
    struct SelfTest: Sendable, Equatable {
        /// The file that they were recorded in.
        var file: String
        var request: [UInt8]
        var response: JSONValue

        /// - Throws: `ServerError` of kind `.configuration` unless `document` has both.
        init(_ document: JSONValue, file: String, member: String?) throws(ServerError) {
            guard let request = document["request"], let response = document["response"] else {
                throw ConfigurationReader(file: file).wrong(member, "an object with `request` and `response`")
            }
            self.file = file
            self.request = JSONWriter.bytes(request, style: .compact)
            self.response = response
        }
    }

    var name: String
    var version: String?
    /// The run that logged the model.
    var runID: String?
    /// The digest of the registered model, as `sha256:…`.
    var digest: String?
    var backend: Backend
    /// nil: as the native model says, or nothing is known.
    var schema: RequestSchema?
    /// What the signature says of answers; nothing checks them against it.
    var outputs: RequestSchema?
    /// `schema` as `serving.json` has it.
    var schemaDocument: JSONValue?
    /// The document of `openapi.json`, when there is one beside `serving.json`.
    var apiDocument: [UInt8]?
    /// Whether requests are checked against the schema. MLflow checks none that was only inferred from an example, nor one that a
    /// type hint stands for.
    var isSchemaBinding = true
    /// Whether the model's own type hint checks what comes as `inputs`.
    var hasTypeHint = false
    var compatibility = Compatibility.strict
    var parameters: [Parameter] = []
    /// What must be answered right before the first client is served, in order.
    var selfTests: [SelfTest] = []
    /// The file beside `serving.json` that holds one more of them.
    var selfTestFile: String?
    var limits: [(name: String, value: Int)] = []

    /// Whether Python evaluates the model.
    var isPython: Bool { if case .python = backend { true } else { false } }

    /// The configuration of a bare `.skiff` file.
    init(modelFile: String, name: String) {
        self.name = name
        backend = .native(model: modelFile)
    }

    /// Parses `serving.json` of format 1.
    ///
    /// - Throws: `ServerError` of kind `.configuration` that names the member.
    init(parsing bytes: [UInt8], file: String) throws(ServerError) {
        let document = try Self.document(bytes, file: file)
        let reader = ConfigurationReader(file: file)
        guard document["format"]?.intValue == 1 else {
            throw reader.wrong("format", "1; a newer context needs a newer skiff-scorer")
        }
        name = try reader.text(document, "name")
        version = document["version"]?.stringValue
        runID = document["run_id"]?.stringValue
        digest = document["model_digest"]?.stringValue
        backend = try reader.backend(document)
        schema = try reader.schema(document["schema"] ?? .null)
        schemaDocument = schema == nil ? nil : document["schema"]
        outputs = try reader.schema(document["outputs"] ?? .null, "outputs")
        hasTypeHint = document["type_hint"]?.boolValue ?? false
        isSchemaBinding = !hasTypeHint && document["schema"]?["source"]?.stringValue != "input_example"
        if let word = document["compat"], !word.isNull {
            guard let value = word.stringValue.flatMap(Compatibility.init) else {
                throw reader.wrong("compat", "`strict` or `mlflow`")
            }
            compatibility = value
        }
        parameters = try reader.parameters(document["params"] ?? .null)
        if let test = document["self_test"], !test.isNull {
            selfTests = [try SelfTest(test, file: file, member: "self_test")]
        }
        if let name = document["self_test_file"] {
            guard let name = name.stringValue, !name.isEmpty, !name.contains("/") else {
                throw reader.wrong("self_test_file", "the name of a file beside it")
            }
            selfTestFile = name
        }
        for (name, value) in document["limits"]?.objectValue?.members ?? [] {
            guard let number = value.intValue else { throw reader.wrong("limits.\(name)", "a whole number") }
            limits.append((name, number))
        }
    }

    /// Adds the self-test that `file` holds.
    ///
    /// - Throws: `ServerError` of kind `.configuration` when it is none.
    mutating func addSelfTest(parsing bytes: [UInt8], file: String) throws(ServerError) {
        selfTests.append(try SelfTest(try Self.document(bytes, file: file), file: file, member: nil))
    }

    private static func document(_ bytes: [UInt8], file: String) throws(ServerError) -> JSONValue {
        do { return try JSONText.parse(bytes) } catch {
            var problem = ServerError(.configuration, "")
            problem.diagnostic = error.diagnostic(file: file)
            throw problem
        }
    }
}

/// Reads the members of `serving.json`.
private struct ConfigurationReader {
    let file: String

    func wrong(_ member: String?, _ expected: String) -> ServerError {
        let subject = member.map { "`\($0)`" } ?? "it"
        return ServerError(
            .configuration, "cannot read `\(escaped(file))`: \(subject) must be \(expected)",
            place: Place(file: file), hints: ["make the context again with `skiff pack`"])
    }

    func text(_ value: JSONValue, _ member: String, path: String? = nil) throws(ServerError) -> String {
        guard let text = value[member]?.stringValue else { throw wrong(path ?? member, "a string") }
        return text
    }

    func backend(_ document: JSONValue) throws(ServerError) -> ServingConfiguration.Backend {
        guard let backend = document["backend"] else { throw wrong("backend", "an object") }
        switch backend["kind"]?.stringValue {
        case "native": return .native(model: try text(backend, "model", path: "backend.model"))
        case "python":
            let words = backend["command"]?.arrayValue ?? []
            let command = words.compactMap(\.stringValue)
            guard !command.isEmpty, command.count == words.count else {
                throw wrong("backend.command", "a list of strings")
            }
            guard let workers = backend["workers"], !workers.isNull else {
                return .python(command: command, workers: nil)
            }
            guard let count = workers.intValue, (1...256).contains(count) else {
                throw wrong("backend.workers", "a number from 1 to 256")
            }
            return .python(command: command, workers: count)
        default: throw wrong("backend.kind", "`native` or `python`")
        }
    }

    func schema(_ value: JSONValue, _ member: String = "schema") throws(ServerError) -> RequestSchema? {
        if value.isNull || value["source"]?.stringValue == "none" && value["columns"]?.arrayValue?.isEmpty ?? true {
            return nil
        }
        switch value["kind"]?.stringValue {
        case "columns":
            let specs = value["columns"]?.arrayValue ?? []
            var columns: [RequestSchema.Column] = []
            for (index, spec) in specs.enumerated() {
                guard let type = spec["type"].flatMap({ CellType($0) }) else {
                    throw wrong("\(member).columns[\(index)].type", "one of MLflow's types")
                }
                let required = spec["required"]?.boolValue ?? true
                columns.append(.init(name: spec["name"]?.stringValue, type: type, required: required))
            }
            let names = columns.compactMap(\.name)
            guard !columns.isEmpty, names.isEmpty || names.count == columns.count, Set(names).count == names.count
            else {
                throw wrong("\(member).columns", "a list of columns, all with different names or all without")
            }
            return .columns(columns)
        case "tensors":
            var tensors: [RequestSchema.Tensor] = []
            for (index, spec) in (value["tensors"]?.arrayValue ?? []).enumerated() {
                let shape = spec["shape"]?.arrayValue ?? []
                guard let dtype = spec["dtype"]?.stringValue, !shape.isEmpty,
                    shape.allSatisfy({ $0.intValue ?? -2 >= -1 })
                else { throw wrong("\(member).tensors[\(index)]", "an object with `dtype` and `shape`") }
                tensors.append(
                    .init(name: spec["name"]?.stringValue, dtype: dtype, shape: shape.compactMap(\.intValue)))
            }
            let names = tensors.compactMap(\.name)
            guard tensors.count == 1 || !tensors.isEmpty && names.count == tensors.count else {
                throw wrong("\(member).tensors", "one tensor, or several with names")
            }
            return .tensors(tensors)
        default: throw wrong("\(member).kind", "`columns` or `tensors`")
        }
    }

    func parameters(_ value: JSONValue) throws(ServerError) -> [ServingConfiguration.Parameter] {
        var parameters: [ServingConfiguration.Parameter] = []
        for (index, spec) in (value.arrayValue ?? []).enumerated() {
            guard let name = spec["name"]?.stringValue, let type = spec["type"].flatMap({ CellType($0) }) else {
                throw wrong("params[\(index)]", "an object with `name` and `type`")
            }
            let isList = spec["shape"].map { !$0.isNull } ?? false
            parameters.append(.init(name: name, type: type, default: spec["default"] ?? .null, isList: isList))
        }
        return parameters
    }
}
