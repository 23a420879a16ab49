import Foundation
import JSONText
import TestKit
import Testing

@Suite("Open Inference Protocol and OpenAPI, judged by others")
struct OpenInferenceTests {
    /// What `triton_client.py` prints.
    private struct Report: Decodable {
        struct Output: Decodable, Equatable {
            var name: String
            var datatype: String
            var shape: [Int]
        }

        var health: [Bool]
        var server: [String]
        var name: String
        var outputs: [Output]
        var errors: [[String]?]
    }

    /// The packed example, served; the Python of the tests runs a Python model.
    private static func served(_ example: Example, in folder: TemporaryDirectory) throws -> Served {
        try pack(example.model, into: folder.file("context"))
        return try Served(folder.file("context/app"), environment: ["PATH": searchPath()])
    }

    private static func searchPath() throws -> String {
        try Workshop.python().deletingLastPathComponent().path + ":" + (Workshop.variable("PATH") ?? "")
    }

    @Test(
        "NVIDIA's client gets the answers of /invocations, by JSON and by binary tensors, and clear refusals",
        arguments: [Example.creditDefault, Example.creditMonitor])
    func tritonClient(_ example: Example) throws {
        let folder = TemporaryDirectory()
        let server = try Self.served(example, in: folder)
        let script = Checkout.fixture("openinference/triton_client.py")
        let request = example.folder.appendingPathComponent("request.json").path
        let result = try run(Workshop.python(), ["-B", script, String(server.port), "model", request])
        #expect(result.status == 0, "\(result.errors)")
        let report = try JSONDecoder().decode(Report.self, from: result.output)
        #expect(report.health == [true, true, true])
        #expect(report.server == ["binary_tensor_data"])
        #expect(report.name == "model")
        if example.runtime == .native {
            #expect(report.outputs == [.init(name: "output-0", datatype: "INT64", shape: [-1])])
        }
        #expect(report.errors.map { $0?[0] } == ["404", "404", "400", "400", "415", "404"])
        let mismatch = report.errors[2]?[1] ?? ""
        // A schema that comes from an example binds nobody: the model judges.
        let words =
            example.runtime == .native
            ? #"expected a number (double), got the string "x"."# : "could not convert string to float: 'x'"
        #expect(mismatch.contains(words), "\(mismatch)")

        // Two shapes, two ways in and three ways out.
        let document = try JSONText.parse(result.text)
        let answers = try #require(document["answers"]?.arrayValue)
        #expect(answers.count == 12)
        let predictions = try #require(try JSONText.parse(example.expected())["predictions"])
        for answer in answers { #expect(answer == Self.tensors(of: predictions)) }
    }

    /// What a client makes of MLflow's answer: a member that is an object is the text of its JSON.
    private static func tensors(of predictions: JSONValue) -> JSONValue {
        guard let members = predictions.objectValue?.members else { return ["output-0": predictions] }
        return .object(
            JSONObject(
                members.map { name, value in
                    let text = JSONWriter.text(value, style: .python)
                    return (key: name, value: value.objectValue == nil ? value : [.string(text)])
                }))
    }

    @Test(
        "the document in a context and the one that is served are the same and valid OpenAPI 3.1",
        arguments: Example.all)
    func valid(_ example: Example) throws {
        let folder = TemporaryDirectory()
        let server = try Self.served(example, in: folder)
        let file = folder.file("context/app/openapi.json")
        let document = try String(contentsOfFile: file, encoding: .utf8)
        #expect(
            try ask("GET", "/openapi.json", port: server.port)
                == Answer(status: 200, body: document, type: "application/json"))
        let result = try run(Workshop.python(), ["-m", "openapi_spec_validator", file])
        #expect(result.status == 0, "\(result.text) \(result.errors)")
    }

    @Test("a model without a context has a document too, and it is valid")
    func bareModel() throws {
        let folder = TemporaryDirectory()
        try pack(Example.creditDefault.model, into: folder.file("context"))
        let server = try Served(folder.file("context/app/model.skiff"))
        let answer = try ask("GET", "/openapi.json", port: server.port)
        #expect(answer.body.contains("\"/v2/models/model/infer\""))
        try answer.body.write(toFile: folder.file("openapi.json"), atomically: false, encoding: .utf8)
        let result = try run(Workshop.python(), ["-m", "openapi_spec_validator", folder.file("openapi.json")])
        #expect(result.status == 0, "\(result.text) \(result.errors)")
    }

    @Test(
        "requests made from the document get documented answers only, wrong ones are refused, and none gets a server error",
        arguments: [Example.creditDefault, Example.creditMonitor])
    func properties(_ example: Example) throws {
        let folder = TemporaryDirectory()
        let server = try Self.served(example, in: folder)
        try Self.expectProperties(folder.file("context/app/openapi.json"), port: server.port, in: folder)
    }

    @Test("the same for every type of column, parameters, and tensors", arguments: ["types", "tensors"])
    func propertiesOfTypes(_ name: String) throws {
        let folder = TemporaryDirectory()
        let serving = try String(contentsOfFile: Checkout.fixture("openinference/\(name).json"), encoding: .utf8)
        // The worker of the server's tests answers what it was sent.
        let worker = serving.replacing("WORKER", with: Checkout.fixture("server/worker.py"))
        try worker.write(toFile: folder.file("serving.json"), atomically: false, encoding: .utf8)
        let server = try Served(folder.path, environment: ["PATH": Self.searchPath()])
        let document = try ask("GET", "/openapi.json", port: server.port).body
        try document.write(toFile: folder.file("openapi.json"), atomically: false, encoding: .utf8)
        try Self.expectProperties(folder.file("openapi.json"), port: server.port, in: folder)
    }

    /// Runs schemathesis with a fixed seed: some thousand requests, and every check but one. `positive_data_acceptance` wants each
    /// request that the document takes to be answered, and JSON Schema cannot say that rows have a value for each name of `columns`,
    /// that columns are equally long, or that elements fit `shape` and `datatype`: such requests are refused with 400.
    private static func expectProperties(_ document: String, port: Int, in folder: TemporaryDirectory) throws {
        let program = try Workshop.existing(
            Workshop.python().deletingLastPathComponent().appendingPathComponent("schemathesis"))
        let result = try run(
            program,
            [
                "--no-color", "run", document, "--url", "http://127.0.0.1:\(port)", "--checks", "all",
                "--exclude-checks", "positive_data_acceptance",
                "--phases", "examples,coverage,fuzzing", "--mode", "all", "--seed", "1", "--max-examples", "8",
                "--generation-database", "none",
            ], folder: folder.url, within: 300)
        let tail = result.text.split(separator: "\n").suffix(60).joined(separator: "\n")
        #expect(result.status == 0, "\(tail)\n\(result.errors)")
        #expect(result.text.contains("generated, "), "\(tail)")
    }
}
