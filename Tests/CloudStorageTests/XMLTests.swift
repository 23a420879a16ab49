import TestKit
import Testing

@testable import CloudStorage

private func events(_ text: String, _ limits: XMLLimits = XMLLimits()) throws -> String {
    var reader = try XMLPullReader(Array(text.utf8), limits: limits)
    var result: [String] = []
    while true {
        switch try reader.next() {
        case .start(let name): result.append("<\(name)")
        case .text(let text): result.append("'\(text)'")
        case .end(let name): result.append(">\(name)")
        case .endOfDocument: return result.joined(separator: " ")
        }
    }
}

@Suite struct XMLTests {
    @Test(
        "what storages write is read",
        arguments: [
            ("<a/>", "<a >a"), ("<a />", "<a >a"), ("<a></a >", "<a >a"), ("\u{feff}<a/>", "<a >a"),
            ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a>x</a>\n", "<a 'x' >a"),
            ("<?xml version='1.0'?><a>x</a>", "<a 'x' >a"),
            ("<?xml version=\"1.0\" encoding='utf-8' standalone='yes' ?><a/>", "<a >a"),
            ("<a xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\" b = 'c&amp;'>é</a>", "<a 'é' >a"),
            ("<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x1F600;&#x000041;</a>", "<a '<>&\"'A😀A' >a"),
            ("<a>&amp;lt;</a>", "<a '&lt;' >a"), ("<a>x<!-- & <b> -->y</a>", "<a 'x' 'y' >a"),
            ("<!-- x --><a/><!-- y --> ", "<a >a"), ("<a><![CDATA[<b>&amp;]]]></a>", "<a '<b>&amp;]' >a"),
            ("<a>1\r\n2\r3\n4\r\r\n&#13;</a>", "<a '1\n2\n3\n4\n\n\r' >a"),
            ("<s3:a-1.x_><日本/></s3:a-1.x_>", "<s3:a-1.x_ <日本 >日本 >s3:a-1.x_"),
        ])
    func read(text: String, expected: String) throws {
        #expect(try events(text) == expected)
    }

    @Test(
        "what they do not write is refused, with its place",
        arguments: [
            ("", "it has no element", 0), (" \n", "it has no element", 2),
            ("x<a/>", "text stands outside of the root element", 0),
            ("<a/>x", "text stands outside of the root element", 4), ("<a/><b/>", "it has a second root element", 6),
            ("<a>", "it ends inside of the element `a`", 3), ("<a><b></a>", "the end tag of `a` has no start tag", 10),
            ("</a>", "the end tag of `a` has no start tag", 4), ("<a", "the tag of `a` is malformed", 2),
            ("<a b>", "the attribute `b` has no value", 4),
            ("<a b=c/>", "the value of `b` stands in no quotation marks", 5),
            ("<a b='1' b='2'/>", "the attribute `b` stands twice in one tag", 14),
            ("<a b='1'c='2'/>", "the tag of `a` is malformed", 8),
            ("<a b='<'/>", "a value holds a `<`", 8), ("<a b='1/>", "a value has no end", 6),
            ("< a/>", "a name is missing", 1),
            ("<1a/>", "a name is missing", 1), ("<a><!-- -- --></a>", "a comment holds `--`", 8),
            ("<a><!--", "a comment has no end", 7),
            ("<a><![CDATA[x]]</a>", "a CDATA section has no end", 12),
            ("<![CDATA[x]]>", "text stands outside of the root element", 9),
            ("<!DOCTYPE a><a/>", "document types are not read", 0),
            ("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", "document types are not read", 0),
            ("<a><?php x?></a>", "processing instructions are not read", 3),
            (" <?xml version='1.0'?><a/>", "processing instructions are not read", 1),
            (
                "<?xml version='1.0' encoding='ISO-8859-1'?><a/>", "its declaration names another encoding than UTF-8",
                43
            ),
            ("<?xml encoding='UTF-8'?><a/>", "its declaration names no version 1", 24),
            ("<a>\u{1}</a>", "the character U+0001 is not allowed", 3),
            ("<a>é\u{ffff}</a>", "the character U+FFFF is not allowed", 5),
        ])
    func refused(text: String, reason: String, offset: Int) {
        #expect(throws: XMLError(reason, at: offset)) { try events(text) }
    }

    @Test(
        "references to anything else are refused",
        arguments: [
            "&x;", "&", "&amp", "&#0;", "&#xD800;", "&#x110000;", "&#-1;", "&#+65;", "&#xFFFE;", "&#;", "&#x;", "&;",
            "&AMP;", "&#99999999999;",
        ])
    func references(text: String) {
        let reason = "it holds a reference that is not read: only the five named ones and numbers are"
        #expect(throws: XMLError(reason, at: 3)) { try events("<a>\(text)</a>") }
        #expect(throws: XMLError(reason, at: 6)) { try events("<a b='\(text)'/>") }
    }

    @Test("every limit is kept, and says its number")
    func limits() {
        func refusal(_ text: String, _ limits: XMLLimits) -> String {
            message { try events(text, limits) }
        }
        #expect(
            refusal("<a>12</a>", XMLLimits(maxBytes: 8))
                == "error: cannot read the XML: it has 9 bytes, more than the limit of 8\n  --> at byte 0\n")
        #expect(
            refusal("<a><a><a/></a></a>", XMLLimits(maxDepth: 2))
                == "error: cannot read the XML: its elements are nested deeper than the limit of 2\n  --> at byte 8\n")
        #expect(
            refusal("<a><b/><b/></a>", XMLLimits(maxElements: 2))
                == "error: cannot read the XML: it has more than the limit of 2 elements\n  --> at byte 9\n")
        #expect(
            refusal("<abc/>", XMLLimits(maxNameBytes: 2))
                == "error: cannot read the XML: a name is longer than the limit of 2 bytes\n  --> at byte 4\n")
        #expect(
            refusal("<a b='' c=''/>", XMLLimits(maxAttributes: 1))
                == "error: cannot read the XML: a tag has more than the limit of 1 attributes\n  --> at byte 12\n")
        #expect(refusal("<a><a><a/></a></a>", XMLLimits(maxDepth: 3)) == "no error")
    }

    @Test("bytes that are not UTF-8 are refused")
    func notText() {
        #expect(throws: XMLError("it is not UTF-8", at: 0)) { try XMLElement.parse([0x3c, 0x61, 0xff, 0x3e]) }
    }

    @Test("elements keep their text and children")
    func elements() throws {
        let root = try XMLElement.parse(Array("<a>1<b>2</b>3<b>4<c/></b></a>".utf8))
        #expect(root.name == "a" && root.text == "13")
        #expect(root.children("b").map(\.text) == ["2", "4"])
        #expect(root["b"] == "2" && root["c"] == nil)
    }

    @Test("mutilated documents give an error or a document, and never trap", arguments: [1, 2, 3, 4] as [UInt64])
    func fuzz(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let sample = Array(
            ("<?xml version=\"1.0\" encoding=\"UTF-8\"?><!-- c --><R x='1' y=\"&amp;\"><K>a%2Fb &#x41;</K><S>12</S><![CDATA[<]]>"
                + "<E/>é</R>").utf8)
        let pieces = [
            "<", ">", "/>", "</", "<!--", "-->", "<![CDATA[", "]]>", "&", ";", "&#", "'", "\"", "=", "<?", "?>",
            "\u{0}", " ",
        ]
        for round in 0..<2000 {
            var bytes = sample
            for _ in 0...Int.random(in: 0..<4, using: &random) {
                let place = Int.random(in: 0..<max(1, bytes.count), using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1..<9, using: &random)))
                case 1:
                    bytes.insert(
                        contentsOf: Array(pieces.randomElement(using: &random)!.utf8), at: min(place, bytes.count))
                case 2: if place < bytes.count { bytes[place] = UInt8.random(in: 0...255, using: &random) }
                default: bytes = Array(bytes.prefix(place))
                }
            }
            do {
                let root = try XMLElement.parse(bytes)
                #expect(!root.name.isEmpty)
            } catch {
                #expect((0...bytes.count).contains(error.offset), "seed \(seed), round \(round): \(error)")
            }
        }
    }
}
