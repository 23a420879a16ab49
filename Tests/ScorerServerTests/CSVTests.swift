import JSONText
import TestKit
import Testing

@testable import ScorerServer

/// Reads a whole text; nil when it cannot be read.
private func records(_ bytes: [UInt8]) -> (records: [[String]], lines: [Int], failure: CSVReader.Failure?) {
    bytes.withUnsafeBytes { bytes in
        var reader = CSVReader(bytes)
        var all: [[String]] = []
        var lines: [Int] = []
        while reader.nextRecord() {
            lines.append(reader.line)
            var fields: [String] = []
            while !reader.isAtEndOfRecord {
                do throws(CSVReader.Failure) {
                    fields.append(try reader.field { String(decoding: $0, as: UTF8.self) })
                } catch { return (all, lines, error) }
            }
            all.append(fields)
        }
        return (all, lines, nil)
    }
}

@Suite("CSV")
struct CSVTests {
    @Test("fields, quotes, line ends and empty lines are read as pandas reads them")
    func reading() {
        let text = "\u{feff}a,\"b \"\"x\"\", c\",\r\n\r\n \t\n1,\"two\nlines\",3\r\"\",x\"y,\n"
        let read = records(Array(text.utf8))
        #expect(read.failure == nil)
        #expect(read.records == [["a", "b \"x\", c", ""], ["1", "two\nlines", "3"], ["", "x\"y", ""]])
        #expect(read.lines == [1, 4, 6])
        #expect(records([]).records.isEmpty)
        #expect(records(Array("a,".utf8)).records == [["a", ""]])
    }

    @Test(
        "a quoted field without an end, and text after a closing quote, are refused with their line",
        arguments: [
            ("a\n\"b\nc", CSVReader.Failure(line: 2, reason: "a quoted field has no end")),
            ("a\n\"b\nc\"d", CSVReader.Failure(line: 3, reason: "text follows the closing quote of a field")),
        ])
    func broken(text: String, failure: CSVReader.Failure) { #expect(records(Array(text.utf8)).failure == failure) }

    @Test("a value that does not fit is told by line, field and column; a short or long line by its number")
    func refusals() throws {
        let server = try ServerUnderTest.native()
        func message(_ text: String) throws -> String? {
            let answer = try server.ask("POST", "/invocations", text, type: "text/csv")
            #expect(answer.status == 400)
            return answer.refusal.message
        }
        let answer = try server.ask(
            "POST", "/invocations", "number,single,count\n1,1,1\n\n\"\n2\",1,2.5\n", type: "text/csv")
        #expect(
            answer.body
                == #"{"error_code": "BAD_REQUEST", "message": "Invalid input. Data is not compatible with model signature. Failed to convert column count to type 'long'. line 4, field 3: expected a whole number of 64 bits (long), got `2.5`.", "details": [{"line": 4, "field": 3, "column": "count", "expected": "a whole number of 64 bits (long)", "got": "`2.5`"}]}"#
        )
        let start =
            "Failed to parse input as a Pandas DataFrame. Ensure that the input is a valid CSV-formatted Pandas DataFrame"
            + " produced using the `pandas.DataFrame.to_csv()` method. Error: "
        #expect(
            try message("number,single,count\n1,2\n") == start + "line 2 has 2 fields, and line 1 has 3.")
        #expect(
            try message("number,single,count\n1,2,3,4\n") == start
                + "line 2 has more fields than the 3 of line 1.")
        #expect(try message("") == start + "there are no columns: the text is empty.")
        #expect(try message("a,a\n1,1\n") == start + "line 1 has the column `a` twice.")
        #expect(
            try message("number,single,count\n,1,1")
                == "Encountered an unexpected error while evaluating the model. Verify that the serialized input Dataframe is compatible with the model for inference. line 2, field 1: the value is missing, and the model takes no missing values."
        )
        #expect(
            try message(",number,single\n0,1,1")
                == "Failed to enforce schema. Model is missing inputs ['count']. Note that there were extra inputs: ['Unnamed: 0']. The names are in line 1."
        )
    }

    @Test("with `--compat mlflow` what a short line lacks is missing")
    func shortLine() throws {
        let server = try ServerUnderTest.native(arguments: ["--compat", "mlflow"])
        let answer = try server.ask("POST", "/invocations", "number,single,count,colour\n1,1,1\n", type: "text/csv")
        #expect(answer.body == #"{"predictions": [15.0]}"#)
    }

    @Test("what pandas takes for missing is missing, and nothing else")
    func missing() {
        for text in ["", "NA", "nan", "NULL", "None", "<NA>", "#N/A N/A", "-1.#IND", "n/a"] {
            #expect(Array(text.utf8).withUnsafeBytes { MissingText.contains($0) }, "\(text)")
        }
        for text in [" ", "na", "Null", "none", "-", "1", "NAN", "N", "nothing at all"] {
            #expect(!Array(text.utf8).withUnsafeBytes { MissingText.contains($0) }, "\(text)")
        }
    }
}
