import JSONText
import Platform
import TestKit
import Testing

@testable import Credentials

/// Cases that `make_ini.py` made, with what Python's `configparser` reads in them.
@Suite struct INIFileTests {
    @Test("random texts are read, or refused, as Python's configparser does")
    func sameAsPython() throws {
        let fixture = try JSONText.parse(readFile(Checkout.fixture("credentials/ini.json"), limit: 4 << 20))
        let cases = fixture["cases"]?.arrayValue ?? []
        #expect(cases.count == 400)
        for (number, row) in cases.enumerated() {
            let text = row["text"]?.stringValue ?? ""
            #expect(ours(text) == theirs(row["verdict"]), "case \(number): \(text.debugDescription)")
        }
    }

    private func ours(_ text: String) -> String {
        guard let file = try? INIFile.parse(Array(text.utf8), file: "f") else { return "refused" }
        return ([file.defaults] + file.sections).map { section in
            "[\(section.name)] " + section.keys.map { "\($0)=\(section[$0] ?? "")" }.joined(separator: "|")
        }.joined(separator: "\n")
    }

    private func theirs(_ verdict: JSONValue?) -> String {
        guard let defaults = verdict?["DEFAULT"], let sections = verdict?["sections"]?.objectValue else {
            return "refused"
        }
        let all = [(key: "DEFAULT", value: defaults)] + sections.members
        return all.map { name, values in
            "[\(name)] "
                + (values.objectValue?.members ?? []).map { "\($0.key)=\($0.value.stringValue ?? "")" }.joined(
                    separator: "|")
        }.joined(separator: "\n")
    }

    @Test("bytes that are no text are refused")
    func bytes() {
        #expect(
            message { try INIFile.parse([0x5b, 0xff, 0x5d], file: "~/f") } == """
                error: cannot read `~/f`: it is not UTF-8 text
                  --> ~/f

                """)
    }
}
