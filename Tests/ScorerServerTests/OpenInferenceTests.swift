import JSONText
import TestKit
import Testing

@testable import ScorerServer

/// One request to the routes of Open Inference Protocol, and what it is answered.
struct InferenceCase: CustomTestStringConvertible {
    var title: String
    var inputs: String
    var more = ""
    var status = 200
    var answer: String

    var testDescription: String { title }
    var body: String { #"{"inputs": [\#(inputs)]\#(more)}"# }
}

/// The JSON of one tensor.
func tensor(_ name: String, _ datatype: String, _ data: String, _ shape: String = "[1]") -> String {
    #"{"name": "\#(name)", "datatype": "\#(datatype)", "shape": \#(shape), "data": \#(data)}"#
}

@Suite("Open Inference Protocol of a native model")
struct OpenInferenceTests {
    static let number = tensor("number", "FP64", "[1.5]")
    static let single = tensor("single", "FP32", "[0.25]")
    static let count = tensor("count", "INT64", "[2]")
    static let row = "\(number), \(single), \(count)"

    static func outputs(_ data: String, _ shape: Int = 1) -> String {
        #"{"model_name": "small", "model_version": "3", "outputs": [{"name": "output-0", "datatype": "FP64", "shape": [\#(shape)], "data": \#(data)}]}"#
    }

    static func mismatch(_ text: String) -> String {
        #"{"error": "Invalid input. Data is not compatible with model signature. \#(text)"}"#
    }

    static func malformed(_ text: String) -> String { #"{"error": "Invalid input. \#(text)"}"# }

    static let cases: [InferenceCase] = [
        InferenceCase(title: "one row", inputs: row, answer: outputs("[21.0]")),
        InferenceCase(
            title: "data before name and shape, id, and what the protocol does not know",
            inputs:
                #"{"data": [1.5], "x": 1, "shape": [1, 1], "datatype": "FP64", "name": "number"}, \#(single), \#(count)"#,
            more: #", "id": "a", "x": {}, "parameters": {"k": 1}"#,
            answer:
                #"{"model_name": "small", "model_version": "3", "id": "a", "outputs": [{"name": "output-0", "datatype": "FP64", "shape": [1], "data": [21.0]}]}"#
        ),
        InferenceCase(
            title: "nested data, texts, truth values and a missing text",
            inputs: [
                tensor("number", "FP64", "[[1.5], [0]]", "[2, 1]"), tensor("single", "FP16", "[0.25, 0]", "[2]"),
                tensor("count", "UINT8", "[2, 255]", "[2]"), tensor("flag", "BOOL", "[true, false]", "[2]"),
                tensor("colour", "BYTES", #"["red", null]"#, "[2]"), tensor("small", "INT8", "[3, -1]", "[2]"),
            ].joined(separator: ", "), answer: outputs("[201.0, 2025.0]", 2)),
        InferenceCase(
            title: "whole numbers for a double, a whole FP64 for a long",
            inputs: "\(tensor("number", "INT32", "[2]")), \(single), \(tensor("count", "FP64", "[2.0]"))",
            answer: outputs("[22.0]")),
        InferenceCase(
            title: "a number of an FP32 tensor is that float32, whatever its text said",
            inputs: "\(tensor("number", "FP32", "[0.1]")), \(single), \(count)",
            answer: outputs("[18.200000002980232]")),
        InferenceCase(
            title: "an output by its name", inputs: row, more: #", "outputs": [{"name": "predict"}]"#,
            answer:
                #"{"model_name": "small", "model_version": "3", "outputs": [{"name": "predict", "datatype": "FP64", "shape": [1], "data": [21.0]}]}"#
        ),
        InferenceCase(
            title: "an output that is not there", inputs: row, more: #", "outputs": [{"name": "y"}]"#, status: 400,
            answer: #"{"error": "/outputs/0/name: the model has no output `y`, it has ['output-0']."}"#),
        InferenceCase(
            title: "a missing column", inputs: number, status: 400,
            answer:
                #"{"error": "Failed to enforce schema. Model is missing inputs ['single', 'count']. The rows are at `/inputs`."}"#
        ),
        InferenceCase(
            title: "a column that the model does not have", inputs: "\(row), \(tensor("other", "FP64", "[1]"))",
            status: 400,
            answer:
                #"{"error": "/inputs/3/name: the model has no input `other`, it has ['number', 'single', 'count', 'small', 'flag', 'colour']."}"#
        ),
        InferenceCase(
            title: "a tensor twice", inputs: "\(row), \(number)", status: 400,
            answer: malformed("/inputs/3/name: the tensor `number` appears twice.")),
        InferenceCase(
            title: "an element that is not of the datatype",
            inputs: "\(tensor("number", "FP64", "[1, \\\"2\\\"]".replacing("\\\"", with: "\""), "[2]"))", status: 400,
            answer: mismatch(#"/inputs/0/data/1: expected an element of FP64, got the string \"2\"."#)),
        InferenceCase(
            title: "a number beyond the datatype", inputs: tensor("count", "INT8", "[128]"), status: 400,
            answer: mismatch("/inputs/0/data/0: expected an element of INT8, got 128.")),
        InferenceCase(
            title: "a truth value among numbers", inputs: tensor("count", "INT8", "[true]"), status: 400,
            answer: mismatch("/inputs/0/data/0: expected an element of INT8, got true.")),
        InferenceCase(
            title: "more rows than the first tensor", inputs: "\(number), \(tensor("single", "FP32", "[1, 2]", "[2]"))",
            status: 400,
            answer: #"{"error": "/inputs/1/shape/0: expected 1, the rows of the first tensor, got 2."}"#),
        InferenceCase(
            title: "a shape that no column has", inputs: tensor("number", "FP64", "[1, 2]", "[1, 2]"), status: 400,
            answer: #"{"error": "Failed to enforce schema. /inputs/0/shape: expected [-1], got [1, 2]."}"#),
        InferenceCase(
            title: "fewer elements than the shape says", inputs: tensor("number", "FP64", "[1]", "[2]"), status: 400,
            answer: malformed("/inputs/0/data: expected 2 elements, as the shape says, got 1.")),
        InferenceCase(
            title: "more elements than the shape says", inputs: tensor("number", "FP64", "[1, 2, 3]", "[2]"),
            status: 400, answer: malformed("/inputs/0/data: expected 2 elements, as the shape says, got more.")),
        InferenceCase(
            title: "ragged data", inputs: tensor("number", "FP64", "[[1], [2, 3]]", "[2, 1]"), status: 400,
            answer: malformed("/inputs/0/data: expected arrays of 1 at depth 2, got more.")),
        InferenceCase(
            title: "half nested data", inputs: tensor("number", "FP64", "[[1], 2]", "[2, 1]"), status: 400,
            answer: malformed("/inputs/0/data/1/0: expected an array, got a number.")),
        InferenceCase(
            title: "no length", inputs: tensor("number", "FP64", "[]", "[]"), status: 400,
            answer: malformed("/inputs/0/shape: expected at least one length, the number of rows.")),
        InferenceCase(
            title: "a length of nothing", inputs: tensor("number", "FP64", "[]", "[0]"), status: 400,
            answer: malformed("/inputs/0/shape/0: expected a whole number of at least 1.")),
        InferenceCase(
            title: "lengths whose product overflows",
            inputs: tensor("number", "FP64", "[]", "[9223372036854775807, 3]"), status: 400,
            answer: malformed("/inputs/0/shape: expected a tensor of at most 1099511627776 elements.")),
        InferenceCase(
            title: "too many rows", inputs: tensor("number", "FP64", "[]", "[100001]"), status: 413,
            answer: #"{"error": "The request has more than 100000 rows; send them in several requests."}"#),
        InferenceCase(
            title: "an unknown datatype", inputs: tensor("number", "BF16", "[1]"), status: 400,
            answer: malformed(
                #"/inputs/0/datatype: expected one of BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP16, FP32, FP64, BYTES, got \"BF16\"."#
            )),
        InferenceCase(
            title: "no data", inputs: #"{"name": "number", "datatype": "FP64", "shape": [1]}"#, status: 400,
            answer: malformed("/inputs/0: expected a tensor with `data`.")),
        InferenceCase(
            title: "binary data that is announced nowhere",
            inputs: #"{"name": "number", "datatype": "FP64", "shape": [1], "parameters": {"binary_data_size": 8}}"#,
            status: 400,
            answer: malformed(
                "/inputs/0/parameters/binary_data_size: binary data needs the header field Inference-Header-Content-Length."
            )),
        InferenceCase(
            title: "shared memory",
            inputs:
                #"{"name": "number", "datatype": "FP64", "shape": [1], "parameters": {"shared_memory_region": "x"}}"#,
            status: 400,
            answer: malformed(
                "/inputs/0/parameters/shared_memory_region: this server does not read shared memory.")),
        InferenceCase(
            title: "texts in base 64 for a column of texts",
            inputs:
                #"{"name": "colour", "datatype": "BYTES", "shape": [1], "data": ["cmVk"], "parameters": {"content_type": "base64"}}"#,
            status: 400, answer: mismatch("/inputs/0/parameters/content_type: `colour` is not binary.")),
        InferenceCase(
            title: "no tensors", inputs: "", status: 400,
            answer: malformed("/inputs: expected at least one tensor.")),
        InferenceCase(
            title: "a ranking of classes", inputs: row,
            more: #", "outputs": [{"name": "y", "parameters": {"classification": 1}}]"#, status: 400,
            answer: malformed(
                "/outputs/0/parameters/classification: this server does not rank answers.")),
        InferenceCase(
            title: "a row that the model refuses",
            inputs:
                "\(tensor("number", "FP64", "[1, null]", "[2]")), \(tensor("single", "FP64", "[1, 1]", "[2]")), \(tensor("count", "INT64", "[1, 1]", "[2]"))",
            status: 400,
            answer:
                #"{"error": "Encountered an unexpected error while evaluating the model. Verify that the serialized input Dataframe is compatible with the model for inference. /inputs/0/data/1: "#
        ),
    ]

    @Test("each request is answered like this")
    func answers() throws {
        let server = try ServerUnderTest.native()
        for example in Self.cases {
            let answer = try server.ask("POST", "/v2/models/small/infer", example.body)
            #expect(answer.status == example.status, "\(example.title): \(answer.body)")
            #expect(answer.body.hasPrefix(example.answer), "\(example.title)")
        }
    }

    @Test("health, metadata and readiness; other models, versions and paths are not there")
    func reading() throws {
        let server = try ServerUnderTest.native()
        let metadata =
            #"{"name": "small", "versions": ["3"], "platform": "skiff_native", "inputs": [{"name": "number", "datatype": "FP64", "shape": [-1]}, {"name": "single", "datatype": "FP32", "shape": [-1]}, {"name": "count", "datatype": "INT64", "shape": [-1]}, {"name": "small", "datatype": "INT32", "shape": [-1]}, {"name": "flag", "datatype": "BOOL", "shape": [-1]}, {"name": "colour", "datatype": "BYTES", "shape": [-1]}], "outputs": [{"name": "output-0", "datatype": "FP64", "shape": [-1]}]}"#
        for (path, status, body) in [
            ("/v2", 200, #"{"name": "skiff-scorer", "version": "0.1.0-dev", "extensions": ["binary_tensor_data"]}"#),
            ("/v2/health/live", 200, #"{"live": true}"#), ("/v2/health/ready", 200, #"{"ready": true}"#),
            ("/v2/models", 200, #"{"models": ["small"]}"#), ("/v2/models/small", 200, metadata),
            ("/v2/models/small/ready", 200, #"{"name": "small", "ready": true}"#),
            ("/v2/models/small/versions/3/ready", 200, #"{"name": "small", "ready": true}"#),
            ("/v1/models", 200, #"{"models": ["small"]}"#),
            ("/v1/models/small", 200, #"{"name": "small", "ready": true}"#),
            ("/v2/models/small/versions/4", 404, #"{"error": "The model has no version `4` here."}"#),
            (
                "/v2/models/big/ready", 404,
                #"{"error": "There is no model `big` here; /v2/models says which there is."}"#
            ),
            ("/v1/models/big", 404, #"{"error": "There is no model `big` here; /v2/models says which there is."}"#),
            ("/v2/models/small/config", 404, #"{"error": "There is nothing at `/v2/models/small/config`."}"#),
            ("/v2/models/small/infer", 405, #"{"error": "This path takes POST only."}"#),
        ] {
            let answer = try server.ask("GET", path, type: nil)
            #expect(answer.status == status && answer.body == body, "\(path): \(answer.status) \(answer.body)")
        }
        let post = try server.ask("POST", "/v2", "{}")
        #expect(post.status == 405 && post.fields["allow"] == "GET, HEAD")
        let type = try server.ask("POST", "/v2/models/small/infer", "{}", type: "text/csv")
        #expect(type.status == 415 && type.body.hasPrefix(#"{"error": "#))
    }

    @Test("KServe's v1 is MLflow's `instances`, with the errors of v2")
    func versionOne() throws {
        let server = try ServerUnderTest.native()
        let answer = try server.ask("POST", "/v1/models/small:predict", #"{"instances": [\#(record)]}"#)
        #expect(answer.body == #"{"predictions": [121.0]}"#)
        let refused = try server.ask("POST", "/v1/models/small%3Apredict", #"{"instances": [{}]}"#)
        #expect(refused.status == 400 && refused.body.hasPrefix(#"{"error": "Failed to enforce schema."#))
        #expect(try server.ask("POST", "/v1/models/small:explain", "{}").status == 404)
    }

    // MARK: Binary data

    /// A request whose tensors are binary, and the bytes of its answer as text.
    static func infer(
        _ server: ServerUnderTest, _ header: String, _ tail: [UInt8], length: String? = nil
    ) throws -> TestAnswer {
        let connection = try server.connect()
        let fields = "Inference-Header-Content-Length: \(length ?? String(header.utf8.count))\r\n"
        try connection.send(
            "POST /v2/models/small/infer HTTP/1.1\r\nHost: test\r\n\(fields)Content-Length: \(header.utf8.count + tail.count)\r\n\r\n\(header)"
        )
        if !tail.isEmpty { try connection.send(tail) }
        return try connection.answer()
    }

    static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    static func binary(_ name: String, _ datatype: String, _ size: Int) -> String {
        #"{"name": "\#(name)", "datatype": "\#(datatype)", "shape": [2], "parameters": {"binary_data_size": \#(size)}}"#
    }

    @Test("binary tensors are read in their order, beside others, and answered in binary when asked for")
    func binaryData() throws {
        let server = try ServerUnderTest.native()
        let inputs = [
            Self.binary("number", "FP64", 16), tensor("single", "FP64", "[0.25, 0]", "[2]"),
            Self.binary("count", "UINT16", 4), Self.binary("colour", "BYTES", 12), Self.binary("flag", "BOOL", 2),
        ].joined(separator: ", ")
        var tail =
            Self.bytes(1.5.bitPattern) + Self.bytes(0.0.bitPattern) + Self.bytes(UInt16(2)) + Self.bytes(UInt16(256))
        tail += Self.bytes(UInt32(3)) + Array("red".utf8) + Self.bytes(UInt32(1)) + Array("x".utf8) + [0, 1]
        let plain = try Self.infer(server, #"{"inputs": [\#(inputs)]}"#, tail)
        #expect(plain.body == Self.outputs("[121.0, 2081.0]", 2))
        let asked = try Self.infer(
            server, #"{"inputs": [\#(inputs)], "parameters": {"binary_data_output": true}}"#, tail)
        let header =
            #"{"model_name": "small", "model_version": "3", "outputs": [{"name": "output-0", "datatype": "FP64", "shape": [2], "parameters": {"binary_data_size": 16}}]}"#
        #expect(asked.fields["content-type"] == "application/octet-stream")
        #expect(asked.fields["inference-header-content-length"] == String(header.utf8.count))
        #expect(asked.fields["content-length"] == String(header.utf8.count + 16))
        #expect(asked.body.hasPrefix(header))
    }

    @Test("binary data that does not fit is refused with the place")
    func binaryRefusals() throws {
        let server = try ServerUnderTest.native()
        let size = "/inputs/0/parameters/binary_data_size: expected"
        for (name, datatype, size, tail, message) in [
            (
                "number", "FP64", 8, [UInt8](repeating: 0, count: 8),
                "Invalid input. \(size) 16 for 2 elements of FP64, got 8."
            ),
            ("number", "FP64", 16, [0], "Invalid input. \(size) at most 1, the bytes that are left, got 16."),
            (
                "number", "FP64", 16, [UInt8](repeating: 0, count: 17),
                "Invalid input. The body has 1 bytes after the binary data of its tensors."
            ),
            ("number", "FP64", -1, [], "Invalid input. \(size) a whole number of at least 0."),
            (
                "number", "FP64", 16, Self.bytes(0.0.bitPattern) + Self.bytes((-Double.infinity).bitPattern),
                "Invalid input. Data is not compatible with model signature. /inputs/0: element 1 of its binary data: expected a finite number, or NaN for none."
            ),
            (
                "flag", "BOOL", 2, [1, 2],
                "Invalid input. Data is not compatible with model signature. /inputs/0: element 1 of its binary data: expected 0 or 1."
            ),
            (
                "colour", "BYTES", 4, Self.bytes(UInt32.max),
                "Invalid input. /inputs/0: element 0 of its binary data has a length of 4294967295, and 0 bytes are left."
            ),
            (
                "colour", "BYTES", 3, [0, 0, 0],
                "Invalid input. /inputs/0: element 0 of its binary data lacks its length of 4 bytes."
            ),
            (
                "colour", "BYTES", 9, [0, 0, 0, 0, 0, 0, 0, 0, 0],
                "Invalid input. /inputs/0: its binary data has 1 bytes more than its elements."
            ),
            (
                "colour", "BYTES", 9, [1, 0, 0, 0, 0xff, 0, 0, 0, 0],
                "Invalid input. Data is not compatible with model signature. /inputs/0: element 0 of its binary data: expected a text in UTF-8."
            ),
            (
                "count", "UINT64", 16, Self.bytes(UInt64.max) + Self.bytes(UInt64(1)),
                "Invalid input. Data is not compatible with model signature. Failed to convert column count to type 'long'. /inputs/0/data/0: expected a whole number of 64 bits (long), got 18446744073709551615."
            ),
        ] {
            let answer = try Self.infer(server, #"{"inputs": [\#(Self.binary(name, datatype, size))]}"#, tail)
            #expect(answer.status == 400)
            #expect(try JSONText.parse(answer.body)["error"]?.stringValue == message)
        }
        for length in ["x", "-1", "", "99999999999999999999", "1000"] {
            let answer = try Self.infer(server, "{}", [], length: length)
            #expect(
                try JSONText.parse(answer.body)["error"]?.stringValue
                    == "Invalid input. Inference-Header-Content-Length: expected at most 2, the bytes of the body, got `\(length)`."
            )
        }
    }
}
