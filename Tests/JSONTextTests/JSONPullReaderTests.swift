import Bytes
import JSONText
import TestKit
import Testing

@Test("events come in order, with their offsets")
func events() throws {
    let text = #"{"a":[1,-2.5],"b":"x","c":{}} "#
    var reader = JSONPullReader(ByteRegion(text))
    var seen: [(JSONPullReader.Event, Int)] = []
    while true {
        let event = try reader.next()
        seen.append((event, reader.offset))
        if event == .endOfDocument { break }
    }
    let expected: [(JSONPullReader.Event, Int)] = [
        (.beginObject, 0), (.key("a"), 1), (.beginArray, 5), (.number(6..<7), 6), (.number(8..<12), 8), (.endArray, 12),
        (.key("b"), 14), (.string("x"), 18), (.key("c"), 22), (.beginObject, 26), (.endObject, 27), (.endObject, 28),
        (.endOfDocument, 30),
    ]
    #expect(seen.map(\.0) == expected.map(\.0))
    #expect(seen.map(\.1) == expected.map(\.1))
    #expect(try reader.next() == .endOfDocument)
}

@Test("a part of a region is read as a document of its own, with offsets of the region")
func partOfRegion() throws {
    let region = ByteRegion("junk[1]junk")
    var reader = JSONPullReader(region, range: 4..<7)
    #expect(try reader.next() == .beginArray)
    #expect(try reader.next() == .number(5..<6))
    #expect(reader.int64(5..<6) == 1 && reader.text(5..<6) == "1")
    #expect(try reader.next() == .endArray)
    #expect(try reader.next() == .endOfDocument)
    var broken = JSONPullReader(region, range: 4..<6)
    _ = try broken.next()
    _ = try broken.next()
    let error = #expect(throws: JSONError.self) { _ = try broken.next() }
    #expect(error?.offset == 6 && error?.column == 3)
}

@Test("a buffer is read without a region")
func buffer() throws {
    let bytes = Array("[12]".utf8)
    try bytes.withUnsafeBytes { buffer in
        var reader = JSONPullReader(buffer)
        #expect(try reader.next() == .beginArray)
        guard case .number(let range) = try reader.next() else { return #expect(Bool(false)) }
        #expect(reader.int64(range) == 12)
    }
    var empty = JSONPullReader(UnsafeRawBufferPointer(start: nil, count: 0))
    #expect(throws: JSONError.self) { _ = try empty.next() }
}

@Test("values can be passed over, and are checked all the same")
func skipping() throws {
    let region = ByteRegion(#"{"skip":{"a":["\u00e9",1,{}],"b":"é"},"keep":"ü\n"}"#)
    var reader = JSONPullReader(region)
    #expect(try reader.next() == .beginObject)
    #expect(try reader.next() == .key("skip"))
    #expect(region.string(try reader.skipValue()) == #"{"a":["\u00e9",1,{}],"b":"é"}"#)
    #expect(try reader.next() == .key("keep"))
    #expect(try reader.next() == .string("ü\n"))
    #expect(try reader.next() == .endObject)
    for text in [#"["\ud800"]"#, "[01]", "[\"\u{1}\"]", "[1", #"["\q"]"#] {
        var broken = JSONPullReader(ByteRegion(text))
        #expect(throws: JSONError.self, "\(text)") { try broken.skipValue() }
    }
    var ended = JSONPullReader(ByteRegion("[]"))
    #expect(try ended.next() == .beginArray)
    let error = #expect(throws: JSONError.self) { try ended.skipValue() }
    #expect(error?.reason == "expected a value, found `]`")
}

@Test("the rest of an array or object can be passed over")
func skippingTheRest() throws {
    var reader = JSONPullReader(ByteRegion("[[1,[2],3],4]"))
    #expect(try reader.next() == .beginArray)
    let inner = try reader.next()
    _ = try reader.next()
    try reader.skipRest(of: inner)
    #expect(reader.depth == 1)
    #expect(try reader.next() == .number(11..<12))
    #expect(try reader.next() == .endArray)
}

@Test("whole numbers are exact up to the ends of their range")
func wholeNumbers() throws {
    let rows: [(String, Int64?)] = [
        ("0", 0), ("-0", 0), ("9223372036854775807", .max), ("-9223372036854775808", .min),
        ("9223372036854775808", nil),
        ("-9223372036854775809", nil), ("18446744073709551616", nil), ("99999999999999999999", nil), ("1.0", nil),
        ("1e2", nil), ("-7", -7),
    ]
    for (text, expected) in rows {
        var reader = JSONPullReader(ByteRegion(text))
        guard case .number(let range) = try reader.next() else { return #expect(Bool(false)) }
        #expect(reader.int64(range) == expected, "\(text)")
        // The range of another number than the last is read from its text.
        var other = JSONPullReader(ByteRegion("[" + text + ",1]"))
        _ = try other.next()
        guard case .number(let first) = try other.next() else { return #expect(Bool(false)) }
        _ = try other.next()
        #expect(other.int64(first) == expected, "\(text)")
        #expect(other.double(first) == Double(text), "\(text)")
    }
}
