import Bytes
import JSONText
import Testing

@testable import MLmodelFormat

@Suite struct SchemaInferenceTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let values: [JSONValue]
        let type: ColumnType
        let required: Bool
        var testDescription: String { "\(values) → \(type)" }
    }

    static let rows: [Row] = [
        Row(values: [1, 2], type: .long, required: true),
        Row(values: [1, 2.5], type: .double, required: true),
        Row(values: [1.0], type: .double, required: true),
        Row(values: [1, nil], type: .long, required: false),
        Row(values: ["a", nil, "b"], type: .string, required: false),
        Row(values: [true, false], type: .boolean, required: true),
        Row(values: [nil], type: .any, required: false),
        Row(values: [true, 1], type: .any, required: true),
        Row(values: ["a", 1], type: .any, required: true),
        Row(values: [[1, 2], [3]], type: .array(.long), required: true),
        Row(values: [[1, 2], [3.5]], type: .any, required: true),
        Row(values: [[]], type: .any, required: true),
        Row(values: [["a": 1]], type: .any, required: true),
    ]

    @Test("a column's type is what all its values share", arguments: rows)
    func columnTypes(_ row: Row) {
        let example = InputExample(content: .table(columns: ["c"], rows: row.values.map { [$0] }))
        #expect(example.inferredSchema() == .columns([ColumnSpec(name: "c", type: row.type, required: row.required)]))
    }

    @Test("a whole number beyond 64 bits is not taken for a long")
    func hugeNumber() throws {
        let value = try JSONText.parse("18446744073709551616")
        let example = InputExample(content: .table(columns: ["c"], rows: [[value]]))
        #expect(example.inferredSchema() == .columns([ColumnSpec(name: "c", type: .any)]))
    }

    @Test(
        "what is inferred from an example is the signature that MLflow inferred from the same",
        arguments: ["2.22.1", "3.17.2"])
    func asMLflow(version: String) throws {
        for name in [
            "frame", "frame_unnamed", "frame_numbered", "records", "record", "array", "arrays", "frame_params",
        ] {
            let model = try Fixtures.model(version, name)
            var expected = try model.mlmodel().signature?.inputs
            // pandas' missing value in a column of floats; MLflow leaves `y` open although it is one row of text.
            if case .tensors(let tensors)? = expected {
                expected = .tensors(
                    tensors.map { TensorSpec(name: $0.name, dtype: $0.dtype, shape: [-1] + $0.shape.dropFirst()) })
            }
            #expect(try model.example().inferredSchema() == expected, "\(name)")
        }
    }

    @Test("objects with lists name their columns and leave the types open")
    func unclearObjects() {
        let example = InputExample(content: .json(["a": [1, 2], "b": "x"]))
        #expect(
            example.inferredSchema()
                == .columns([ColumnSpec(name: "a", type: .any), ColumnSpec(name: "b", type: .any)]))
    }

    @Test("a key that some records lack is optional")
    func missingKeys() {
        let example = InputExample(content: .json([["a": 1], ["a": 2, "b": "x"]]))
        #expect(
            example.inferredSchema()
                == .columns([
                    ColumnSpec(name: "a", type: .long), ColumnSpec(name: "b", type: .string, required: false),
                ]))
    }

    static let arrays: [(value: JSONValue, spec: TensorSpec?)] = [
        ([[1, 2], [3, 4]], TensorSpec(dtype: "int64", shape: [-1, 2])),
        ([[1, 2.5]], TensorSpec(dtype: "float64", shape: [-1, 2])),
        ([[1.5, nil]], TensorSpec(dtype: "float64", shape: [-1, 2])),
        ([true, false], TensorSpec(dtype: "bool", shape: [-1])),
        (["a"], TensorSpec(dtype: "str", shape: [-1])),
        ([[1, 2], [3]], nil),
        ([[1, 2], 3], nil),
        ([1, "a"], nil),
        ([["a": 1]], nil),
        (3, nil),
    ]

    @Test("arrays become tensors with an open first length", arguments: arrays)
    func tensors(value: JSONValue, spec: TensorSpec?) {
        #expect(InputExample(content: .tensor(value)).inferredSchema() == spec.map { .tensors([$0]) })
    }

    @Test("nothing is inferred from a text or from an empty table")
    func nothing() {
        #expect(InputExample(content: .json("x")).inferredSchema() == nil)
        #expect(InputExample(content: .json([:])).inferredSchema() == nil)
        #expect(InputExample(content: .table(columns: nil, rows: [])).inferredSchema() == nil)
    }
}
