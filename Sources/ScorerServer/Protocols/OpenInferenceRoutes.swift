import JSONText

/// The routes of Open Inference Protocol v2 and of KServe's v1, both about the one model that is served.
///
/// Source: `kserve/open-inference-protocol`, `specification/protocol/inference_rest.md`; its binary tensor data extension is
/// Triton's `protocol/extension_binary_data.md`; v1 is KServe's `docs/predict-api/v1`.
enum OpenInferenceRoutes {
    /// What a path under `/v2` or `/v1` asks for.
    enum Target: Equatable {
        case server, live, ready, models, model, modelReady, infer
        case modelsV1, modelV1, predictV1
        case unknownModel(String)
        case unknownVersion(String)
        case nothing
    }

    /// Whether errors at `path` have the body `{"error": text}`.
    static func owns(_ path: String) -> Bool {
        path == "/v2" || path.hasPrefix("/v2/") || path == "/v1" || path.hasPrefix("/v1/")
    }

    static func target(_ path: String, name: String, version: String?) -> Target {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map { decoded($0) }
        guard parts.allSatisfy({ $0 != nil }) else { return .nothing }
        return target(parts.compactMap { $0 }, name: name, version: version)
    }

    private static func target(_ parts: [String], name: String, version: String?) -> Target {
        switch parts {
        case ["v2"]: return .server
        case ["v2", "health", "live"]: return .live
        case ["v2", "health", "ready"]: return .ready
        case ["v2", "models"]: return .models
        case ["v1", "models"]: return .modelsV1
        default: break
        }
        guard parts.count >= 3, parts[1] == "models" else { return .nothing }
        if parts[0] == "v1" {
            guard parts.count == 3 else { return .nothing }
            if parts[2] == name { return .modelV1 }
            if parts[2] == name + ":predict" { return .predictV1 }
            let given = parts[2].hasSuffix(":predict") ? String(parts[2].dropLast(8)) : parts[2]
            return given == name ? .nothing : .unknownModel(given)
        }
        var rest = parts.dropFirst(3)
        let given = rest.count >= 2 && rest.first == "versions" ? rest.dropFirst().first : nil
        if given != nil { rest = rest.dropFirst(2) }
        let target: Target
        switch Array(rest) {
        case []: target = .model
        case ["ready"]: target = .modelReady
        case ["infer"]: target = .infer
        default: return .nothing
        }
        guard parts[2] == name else { return .unknownModel(parts[2]) }
        if let given, given != version { return .unknownVersion(given) }
        return target
    }

    /// The text of a part of a path (RFC 3986, section 2.1); nil when a `%` stands alone or the text is not UTF-8.
    private static func decoded(_ part: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(part.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16),
                rest.prefix(2).allSatisfy({ $0 != UInt8(ascii: "+") })
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Whether a request is for scoring; else it is for reading.
    static func scores(_ target: Target) -> Bool { target == .infer || target == .predictV1 }

    /// The answer of a target that is read, or nil when there is none.
    static func document(_ target: Target, _ thread: ServerThread) -> (status: Int, body: JSONValue)? {
        let configuration = thread.state.configuration
        let isReady = thread.state.isReady
        let status = isReady ? 200 : 503
        let name = JSONValue.string(configuration.name)
        switch target {
        case .server:
            return (
                200,
                [
                    "name": "skiff-scorer", "version": .string(scorerVersion), "extensions": ["binary_tensor_data"],
                ]
            )
        case .live: return (200, ["live": true])
        case .ready: return (status, ["ready": .bool(isReady)])
        case .models, .modelsV1: return (200, ["models": [name]])
        case .model: return (200, metadata(thread))
        case .modelReady: return (status, ["name": name, "ready": .bool(isReady)])
        case .modelV1: return (status, ["name": name, "ready": .bool(isReady)])
        case .infer, .predictV1, .unknownModel, .unknownVersion, .nothing: return nil
        }
    }

    private static func metadata(_ thread: ServerThread) -> JSONValue {
        let configuration = thread.state.configuration
        var document: JSONObject = ["name": .string(configuration.name)]
        if let version = configuration.version { document["versions"] = [.string(version)] }
        document["platform"] = .string(configuration.isNative ? "skiff_native" : "skiff_python")
        let schema = configuration.schema ?? thread.backend.description.schema
        document["inputs"] = .array((schema?.tensorMetadata ?? []).map(\.json))
        let answers =
            thread.backend.description.answer?.tensorMetadata(name: configuration.answerName)
            ?? configuration.outputs?.answerMetadata ?? []
        document["outputs"] = .array(answers.map(\.json))
        return .object(document)
    }

    /// Why there is nothing at a path.
    static func problem(_ target: Target, _ path: String) -> RequestError {
        switch target {
        case .unknownModel(let name):
            RequestError(.endpointNotFound, "There is no model `\(quoted(name))` here; /v2/models says which there is.")
        case .unknownVersion(let version):
            RequestError(.endpointNotFound, "The model has no version `\(quoted(version))` here.")
        default: RequestError(.endpointNotFound, "There is nothing at `\(quoted(path))`.")
        }
    }

    /// The answer to an inference request; `json` is the model's.
    static func body(
        _ json: UnsafeRawBufferPointer, _ wish: OpenInferenceRequest.Wish, _ configuration: ServingConfiguration
    ) throws(RequestError) -> OpenInferenceAnswer.Body {
        let value: JSONValue
        do { value = try JSONText.parse(Array(json)) } catch {
            throw RequestError(.internalError, "The model's answer could not be read.")
        }
        let tensors = OpenInferenceAnswer.tensors(value, name: configuration.answerName)
        return try OpenInferenceAnswer.body(
            tensors, wish, model: configuration.name, version: configuration.version)
    }
}

extension ServingConfiguration {
    /// The name of an answer that is one tensor.
    fileprivate var answerName: String { outputs?.answerName ?? OpenInferenceAnswer.plainName }

    fileprivate var isNative: Bool { if case .native = backend { true } else { false } }
}
