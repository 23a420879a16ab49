import Diagnostics
import Templates
import Testing

@testable import Contexts

@Suite struct TemplateTests {
    @Test("the places of every template are those that it declares", arguments: Template.allCases)
    func places(_ template: Template) {
        var found: [String] = []
        for part in template.text.split(separator: "{{").dropFirst() where ![.score, .check].contains(template) {
            let name = String(part.prefix { $0 != "}" })
            if !found.contains(name) { found.append(name) }
        }
        #expect(found == template.placeholders)
        #expect(template.text.hasSuffix("\n"))
        #expect(template.bytes.allSatisfy { $0 < 0x80 })
    }

    struct Row: CustomTestStringConvertible, Sendable {
        let text: String
        let values: [String: String]
        let reason: String
        var testDescription: String { reason }
    }

    static let refused = [
        Row(text: "FROM {{a}}", values: [:], reason: "there is no value for `{{a}}`"),
        Row(text: "FROM x", values: ["a": "b"], reason: "it has no place for `a`"),
        Row(text: "FROM {{a", values: ["a": "b"], reason: "`{{` is not closed"),
        Row(text: "FROM {{a}}", values: ["a": "b c"], reason: "the value of `{{a}}` is not a plain word: `b c`"),
        Row(text: "FROM {{a}}", values: ["a": ""], reason: "the value of `{{a}}` is not a plain word: ``"),
        Row(text: "FROM {{a}}", values: ["a": "$X"], reason: "the value of `{{a}}` is not a plain word: `$X`"),
        Row(text: "FROM {{a}}", values: ["a": "é"], reason: "the value of `{{a}}` is not a plain word: `é`"),
    ]

    @Test("unknown, missing and unused names and unsafe values are errors", arguments: refused)
    func refuses(_ row: Row) {
        let error = #expect(throws: ContextsError.self) {
            try TemplateFilling.fill(row.text, named: "t", row.values)
        }
        #expect(error?.diagnostic.summary == "cannot fill `templates/t`: \(row.reason)")
    }

    @Test("a value is filled in everywhere, and never read as a template itself")
    func fills() throws {
        #expect(try TemplateFilling.fill("{{a}} {{b}} {{a}}", named: "t", ["a": "x", "b": "y"]) == "x y x")
    }

    @Test("the Dockerfiles use only instructions that every builder knows, and no line that upsets a scanner")
    func instructions() {
        // buildah takes a HEALTHCHECK, and leaves it out of images in OCI format, with a warning.
        let known: Set<Substring> = [
            "FROM", "ARG", "ENV", "WORKDIR", "COPY", "RUN", "USER", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT",
        ]
        for template in [Template.nativeDockerfile, .pythonDockerfile, .parityDockerfile] {
            for line in template.text.split(separator: "\n") where !line.hasPrefix("#") {
                #expect(known.contains(line.prefix { $0 != " " }), "\(line)")
                #expect(!line.contains("<<") && !line.contains("--mount") && !line.hasSuffix("\\"), "\(line)")
            }
        }
    }
}
