import JSONText
import TestKit
import Testing

@testable import ScorerServer

@Suite("Binary columns between the server and its workers")
struct ColumnarTests {
    /// What `answers.py` wrote: columnar answers, and the text that Python makes of them.
    static func answers() throws -> [(payload: [UInt8], text: [UInt8])] {
        let written = try run("python3", ["-B", Checkout.fixture("server/answers.py")])
        #expect(written.isSuccess, "\(written.errorText)")
        return written.outputText.split(separator: "\n").map { line in
            let parts = line.split(separator: " ").map { hexadecimal($0.utf8) }
            return (parts[0], parts[1])
        }
    }

    private static func hexadecimal(_ digits: Substring.UTF8View) -> [UInt8] {
        let values = digits.map { $0 < 58 ? $0 - 48 : $0 - 87 }
        return stride(from: 0, to: values.count, by: 2).map { values[$0] << 4 | values[$0 + 1] }
    }

    @Test("the text of a columnar answer is byte for byte what Python's json.dumps writes")
    func texts() throws {
        let answers = try Self.answers()
        #expect(answers.count > 12)
        for (payload, text) in answers {
            let made = try #require(payload.withUnsafeBytes { AnswerText.make($0) })
            let start = zip(made, text).prefix { $0 == $1 }.count
            #expect(made == text, "\(String(decoding: text[max(0, start - 30)...].prefix(80), as: UTF8.self))")
        }
    }

    @Test("an answer that is cut or changed anywhere is refused or read, and never a trap")
    func damage() throws {
        var random = SplitMix(seed: 11)
        for (payload, _) in try Self.answers().filter({ $0.payload.count < 4000 }) {
            for count in 0..<payload.count {
                #expect(WorkerAnswer.text(Array(payload[..<count]), isColumnar: true) == nil)
            }
            for _ in 0..<3000 {
                var bytes = payload
                for _ in 0..<(1 + random.next() % 3) {
                    bytes[Int(random.next() % UInt64(min(bytes.count, 96)))] = UInt8(truncatingIfNeeded: random.next())
                }
                _ = WorkerAnswer.text(bytes, isColumnar: true)
            }
        }
    }

    @Test(
        "an answer whose text would be endless is refused by its descriptors",
        arguments: [
            (rows: UInt64(1) << 30, shape: [UInt64(0)], count: 0), (rows: .max, shape: [], count: 8),
            (rows: 1 << 31, shape: [1 << 33], count: 0), (rows: 1, shape: Array(repeating: 1, count: 33), count: 8),
            (rows: 2, shape: [], count: 8), (rows: 0, shape: [5], count: 0),
        ] as [(rows: UInt64, shape: [UInt64], count: Int)])
    func endless(rows: UInt64, shape: [UInt64], count: Int) {
        var bytes: [UInt8] = []
        func append<Number: FixedWidthInteger>(_ number: Number) {
            withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
        }
        let head = Array(#"{"layout": "array"}     "#.utf8)
        append(UInt32(head.count))
        append(UInt32(0))
        append(UInt32(1))
        append(UInt32(0))
        append(rows)
        append(UInt16(1))
        append(UInt16(0))
        append(UInt32(shape.count))
        append(UInt64(count))
        for length in shape { append(length) }
        bytes += head + [UInt8](repeating: 0, count: count)
        #expect(WorkerAnswer.text(bytes, isColumnar: true) == nil)
    }

    @Test(
        "the JSON of a worker is passed on when it is one JSON value",
        arguments: [
            ("[1.5, null]", true), (#"{"a": 1, "a": 2}"#, true), (" 7 ", true), ("[NaN]", false), ("[1] [2]", false),
            ("", false), ("[1,", false), ("\u{1}", false),
        ])
    func json(text: String, isValid: Bool) {
        #expect(WorkerAnswer.text(Array(text.utf8), isColumnar: false) == (isValid ? Array(text.utf8) : nil))
    }

    @Test(
        "where an answer may have what is not finite, Python's three words are passed on, and no other",
        arguments: [
            ("[NaN, Infinity, -Infinity]", true), (#"{"a": NaN}"#, true), ("[nan]", false), ("[NaN", false),
            ("[+Infinity]", false), ("[Inf]", false),
        ])
    func notFinite(text: String, isValid: Bool) {
        let passed = WorkerAnswer.text(Array(text.utf8), isColumnar: false, takesNotFinite: true)
        #expect(passed == (isValid ? Array(text.utf8) : nil))
    }

    // MARK: Requests

    /// The columnar payload of a request, read again.
    private func payload(
        _ schema: RequestSchema, _ body: String, _ check: (ColumnarPayload, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var builder = FrameBuilder(schema: schema, parameters: [], limits: Limits(), compatibility: .strict)
        let frame = try Array(body.utf8).withUnsafeBytes { try builder.frame(for: ScoringRequest($0, .bareJSON)) }
        #expect(frame.isColumnar)
        try frame.bytes.withUnsafeBytes { bytes in
            let whole = UnsafeRawBufferPointer(rebasing: bytes[WorkerFrame.headerBytes...])
            try check(try #require(ColumnarPayload(whole)), whole)
        }
    }

    private func numbers<Number: FixedWidthInteger>(
        _ column: ColumnarPayload.Column, _ bytes: UnsafeRawBufferPointer, _ type: Number.Type
    ) -> [Number] {
        stride(from: column.cells.lowerBound, to: column.cells.upperBound, by: MemoryLayout<Number>.size).map {
            bytes.loadUnaligned(fromByteOffset: $0, as: type)
        }
    }

    @Test(
        "numbers keep every bit: whole ones beyond 2^53, -0.0, the nearest float; what is missing is NaN or a cleared bit"
    )
    func cells() throws {
        let types: [(String, CellType)] = [
            ("l", .long), ("d", .double), ("f", .float), ("b", .boolean), ("i", .integer), ("s", .string),
        ]
        let schema = RequestSchema.columns(types.map { .init(name: $0.0, type: $0.1, required: true) })
        let body = #"""
            [{"l": 9007199254740993, "d": -0.0, "f": 0.1, "b": true, "i": -2147483648, "s": "größe"},
             {"l": -9223372036854775808, "d": -0, "f": null, "b": 0, "i": 2.0, "s": null},
             {"l": 9223372036854775807, "d": null, "f": 16777217, "b": 1, "i": 7, "s": ""}]
            """#
        try payload(schema, body) { payload, bytes in
            #expect(payload.rows == 3)
            #expect(payload.columns.map(\.encoding) == [.int64, .float64, .float32, .bool, .int32, .text])
            #expect(numbers(payload.columns[0], bytes, Int64.self) == [9_007_199_254_740_993, .min, .max])
            let doubles = numbers(payload.columns[1], bytes, UInt64.self).map(Double.init(bitPattern:))
            #expect(doubles[0].bitPattern == (-0.0).bitPattern)
            // Python's json reads `-0` as a whole number.
            #expect(doubles[1].bitPattern == 0)
            #expect(doubles[2].isNaN)
            let floats = numbers(payload.columns[2], bytes, UInt32.self).map(Float.init(bitPattern:))
            #expect(floats[0] == 0.1)
            #expect(floats[1].isNaN)
            #expect(floats[2] == 16_777_216)
            #expect(numbers(payload.columns[3], bytes, UInt8.self) == [1, 0, 1])
            #expect(numbers(payload.columns[4], bytes, Int32.self) == [.min, 2, 7])
            let text = payload.columns[5]
            let bitmap = try #require(text.validity)
            #expect(bytes[bitmap.lowerBound] & 7 == 0b101)
            #expect(Array(bytes[text.cells].prefix(16)) == [0, 0, 0, 0, 7, 0, 0, 0, 7, 0, 0, 0, 7, 0, 0, 0])
            #expect(Array(bytes[text.cells].dropFirst(16)) == Array("größe".utf8))
        }
    }

    @Test(
        "a time becomes nanoseconds since 1970, or stays text when there is no such time",
        arguments: [
            ("1970-01-01", 0), ("2024-01-02T03:04:05.123456789", 1_704_164_645_123_456_789),
            ("2000-02-29 12:00", 951_825_600_000_000_000), ("1969-12-31T23:59:59.9", -100_000_000),
            ("1900-03-01", -2_203_891_200_000_000_000), ("2262-04-11T23:47:16.854775807", Int64.max),
            ("2262-04-11T23:47:16.854775808", nil), ("1677-09-21T00:12:43.145224192", nil),
            ("0000-01-01", nil), ("9999-12-31", nil),
        ] as [(String, Int64?)])
    func times(text: String, expected: Int64?) throws {
        #expect(isDateTime(text))
        #expect(nanoseconds(text) == expected)
        let schema = RequestSchema.columns([.init(name: "t", type: .datetime, required: false)])
        try payload(schema, #"[{"t": "1970-01-01"}, {"t": "\#(text)"}, {"t": 5}, {"t": null}]"#) { payload, bytes in
            if let expected {
                #expect(numbers(payload.columns[0], bytes, Int64.self) == [0, expected, 5, .min])
            } else {
                #expect(payload.columns[0].encoding == .json)
                let cells = String(decoding: bytes[payload.columns[0].cells], as: UTF8.self)
                #expect(cells == #"["1970-01-01","\#(text)",5,null]"#)
            }
        }
    }

    @Test(
        "a tensor is its elements with their shape, or JSON where it has none",
        arguments: [
            ("int64", [-1, 2], "[[1, 9007199254740993], [2.0, true]]", [2] as [Int]?),
            ("uint64", [-1], "[18446744073709549568, 0]", []),
            ("float32", [-1, 2, 1], "[[[1], [null]], [[3], [4]]]", [2, 1]),
            ("bool", [-1, 1], "[[true], [false]]", [1]), ("float64", [-1, -1], "[[1], [2, 3]]", nil),
            ("float64", [-1, -1], "[[], []]", nil), ("str", [-1], #"["a", "b"]"#, nil),
        ] as [(String, [Int], String, [Int]?)])
    func tensors(dtype: String, shape: [Int], body: String, expected: [Int]?) throws {
        let schema = RequestSchema.tensors([.init(name: nil, dtype: dtype, shape: shape)])
        try payload(schema, #"{"inputs": \#(body)}"#) { payload, bytes in
            let column = payload.columns[0]
            #expect(payload.rows == 2)
            #expect(column.shape == expected ?? [])
            #expect((column.encoding == .json) == (expected == nil))
            if dtype == "int64" {
                #expect(numbers(column, bytes, Int64.self) == [1, 9_007_199_254_740_993, 2, 1])
            }
            if expected == nil {
                let text = String(decoding: bytes[column.cells], as: UTF8.self)
                let (sent, given) = (try JSONText.parse(text), try JSONText.parse(body))
                #expect(sent == given)
            }
        }
    }
}

/// A small generator with a seed, so that a run can be repeated.
private struct SplitMix {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}
