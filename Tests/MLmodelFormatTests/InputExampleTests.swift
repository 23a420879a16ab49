import Bytes
import Diagnostics
import JSONText
import Testing

@testable import MLmodelFormat

@Suite struct InputExampleTests {
    @Test("the request made from an example is the one that MLflow wrote beside it", arguments: ["2.22.1", "3.17.2"])
    func asMLflow(version: String) throws {
        var compared = 0
        for name in try Fixtures.cases(version) where name != "sparse" {
            let model = try Fixtures.model(version, name)
            guard let written = model.region("serving_input_example.json") else { continue }
            let expected = try ServingSample.servingInput(written, file: "serving_input_example.json")
            #expect(try model.example().servingRequest == expected.request, "\(name)")
            compared += 1
        }
        #expect(compared == 11)
    }

    static let older: [(version: String, name: String, request: String)] = [
        (
            "1.30.1", "frame",
            #"{"dataframe_split":{"columns":["age","rate","city","ok"],"data":[[39,0.5,"Oslo",true],[52,null,"Rome",false]]}}"#
        ),
        ("1.30.1", "frame_unnamed", #"{"dataframe_split":{"data":[[1.0,2.0],[3.0,4.0]]}}"#),
        ("1.30.1", "frame_numbered", #"{"dataframe_split":{"columns":[3,7],"data":[[1.0,2.0]]}}"#),
        ("1.30.1", "records", #"{"dataframe_split":{"columns":["a","b"],"data":[[1,"x"],[2,"y"]]}}"#),
        ("1.30.1", "record", #"{"dataframe_split":{"columns":["a","b"],"data":[[1,"x"]]}}"#),
        ("1.30.1", "scalars", #"{"dataframe_split":{"data":[[1,2,3]]}}"#),
        ("1.30.1", "array", #"{"inputs":[[1.0,2.0],[3.0,null]]}"#),
        ("1.30.1", "arrays", #"{"inputs":{"x":[[1,2]],"y":["a"]}}"#),
        ("2.10.0", "frame_unnamed", #"{"dataframe_split":{"data":[[1.0,2.0],[3.0,4.0]]}}"#),
        ("2.10.0", "records", #"{"dataframe_split":{"columns":["a","b"],"data":[[1,"x"],[2,"y"]]}}"#),
        ("2.10.0", "record_list_value", #"{"dataframe_split":{"columns":["a","b"],"data":[["x",["u","v"]]]}}"#),
        ("2.10.0", "scalars", #"{"inputs":[1,2,3]}"#),
        (
            "2.10.0", "array_params",
            #"{"inputs":[[1.0,2.0],[3.0,null]],"params":{"k":3,"scale":0.5,"mode":"fast","weights":[1.0,2.0]}}"#
        ),
        (
            "2.10.0", "frame_params",
            #"{"dataframe_split":{"columns":["age","rate","city","ok"],"data":[[39,0.5,"Oslo",true],[52,null,"Rome",false]]},"#
                + #""params":{"k":3,"scale":0.5,"mode":"fast","weights":[1.0,2.0]}}"#
        ),
    ]

    @Test("the older forms become requests of today", arguments: older)
    func olderForms(version: String, name: String, request: String) throws {
        let made = try Fixtures.model(version, name).example().servingRequest
        #expect(JSONWriter.text(made, style: .compact) == request)
    }

    struct Form: Sendable, CustomTestStringConvertible {
        let info: InputExampleInfo
        let text: String
        let request: String
        var testDescription: String { "\(info.type) \(text)" }
    }

    static let forms: [Form] = [
        Form(
            info: InputExampleInfo(type: "dataframe", pandasOrient: "split"),
            text: #"{"columns": ["a"], "index": [7], "data": [[1]]}"#,
            request: #"{"dataframe_split":{"columns":["a"],"data":[[1]]}}"#),
        Form(
            info: InputExampleInfo(type: "dataframe", pandasOrient: "records"), text: #"[{"a": 1, "b": 2}, {"a": 3}]"#,
            request: #"{"dataframe_split":{"columns":["a","b"],"data":[[1,2],[3,null]]}}"#),
        Form(
            info: InputExampleInfo(type: "dataframe"), text: #"{"columns": ["NaN\""], "data": [[NaN], [1e-5]]}"#,
            request: #"{"dataframe_split":{"columns":["NaN\""],"data":[[null],[1e-5]]}}"#),
        Form(
            info: InputExampleInfo(type: "json_object"), text: #"{"messages": [{"role": "user"}]}"#,
            request: #"{"messages":[{"role":"user"}]}"#),
        Form(
            info: InputExampleInfo(type: "json_object", hasParams: true),
            text: #"{"inputs": {"prompt": "x"}, "params": {"k": 1}}"#, request: #"{"prompt":"x","k":1}"#),
        Form(info: InputExampleInfo(type: "json_object"), text: #""text""#, request: #"{"inputs":"text"}"#),
    ]

    @Test("forms that people and later versions write are read", arguments: forms)
    func otherForms(_ form: Form) throws {
        let example = try InputExample.parse(form.info, ByteRegion(form.text), file: "e.json")
        #expect(JSONWriter.text(example.servingRequest, style: .compact) == form.request)
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        let info: InputExampleInfo
        let text: String
        let reason: String
        var testDescription: String { "\(info.type) \(text)" }
    }

    private static let frame = InputExampleInfo(type: "dataframe", pandasOrient: "split")
    static let refused: [Refused] = [
        Refused(info: frame, text: "{", reason: "it is not valid JSON (it ends too early)"),
        Refused(info: frame, text: #"{"data": [[Infinity]]}"#, reason: "it is not valid JSON (`Infinity` is not JSON)"),
        Refused(info: frame, text: "{}", reason: "a dataframe should have its rows as a list under `data`"),
        Refused(
            info: frame, text: #"{"columns": ["a"], "data": [[1], [2, 3]]}"#,
            reason: "row 1 of the dataframe should be a list of 1 values"),
        Refused(
            info: frame, text: #"{"columns": ["a", "a"], "data": []}"#,
            reason: "the dataframe has two columns named `a`"),
        Refused(
            info: frame, text: #"{"columns": [["a", "b"]], "data": []}"#,
            reason: "a column name of the dataframe should be a text or a number, and is an array"),
        Refused(
            info: frame, text: #"[{"a": 1}, {"b": 1}]"#,
            reason: "record 1 should be an object with the keys of record 0"),
        Refused(
            info: InputExampleInfo(type: "ndarray", format: "tf-serving"), text: "[1]",
            reason: "an array of format `tf-serving` should be an object with `inputs`"),
        Refused(
            info: InputExampleInfo(type: "json_object", hasParams: true), text: #"{"inputs": 1}"#,
            reason: "it should be an object with `inputs` and `params`, as `MLmodel` says"),
        Refused(
            info: InputExampleInfo(type: "sparse_matrix_csr"), text: "{}",
            reason: "it is a sparse matrix (`sparse_matrix_csr`), and the scoring protocol has no form for one"),
        Refused(
            info: InputExampleInfo(type: "video"), text: "{}",
            reason: "its type `video` in `MLmodel` is none of `dataframe`, `ndarray`, `json_object`"),
    ]

    @Test("an example that is not what it says is refused", arguments: refused)
    func refusals(_ row: Refused) throws {
        let error = try #require(throws: MLmodelError.self) {
            try InputExample.parse(row.info, ByteRegion(row.text), file: "e.json")
        }
        #expect(error.reason == row.reason)
        #expect(error.diagnostic.summary == "cannot read `e.json`: \(row.reason)")
    }

    @Test("a sparse matrix of any version is refused by name", arguments: Fixtures.versions)
    func sparse(version: String) throws {
        let model = try Fixtures.model(version, "sparse")
        let error = try #require(throws: MLmodelError.self) { try model.example() }
        #expect(error.kind == .example)
    }

    @Test("records for the bare form come from tables with names and lists of objects")
    func records() throws {
        #expect(
            try Fixtures.model("2.10.0", "records").example().records == [["a": 1, "b": "x"], ["a": 2, "b": "y"]])
        #expect(
            try Fixtures.model("3.17.2", "records").example().records == [["a": 1, "b": "x"], ["a": 2, "b": "y"]])
        #expect(try Fixtures.model("3.17.2", "frame_unnamed").example().records == nil)
        #expect(try Fixtures.model("3.17.2", "array").example().records == nil)
    }

    @Test("a sample is MLflow's request, else the example, else zeros by the signature, else none")
    func samples() throws {
        let model = try Fixtures.model("3.17.2", "types").mlmodel()
        let example = InputExample(content: .json([1]))
        let served = ServingSample(request: ["inputs": [2]], source: .servingInput)
        #expect(ServingSample.choose(servingInput: served, example: example, signature: nil) == served)
        let made = ServingSample.choose(servingInput: nil, example: example, signature: model.signature)
        #expect(made == ServingSample(request: ["inputs": [1]], source: .inputExample))
        let zeros = try #require(ServingSample.choose(servingInput: nil, example: nil, signature: model.signature))
        #expect(zeros.source == .signature)
        #expect(
            zeros.request["dataframe_split"]?["data"] == [
                [false, 0, 0, 0.0, 0.0, "", "", "1970-01-01T00:00:00", 0.0, [], ["p": "", "q": 0], [:]]
            ])
        #expect(ServingSample.choose(servingInput: nil, example: nil, signature: Signature()) == nil)
    }

    @Test("zeros of tensors have the shape asked for, with one row where any length will do")
    func tensorZeros() {
        let named = Schema.tensors([
            TensorSpec(name: "x", dtype: "int64", shape: [-1, 2]), TensorSpec(name: "y", dtype: "str", shape: [-1]),
        ])
        #expect(named.zeroRequest == ["inputs": ["x": [[0, 0]], "y": [""]]])
        #expect(Schema.tensors([TensorSpec(dtype: "float32", shape: [1, 1_000, 1_000])]).zeroRequest == nil)
    }
}
