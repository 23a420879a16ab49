import Foundation
import JSONText
import Scoring
import TestKit
import Testing

@testable import ScorerServer

@Suite("Parts of the server")
struct PartsTests {
    @Test(
        "a date and time is ISO 8601 without a zone",
        arguments: [
            ("2024-01-02", true), ("2024-01-02T03:04", true), ("2024-01-02 03:04:05", true),
            ("2024-01-02T03:04:05.123456789", true), ("2024-01-02T03:04:05Z", false),
            ("2024-01-02T03:04:05+02:00", false), ("01/02/2024", false), ("2024-13-01", false), ("", false),
            ("2024-01-02T03:04:05.1234567890", false), ("2024-1-2", false), ("2024-02-29", true), ("2023-02-29", false),
            ("2024-04-31", false),
            ("2024-01-02T25:00", false),
        ])
    func dates(text: String, isDate: Bool) { #expect(isDateTime(text) == isDate) }

    @Test("a frame's header is read as it was written, and garbage is told from too few bytes")
    func frames() throws {
        let bytes = WorkerFrame.header(.answer, request: 70_000, payloadCount: 3) + [1, 2, 3]
        for count in 0..<bytes.count {
            guard case .needsMore(let wanted) = WorkerFrame.parse(Array(bytes[..<count]), from: 0) else {
                Issue.record("\(count) bytes are taken for a frame")
                continue
            }
            #expect(wanted == (count < 16 ? 16 : 19))
        }
        guard case .frame(let frame) = WorkerFrame.parse([0] + bytes, from: 1) else {
            Issue.record("no frame")
            return
        }
        #expect(frame.kind == .answer)
        #expect(frame.request == 70_000)
        #expect(frame.payload == 17..<20)
        guard case .garbage = WorkerFrame.parse(Array("HTTP/1.1 200 OK\r\n".utf8), from: 0) else {
            Issue.record("garbage is taken for a frame")
            return
        }
    }

    @Test("an unknown limit and a limit of nothing are refused by name")
    func limits() throws {
        var limits = Limits()
        try limits.set("body_bytes", to: 10)
        #expect(limits.bodyBytes == 10)
        #expect(
            message { try limits.set("body_bytes", to: 0) }
                == "error: cannot set the limit `body_bytes` to 0: it must be at least 1\n")
        #expect(
            message { try limits.set("bodies", to: 1) }.hasPrefix(
                "error: cannot set the limit `bodies`: there is no such limit\nhint: the limits are body_bytes, "))
    }

    @Test("a request body that is cut anywhere, or changed anywhere, is scored or refused, and the next one is scored")
    func bodyMutations() throws {
        let backend = try NativeBackend(
            model: SmallModel.make(), configuration: ServingConfiguration(modelFile: "m", name: "m"), limits: Limits(),
            processors: ScoringProcessors(count: 1))
        let whole = Array(
            #"{"dataframe_split": {"columns": ["number", "single", "count", "colour"], "data": [[1.5, 0.25, 2, "red"], [1, 2, 3, null]]}, "params": {}}"#
                .utf8)
        func score(_ bytes: [UInt8]) -> String {
            var text = "nothing"
            bytes.withUnsafeBytes { bytes in
                backend.score(ScoringRequest(bytes, .bareJSON)) { outcome in
                    switch outcome {
                    case .answer(let json, _): text = String(decoding: json, as: UTF8.self)
                    case .refusal(let error, _): text = error.message
                    }
                }
            }
            return text
        }
        var random = SplitMix64(seed: 11)
        for round in 0..<20_000 {
            var bytes = Array(whole[..<(round % 5 == 0 ? Int(random.next() % UInt64(whole.count + 1)) : whole.count)])
            for _ in 0..<(random.next() % 4) where !bytes.isEmpty {
                bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            #expect(score(bytes) != "nothing")
        }
        #expect(score(whole) == "[121.0, 35.0]")
    }

    @Test("several free lengths of a tensor are each their own, and the same throughout a row")
    func freeLengths() throws {
        let schema = RequestSchema.tensors([.init(name: nil, dtype: "float64", shape: [-1, -1, -1, 1])])
        var decoder = RequestDecoder(schema, limits: Limits(), compatibility: .strict)
        var sink = FrameSink(decoder.columns)
        func rows(_ body: String) throws -> Int {
            try Array(body.utf8).withUnsafeBytes { try decoder.decode(ScoringRequest($0, .json), into: &sink).rows }
        }
        #expect(try rows(#"{"inputs": [[[[1], [2], [3]], [[4], [5], [6]]]]}"#) == 1)
        #expect(throws: RequestError.self) { try rows(#"{"inputs": [[[[1], [2], [3]], [[4], [5]]]]}"#) }
        #expect(throws: RequestError.self) { try rows(#"{"inputs": [[[[1, 2], [2, 3]]]]}"#) }
    }

    @Test(
        "a body of any form that is cut or changed anywhere is taken or refused, and leaves the decoder as it was",
        arguments: RequestSeeds.all)
    func mutatedBodies(seed: RequestSeeds) throws {
        var decoder = RequestDecoder(seed.schema, limits: Limits(), compatibility: .mlflow)
        var sink = FrameSink(decoder.columns)
        func decode(_ bytes: [UInt8]) -> Result<Int, RequestError> {
            bytes.withUnsafeBytes { bytes in
                do throws(RequestError) {
                    return .success(try decoder.decode(ScoringRequest(bytes, seed.form.form), into: &sink).rows)
                } catch { return .failure(error) }
            }
        }
        let whole = Array(seed.body.utf8)
        let right = decode(whole)
        #expect((try? right.get()) == 2, "\(right)")
        var random = SplitMix64(seed: 13)
        for round in 0..<1_000 {
            var bytes = Array(whole[..<(round % 5 == 0 ? Int(random.next() % UInt64(whole.count + 1)) : whole.count)])
            for _ in 0..<(random.next() % 4) where !bytes.isEmpty {
                let place = Int(random.next() % UInt64(bytes.count))
                if random.next() % 3 == 0 {
                    // Structure more often than noise.
                    let piece = RequestSeeds.pieces[Int(random.next() % UInt64(RequestSeeds.pieces.count))]
                    bytes.insert(contentsOf: piece.utf8, at: place)
                } else {
                    bytes[place] = UInt8(truncatingIfNeeded: random.next())
                }
            }
            guard case .failure(let error) = decode(bytes) else { continue }
            #expect(error.details.count <= RequestProblems.limit)
            var body: [UInt8] = []
            error.appendBody(to: &body)
            #expect(throws: Never.self) { try JSONText.parse(body) }
        }
        #expect(decode(whole) == right)
    }

    @Test("numbers that are not finite become null in an answer")
    func notFinite() throws {
        let backend = try NativeBackend(
            model: SmallModel.make(), configuration: ServingConfiguration(modelFile: "m", name: "m"), limits: Limits(),
            processors: ScoringProcessors(count: 1))
        var text = ""
        let body = Array(
            #"[{"number": 1.7e308, "single": 1, "count": 1}, {"number": -1.7e308, "single": 1, "count": 1}, \#(record)]"#
                .utf8)
        body.withUnsafeBytes { body in
            backend.score(ScoringRequest(body, .bareJSON)) { outcome in
                if case .answer(let json, _) = outcome { text = String(decoding: json, as: UTF8.self) }
            }
        }
        #expect(text == "[null, null, 121.0]")
    }

    @Test("score.py is valid Python and passes its own tests")
    func scorePy() throws {
        let script = "\(Checkout.root)/templates/python/score.py"
        let compiled = try run(
            "python3", ["-c", "import ast, sys; ast.parse(open(sys.argv[1]).read(), feature_version=(3, 8))", script])
        #expect(compiled.isSuccess, "\(compiled.errorText)")
        let tested = try run(
            "python3", ["-B", Checkout.fixture("server/test_score.py"), script],
            environment: ["PYTHONDONTWRITEBYTECODE": "1"])
        #expect(tested.isSuccess, "\(tested.errorText)")
    }
}

/// A request of two rows in each form, to be mutated.
struct RequestSeeds: CustomTestStringConvertible {
    /// The forms that are tried.
    enum Writing {
        case json, bareJSON, csv, unified

        var form: ScoringRequest.Form {
            switch self {
            case .json: .json
            case .bareJSON: .bareJSON
            case .csv: .csv
            case .unified: .unified
            }
        }
    }

    var name: String
    var form: Writing
    var schema: RequestSchema
    var body: String
    var testDescription: String { name }

    static let pieces = [
        "[", "]", "{", "}", ",", "\"", "\"\"", "\n", "null", "NaN", "-Infinity", "1e400", "\"a\":", "\"1_0\"", "2.5",
        "true", "\u{feff}", "\\ud800",
    ]

    private static let columns = RequestSchema.columns([
        .init(name: "a", type: .double, required: true), .init(name: "b", type: .integer, required: false),
        .init(name: "c", type: .string, required: false), .init(name: "d", type: .datetime, required: false),
        .init(name: "e", type: .binary, required: false), .init(name: "f", type: .boolean, required: false),
        .init(
            name: "g", type: .array(.object([.init(name: "x", type: .map(.double), required: false)])), required: false),
    ])

    static let all = [
        RequestSeeds(
            name: "records", form: .bareJSON, schema: columns,
            body:
                #"[{"a": 1, "b": "2", "c": "é", "d": "2024-01-02", "e": "AAA=", "f": true, "g": [{"x": {"y": 1.5}}]}, {"a": NaN, "b": 1.0, "c": null, "d": 1, "e": "", "f": 0, "g": [{}]}]"#
        ),
        RequestSeeds(
            name: "split", form: .json, schema: columns,
            body:
                #"{"params": {"k": 1}, "dataframe_split": {"data": [[1, "x", 2], ["1", "y", 3]], "columns": ["a", "z", "b"]}}"#
        ),
        RequestSeeds(
            name: "columns", form: .json, schema: columns,
            body: #"{"inputs": {"a": [1, 2.5], "c": ["x", "y"], "z": 4}}"#),
        RequestSeeds(
            name: "tensor", form: .json,
            schema: .tensors([.init(name: nil, dtype: "float32", shape: [-1, 2, -1])]),
            body: #"{"instances": [[[1, 2], [3, "4"]], [[5, 6], [7, null]]]}"#),
        RequestSeeds(
            name: "named tensors", form: .json,
            schema: .tensors([
                .init(name: "p", dtype: "int8", shape: [-1, 2]), .init(name: "q", dtype: "bool", shape: [-1]),
            ]), body: #"{"instances": [{"p": [1, 2], "q": true}, {"p": ["3", 4], "q": false}]}"#),
        RequestSeeds(
            name: "CSV", form: .csv, schema: columns.withoutDates,
            body: ",a,c,b,f\r\n0,1.5,\"x, \"\"y\"\"\n\",2,True\r\n\r\n1,NA,,3.0,0"),
    ]
}

extension RequestSchema {
    fileprivate var withoutDates: RequestSchema {
        guard case .columns(let columns) = self else { return self }
        return .columns(columns.filter { $0.type != .datetime })
    }
}
