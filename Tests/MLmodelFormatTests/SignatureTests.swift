import Bytes
import JSONText
import Testing

@testable import MLmodelFormat

@Suite struct SignatureTests {
    private func signature(_ key: String, _ json: String) throws -> Signature {
        let quoted = json.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
        let text = "flavors: {sklearn: {}}\nsignature:\n  \(key): '\(quoted)'\n"
        return try #require(try MLmodel.parse(ByteRegion(text), file: "MLmodel").signature)
    }

    private func columns(_ json: String) throws -> [ColumnSpec] {
        guard case .columns(let columns)? = try signature("inputs", json).inputs else { return [] }
        return columns
    }

    @Test("every type that a version of MLflow writes is read", arguments: Fixtures.versions)
    func everyType(version: String) throws {
        let model = try Fixtures.model(version, "types").mlmodel()
        guard case .columns(let columns)? = model.signature?.inputs else {
            Issue.record("no columns")
            return
        }
        let scalars: [ColumnSpec] = [
            ColumnSpec(name: "boolean", type: .boolean), ColumnSpec(name: "integer", type: .integer),
            ColumnSpec(name: "long", type: .long), ColumnSpec(name: "float", type: .float),
            ColumnSpec(name: "double", type: .double), ColumnSpec(name: "string", type: .string),
            ColumnSpec(name: "binary", type: .binary), ColumnSpec(name: "datetime", type: .datetime),
        ]
        let object = ColumnType.object([
            ColumnType.Property(name: "p", type: .string), ColumnType.Property(name: "q", type: .long, required: false),
        ])
        let later: [ColumnSpec] = [
            ColumnSpec(name: "maybe", type: .double, required: false), ColumnSpec(name: "list", type: .array(.double)),
            ColumnSpec(name: "object", type: object, required: false), ColumnSpec(name: "map", type: .map(.long)),
        ]
        let count = ["1.30.1": 0, "2.10.0": 3][version] ?? 4
        #expect(columns == scalars + later.prefix(count))
    }

    @Test("outputs, tensors and parameters are read as logged", arguments: ["2.10.0", "2.22.1", "3.17.2"])
    func otherParts(version: String) throws {
        let frame = try Fixtures.model(version, "frame").mlmodel()
        #expect(frame.signature?.outputs == .columns([ColumnSpec(name: "y", type: .double)]))
        let array = try Fixtures.model(version, "array_params").mlmodel()
        #expect(array.signature?.inputs == .tensors([TensorSpec(dtype: "float64", shape: [-1, 2])]))
        #expect(
            array.signature?.params == [
                ParamSpec(name: "k", type: .long, default: 3),
                ParamSpec(name: "scale", type: .double, default: 0.5),
                ParamSpec(name: "mode", type: .string, default: "fast"),
                ParamSpec(name: "weights", type: .double, default: [1.0, 2.0], shape: [-1]),
            ])
    }

    @Test("columns that pandas numbered from 0 have no name; other numbers are names")
    func numberedColumns() throws {
        let unnamed = try Fixtures.model("3.17.2", "frame_unnamed").mlmodel()
        #expect(
            unnamed.signature?.inputs
                == .columns([ColumnSpec(name: nil, type: .double), ColumnSpec(name: nil, type: .double)]))
        let numbered = try Fixtures.model("3.17.2", "frame_numbered").mlmodel()
        #expect(
            numbered.signature?.inputs
                == .columns([ColumnSpec(name: "3", type: .double), ColumnSpec(name: "7", type: .double)]))
    }

    @Test(
        "`required` and the older `optional` say the same",
        arguments: [
            (#"[{"type": "double", "name": "a"}]"#, true),
            (#"[{"type": "double", "name": "a", "required": false}]"#, false),
            (#"[{"type": "double", "name": "a", "required": true}]"#, true),
            (#"[{"type": "double", "name": "a", "optional": true}]"#, false),
            (#"[{"type": "double", "name": "a", "optional": false}]"#, true),
            // MLflow reads a list without either key as optional.
            (#"[{"type": "array", "items": {"type": "double"}, "name": "a"}]"#, false),
        ])
    func required(json: String, required: Bool) throws {
        #expect(try columns(json).map(\.required) == [required])
    }

    @Test("nested types come back as MLflow writes them")
    func nestedTypes() throws {
        let json =
            #"{"type":"array","items":{"type":"map","values":{"type":"object","properties":{"p":{"type":"any","required":false}}}}}"#
        let column = try #require(try columns("[\(json)]").first)
        #expect(JSONWriter.text(column.type.json, style: .compact) == json)
        #expect(column.type.words == "array of map to object")
        #expect(ColumnType.long.json == "long")
        #expect(ColumnType.sparkVector.json == ["type": "sparkml_vector"])
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        let key: String
        let json: String
        let reason: String
        var testDescription: String { json }
    }

    static let refused: [Refused] = [
        Refused(key: "inputs", json: "{}", reason: "`signature.inputs` should be a JSON array, and is an object"),
        Refused(key: "inputs", json: "[]", reason: "`signature.inputs` is an empty list"),
        Refused(key: "outputs", json: "[1]", reason: "`signature.outputs` should hold a text at `[0].type`"),
        Refused(
            key: "inputs", json: #"[{"type": "decimal"}]"#,
            reason:
                "`signature.inputs` names the type `decimal`, which is none of `boolean`, `integer`, `long`, `float`, "
                + "`double`, `string`, `binary`, `datetime`"),
        Refused(
            key: "inputs", json: #"[{"type": "array", "items": "string"}]"#,
            reason: "`signature.inputs` should hold a text at `[0].items.type`"),
        Refused(
            key: "inputs", json: #"[{"type": "object", "properties": {}}]"#,
            reason: "`signature.inputs` should hold an object of at least one property at `[0].properties`"),
        Refused(
            key: "inputs", json: #"[{"type": "long", "name": "a"}, {"type": "long"}]"#,
            reason: "`signature.inputs` mixes named and unnamed columns"),
        Refused(
            key: "inputs", json: #"[{"type": "long", "name": "a"}, {"type": "long", "name": "a"}]"#,
            reason: "`signature.inputs` has two columns named `a`"),
        Refused(
            key: "inputs", json: #"[{"type": "long", "required": false}]"#,
            reason: "`signature.inputs` has unnamed columns that are optional, so their positions are not clear"),
        Refused(
            key: "inputs", json: #"[{"type": "long", "name": "a", "required": "no"}]"#,
            reason: "`signature.inputs` should hold true or false at `[0].required`, and holds a string"),
        Refused(
            key: "inputs",
            json: #"[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}, {"type": "long"}]"#,
            reason: "`signature.inputs` mixes columns and tensors"),
        Refused(
            key: "inputs", json: #"[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-2]}}]"#,
            reason: "`signature.inputs` should hold at most 32 lengths, each a whole number or -1, at "
                + "`[0].tensor-spec.shape`"),
        Refused(
            key: "inputs", json: #"[{"type": "tensor", "tensor-spec": {"shape": [-1]}}]"#,
            reason: "`signature.inputs` should hold a text at `[0].tensor-spec.dtype`"),
        Refused(
            key: "params", json: #"[{"name": "k", "type": "long", "shape": null}]"#,
            reason: "`signature.params` has no default at `[0].default`"),
        Refused(
            key: "params", json: #"[{"name": "k", "type": "binary", "default": ""}]"#,
            reason: "`signature.params` has a parameter `k` of a type that parameters cannot have"),
        Refused(
            key: "params", json: #"[{"name": "k", "type": "long", "default": [], "shape": [3]}]"#,
            reason: "`signature.params` has a parameter `k` whose shape is neither null nor [-1]"),
        Refused(
            key: "params",
            json: #"[{"name": "k", "type": "long", "default": 1}, {"name": "k", "type": "long", "default": 2}]"#,
            reason: "`signature.params` has two parameters named `k`"),
    ]

    @Test("a signature that breaks MLflow's rules is refused at its line", arguments: refused)
    func refusals(_ row: Refused) throws {
        let error = try #require(throws: MLmodelError.self) { try signature(row.key, row.json) }
        #expect(error.kind == .schema)
        #expect(error.reason == row.reason)
        #expect(error.line == 3)
    }

    @Test("parameters name their type by `type` or by the older `dtype`")
    func olderParams() throws {
        let params = try signature("params", #"[{"name": "k", "dtype": "long", "default": 1, "shape": null}]"#).params
        #expect(params == [ParamSpec(name: "k", type: .long, default: 1)])
    }

    @Test("null and empty texts mean that there is none")
    func absent() throws {
        let text = "flavors: {sklearn: {}}\nsignature:\n  inputs: null\n  outputs: ''\n  params:\n"
        #expect(try MLmodel.parse(ByteRegion(text), file: "MLmodel").signature == Signature())
    }
}
