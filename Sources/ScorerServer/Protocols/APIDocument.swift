import JSONText
import OpenAPI
import Scoring

/// The document behind `GET /openapi.json`: the context's own, or one made for a model that came without.
enum APIDocument {
    static func bytes(_ thread: ServerThread) -> [UInt8] {
        let configuration = thread.state.configuration
        if let document = configuration.apiDocument { return document }
        let description = thread.backend.description
        var isNative = false
        if case .native = configuration.backend { isNative = true }
        let isBinding = isNative || configuration.isSchemaBinding
        let schema = isBinding ? configuration.schemaDocument ?? description.schema?.json : nil
        let model = ServedModel(
            name: configuration.name, version: configuration.version,
            schema: schema ?? .null,
            params: .array(configuration.parameters.map(json)), isNative: isNative,
            request: configuration.selfTests.first.flatMap { try? JSONText.parse($0.request) },
            answer: description.answer?.jsonSchema ?? .null)
        return JSONWriter.bytes(OpenAPIDocument.json(model), style: .pretty)
    }

    private static func json(_ parameter: ServingConfiguration.Parameter) -> JSONValue {
        [
            "name": .string(parameter.name), "type": parameter.type.json, "default": parameter.default,
            "shape": parameter.isList ? [-1] : .null,
        ]
    }
}

extension RequestSchema {
    /// The schema as `serving.json` has it.
    fileprivate var json: JSONValue {
        switch self {
        case .untyped: return .null
        case .columns(let columns):
            let specs = columns.map { column -> JSONValue in
                ["name": .optional(column.name), "type": column.type.json, "required": .bool(column.required)]
            }
            return ["kind": "columns", "columns": .array(specs)]
        case .tensors(let tensors):
            let specs = tensors.map { tensor -> JSONValue in
                [
                    "name": .optional(tensor.name), "dtype": .string(tensor.dtype),
                    "shape": .array(tensor.shape.map(JSONValue.int)),
                ]
            }
            return ["kind": "tensors", "tensors": .array(specs)]
        }
    }
}
