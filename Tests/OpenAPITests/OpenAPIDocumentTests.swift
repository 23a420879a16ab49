import JSONText
import OpenAPI
import Testing

@Suite("OpenAPI documents")
struct OpenAPIDocumentTests {
    static func document(_ schema: JSONValue, params: JSONValue = [], isNative: Bool = true) -> JSONValue {
        OpenAPIDocument.json(
            ServedModel(
                name: "kredit/grün 1", version: "7", schema: schema, params: params, isNative: isNative, request: nil,
                answer: ["type": "array", "items": ["type": "integer"]]))
    }

    static let columns: JSONValue = [
        "kind": "columns",
        "columns": [
            ["name": "x", "type": "double", "required": true], ["name": "n", "type": "long", "required": false],
        ],
    ]

    @Test("every route of the server has its path, with the model's name as it stands in a path")
    func paths() {
        let model = "/v2/models/kredit%2Fgr%C3%BCn%201"
        #expect(
            Self.document(Self.columns)["paths"]?.objectValue?.keys == [
                "/invocations", "/predict", "/ping", "/health", "/ready", "/version", "/metrics", "/openapi.json",
                "/v2",
                "/v2/health/live", "/v2/health/ready", "/v2/models", model, "\(model)/ready", "\(model)/infer",
                "\(model)/versions/7", "\(model)/versions/7/ready", "\(model)/versions/7/infer", "/v1/models",
                "/v1/models/kredit%2Fgr%C3%BCn%201", "/v1/models/kredit%2Fgr%C3%BCn%201:predict",
            ])
    }

    @Test("a record says which columns it must have and what each takes; null for a whole number only in process")
    func records() {
        func record(isNative: Bool) -> JSONValue? {
            Self.document(Self.columns, isNative: isNative)["components"]?["schemas"]?["Record"]
        }
        #expect(record(isNative: true)?["required"] == ["x"])
        #expect(record(isNative: true)?["properties"]?["x"]?["type"] == ["number", "boolean", "string", "null"])
        #expect(record(isNative: true)?["properties"]?["n"]?["type"] == ["integer", "boolean", "string", "null"])
        #expect(record(isNative: false)?["properties"]?["n"]?["type"] == ["integer", "boolean", "string"])
    }

    @Test("a table may come as CSV, and as Parquet where Python reads it")
    func tables() {
        func types(isNative: Bool) -> [String]? {
            Self.document(Self.columns, isNative: isNative)["paths"]?["/invocations"]?["post"]?["requestBody"]?[
                "content"]?
                .objectValue?.keys
        }
        #expect(types(isNative: true) == ["application/json", "text/csv"])
        #expect(types(isNative: false) == ["application/json", "text/csv", "application/vnd.apache.parquet"])
    }

    @Test("a date may be null in a required column too, and so may a number in an array, as the server takes them")
    func nulls() {
        let array: JSONValue = ["type": "array", "items": ["type": "double"]]
        let columns: JSONValue = [
            "kind": "columns",
            "columns": [
                ["name": "t", "type": "datetime", "required": true], ["name": "a", "type": array, "required": true],
            ],
        ]
        let record = Self.document(columns)["components"]?["schemas"]?["Record"]
        #expect(record?["required"] == ["t", "a"])
        #expect(record?["properties"]?["a"]?["items"]?["type"] == ["number", "null"])
        #expect(record?["properties"]?["t"]?["anyOf"]?.arrayValue?.last == ["type": "null"])
    }

    @Test("a tensor has its lengths, and every body an example")
    func tensors() {
        let document = Self.document(
            ["kind": "tensors", "tensors": [["name": nil, "dtype": "uint8", "shape": [-1, 3]]]])
        #expect(
            document["components"]?["schemas"]?["Request"]?["properties"]?["inputs"] == [
                "type": "array", "minItems": 1, "maxItems": 100_000,
                "items": [
                    "type": "array",
                    "items": [
                        "type": ["integer", "boolean", "string"], "minimum": 0, "maximum": 255,
                        "pattern": "^[+-]?[0-9]+$",
                    ],
                    "minItems": 3, "maxItems": 3,
                ],
            ])
        func example(_ path: String) -> JSONValue? {
            document["paths"]?[path]?["post"]?["requestBody"]?["content"]?["application/json"]?["example"]
        }
        #expect(example("/invocations") == ["inputs": [[0, 0, 0]]])
        #expect(
            example("/v2/models/kredit%2Fgr%C3%BCn%201/infer") == [
                "inputs": [["name": "input-0", "datatype": "UINT8", "shape": [1, 3], "data": [[0, 0, 0]]]]
            ])
    }

    @Test("parameters have their types and defaults; a Python model may refuse with statuses of its own")
    func parameters() {
        let document = Self.document(
            Self.columns, params: [["name": "k", "type": "long", "default": [1], "shape": [-1]]], isNative: false)
        let params = document["components"]?["schemas"]?["Request"]?["properties"]?["params"]
        #expect(params?["properties"]?["k"]?["type"] == "array")
        #expect(params?["properties"]?["k"]?["default"] == [1])
        #expect(document["paths"]?["/predict"]?["post"]?["responses"]?["4XX"] != nil)
        #expect(Self.document(Self.columns)["paths"]?["/predict"]?["post"]?["responses"]?["4XX"] == nil)
    }
}
