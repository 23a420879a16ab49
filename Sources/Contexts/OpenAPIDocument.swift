import JSONText
import MLmodelFormat

/// `app/openapi.json`: OpenAPI 3.1.0 made from the plan's schema.
enum OpenAPIDocument {
    static func json(_ plan: ServingPlan, example: JSONValue?) -> JSONValue {
        let requests = requestSchema(plan)
        return [
            "openapi": "3.1.0",
            "info": [
                "title": .string(plan.name), "version": .string(plan.version ?? "0"),
                "description": .string("Served by skiff-scorer with MLflow's scoring protocol."),
            ],
            "paths": [
                "/invocations": ["post": invocations(requests, example: example)],
                "/ping": probe("The server is alive."), "/health": probe("The server is alive."),
                "/ready": probe("The model is loaded and the self-test has passed."),
                "/version": probe("The version of the protocol."),
            ],
            "components": [
                "schemas": [
                    "Record": recordSchema(plan),
                    "Request": requests,
                    "Response": [
                        "type": "object", "required": ["predictions"], "properties": ["predictions": [:]],
                    ],
                    "Error": [
                        "type": "object", "required": ["error_code", "message"],
                        "properties": ["error_code": ["type": "string"], "message": ["type": "string"]],
                    ],
                ]
            ],
        ]
    }

    private static func invocations(_ requests: JSONValue, example: JSONValue?) -> JSONValue {
        var content: JSONObject = ["schema": ["$ref": "#/components/schemas/Request"]]
        if let example { content["example"] = example }
        return [
            "operationId": "invocations", "summary": "Score rows",
            "requestBody": ["required": true, "content": ["application/json": .object(content)]],
            "responses": [
                "200": answer("The predictions, one for each row", schema: "Response"),
                "400": answer("The request does not fit the model", schema: "Error"),
            ],
        ]
    }

    private static func answer(_ description: String, schema: String) -> JSONValue {
        [
            "description": .string(description),
            "content": ["application/json": ["schema": ["$ref": .string("#/components/schemas/\(schema)")]]],
        ]
    }

    private static func probe(_ description: String) -> JSONValue {
        ["get": ["summary": .string(description), "responses": ["200": ["description": "Yes"]]]]
    }

    private static func requestSchema(_ plan: ServingPlan) -> JSONValue {
        var forms: [JSONValue] = []
        let record: JSONValue = ["$ref": "#/components/schemas/Record"]
        switch plan.schema {
        case .columns?, nil:
            forms = [
                form(plan, "dataframe_split", splitSchema(plan)),
                form(plan, "dataframe_records", ["type": "array", "items": record]),
            ]
        case .tensors?:
            forms = [form(plan, "instances", [:]), form(plan, "inputs", [:])]
        }
        return ["oneOf": .array(forms)]
    }

    private static func form(_ plan: ServingPlan, _ key: String, _ schema: JSONValue) -> JSONValue {
        var properties: JSONObject = [:]
        properties[key] = schema
        if !plan.params.isEmpty { properties["params"] = paramsSchema(plan) }
        return ["type": "object", "required": [.string(key)], "properties": .object(properties)]
    }

    private static func splitSchema(_ plan: ServingPlan) -> JSONValue {
        [
            "type": "object", "required": ["data"],
            "properties": [
                "columns": ["type": "array", "items": ["type": "string"]],
                "data": ["type": "array", "items": ["type": "array"]],
                "index": ["type": "array"],
            ],
        ]
    }

    private static func recordSchema(_ plan: ServingPlan) -> JSONValue {
        guard case .columns(let columns)? = plan.schema, columns.allSatisfy({ $0.name != nil }) else {
            return ["type": "object"]
        }
        var properties: JSONObject = [:]
        for column in columns { properties[column.name ?? ""] = schema(of: column.type, required: column.required) }
        let required = columns.filter(\.required).compactMap(\.name).map(JSONValue.string)
        return ["type": "object", "required": .array(required), "properties": .object(properties)]
    }

    private static func paramsSchema(_ plan: ServingPlan) -> JSONValue {
        var properties: JSONObject = [:]
        for param in plan.params {
            let one = schema(of: param.type, required: true)
            var described: JSONObject = one.objectValue ?? [:]
            if param.shape != nil { described = ["type": "array", "items": one] }
            described["default"] = param.default
            properties[param.name] = .object(described)
        }
        return ["type": "object", "properties": .object(properties)]
    }

    // JSON Schema 2020-12, which OpenAPI 3.1 uses.
    private static func schema(of type: ColumnType, required: Bool) -> JSONValue {
        var object: JSONObject
        switch type {
        case .boolean: object = ["type": "boolean"]
        case .integer: object = ["type": "integer", "format": "int32"]
        case .long: object = ["type": "integer", "format": "int64"]
        case .float: object = ["type": "number", "format": "float"]
        case .double: object = ["type": "number", "format": "double"]
        case .string: object = ["type": "string"]
        case .binary: object = ["type": "string", "contentEncoding": "base64"]
        case .datetime: object = ["type": "string", "format": "date-time"]
        case .array(let element): object = ["type": "array", "items": schema(of: element, required: true)]
        case .sparkVector: object = ["type": "array", "items": ["type": "number"]]
        case .map(let value): object = ["type": "object", "additionalProperties": schema(of: value, required: true)]
        case .object(let members):
            var properties: JSONObject = [:]
            for member in members { properties[member.name] = schema(of: member.type, required: member.required) }
            let needed = members.filter(\.required).map { JSONValue.string($0.name) }
            object = ["type": "object", "required": .array(needed), "properties": .object(properties)]
        case .any: return [:]
        }
        if !required, let name = object["type"] { object["type"] = [name, "null"] }
        return .object(object)
    }
}
