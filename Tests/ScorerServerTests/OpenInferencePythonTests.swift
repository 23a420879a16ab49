import JSONText
import Testing

@testable import ScorerServer

@Suite("Open Inference Protocol of a Python model")
struct OpenInferencePythonTests {
    /// What the worker of the tests was sent: it answers an object, so each member becomes a tensor of JSON texts or of its own.
    static func frame(_ server: ServerUnderTest, _ inputs: String) throws -> String {
        let answer = try server.ask("POST", "/v2/models/small/infer", #"{"inputs": [\#(inputs)]}"#)
        return answer.body
    }

    @Test("columns reach the worker with their types; arrays have a dimension more, objects are texts of JSON")
    func columns() throws {
        let server = try ServerUnderTest.python([
            "schema": [
                "kind": "columns", "source": "signature",
                "columns": [
                    ["name": "x", "type": "double", "required": true],
                    ["name": "n", "type": "long", "required": false],
                    ["name": "t", "type": "datetime", "required": false],
                    ["name": "b", "type": "binary", "required": false],
                    ["name": "a", "type": ["type": "array", "items": ["type": "double"]], "required": false],
                    ["name": "m", "type": ["type": "map", "values": ["type": "long"]], "required": false],
                ],
            ]
        ])
        let inputs = [
            tensor("x", "FP64", "[1, null]", "[2]"), tensor("n", "INT64", "[9007199254740993, 2]", "[2]"),
            tensor("t", "BYTES", #"["2024-01-02", "2024-01-02T03:04:05"]"#, "[2]"),
            tensor("b", "BYTES", #"["AAH/", ""]"#, "[2]"), tensor("a", "FP64", "[1, 2.5, 3, 4]", "[2, 2]"),
            tensor("m", "BYTES", #"["{\"k\": 1}", "{}"]"#, "[2]"),
        ].joined(separator: ", ")
        let body = try Self.frame(server, inputs)
        let expected =
            #"{"name": "data", "datatype": "BYTES", "shape": [6], "data": ["[1.0, null]", "[9007199254740993, 2]", "[1704153600000000000, 1704164645000000000]", "[\"AAH/\", \"\"]", "[[1, 2.5], [3, 4]]", "[{\"k\": 1}, {}]"], "parameters": {"content_type": "application/json"}}"#
        #expect(body.contains(expected), "\(body)")
        let wrong = try Self.frame(server, "\(tensor("x", "FP64", "[1]")), \(tensor("a", "BYTES", #"["[1, true]"]"#))")
        #expect(wrong.contains("/inputs/1/data/0/1: expected a number (double), got true."), "\(wrong)")
        let junk = try Self.frame(server, "\(tensor("x", "FP64", "[1]")), \(tensor("m", "BYTES", #"["{} {}"]"#))")
        #expect(junk.contains("Ensure that input is a valid JSON formatted string."), "\(junk)")
    }

    @Test("tensors keep their shape, flat, nested or binary")
    func tensors() throws {
        let server = try ServerUnderTest.python([
            "schema": [
                "kind": "tensors", "source": "signature",
                "tensors": [
                    ["name": "a", "dtype": "float32", "shape": [-1, 2, 2]],
                    ["name": "b", "dtype": "uint8", "shape": [-1]],
                ],
            ]
        ])
        let expected = #"["[[[1.0, 2.5], [3.0, 4.0]]]", "[7]"]"#
        for data in ["[1, 2.5, 3, 4]", "[[[1, 2.5], [3, 4]]]"] {
            let body = try Self.frame(
                server, "\(tensor("a", "FP64", data, "[1, 2, 2]")), \(tensor("b", "INT64", "[7]"))")
            #expect(body.contains(expected), "\(body)")
        }
        let shape = try Self.frame(
            server, "\(tensor("a", "FP64", "[1, 2]", "[1, 1, 2]")), \(tensor("b", "INT64", "[7]"))")
        #expect(
            shape
                == #"{"error": "Failed to enforce schema. /inputs/0/shape: expected [-1, 2, 2], got [1, 1, 2]."}"#)
        let element = try Self.frame(
            server,
            "\(tensor("a", "FP64", "[1, 2, 3, 4, 5, 6, 7, 8]", "[2, 2, 2]")), \(tensor("b", "INT64", "[7, 256]", "[2]"))"
        )
        #expect(element.contains("/inputs/1/data/1: expected an element of type uint8, got 256."), "\(element)")
    }

    @Test("without a signature the tensors say themselves what they are")
    func untyped() throws {
        let server = try ServerUnderTest.python()
        let matrix = try Self.frame(server, tensor("anything", "FP32", "[1, 2, 3, 4]", "[2, 2]"))
        #expect(matrix.contains(#""data": ["tensor"]"#) && matrix.contains(#"["float32"]"#), "\(matrix)")
        let table = try Self.frame(server, "\(tensor("x", "INT8", "[1]")), \(tensor("y", "BYTES", #"["a"]"#))")
        #expect(table.contains(#""data": ["frame"]"#) && table.contains(#"["integer", "string"]"#), "\(table)")
    }
}

@Suite("Answers as output tensors")
struct OpenInferenceAnswerTests {
    static func words(_ json: String) throws -> [String] {
        try OpenInferenceAnswer.tensors(JSONText.parse(json), name: "y").map { tensor in
            let data = JSONWriter.text(.array(tensor.elements), style: .python)
            return "\(tensor.name) \(tensor.datatype.rawValue) \(tensor.shape) \(data)\(tensor.isJSON ? " JSON" : "")"
        }
    }

    @Test(
        "the shape and the elements of an answer decide its tensors",
        arguments: [
            ("[1.0, 2]", ["y FP64 [2] [1.0, 2]"]), ("[1, -2]", ["y INT64 [2] [1, -2]"]),
            ("[true]", ["y BOOL [1] [true]"]), (#"["a", null]"#, [#"y BYTES [2] ["a", null]"#]),
            ("[1, null]", ["y FP64 [2] [1, null]"]), ("[]", ["y FP64 [0] []"]), ("3", ["y INT64 [1] [3]"]),
            ("[[1, 2], [3, 4]]", ["y INT64 [2, 2] [1, 2, 3, 4]"]),
            ("[18446744073709551615]", ["y UINT64 [1] [18446744073709551615]"]),
            ("[18446744073709551616]", [#"y BYTES [1] ["18446744073709551616"] JSON"#]),
            ("[9007199254740993, 0.5]", [#"y BYTES [2] ["9007199254740993", "0.5"] JSON"#]),
            ("[1, true]", [#"y BYTES [2] ["1", "true"] JSON"#]),
            ("[[1], [2, 3]]", [#"y BYTES [2] ["[1]", "[2, 3]"] JSON"#]),
            (#"[{"a": 1, "b": "x"}, {"a": 2.5, "b": "z"}]"#, ["a FP64 [2] [1, 2.5]", #"b BYTES [2] ["x", "z"]"#]),
            (#"[{"a": 1}, {"b": 1}]"#, [#"y BYTES [2] ["{\"a\": 1}", "{\"b\": 1}"] JSON"#]),
            (
                #"{"p": [0.25], "q": {"k": 1}, "r": 2}"#,
                ["p FP64 [1] [0.25]", #"q BYTES [1] ["{\"k\": 1}"] JSON"#, "r INT64 [1] [2]"]
            ),
            (
                "[[[0.5, 0.5]], [[0.1, 0.2, 0.7]]]",
                ["output-0 FP64 [1, 2] [0.5, 0.5]", "output-1 FP64 [1, 3] [0.1, 0.2, 0.7]"]
            ),
        ] as [(String, [String])])
    func tensors(_ json: String, _ expected: [String]) throws { #expect(try Self.words(json) == expected) }

    @Test("a missing text stays JSON where binary was asked for, a missing number becomes NaN")
    func missing() throws {
        func body(_ json: String) throws -> OpenInferenceAnswer.Body {
            var wish = OpenInferenceRequest.Wish()
            wish.isBinary = true
            let tensors = try OpenInferenceAnswer.tensors(JSONText.parse(json), name: "y")
            return try OpenInferenceAnswer.body(tensors, wish, model: "m", version: nil)
        }
        let texts = try body(#"["a", null]"#)
        #expect(texts.headerLength == nil)
        #expect(String(decoding: texts.bytes, as: UTF8.self).hasSuffix(#""data": ["a", null]}]}"#))
        let numbers = try body("[null]")
        #expect(Array(numbers.bytes.suffix(8)) == [0, 0, 0, 0, 0, 0, 0xf8, 0x7f])
        let words = try body(#"["aé", ""]"#)
        #expect(Array(words.bytes.suffix(11)) == [3, 0, 0, 0, 0x61, 0xc3, 0xa9, 0, 0, 0, 0])
    }
}
