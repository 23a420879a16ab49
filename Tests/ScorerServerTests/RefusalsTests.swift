import JSONText
import TestKit
import Testing

@testable import ScorerServer

/// A body that does not fit, and what its sender is told.
struct RefusalCase: CustomTestStringConvertible {
    var body: String
    var status = 400
    var code = "BAD_REQUEST"
    var message: String

    init(_ body: String, status: Int = 400, code: String = "BAD_REQUEST", _ message: String) {
        self.body = body
        self.status = status
        self.code = code
        self.message = message
    }

    /// One record with `cell` in it beside what is required.
    static func cell(_ cell: String, column: String, type: String, expected: String, got: String) -> RefusalCase {
        let others = ["number", "single", "count"].filter { $0 != column }.map { "\"\($0)\": 1" }.joined(
            separator: ", ")
        return RefusalCase(
            #"{"dataframe_records": [{\#(others), "\#(column)": \#(cell)}]}"#,
            "Invalid input. Data is not compatible with model signature. Failed to convert column \(column) to type"
                + " '\(type)'. /dataframe_records/0/\(column): expected \(expected), got \(got).")
    }

    var testDescription: String { String(body.prefix(100)) }
}

@Suite("Requests that do not fit")
struct RefusalsTests {
    static let long = "a whole number of 64 bits (long)"
    static let integer = "a whole number from -2147483648 to 2147483647 (integer)"
    static let formats =
        "The input must be a JSON dictionary with exactly one of the input fields"
        + " {'dataframe_split', 'dataframe_records', 'instances', 'inputs'}."

    static let cells: [RefusalCase] = [
        .cell("1.5", column: "count", type: "long", expected: long, got: "1.5"),
        .cell("9223372036854775808", column: "count", type: "long", expected: long, got: "9223372036854775808"),
        .cell("9007199254740993.0", column: "count", type: "long", expected: long, got: "9007199254740993.0"),
        .cell(#""2.5""#, column: "count", type: "long", expected: long, got: #"the string "2.5""#),
        .cell(#"" 2""#, column: "count", type: "long", expected: long, got: #"the string " 2""#),
        .cell("NaN", column: "count", type: "long", expected: long, got: "NaN"),
        .cell("null", column: "count", type: "long", expected: long, got: "null"),
        .cell("2147483648", column: "small", type: "integer", expected: integer, got: "2147483648"),
        .cell("-2147483649", column: "small", type: "integer", expected: integer, got: "-2147483649"),
        .cell(#""false""#, column: "flag", type: "boolean", expected: "true or false", got: #"the string "false""#),
        .cell("2", column: "flag", type: "boolean", expected: "true or false", got: "2"),
        .cell(#""old""#, column: "number", type: "double", expected: "a number (double)", got: #"the string "old""#),
        .cell("1e400", column: "number", type: "double", expected: "a number (double)", got: "1e400"),
        .cell("[1]", column: "number", type: "double", expected: "a number (double)", got: "an array"),
        .cell("1e39", column: "single", type: "float", expected: "a number (float)", got: "1e39"),
        .cell("5", column: "colour", type: "string", expected: "a string", got: "5"),
        .cell("true", column: "colour", type: "string", expected: "a string", got: "true"),
        .cell(#"{"a": 1}"#, column: "colour", type: "string", expected: "a string", got: "an object"),
    ]

    static let bodies: [RefusalCase] = [
        RefusalCase(
            "",
            "Invalid input. Ensure that input is a valid JSON formatted string. Error: it ends too early at line 1, column 1 (byte 0)"
        ),
        RefusalCase(
            #"{"dataframe_records": [{"number": 1"#,
            "Invalid input. Ensure that input is a valid JSON formatted string. Error: it ends too early at line 1, column 36 (byte 35)"
        ),
        RefusalCase(
            #"{"dataframe_records": [{"number": NaN, "single": 1, "count": 1}]}"#,
            "Encountered an unexpected error while evaluating the model. Verify that the serialized input Dataframe is"
                + " compatible with the model for inference. /dataframe_records/0/number: the value is missing, and the model takes no missing values."
        ),
        RefusalCase("[]", "Invalid input. \(formats) Received a list."),
        RefusalCase("3", "Invalid input. \(formats) Received unexpected input type: a bare value."),
        RefusalCase("{}", "\(formats) Received dictionary with input fields: []."),
        RefusalCase(
            #"{"inputs": [\#(record)], "instances": [\#(record)]}"#,
            "\(formats) Received dictionary with input fields: ['inputs', 'instances']."),
        RefusalCase(
            #"{"dataframe_records": {"number": 1}}"#,
            "Invalid input. Dataframe records format must be a list of records. Got dictionary."),
        RefusalCase(
            #"{"dataframe_records": [{"number": 1, "colour": "red", "foo": 1}]}"#, code: "INVALID_PARAMETER_VALUE",
            "Failed to enforce schema. Model is missing inputs ['single', 'count']. Note that there were extra inputs: ['foo']."
        )
        .at("/dataframe_records"),
        RefusalCase(
            #"{"dataframe_split": {"columns": ["number"], "data": [[1]]}}"#, code: "INVALID_PARAMETER_VALUE",
            "Failed to enforce schema. Model is missing inputs ['single', 'count']."
        ).at("/dataframe_split/data"),
        RefusalCase(
            #"{"dataframe_split": {"data": [[1, 2]]}}"#, code: "INVALID_PARAMETER_VALUE",
            "Failed to enforce schema. Model is missing inputs ['number', 'single', 'count']. Note that there were extra inputs: ['0', '1']."
        )
        .at("/dataframe_split/data"),
        RefusalCase(
            #"{"dataframe_records": []}"#, code: "INVALID_PARAMETER_VALUE",
            "Failed to enforce schema. Model is missing inputs ['number', 'single', 'count']."
        ).at("/dataframe_records"),
        RefusalCase(
            #"{"dataframe_split": {"columns": ["number", "single", "count"], "data": []}}"#,
            "Invalid input. The request has no rows."),
        RefusalCase(
            #"{"dataframe_split": {"columns": ["number", "single", "count"], "data": [[1, 2, 3], [1, 2]]}}"#,
            "Invalid input. Provided dataframe_split field is not a valid dataframe representation in 'split' format."
                + " /dataframe_split/data/1: 3 columns passed, passed data had 2 columns."),
        RefusalCase(
            #"{"dataframe_split": {"columns": ["single", "number", "count"], "data": [[1, 2, 3], [1, "x", 3]]}}"#,
            "Invalid input. Data is not compatible with model signature. Failed to convert column number to type 'double'."
                + " /dataframe_split/data/1/1: expected a number (double), got the string \"x\"."),
        RefusalCase(
            #"{"dataframe_split": {"columns": ["number", "number"], "data": [[1, 2]]}}"#,
            code: "INVALID_PARAMETER_VALUE",
            "/dataframe_split/columns: the column `number` appears twice."),
        RefusalCase(
            #"{"dataframe_split": {"data": [], "dtype": "x"}}"#,
            "Invalid input. Dataframe split format must have 'data' field and optionally 'columns' and 'index' fields. Got 'dtype'."
        ),
        RefusalCase(
            #"{"dataframe_records": [{"number": 1, "single": 1, "count": 1}, {"number": 1, "single": 1}]}"#,
            "Invalid input. Data is not compatible with model signature. Failed to convert column count to type 'long'."
                + " /dataframe_records/1/count: expected a whole number of 64 bits (long), got nothing: the record lacks it."
        ),
        RefusalCase(
            #"{"dataframe_records": [{"number": 1, "number": 1}]}"#,
            "Invalid input. Ensure that input is a valid JSON formatted string. Error: the key `number` appears twice in one object at line 1, column 38 (byte 37)"
        ),
        RefusalCase(
            #"{"instances": {"number": [1, 2], "single": [1], "count": [1]}}"#,
            "Invalid input. The length of values for each input/column name are not the same: `single`."),
        RefusalCase(
            #"{"dataframe_records": [{"number": null, "single": 1, "count": 1}]}"#,
            "Encountered an unexpected error while evaluating the model. Verify that the serialized input Dataframe is"
                + " compatible with the model for inference. /dataframe_records/0/number: the value is missing, and the model takes no missing values."
        ),
        RefusalCase(
            #"{"dataframe_records": \#(String(repeating: "[", count: 80))"#,
            "Invalid input. Ensure that input is a valid JSON formatted string. Error: arrays and objects are nested more than 64 deep at line 1, column 86 (byte 85)"
        ),
    ]

    @Test("each is told the place, the column, what was expected and what came; the server goes on")
    func refusals() throws {
        let connection = try ServerUnderTest.native().connect()
        for item in Self.cells + Self.bodies {
            try connection.request("POST", "/invocations", item.body)
            let answer = try connection.answer()
            #expect(answer.status == item.status, "\(item.body)")
            #expect(answer.refusal.code == item.code, "\(item.body)")
            #expect(answer.refusal.message == item.message, "\(item.body)")
        }
        try connection.request("POST", "/predict", "[\(record)]")
        #expect(try connection.answer().body == "[121.0]")
    }

    @Test("a name with a slash, a tilde and a line feed stays one readable step of the pointer")
    func pointer() throws {
        var decoder = RequestDecoder(
            .columns([.init(name: "a/b~\n", type: .double, required: true)]), limits: Limits(),
            compatibility: .strict)
        var sink = FrameSink(decoder.columns)
        let body = Array(#"{"inputs": {"a/b~\n": [1, "x"]}}"#.utf8)
        let problem = #expect(throws: RequestError.self) {
            try body.withUnsafeBytes { bytes in _ = try decoder.decode(ScoringRequest(bytes, .json), into: &sink) }
        }
        #expect(problem?.message.contains(#"/inputs/a~1b~0\u{a}/1: expected"#) == true, "\(problem?.message ?? "")")
    }

    @Test("more rows than the limit are refused with 413 and the limit")
    func rows() throws {
        let server = try ServerUnderTest.native(["limits": ["rows": 2]])
        let answer = try server.ask("POST", "/predict", "[\(record), \(record), \(record)]")
        #expect(answer.status == 413)
        #expect(answer.refusal.message == "The request has more than 2 rows; send them in several requests.")
    }
}

extension RefusalCase {
    /// The same, with the place of the rows at the end of the message.
    func at(_ pointer: String) -> RefusalCase {
        var copy = self
        copy.message += " The rows are at `\(pointer)`."
        return copy
    }
}
