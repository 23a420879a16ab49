import Bytes
import Diagnostics
import JSONText
import TestKit
import Testing

@Test(
    "whole documents are read",
    arguments: [
        ("null", .null), (" \t\r\n true ", true), ("false", false),
        ("-0", .number(JSONNumber(text: "-0") ?? JSONNumber(7))),
        ("1.50e+2", .number(JSONNumber(text: "1.50e+2") ?? JSONNumber(7))), ("\"\"", ""), ("[]", []), ("{}", [:]),
        ("[1,[2,[]],{}]", [1, [2, []], [:]]),
        (#"{"b":1, "a":{"":[null]}}"#, ["b": 1, "a": ["": [nil]]]),
        (#""a\"\\\/\b\f\n\r\tz""#, .string("a\"\\/\u{8}\u{c}\n\r\tz")),
        (#""\u0000\u00e9\u20AC\ud83d\ude42""#, "\0é€🙂"),
        ("\"é€🙂\u{7f}\u{10ffff}\"", "é€🙂\u{7f}\u{10ffff}"),
        (#""0123456\n0123456789\t""#, "0123456\n0123456789\t"),
    ] as [(String, JSONValue)])
func documents(_ text: String, _ value: JSONValue) throws {
    #expect(try JSONText.parse(text) == value)
}

struct Refusal: Sendable, CustomTestStringConvertible {
    let bytes: [UInt8]
    let line: Int
    let column: Int
    let reason: String
    var testDescription: String { reason }

    init(_ text: String, _ line: Int, _ column: Int, _ reason: String) {
        self.init(Array(text.utf8), line, column, reason)
    }

    init(_ bytes: [UInt8], _ line: Int, _ column: Int, _ reason: String) {
        self.bytes = bytes
        self.line = line
        self.column = column
        self.reason = reason
    }
}

@Test(
    "what is not JSON is refused where it goes wrong",
    arguments: [
        Refusal("", 1, 1, "it ends too early"),
        Refusal("  ", 1, 3, "it ends too early"),
        Refusal("[1,", 1, 4, "it ends too early"),
        Refusal("[1", 1, 3, "it ends too early"),
        Refusal("{\"a\"", 1, 5, "it ends too early"),
        Refusal("{\"a\":", 1, 6, "it ends too early"),
        Refusal("{", 1, 2, "it ends too early"),
        Refusal("\"abc", 1, 5, "it ends too early"),
        Refusal("\"abc\\", 1, 6, "it ends too early"),
        Refusal("-", 1, 2, "it ends too early"),
        Refusal("1.", 1, 3, "it ends too early"),
        Refusal("1e", 1, 3, "it ends too early"),
        Refusal("tru", 1, 1, "expected a value, found `t`"),
        Refusal("nulll", 1, 5, "expected the end, found `l`"),
        Refusal("[1,]", 1, 4, "expected a value, found `]`"),
        Refusal("[,1]", 1, 2, "expected a value, found `,`"),
        Refusal("[1 2]", 1, 4, "expected `,` or `]`, found `2`"),
        Refusal("[1}", 1, 3, "expected `,` or `]`, found `}`"),
        Refusal("{\"a\":1]", 1, 7, "expected `,` or `}`, found `]`"),
        Refusal("{\"a\":1,}", 1, 8, "expected a key in double quotes, found `}`"),
        Refusal("{a:1}", 1, 2, "expected a key in double quotes, found `a`"),
        Refusal("{\"a\" 1}", 1, 6, "expected `:`, found `1`"),
        Refusal("{1:1}", 1, 2, "expected a key in double quotes, found `1`"),
        Refusal("['a']", 1, 2, "expected a value, found `'`"),
        Refusal("[1]\n// x", 2, 1, "expected the end, found `/`"),
        Refusal("1 2", 1, 3, "expected the end, found `2`"),
        Refusal("[]]", 1, 3, "expected the end, found `]`"),
        Refusal("[\n  é]", 2, 3, "expected a value, found `é`"),
        Refusal("[\"é€\", x]", 1, 8, "expected a value, found `x`"),
        Refusal("\u{1}", 1, 1, "expected a value, found byte 0x1"),
        Refusal([0xff], 1, 1, "expected a value, found byte 0xff"),
        Refusal("\u{a0}1", 1, 1, "expected a value, found `\\u{a0}`"),
        Refusal("01", 1, 1, "a number begins with a superfluous `0`"),
        Refusal("[-00.5]", 1, 2, "a number begins with a superfluous `0`"),
        Refusal("+1", 1, 1, "expected a value, found `+`"),
        Refusal(".5", 1, 1, "expected a value, found `.`"),
        Refusal("-x", 1, 2, "expected a digit, found `x`"),
        Refusal("1.e5", 1, 3, "expected a digit after `.`, found `e`"),
        Refusal("1e+", 1, 4, "it ends too early"),
        Refusal("[1ex]", 1, 4, "expected a digit in the exponent, found `x`"),
        Refusal("0x10", 1, 2, "expected the end, found `x`"),
        Refusal("1_000", 1, 2, "expected the end, found `_`"),
        Refusal("[NaN]", 1, 2, "`NaN` is not JSON"),
        Refusal("[Infinity]", 1, 2, "`Infinity` is not JSON"),
        Refusal("[-Infinity]", 1, 2, "`-Infinity` is not JSON"),
        Refusal("\u{feff}{}", 1, 1, "it begins with a byte order mark, which JSON does not allow"),
        Refusal("\"a\nb\"", 1, 3, "a control character in a string is not escaped"),
        Refusal("\"a\\x\"", 1, 4, "expected an escape (one of `\"\\/bfnrtu`), found `x`"),
        Refusal("\"\\u12\"", 1, 6, "a `\\u` escape needs four hexadecimal digits"),
        Refusal("\"\\u12g4\"", 1, 6, "a `\\u` escape needs four hexadecimal digits"),
        Refusal("\"a\\ud800\"", 1, 3, "a `\\u` escape is half of a surrogate pair"),
        Refusal("\"\\udc00\\ud800\"", 1, 2, "a `\\u` escape is half of a surrogate pair"),
        Refusal("\"\\ud800\\u0041\"", 1, 2, "a `\\u` escape is half of a surrogate pair"),
        Refusal("\"\\ud800\\ud800\"", 1, 2, "a `\\u` escape is half of a surrogate pair"),
        Refusal("\"\\ud800xxxxxx\"", 1, 2, "a `\\u` escape is half of a surrogate pair"),
        Refusal([0x22, 0x61, 0xff, 0x22], 1, 3, "a string is not UTF-8"),
        Refusal([0x22, 0xc0, 0x80, 0x22], 1, 2, "a string is not UTF-8"),
        Refusal([0x22, 0xe2, 0x82, 0x22], 1, 2, "a string is not UTF-8"),
        Refusal([0x22, 0xed, 0xa0, 0x80, 0x22], 1, 2, "a string is not UTF-8"),
        Refusal([0x22, 0xf4, 0x90, 0x80, 0x80, 0x22], 1, 2, "a string is not UTF-8"),
        Refusal([0x22, 0x5c, 0x6e, 0x80, 0x22], 1, 4, "a string is not UTF-8"),
        Refusal("{\"a\":1,\n\"a\":2}", 2, 1, "the key `a` appears twice in one object"),
        Refusal("{\"a\":1,\"\\u0061\":2}", 1, 8, "the key `a` appears twice in one object"),
    ])
func refusals(_ row: Refusal) {
    let error = #expect(throws: JSONError.self) { try JSONText.parse(row.bytes) }
    #expect(error?.reason == row.reason)
    #expect(error?.line == row.line)
    #expect(error?.column == row.column)
}

@Test("a message says what, where and how to mend")
func wholeMessage() {
    #expect(
        message { try JSONText.parse("{\"a\":\n [NaN]}") } == """
            error: cannot read JSON: `NaN` is not JSON
              --> line 2, column 3
            hint: write `null` for a missing value

            """)
    let error = JSONError(kind: .size(limit: 16_777_216, count: 20_000_000), offset: 0, line: 1, column: 1)
    #expect(
        message { throw error.diagnostic(file: "input_example.json") } == """
            error: cannot read `input_example.json`: it has 20,000,000 bytes; the limit is 16,777,216
              --> input_example.json:1:1

            """)
}

@Test("limits are named when they are passed, and exactly reached is not passed")
func limits() throws {
    let limits = JSONLimits(maxDepth: 3, maxBytes: 20, maxNumberLength: 5)
    func kind(_ text: String) -> JSONError.Kind? {
        do throws(JSONError) {
            _ = try JSONText.parse(text, limits: limits)
            return nil
        } catch { return error.kind }
    }
    #expect(kind("[[[1]]]") == nil)
    #expect(kind("[[[[1]]]]") == .depth(limit: 3))
    #expect(kind("[[],[[]],{\"a\":{}}]") == nil)
    #expect(kind("12345") == nil && kind("-1.5e") != nil)
    #expect(kind("123456") == .numberTooLong(limit: 5))
    #expect(kind("                    1") == .size(limit: 20, count: 21))
    #expect(kind("                   1") == nil)
    let deep = String(repeating: "[", count: 100_000)
    #expect(throws: JSONError.self) { try JSONText.parse(deep) }
}

@Test("many keys are all remembered")
func manyKeys() throws {
    let members = (0..<100).map { "\"k\($0)\":\($0)" }
    #expect(try JSONText.parse("{\(members.joined(separator: ","))}").objectValue?.count == 100)
    for repeated in [0, 11, 12, 13, 99] {
        let error = #expect(throws: JSONError.self) {
            try JSONText.parse("{\(members.joined(separator: ",")),\"k\(repeated)\":0}")
        }
        #expect(error?.kind == .duplicateKey("k\(repeated)"))
    }
}

@Test("objects keep their order; setting keeps, adds or removes")
func objects() throws {
    var object = try #require(try JSONText.parse(#"{"z":1,"a":2}"#).objectValue)
    #expect(object.keys == ["z", "a"])
    object["z"] = 3
    object["m"] = "x"
    object["a"] = nil
    object["none"] = nil
    #expect(object == ["z": 3, "m": "x"])
    #expect(object != ["m": "x", "z": 3])
    #expect(object["z"]?.intValue == 3 && object["a"] == nil && !object.isEmpty)
}

@Test("values answer only for what they are")
func conveniences() throws {
    let value = try JSONText.parse(
        #"{"i":3,"f":3.0,"big":9223372036854775808,"huge":1e999,"s":"x","b":true,"n":null,"a":[1]}"#)
    #expect(value["i"]?.intValue == 3 && value["i"]?.doubleValue == 3)
    #expect(value["f"]?.intValue == nil && value["f"]?.doubleValue == 3)
    #expect(value["big"]?.intValue == nil && value["big"]?.doubleValue == 9_223_372_036_854_775_808)
    #expect(value["huge"]?.doubleValue == nil)
    #expect(value["s"]?.stringValue == "x" && value["s"]?.intValue == nil)
    #expect(value["b"]?.boolValue == true && value["n"]?.isNull == true && value["a"]?.arrayValue == [1])
    #expect(value["missing"] == nil && value["a"]?["x"] == nil)
    #expect(JSONNumber(Int.min).int64 == .min)
    #expect(JSONNumber(text: "9223372036854775807")?.int64 == .max)
    for text in ["", "1 ", " 1", "01", "NaN", "1,2", "[1]", "0x1", "1.", "\"1\"", "٣"] {
        #expect(JSONNumber(text: text) == nil, "\(text)")
    }
}
