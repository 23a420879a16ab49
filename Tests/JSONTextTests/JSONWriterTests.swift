import Bytes
import TestKit
import Testing

@testable import JSONText

private let sample: JSONValue = [
    "b": [1, 2.5, nil, true, []], "a": ["é": "\u{7f}\u{1}\n\"\\/🙂", "": [:]], "Z": .double(1e-5),
]

@Test("the compact style has no blanks and keeps characters")
func compact() {
    #expect(
        JSONWriter.text(sample, style: .compact)
            == "{\"b\":[1,2.5,null,true,[]],\"a\":{\"é\":\"\u{7f}\\u0001\\n\\\"\\\\/🙂\",\"\":{}},\"Z\":1e-05}")
}

@Test("the style for files is sorted, indented, ASCII, and ends with a line feed")
func pretty() {
    #expect(
        JSONWriter.text(sample, style: .pretty) == #"""
            {
              "Z": 1e-05,
              "a": {
                "": {},
                "\u00e9": "\u007f\u0001\n\"\\/\ud83d\ude42"
              },
              "b": [
                1,
                2.5,
                null,
                true,
                []
              ]
            }

            """#)
    #expect(JSONWriter.text([], style: .pretty) == "[]\n")
}

@Test("the style of Python is byte for byte what json.dumps writes, for every character")
func pythonStyle() throws {
    var strings: [JSONValue] = []
    for first in stride(from: UInt32(0), to: 0x11_0000, by: 97) {
        var text = ""
        for value in first..<first + 3 { if let scalar = Unicode.Scalar(value) { text.unicodeScalars.append(scalar) } }
        strings.append(.string(text))
    }
    for value in 0..<0x200 as Range<UInt32> {
        if let scalar = Unicode.Scalar(value) { strings.append(.string(String(scalar))) }
    }
    let document: JSONValue = ["strings": .array(strings), "sample": sample, "empty": [[:], []]]
    let judge = try python(
        "import json, sys; sys.stdout.write(json.dumps(json.loads(sys.stdin.buffer.read())))",
        input: JSONWriter.bytes(document, style: .compact))
    #expect(judge.isSuccess, "\(judge.errorText)")
    #expect(judge.output == JSONWriter.bytes(document, style: .python))
    #expect(try JSONText.parse(judge.output) == document)
    #expect(try JSONText.parse(JSONWriter.bytes(document, style: .pretty))["strings"] == .array(strings))
}

@Test("floats that are not finite are written as Python does, and refused when read")
func notFinite() {
    let text = JSONWriter.text([.double(.nan), .double(-.infinity), .double(.infinity)], style: .python)
    #expect(text == "[NaN, -Infinity, Infinity]")
    #expect(throws: JSONError.self) { try JSONText.parse(text) }
}

@Test("appending leaves what was there")
func appending() {
    var bytes = Array("x".utf8)
    JSONWriter.append([1], style: .compact, to: &bytes)
    JSONWriter.appendString("é", isASCII: true, to: &bytes)
    JSONWriter.appendString("é", isASCII: false, to: &bytes)
    appendPythonRepr(-2, to: &bytes)
    #expect(String(decoding: bytes, as: UTF8.self) == "x[1]\"\\u00e9\"\"é\"-2.0")
}
