public import JSONText

/// The OpenAPI 3.1 document of a served model: every route of `skiff-scorer`, every status, every body.
///
/// Schemas of requests are those of the strict default: what they take may still be refused where JSON Schema cannot say why (the
/// elements of a tensor, the order of cells), what they refuse is refused. Answers to HEAD are those to GET without their bodies.
public enum OpenAPIDocument {
    /// Single values that do not fit, the first ten.
    private static let details: JSONValue = [
        "type": "array", "maxItems": 10,
        "items": [
            "type": "object", "required": ["expected", "got"],
            "properties": [
                "pointer": ["type": "string"], "line": ["type": "integer"],
                "field": ["type": "integer"], "column": ["type": "string"],
                "expected": ["type": "string"], "got": ["type": "string"],
            ],
        ],
    ]

    /// The document; the same model gives the same bytes.
    public static func json(_ model: ServedModel) -> JSONValue {
        let requests = RequestSchemas(model: model)
        var schemas: JSONObject = [
            "Answer": model.answer.isNull ? [:] : model.answer,
            "Error": [
                "type": "object", "required": ["error_code", "message"],
                "properties": [
                    "error_code": ["type": "string"], "message": ["type": "string"],
                    "details": details,
                ],
            ],
            "InferenceError": [
                "type": "object", "required": ["error"],
                "properties": ["error": ["type": "string"], "details": details],
            ],
        ]
        for (name, schema) in requests.named { schemas[name] = schema }
        schemas["InferenceResponse"] = OpenInferenceSchemas.response
        schemas["ModelMetadata"] = OpenInferenceSchemas.metadata
        schemas["Response"] = [
            "type": "object", "required": ["predictions"],
            "properties": ["predictions": ["$ref": "#/components/schemas/Answer"]],
        ]
        var paths: JSONObject = [:]
        for (path, item) in OpenAPIPaths(model: model).all { paths[path] = item }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": .string(model.name), "version": .string(model.version ?? "0"),
                "description":
                    "Served by skiff-scorer: MLflow's scoring protocol, Open Inference Protocol v2, KServe's v1.",
            ],
            "paths": .object(paths), "components": ["schemas": .object(schemas)],
        ]
    }
}
