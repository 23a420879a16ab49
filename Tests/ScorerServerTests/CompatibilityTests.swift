import Foundation
import JSONText
import TestKit
import Testing

@testable import ScorerServer

@Suite("Compatibility with MLflow's server")
struct CompatibilityTests {
    @Test("examples/mlflow-protocol.md has every quirk with its decision, as the code has it")
    func table() throws {
        let text = try String(contentsOfFile: Checkout.root + "/examples/mlflow-protocol.md", encoding: .utf8)
        let decisions = text.split(separator: "\n## ").first ?? ""
        let rows = decisions.split(separator: "\n").filter { $0.hasPrefix("| ") && !$0.hasPrefix("| what") }
        let expected = Quirk.allCases.map(\.row).map { row in
            "| \(row.subject) | \(row.mlflow) | \(row.strict) | \(row.compatible) |"
        }
        #expect(rows.map(String.init) == expected, "\n\(expected.joined(separator: "\n"))\n")
    }

    @Test(
        "the mode comes from the option, else SKIFF_COMPAT, else serving.json",
        arguments: [
            ([], [:], nil, false), ([], [:], "mlflow", true), ([], ["SKIFF_COMPAT": "strict"], "mlflow", false),
            (["--compat", "mlflow"], ["SKIFF_COMPAT": "strict"], nil, true),
        ] as [([String], [String: String], String?, Bool)])
    func source(arguments: [String], environment: [String: String], member: String?, isCompatible: Bool) throws {
        let server = try ServerUnderTest.native(
            member.map { ["compat": .string($0)] } ?? [:], arguments: arguments, environment: environment)
        let body = #"{"inputs": [{"number": " 1_0 ", "single": 1, "count": 1}]}"#
        #expect(try server.ask("POST", "/invocations", body).status == (isCompatible ? 200 : 400))
    }

    @Test("another word for a mode is refused by the name of its source")
    func wrongMode() throws {
        #expect(throws: ServerError.self) {
            try ServerOptions(
                path: "x", listen: nil, threads: nil, workers: nil, compatibility: nil,
                environment: ["SKIFF_COMPAT": "loose"])
        }
    }

    @Test(
        "a byte order mark before any JSON is refused with the way out, and passed over in the mode mlflow; CSV may have one",
        arguments: [false, true])
    func byteOrderMark(isPython: Bool) throws {
        let table = ["/invocations": #"{"dataframe_records": [{"a": 1, "b": 2}]}"#, "/predict": #"[{"a": 1, "b": 2}]"#]
        let kserve = ["/v1/models/small:predict": #"{"instances": [{"a": 1, "b": 2}]}"#]
        let tensor = #"{"name": "a", "shape": [1], "datatype": "FP64", "data": [1]}"#
        let other = tensor.replacing("\"a\"", with: "\"b\"")
        let tensors = ["/v2/models/small/infer": #"{"inputs": [\#(tensor), \#(other)]}"#]
        let bodies = table.merging(kserve) { $1 }.merging(tensors) { $1 }
        for mode in Compatibility.allCases {
            let compat = JSONValue.string(mode.rawValue)
            let server =
                try isPython
                ? ServerUnderTest.python(["compat": compat, "schema": PairModel.schema])
                : ServerUnderTest.native(["compat": compat], model: PairModel.make())
            for (path, body) in bodies {
                #expect(try server.ask("POST", path, body).status == 200, "\(path)")
                let answer = try server.ask("POST", path, "\u{feff}" + body)
                #expect(answer.status == (mode == .mlflow ? 200 : 400), "\(path): \(answer.body)")
                guard mode == .strict else { continue }
                let words =
                    "it begins with a byte order mark, which JSON does not allow at line 1, column 1 (byte 0); send it without its"
                    + " first three bytes (RFC 8259, section 8.1): only `--compat mlflow` takes them"
                #expect(answer.body.contains(words), "\(path): \(answer.body)")
            }
            // One mark only.
            #expect(try server.ask("POST", "/predict", "\u{feff}\u{feff}" + (table["/predict"] ?? "")).status == 400)
            let csv = try server.ask("POST", "/invocations", "\u{feff}a,b\n1,2\n", type: "text/csv")
            #expect(csv.status == 200, "\(csv.body)")
        }
    }

    @Test("a body with `messages`, `prompt` or `input` is one record, and its answer is bare")
    func unified() throws {
        let server = try ServerUnderTest.python()
        let answer = try server.ask("POST", "/invocations", #"{"x": 1, "messages": [{"role": "user"}]}"#)
        #expect(
            answer.body == #"{"form": "raw", "key": "unified", "data": {"x": 1, "messages": [{"role": "user"}]}}"#)
        let typed = try PythonBackendTests.server()
        #expect(
            try typed.ask("POST", "/invocations", #"{"input": "a", "x": 2}"#).body
                == #"{"form": "frame", "rows": 1, "columns": ["x"], "types": ["double"], "data": [[2.0]]}"#)
        #expect(
            try typed.ask("POST", "/invocations", #"{"input": "a"}"#).refusal.code == "INVALID_PARAMETER_VALUE")
    }

    @Test("a model with a type hint takes `inputs` alone, unchecked; one with an example alone takes any types")
    func unchecked() throws {
        let hinted = try ServerUnderTest.python(["type_hint": true, "schema": PythonBackendTests.columns])
        #expect(
            try hinted.ask("POST", "/invocations", #"{"inputs": ["a"]}"#).body
                == #"{"predictions": {"form": "raw", "key": "hinted", "data": ["a"]}}"#)
        #expect(
            try hinted.ask("POST", "/invocations", #"{"dataframe_records": [{"x": "a"}]}"#).refusal.code
                == "INVALID_PARAMETER_VALUE")
        let example = try ServerUnderTest.python([
            "schema": ["kind": "columns", "source": "input_example", "columns": [["name": "x", "type": "double"]]]
        ])
        #expect(
            try example.ask("POST", "/predict", #"[{"x": "old"}]"#).body
                == #"{"form": "raw", "key": "dataframe_records", "data": [{"x": "old"}]}"#)
    }

    @Test("CSV reaches a worker as checked columns, or as text when there is no signature")
    func csv() throws {
        let typed = try PythonBackendTests.server()
        #expect(
            try typed.ask("POST", "/invocations", "do,x\nNA,1.50\n", type: "text/csv").body
                == #"{"predictions": {"form": "frame", "rows": 1, "columns": ["do", "x"], "types": ["csv_string", "double"], "data": [[null], [1.5]]}}"#
        )
        let raw = try ServerUnderTest.python()
        #expect(
            try raw.ask("POST", "/invocations", "a,b\n1,\"x\"\n", type: "text/csv").body
                == #"{"predictions": {"form": "raw", "key": "csv", "data": "a,b\n1,\"x\"\n"}}"#)
        #expect(try raw.ask("POST", "/invocations", "a,b\n1\n", type: "text/csv").status == 400)
    }

    @Test("numbers that are not finite reach a worker, and come back as the mode says")
    func notFinite() throws {
        let body = #"{"dataframe_records": [{"x": NaN}, {"x": -Infinity}, {"x": "inf"}]}"#
        let answer = try PythonBackendTests.server().ask("POST", "/invocations", body)
        #expect(answer.status == 200 && answer.body.contains("[[null, null, null]]"), "\(answer.body)")
        let compatible = try ServerUnderTest.python(["schema": PythonBackendTests.columns, "compat": "mlflow"])
        let words = try compatible.ask("POST", "/invocations", body).body
        #expect(words.contains("[[NaN, -Infinity, Infinity]]") && words.contains("not_finite"), "\(words)")
    }
}
