import Bytes
import Foundation
import Testing

@testable import YAMLText

/// Files that break or mislead YAML readers; their origin is in `Tests/Fixtures/mlmodel/README.md`.
@Suite struct HostileYAMLTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/mlmodel/hostile")

    static let refused = [
        "bad_utf8", "billion_laughs", "colon_flood", "complex_key", "directive", "dup_key", "dup_key_nested",
        "multi_doc", "recursive", "recursive_map", "tabs", "tag_binary", "tag_local", "tag_python", "tag_set", "utf16",
    ]

    private func parse(_ name: String) throws -> YAMLNode {
        let bytes = try Data(contentsOf: Self.folder.appending(path: "\(name).yaml"))
        return try YAMLText.parse(ByteRegion([UInt8](bytes)), file: name)
    }

    @Test("a hostile file is refused with its line", arguments: refused)
    func refusal(name: String) throws {
        let error = try #require(throws: YAMLError.self) { try parse(name) }
        #expect(error.mark != nil)
    }

    @Test("bytes that are not UTF-8 are refused with their offset")
    func encoding() throws {
        let error = try #require(throws: YAMLError.self) { try parse("bad_utf8") }
        #expect(error.kind == .encoding("invalid leading UTF-8 octet at byte 3"))
        #expect(error.mark == YAMLMark(line: 1, column: 4))
    }

    @Test("keys that only a typed reader would take as equal are kept apart")
    func numericKeys() throws {
        #expect(try parse("dup_key_num").entries?.map(\.key) == ["1", "0x1"])
    }

    @Test("versions and names are never typed")
    func norway() throws {
        #expect(try parse("norway").entries?.contains { $0.value.text == "3.10" } == true)
    }

    struct Flood: Sendable, CustomTestStringConvertible {
        let name: String
        let text: String
        let kind: YAMLError.Kind
        var testDescription: String { name }
    }

    static let floods: [Flood] = [
        Flood(name: "200,000 open brackets", text: String(repeating: "[", count: 200_000), kind: .tooDeep(limit: 64)),
        Flood(name: "50,000 JSON maps", text: String(repeating: "{\"a\":", count: 50_000), kind: .tooDeep(limit: 64)),
        Flood(name: "100,000 block lists", text: String(repeating: "- ", count: 100_000), kind: .tooDeep(limit: 64)),
        Flood(name: "20,000 explicit keys", text: String(repeating: "? ", count: 20_000), kind: .keyNotScalar),
        Flood(
            name: "one long list 80,000 times",
            text: "a: &a [\(String(repeating: "x,", count: 4_000))]\nb: [\(String(repeating: "*a,", count: 20_000))]\n",
            kind: .tooManyNodes(limit: 200_000)),
        Flood(
            name: "a list of 300,000 values", text: "[\(String(repeating: "x,", count: 300_000))]",
            kind: .tooManyNodes(limit: 200_000)),
        Flood(
            name: "80 kB of text 20,000 times",
            text:
                "a: &a \"\(String(repeating: "x", count: 80_000))\"\nb: [\(String(repeating: "*a,", count: 20_000))]\n",
            kind: .tooMuchText(limit: 16 << 20)),
        Flood(
            name: "20,000 anchors",
            text: (0..<20_000).map { "- &a\($0) x\n" }.joined(), kind: .tooManyAnchors(limit: 10_000)),
    ]

    @Test("a flood is refused under its limit within a second of processor time", arguments: floods)
    func flood(_ row: Flood) throws {
        let start = threadSeconds()
        let error = try #require(throws: YAMLError.self) { try YAMLText.parse(ByteRegion(row.text), file: row.name) }
        #expect(error.kind == row.kind)
        #expect(threadSeconds() - start < 1)
    }

    private func threadSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
