import JSONText
import TestKit
import Testing

/// What a reader gave, alike for both ways of reading.
private enum Read: Equatable {
    case number(UInt64?, Int64?, Range<Int>)
    case text(String)
    case other(JSONPullReader.Event)
    case error(JSONError)
}

private func read(_ text: [UInt8], inOneGo: Bool, limits: JSONLimits = .request) -> [Read] {
    text.withUnsafeBytes { buffer in
        var reader = JSONPullReader(buffer, limits: limits)
        reader.takesNotFinite = true
        var cells = [JSONPlainCell](repeating: JSONPlainCell(), count: 3)
        var all: [Read] = []
        while true {
            var count = inOneGo ? reader.plainCells(into: &cells) : 0
            for cell in cells[..<count] {
                switch cell.kind {
                case .integer: all.append(.number(cell.double.bitPattern, cell.integer, cell.range))
                case .number: all.append(.number(cell.double.bitPattern, nil, cell.range))
                case .text: all.append(.text(String(decoding: buffer[cell.range], as: UTF8.self)))
                }
            }
            if count == cells.count { continue }
            do throws(JSONError) {
                let event = try reader.next()
                switch event {
                case .number(let range):
                    all.append(.number(reader.double(range)?.bitPattern, reader.int64(range), range))
                case .string(let text): all.append(.text(text))
                default: all.append(.other(event))
                }
                if event == .endOfDocument { return all }
            } catch {
                return all + [.error(error)]
            }
            count = 0
        }
    }
}

@Suite("Plain cells")
struct JSONPlainCellTests {
    @Test(
        "the elements of an array are the same in one go as one by one, and so is what is wrong with them",
        arguments: [
            "[]", "[ ]", "[1]", " [ 1 , 2.5,-0, -0.0,\"a\" ,\"\",true,null,[1,2],{\"a\":[3,4]},5]", "[1,]", "[,1]",
            "[1 2]", "[01]", "[-]", "[1.]", "[.5]", "[1e5,1E-2,1.5e3]", "[12", "[\"a", "[\"a\\n\",\"\\u0041\",\"b\"]",
            "[\"é\",\"\u{1f600}\"]", "[9223372036854775807,-9223372036854775808,9223372036854775808]",
            "[1234567890123456789,12345678901234567890,0.1234567890123456789,0.12345678901234567890]",
            "[0.30000000000000004,123456.789e-5,5e-324,1e400,NaN,-Infinity]",
            "[\"12345678\",\"1234567\",\"123456789\"]",
            "[\"1234567\u{7f}\",\"a\tb\"]", "{\"a\":1,\"b\":\"c\"}", "\"a\"", "1", "[1]]", "[1}",
            "[1,\"2\",3,\"4\",5,6,7]",
            "[0.1,0.2,0.3,8765.4321,999999999999.99,4503599627370497.5,9007199254740993,9007199254740993.0]",
        ])
    func same(text: String) {
        let bytes = Array(text.utf8)
        #expect(read(bytes, inOneGo: true) == read(bytes, inOneGo: false))
    }

    @Test("the same for arrays of many kinds that are cut and changed anywhere")
    func mutated() {
        let pieces = [
            "1", "-2.25", "\"abc\"", "\"a long text of many letters\"", "null", "true", "[", "]", "{\"k\":", "}", ",",
            ",",
            ",", " ", "\"", "\\", "1e3", "0", ".", "-", "123456789.125", "é", "17976931348623157", "\u{0}",
        ]
        var random = SplitMix64(seed: 29)
        for round in 0..<20_000 {
            var bytes: [UInt8] = Array("[".utf8)
            for _ in 0..<(random.next() % 12) {
                bytes += pieces[Int(random.next() % UInt64(pieces.count))].utf8
                if random.next() % 4 > 0 { bytes.append(UInt8(ascii: ",")) }
            }
            if bytes.last == UInt8(ascii: ",") { bytes.removeLast() }
            if random.next() % 3 > 0 { bytes.append(UInt8(ascii: "]")) }
            if random.next() % 4 == 0 {
                bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            #expect(
                read(bytes, inOneGo: true) == read(bytes, inOneGo: false),
                "round \(round): \(String(decoding: bytes, as: UTF8.self))")
        }
    }

    @Test("a number longer than the limit is left for the error")
    func limit() {
        let limits = JSONLimits(maxDepth: 4, maxBytes: 100, maxNumberLength: 5)
        let bytes = Array("[1234,12.45,123456]".utf8)
        #expect(read(bytes, inOneGo: true, limits: limits) == read(bytes, inOneGo: false, limits: limits))
    }
}
