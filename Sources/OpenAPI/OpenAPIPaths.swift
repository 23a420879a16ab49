import JSONText

/// The paths of the document, each with its operations.
struct OpenAPIPaths {
    let model: ServedModel

    var all: [(String, JSONValue)] { mlflow + openInference + kserve }

    private var mlflow: [(String, JSONValue)] {
        let examples = RequestExamples(model: model)
        return [
            (
                "/invocations",
                [
                    "post": scoring(
                        "invocations", "Score rows", "Request", examples.request, answers: "Response",
                        takesTables: takesTables)
                ]
            ),
            (
                "/predict",
                [
                    "post": scoring(
                        "predict", "Score rows, answered without an envelope", "BareRequest", examples.bareRequest,
                        answers: "Answer")
                ]
            ),
            ("/ping", probe("ping", "The model is loaded", ["const": nil])),
            ("/health", probe("health", "The model is loaded", ["const": nil])),
            ("/ready", probe("ready", "The self-test has passed and requests are answered", isReady)),
            (
                "/version",
                probe(
                    "version", "What is served by what",
                    [
                        "type": "object", "required": ["skiff_version", "name", "version", "backend"],
                        "properties": [
                            "skiff_version": ["type": "string"], "name": ["type": "string"],
                            "version": ["type": ["string", "null"]], "backend": ["enum": ["native", "python"]],
                        ],
                    ])
            ),
            ("/metrics", metrics),
            ("/openapi.json", reading("openapi", "This document", ["type": "object", "required": ["openapi"]])),
        ]
    }

    private var metrics: JSONValue {
        [
            "get": [
                "operationId": "metrics", "summary": "Metrics for Prometheus",
                "responses": [
                    "200": [
                        "description": "Metrics for Prometheus",
                        "content": ["text/plain": ["schema": ["type": "string"]]],
                    ]
                ],
            ]
        ]
    }

    // MARK: Open Inference Protocol

    private var openInference: [(String, JSONValue)] {
        let isLive: JSONValue = [
            "type": "object", "required": ["live"], "properties": ["live": ["type": "boolean"]],
        ]
        var paths: [(String, JSONValue)] = [
            (
                "/v2",
                reading(
                    "serverMetadata", "What the server is",
                    [
                        "type": "object", "required": ["name", "version", "extensions"],
                        "properties": [
                            "name": ["type": "string"], "version": ["type": "string"],
                            "extensions": ["type": "array", "items": ["type": "string"]],
                        ],
                    ])
            ),
            ("/v2/health/live", reading("serverLive", "The server is alive", isLive)),
            ("/v2/health/ready", probe("serverReady", "Requests are answered", isReady, unready: isReady)),
            ("/v2/models", reading("models", "The models that are served", models)),
        ]
        let name = "/v2/models/\(encoded(model.name))"
        for (suffix, path) in [("", name)]
            + (model.version.map { [("OfVersion", "\(name)/versions/\(encoded($0))")] } ?? [])
        {
            paths += [
                (
                    path,
                    reading("modelMetadata\(suffix)", "The tensors of requests and answers", reference("ModelMetadata"))
                ),
                (
                    "\(path)/ready",
                    probe("modelReady\(suffix)", "Requests are answered", isModelReady, unready: isModelReady)
                ),
                ("\(path)/infer", ["post": infer("infer\(suffix)")]),
            ]
        }
        return paths
    }

    private var kserve: [(String, JSONValue)] {
        let name = "/v1/models/\(encoded(model.name))"
        let example = RequestExamples(model: model).request
        return [
            ("/v1/models", reading("modelsV1", "The models that are served", models)),
            (name, probe("modelReadyV1", "Requests are answered", isModelReady, unready: isModelReady)),
            (
                "\(name):predict",
                [
                    "post": scoring(
                        "predictV1", "Score rows as KServe's v1 does", "Request", example, answers: "Response",
                        errors: "InferenceError")
                ]
            ),
        ]
    }

    private var isReady: JSONValue {
        ["type": "object", "required": ["ready"], "properties": ["ready": ["type": "boolean"]]]
    }

    private var isModelReady: JSONValue {
        [
            "type": "object", "required": ["name", "ready"],
            "properties": ["name": ["type": "string"], "ready": ["type": "boolean"]],
        ]
    }

    private var models: JSONValue {
        [
            "type": "object", "required": ["models"],
            "properties": ["models": ["type": "array", "items": ["type": "string"]]],
        ]
    }

    private func infer(_ identifier: String) -> JSONValue {
        var content: JSONObject = ["schema": reference("InferenceRequest")]
        if let example = RequestExamples(model: model).inference { content["example"] = example }
        var responses = refusals("InferenceError")
        responses["200"] = [
            "description": "The tensors of the answer; as octets, the JSON part and then the binary data",
            "headers": [
                "Inference-Header-Content-Length": [
                    "description": "The bytes of the JSON part, when binary data follows it.",
                    "schema": ["type": "integer"],
                ]
            ],
            "content": [
                "application/json": ["schema": reference("InferenceResponse")], "application/octet-stream": [:],
            ],
        ]
        return [
            "operationId": .string(identifier), "summary": "Score tensors",
            "description":
                "With the header field Inference-Header-Content-Length, the body is that many bytes of JSON and then the binary data of the tensors that have `parameters.binary_data_size` instead of `data`.",
            "parameters": [
                [
                    "name": "Inference-Header-Content-Length", "in": "header", "required": false,
                    "schema": ["type": "integer", "minimum": 0],
                ]
            ],
            "requestBody": ["required": true, "content": ["application/json": .object(content)]],
            "responses": .object(responses),
        ]
    }

    // MARK: Operations

    /// Tensors have no names for a first line.
    private var takesTables: Bool { if case .tensors = model.contents { false } else { true } }

    private func scoring(
        _ identifier: String, _ summary: String, _ request: String, _ example: JSONValue?, answers: String,
        errors: String = "Error", takesTables: Bool = false
    ) -> JSONValue {
        var content: JSONObject = ["schema": reference(request)]
        if let example { content["example"] = example }
        var responses = refusals(errors)
        responses["200"] = answer("What the model answers", reference(answers))
        if errors == "Error" {
            responses["415"] = [
                "description": "The content type or the content coding is not one that is read",
                "content": [
                    "text/plain": ["schema": ["type": "string"]], "application/json": ["schema": reference(errors)],
                ],
            ]
        }
        var contents: JSONObject = ["application/json": .object(content)]
        if takesTables {
            contents["text/csv"] = [
                "schema": ["type": "string", "description": "A line of column names, then a line for each row."]
            ]
            // Only Python has a reader for it.
            if !model.isNative { contents["application/vnd.apache.parquet"] = [:] }
        }
        return [
            "operationId": .string(identifier), "summary": .string(summary),
            "requestBody": ["required": true, "content": .object(contents)], "responses": .object(responses),
        ]
    }

    /// What every scoring route may refuse with.
    private func refusals(_ schema: String) -> JSONObject {
        var responses: JSONObject = [:]
        for (status, words) in [
            ("400", "The request does not fit the model; the message points at the value"),
            ("408", "The request did not arrive in time"),
            ("413", "The body, or the number of rows, is beyond the limit"),
            ("415", "The content type or the content coding is not one that is read"),
            ("417", "An expectation other than `100-continue`"), ("500", "The model could not be evaluated"),
            ("503", "The model is not ready, or too many requests wait"), ("504", "The model did not answer in time"),
        ] {
            responses[status] = answer(words, reference(schema))
        }
        // A model in Python may raise MLflow's exceptions, which have statuses.
        if !model.isNative {
            responses["4XX"] = answer("The model refuses the request", reference(schema))
            responses["5XX"] = answer("The model has failed", reference(schema))
        }
        return responses
    }

    /// A document that is always there.
    private func reading(_ identifier: String, _ summary: String, _ schema: JSONValue) -> JSONValue {
        [
            "get": [
                "operationId": .string(identifier), "summary": .string(summary),
                "responses": ["200": answer(summary, schema)],
            ]
        ]
    }

    /// Yes, or not yet.
    private func probe(
        _ identifier: String, _ summary: String, _ schema: JSONValue, unready: JSONValue? = nil
    ) -> JSONValue {
        let isEmpty = schema == ["const": nil]
        let yes: JSONValue =
            isEmpty
            ? ["description": .string(summary), "content": ["application/json": ["example": "\n"]]]
            : answer(summary, schema)
        return [
            "get": [
                "operationId": .string(identifier), "summary": .string(summary),
                "responses": ["200": yes, "503": answer("Not now", unready ?? reference("Error"))],
            ]
        ]
    }

    private func answer(_ description: String, _ schema: JSONValue) -> JSONValue {
        ["description": .string(description), "content": ["application/json": ["schema": schema]]]
    }

    private func reference(_ name: String) -> JSONValue { ["$ref": .string("#/components/schemas/\(name)")] }

    /// A name as it stands in a path (RFC 3986, section 2.3).
    private func encoded(_ text: String) -> String {
        var path = ""
        for byte in text.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95, 126: path.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                path += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return path
    }
}
