import JSONText

/// JSON Schema of Open Inference Protocol v2.
enum OpenInferenceSchemas {
    private static let datatypes: JSONValue = [
        "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64",
        "BYTES",
    ]
    private static let shape: JSONValue = [
        "type": "array", "items": ["type": "integer"], "description": "-1 stands for any length.",
    ]

    /// An inference request without binary data. That the elements fit datatype, shape and column, JSON Schema cannot say.
    static func request(_ model: ServedModel) -> JSONValue {
        var name: JSONObject = ["type": "string"]
        var inputs: JSONObject = ["type": "array", "minItems": 1]
        if let names = names(model) {
            name["enum"] = .array(names.all.map(JSONValue.string))
            inputs["minItems"] = .int(max(1, names.required))
            inputs["maxItems"] = .int(names.all.count)
        }
        inputs["items"] = [
            "type": "object", "required": ["name", "datatype", "shape", "data"],
            "properties": [
                "name": .object(name), "datatype": ["type": "string", "enum": datatypes],
                "shape": [
                    "type": "array", "minItems": 1, "maxItems": 16, "items": ["type": "integer", "minimum": 1],
                    "description": "The number of rows first.",
                ],
                "data": ["type": "array", "minItems": 1, "description": "Row-major, flat or nested as `shape` says."],
                "parameters": ["type": ["object", "null"]],
            ],
        ]
        return [
            "type": "object", "required": ["inputs"],
            "properties": [
                "id": ["type": "string"], "parameters": ["type": ["object", "null"]], "inputs": .object(inputs),
                "outputs": [
                    "type": "array",
                    "items": [
                        "type": "object", "required": ["name"],
                        "properties": ["name": ["type": "string"], "parameters": ["type": ["object", "null"]]],
                    ],
                ],
            ],
        ]
    }

    /// The names that tensors must have; nil when any will do.
    private static func names(_ model: ServedModel) -> (all: [String], required: Int)? {
        switch model.contents {
        case .columns(let columns) where columns[0].name != nil:
            (columns.compactMap(\.name), columns.count(where: \.required))
        case .tensors(let tensors) where tensors[0].name != nil: (tensors.compactMap(\.name), tensors.count)
        case .columns, .tensors, .unknown: nil
        }
    }

    static let response: JSONValue = [
        "type": "object", "required": ["model_name", "outputs"],
        "properties": [
            "model_name": ["type": "string"], "model_version": ["type": "string"], "id": ["type": "string"],
            "outputs": [
                "type": "array",
                "items": [
                    "type": "object", "required": ["name", "datatype", "shape"],
                    "properties": [
                        "name": ["type": "string"], "datatype": ["type": "string", "enum": datatypes],
                        "shape": ["type": "array", "items": ["type": "integer", "minimum": 0]],
                        "data": [
                            "type": "array",
                            "description": "Flat, row-major; absent when `parameters.binary_data_size` is given.",
                        ],
                        "parameters": ["type": "object"],
                    ],
                ],
            ],
        ],
    ]

    private static let tensors: JSONValue = [
        "type": "array",
        "items": [
            "type": "object", "required": ["name", "datatype", "shape"],
            "properties": [
                "name": ["type": "string"], "datatype": ["type": "string", "enum": datatypes], "shape": shape,
            ],
        ],
    ]

    static let metadata: JSONValue = [
        "type": "object", "required": ["name", "platform", "inputs", "outputs"],
        "properties": [
            "name": ["type": "string"], "versions": ["type": "array", "items": ["type": "string"]],
            "platform": ["type": "string"], "inputs": tensors, "outputs": tensors,
        ],
    ]
}
