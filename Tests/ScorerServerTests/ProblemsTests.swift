import JSONText
import TestKit
import Testing

@testable import ScorerServer

@Suite("Several problems in one request")
struct ProblemsTests {
    @Test("the first ten are told with pointer, column, expectation and value, and all are counted")
    func firstTen() throws {
        let server = try ServerUnderTest.native()
        let rows = (0..<12).map { row in row == 3 ? "[1, [2, {}], 3]" : "[1, \"x\", 2.5]" }.joined(separator: ", ")
        let answer = try server.ask(
            "POST", "/invocations",
            #"{"dataframe_split": {"columns": ["number", "single", "count"], "data": [[1, 2, 3], \#(rows)]}}"#)
        #expect(answer.status == 400)
        let message = try #require(answer.refusal.message)
        #expect(
            message.hasSuffix(
                "/dataframe_split/data/1/1: expected a number (float), got the string \"x\". This is the first of 23 problems; `details` has the first 10."
            ), "\(message)")
        let details = try #require(try JSONText.parse(answer.body)["details"]?.arrayValue)
        #expect(details.count == 10)
        #expect(
            details[1]
                == [
                    "pointer": "/dataframe_split/data/1/2", "column": "count",
                    "expected": "a whole number of 64 bits (long)", "got": "2.5",
                ])
        #expect(details[6]["pointer"] == "/dataframe_split/data/4/1")
        #expect(details[6]["got"] == "an array")
    }

    @Test("a value inside a cell is told by its place there, and reading goes on behind the cell")
    func nested() throws {
        let server = try PythonBackendTests.server()
        let answer = try server.ask(
            "POST", "/predict", #"[{"x": 1, "list": [1, [2, 3], 4]}, {"x": "no", "list": [null, true]}, {"x": 1}]"#)
        let details = try #require(try JSONText.parse(answer.body)["details"]?.arrayValue)
        #expect(details.map { $0["pointer"]?.stringValue } == ["/0/list/1", "/1/x", "/1/list/1"])
    }

    @Test("parameters that do not fit are told together")
    func parameters() throws {
        let checker = ParameterChecker(declared: [
            .init(name: "k", type: .long, default: 3, isList: false),
            .init(name: "weights", type: .double, default: [], isList: true),
        ])
        let error = #expect(throws: RequestError.self) {
            try checker.check(["k": 1.5, "weights": [1, "x"], "other": 2])
        }
        #expect(error?.code == "INVALID_PARAMETER_VALUE")
        #expect(error?.details.map(\.place.words) == ["/params/k", "/params/weights/1"])
    }

    @Test("text that is no JSON is told before values that do not fit")
    func order() throws {
        let answer = try ServerUnderTest.native().ask("POST", "/predict", #"[{"number": "x"}, {"#)
        #expect(answer.refusal.message?.contains("it ends too early") == true)
    }
}
