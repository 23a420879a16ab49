import Bytes
import Diagnostics
import Testing

@testable import YAMLText

@Suite struct YAMLTextTests {
    private func parse(_ text: String, limits: YAMLLimits = .standard) throws -> YAMLNode {
        try YAMLText.parse(ByteRegion(text), file: "f.yaml", limits: limits)
    }

    @Test("scalars stay text, whatever YAML 1.1 would make of them")
    func scalarsStayText() throws {
        let node = try parse("a: 3.10\nb: no\nc: 017\nd: 1:30\ne: 2024-01-01\nf: 0x1\n")
        #expect(node.entries?.map { $0.value.text } == ["3.10", "no", "017", "1:30", "2024-01-01", "0x1"])
    }

    @Test("null is plain only; quoted and block text never is")
    func nulls() throws {
        let node = try parse("a:\nb: ~\nc: null\nd: 'null'\ne: ''\nf: |\n  ~\n")
        #expect(node.entries?.map(\.value.isNull) == [true, true, true, false, false, false])
        #expect(node["d"]?.text == "null")
        #expect(node["f"]?.text == "~\n")
    }

    @Test("marks count lines and characters from 1")
    func marks() throws {
        let node = try parse("a: 1\nb:\n  - é: x\n")
        let inner = try #require(node["b"]?.items?.first?.entries?.first)
        #expect(inner.keyMark == YAMLMark(line: 3, column: 5))
        #expect(inner.value.mark == YAMLMark(line: 3, column: 8))
    }

    @Test("aliases stand for their values")
    func aliases() throws {
        let node = try parse("a: &id001\n- x\n- y\nb: *id001\n")
        #expect(node["b"]?.items?.map(\.text) == ["x", "y"])
    }

    @Test("a byte order mark in UTF-8 is passed over")
    func byteOrderMark() throws {
        #expect(try parse("\u{feff}a: 1\n")["a"]?.text == "1")
    }

    @Test("escapes for control characters are kept as data")
    func escapes() throws {
        #expect(try parse(#"a: "\u0085\u2028\u202e\u0000""#)["a"]?.text == "\u{85}\u{2028}\u{202e}\0")
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        let text: String
        let kind: YAMLError.Kind
        let mark: YAMLMark?
        var testDescription: String { text.debugDescription }
    }

    static let refused: [Refused] = [
        Refused(text: "", kind: .empty, mark: nil),
        Refused(text: "# nothing\n", kind: .empty, mark: YAMLMark(line: 2, column: 1)),
        Refused(
            text: "a: 1\nb: 2\na: 3\n", kind: .duplicateKey("a", first: YAMLMark(line: 1, column: 1)),
            mark: YAMLMark(line: 3, column: 1)),
        Refused(
            text: "{\"a\": 1, a: 2}", kind: .duplicateKey("a", first: YAMLMark(line: 1, column: 2)),
            mark: YAMLMark(line: 1, column: 10)),
        Refused(text: "? [a]\n: 1\n", kind: .keyNotScalar, mark: YAMLMark(line: 1, column: 3)),
        Refused(text: "? {a: b}\n: 1\n", kind: .keyNotScalar, mark: YAMLMark(line: 1, column: 3)),
        Refused(text: "a: &x [1]\n*x : 1\n", kind: .keyNotScalar, mark: YAMLMark(line: 2, column: 1)),
        Refused(text: "a: &x {b: 1}\nc: {<<: *x}\n", kind: .mergeKey, mark: YAMLMark(line: 2, column: 5)),
        Refused(text: "a: !evil 1\n", kind: .explicitTag("!evil"), mark: YAMLMark(line: 1, column: 4)),
        Refused(
            text: "a: !!str 1\n", kind: .explicitTag("tag:yaml.org,2002:str"), mark: YAMLMark(line: 1, column: 4)),
        Refused(text: "a: ! 1\n", kind: .explicitTag("!"), mark: YAMLMark(line: 1, column: 4)),
        Refused(
            text: "!!map {a: 1}\n", kind: .explicitTag("tag:yaml.org,2002:map"), mark: YAMLMark(line: 1, column: 1)),
        Refused(text: "a: 1\n---\nb: 2\n", kind: .secondDocument, mark: YAMLMark(line: 2, column: 1)),
        Refused(text: "a: *b\n", kind: .unknownAlias("b"), mark: YAMLMark(line: 1, column: 4)),
        Refused(text: "&a [*a]\n", kind: .aliasToAncestor("a"), mark: YAMLMark(line: 1, column: 5)),
        Refused(text: "&a {b: {c: *a}}\n", kind: .aliasToAncestor("a"), mark: YAMLMark(line: 1, column: 12)),
    ]

    @Test("what could be read in two ways is refused at its line and column", arguments: refused)
    func refusals(_ row: Refused) throws {
        let error = try #require(throws: YAMLError.self) { try parse(row.text) }
        #expect(error.kind == row.kind)
        #expect(error.mark == row.mark)
    }

    @Test("an error shows its line under the file's name")
    func message() throws {
        let error = try #require(throws: YAMLError.self) { try parse("a: 1\nflavors: [x\nb: 2\n") }
        #expect(
            error.diagnostic
                == Diagnostic(
                    "cannot read `f.yaml`: it is not valid YAML (did not find expected ',' or ']' while parsing a flow sequence)",
                    place: Place(file: "f.yaml", line: 3, column: 2, sourceLine: "b: 2")))
    }

    @Test("nesting of 64 levels is read and 65 are refused")
    func depth() throws {
        let allowed = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        #expect(try parse(allowed).items?.count == 1)
        let error = try #require(throws: YAMLError.self) { try parse("[" + allowed + "]") }
        #expect(error.kind == .tooDeep(limit: 64))
        #expect(error.mark == YAMLMark(line: 1, column: 65))
    }

    @Test("nesting is counted through aliases")
    func depthOfAliases() throws {
        var text = "a0: &a0 [x]\n"
        for level in 1...70 { text += "a\(level): &a\(level) [*a\(level - 1)]\n" }
        let error = try #require(throws: YAMLError.self) { try parse(text) }
        #expect(error.kind == .tooDeep(limit: 64))
    }

    @Test("values are counted through aliases")
    func expansion() throws {
        var limits = YAMLLimits()
        limits.maxNodes = 12  // the root, three keys, a list of 2 twice, and two
        #expect(try parse("a: &x [1, 2]\nb: *x\nc: [3]\n", limits: limits).entries?.count == 3)
        limits.maxNodes = 11
        let error = try #require(throws: YAMLError.self) { try parse("a: &x [1, 2]\nb: *x\nc: [3]\n", limits: limits) }
        #expect(error.kind == .tooManyNodes(limit: 11))
    }

    @Test("more anchors and more bytes than the limit are refused")
    func otherLimits() throws {
        var limits = YAMLLimits()
        limits.maxAnchors = 2
        let anchors = try #require(throws: YAMLError.self) { try parse("[&a 1, &b 2, &c 3]", limits: limits) }
        #expect(anchors.kind == .tooManyAnchors(limit: 2))
        limits.maxBytes = 4
        let bytes = try #require(throws: YAMLError.self) { try parse("a: 10", limits: limits) }
        #expect(bytes.kind == .tooLarge(limit: 4, count: 5))
    }
}
