import JSONText
import TestKit
import Testing

@testable import ScorerServer

/// Writes down what it is given.
private struct RecordingSink: CellSink {
    var calls: [String] = []
    var takesTensorElements: Bool { true }

    mutating func removeAll() { calls = [] }
    mutating func set(_ value: Double, literal: UnsafeRawBufferPointer, row: Int, column: Int) {
        calls.append("\(row) \(column) \(value.bitPattern) \(String(decoding: literal, as: UTF8.self))")
    }
    mutating func set(_ text: String, row: Int, column: Int) { calls.append("\(row) \(column) `\(text)`") }
    mutating func set(json: UnsafeRawBufferPointer, row: Int, column: Int) {
        calls.append("\(row) \(column) json \(String(decoding: json, as: UTF8.self))")
    }
    mutating func setMissing(row: Int, column: Int) { calls.append("\(row) \(column) missing") }
    mutating func finish(rows: Int) { calls.append("\(rows) rows") }
}

@Suite("Many cells at a time")
struct PlainCellsTests {
    private static let schema = RequestSchema.columns([
        .init(name: "d", type: .double, required: true), .init(name: "f", type: .float, required: true),
        .init(name: "i", type: .integer, required: true), .init(name: "l", type: .long, required: true),
        .init(name: "b", type: .boolean, required: true), .init(name: "s", type: .string, required: true),
        .init(name: "t", type: .datetime, required: false), .init(name: "x", type: .binary, required: false),
    ])
    private static let cells = [
        "1", "-2.5", "0", "1.0", "1e3", "2147483648", "9223372036854775807", "1e39", "\"a\"", "\"12\"", "\"nan\"",
        "\"é\"",
        "\"a\\n\"", "true", "false", "null", "[]", "{}", "\"2024-01-02\"", "\"YWI=\"", "NaN", "\"\"", "3.5",
    ]
    // Of each column, what fits.
    private static let fitting = ["1.25", "0.1", "7", "-8", "true", "\"text\"", "\"2024-01-02\"", "\"YWI=\""]

    @Test(
        "a table is taken or refused, with the same cells and the same words, as when it is read cell by cell",
        arguments: [0, 1])
    func same(part: Int) {
        var random = SplitMix64(seed: UInt64(31 + part))
        let compatibility = Compatibility.allCases[part]
        var fast = RequestDecoder(Self.schema, limits: Limits(), compatibility: compatibility)
        #expect(fast.takesPlainCells)
        var taken = 0
        for round in 0..<4_000 {
            // One that remembers nothing.
            var slow = RequestDecoder(Self.schema, limits: Limits(), compatibility: compatibility)
            slow.takesPlainCells = false
            let bytes = Array(Self.body(&random).utf8)
            let (one, other) = (Self.outcome(&fast, bytes), Self.outcome(&slow, bytes))
            #expect(one == other, "round \(round): \(String(decoding: bytes, as: UTF8.self))")
            if one.contains(where: { $0.hasSuffix(" rows") }) { taken += 1 }
        }
        #expect(taken > 200)
    }

    @Test("names that were right once are right again only when they are the same to the last byte")
    func names() {
        var decoder = RequestDecoder(
            .columns([
                .init(name: "a", type: .double, required: true), .init(name: "b", type: .double, required: true),
            ]), limits: Limits(), compatibility: .strict)
        func cells(_ names: String, _ row: String) -> [String] {
            Self.outcome(&decoder, Array(#"{"dataframe_split": {"columns": \#(names), "data": [\#(row)]}}"#.utf8))
        }
        let (one, two) = ("\(1.0.bitPattern) 1", "\(2.0.bitPattern) 2")
        for _ in 0..<2 {
            #expect(cells(#"["a","b"]"#, "[1, 2]") == ["0 0 \(one)", "0 1 \(two)", "1 rows"])
            #expect(cells(#"["b","a"]"#, "[2, 1]") == ["0 1 \(two)", "0 0 \(one)", "1 rows"])
            #expect(cells(#"["b", "x", "a"]"#, "[2, 5, 1]") == ["0 1 \(two)", "0 0 \(one)", "1 rows", "extra x"])
            #expect(cells(#"["a","c"]"#, "[1, 2]").contains { $0.contains("missing inputs") })
            #expect(cells(#"["a","b"],["a","b"]"#, "[1, 2]").contains { $0.contains("expected a key") })
        }
    }

    @Test("a wide row of a hundred columns is more than are read at once")
    func wide() {
        let names = (0..<100).map { "c\($0)" }
        var fast = RequestDecoder(
            .columns(names.map { .init(name: $0, type: .double, required: true) }), limits: Limits(),
            compatibility: .strict)
        var slow = fast
        slow.takesPlainCells = false
        let columns = names.map { "\"\($0)\"" }.joined(separator: ",")
        for count in [99, 100, 101, 128, 129] {
            let row = (0..<count).map { "\($0).5" }.joined(separator: ", ")
            let body = Array(#"{"dataframe_split": {"columns": [\#(columns)], "data": [[\#(row)], [\#(row)]]}}"#.utf8)
            let outcome = Self.outcome(&fast, body)
            #expect(outcome == Self.outcome(&slow, body))
            #expect(outcome.contains("2 rows") == (count == 100))
        }
    }

    private static func body(_ random: inout SplitMix64) -> String {
        func chance(_ of: UInt64, _ random: inout SplitMix64) -> Bool { random.next() % of == 0 }
        var names = ["\"d\"", "\"f\"", "\"i\"", "\"l\"", "\"b\"", "\"s\"", "\"t\"", "\"x\""]
        let extra = chance(4, &random)
        if extra { names.insert("\"extra\"", at: 3) }
        // Twice the same, or one too few.
        if chance(20, &random) { names[Int(random.next() % UInt64(names.count))] = "\"s\"" }
        if chance(20, &random) { names.removeLast() }
        let rows = (0..<(1 + random.next() % 3)).map { _ in
            var row = Self.fitting
            if extra { row.insert("5", at: 3) }
            if chance(3, &random) {
                row[Int(random.next() % UInt64(row.count))] = Self.cells[Int(random.next() % UInt64(Self.cells.count))]
            }
            if chance(12, &random) { row.removeLast() }
            if chance(12, &random) { row.append("1") }
            return "[\(row.joined(separator: chance(2, &random) ? "," : " , "))]"
        }
        let data = "[\(rows.joined(separator: ","))]"
        let text = #"{"dataframe_split":{"columns":[\#(names.joined(separator: ","))],"data":\#(data)}}"#
        if chance(8, &random) {
            return #"{"dataframe_split":{"data":\#(data),"columns":[\#(names.joined(separator: ","))]}}"#
        }
        guard chance(6, &random) else { return text }
        return String(text.prefix(Int(random.next() % UInt64(text.count))))
    }

    private static func outcome(_ decoder: inout RequestDecoder, _ body: [UInt8]) -> [String] {
        var sink = RecordingSink()
        let outcome = body.withUnsafeBytes { bytes in
            do throws(RequestError) {
                _ = try decoder.decode(ScoringRequest(bytes, .json), into: &sink)
                return sink.calls
            } catch { return ["\(error)"] }
        }
        guard !sink.calls.isEmpty, outcome == sink.calls else { return outcome }
        return outcome + decoder.extras.map { "extra \($0)" }
    }
}
