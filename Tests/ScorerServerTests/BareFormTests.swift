import JSONText
import Testing

@Suite("/predict, the bare form")
struct BareFormTests {
    @Test("a list of records and all forms of /invocations are answered without the envelope")
    func answers() throws {
        let server = try ServerUnderTest.native()
        let names = #"["number", "single", "count", "colour"]"#
        for body in [
            "[\(record)]", #"{"dataframe_records": [\#(record)]}"#, #"{"inputs": [\#(record)]}"#,
            #"{"instances": [\#(record)], "params": {}}"#,
            #"{"inputs": {"number": [1.5], "single": [0.25], "count": [2], "colour": ["red"]}}"#,
            #"{"dataframe_split": {"columns": \#(names), "data": [[1.5, 0.25, 2, "red"]]}}"#,
        ] {
            let answer = try server.ask("POST", "/predict", body)
            #expect(answer.status == 200 && answer.body == "[121.0]", "\(body): \(answer.body)")
        }
        let listed = try server.ask("POST", "/invocations", "[\(record)]")
        #expect(listed.status == 400 && listed.refusal.message?.hasSuffix("Received a list.") == true)
    }

    @Test("what is no list of records that fit is refused with the place in the list")
    func refusals() throws {
        let server = try ServerUnderTest.native()
        for (body, message) in [
            (
                "[]",
                "Failed to enforce schema. Model is missing inputs ['number', 'single', 'count']. The rows are at ``."
            ),
            (
                #"[{"number": "x", "single": 1, "count": 1}]"#,
                "Invalid input. Data is not compatible with model signature. Failed to convert column number to type 'double'. /0/number: expected a number (double), got the string \"x\"."
            ),
            (
                #"[{"number": 1, "single": 1}]"#,
                "Failed to enforce schema. Model is missing inputs ['count']. The rows are at ``."
            ),
            (
                "[1]",
                "Failed to enforce schema. Model is missing inputs ['number', 'single', 'count']. Note that there were extra inputs: ['0']. The rows are at ``."
            ),
        ] {
            let answer = try server.ask("POST", "/predict", body)
            #expect(answer.status == 400)
            #expect(answer.refusal.message == message)
        }
        let empty = try server.ask("POST", "/predict", "")
        #expect(empty.status == 400)
    }

    @Test("a model that answers an object is answered for with that object, as the seed's own server did")
    func objects() throws {
        let server = try ServerUnderTest.python()
        let answer = try server.ask(
            "POST", "/predict", #"[{"sex": "male", "age": 33.0, "credit_limit": 18000.0}]"#)
        #expect(
            answer.body
                == #"{"form": "raw", "key": "dataframe_records", "data": [{"sex": "male", "age": 33.0, "credit_limit": 18000.0}]}"#
        )
    }
}
