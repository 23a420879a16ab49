import Bytes
import JSONText
import Testing

@testable import MLmodelFormat

@Suite struct RequirementTests {
    @Test("versions are normalised as `packaging` does, and the others refused")
    func versions() throws {
        let table = try #require(try Fixtures.json("packaging.json")["versions"]?.objectValue)
        #expect(table.count > 250)
        for (text, expected) in table.members {
            // `packaging` forgives blanks at the ends; here they are cut before.
            let wanted = text.trimmingBlanks == text && !text.contains("\n") ? expected.stringValue : nil
            #expect(PythonVersionText.normalized(text) == wanted, "\(text)")
        }
    }

    @Test("markers are written as `packaging` does, and the others refused")
    func markers() throws {
        let table = try #require(try Fixtures.json("packaging.json")["markers"]?.objectValue)
        let own = ["\"a\" == \"b\"": nil, "((python_version < \"3\"))": "((python_version < \"3\"))"]
        for (text, expected) in table.members {
            #expect(EnvironmentMarker.normalized(text) == own[text, default: expected.stringValue], "\(text)")
        }
    }

    @Test("a marker of too many parentheses is refused")
    func deepMarker() {
        let text = String(repeating: "(", count: 100_000) + "os_name == 'x'" + String(repeating: ")", count: 100_000)
        #expect(EnvironmentMarker.normalized(text) == nil)
    }

    @Test("names are normalised as `packaging` does")
    func names() throws {
        let table = try #require(try Fixtures.json("packaging.json")["names"]?.objectValue)
        for (text, expected) in table.members { #expect(RequirementParser.normalized(text) == expected.stringValue) }
    }

    @Test(
        "a requirement is taken apart and written again in one way",
        arguments: [
            ("numpy==1.26.4", "numpy==1.26.4"),
            ("Scikit_Learn ==  v1.4.0", "scikit-learn==1.4.0"),
            ("a[ Y ,x_1]==1", "a[x-1,y]==1"),
            ("a (==1.0)", "a==1.0"),
            ("a==1!2.0+cu118", "a==1!2.0+cu118"),
            ("a==1; python_version<'3.9'", "a==1; python_version < \"3.9\""),
            ("mlflow<3,>=2.9", "mlflow<3,>=2.9"),
            ("a!=1.5.*,>=1", "a!=1.5.*,>=1"),
            ("a", "a"),
        ])
    func accepted(text: String, written: String) throws {
        #expect(try RequirementParser.parse(text, line: 1).text == written)
    }

    @Test("only one exact version counts as a pin")
    func pins() throws {
        #expect(try RequirementParser.parse("a==01.2", line: 1).version == "1.2")
        for text in ["a", "a>=1", "a==1.*", "a==1,<2", "a~=1.0"] {
            #expect(try RequirementParser.parse(text, line: 1).version == nil)
        }
    }

    @Test("SHA-256 hashes are kept, whatever stands between")
    func hashes() throws {
        let first = String(repeating: "a", count: 64)
        let second = String(repeating: "0", count: 64)
        let text = "a==1; os_name == 'nt' --hash=sha256:\(first.uppercased()) --hash=sha256:\(second)"
        let requirement = try RequirementParser.parse(text, line: 3)
        #expect(requirement.sha256 == [second, first])
        #expect(requirement.marker == "os_name == \"nt\"")
        #expect(requirement.line == 3)
    }

    static let refused: [(text: String, reason: String)] = [
        ("-r other.txt", "it reads another file"),
        ("--constraint=c.txt", "it reads another file"),
        ("-e .", "it installs from a folder or a repository"),
        ("--index-url http://x/", "`--index-url` is an option of pip, and options are not taken"),
        ("git+https://x/y.git", "it installs from a URL instead of the package index"),
        ("a @ file:/tmp/a.whl", "it installs from a file instead of the package index"),
        ("a @ b", "it names a URL instead of a version"),
        ("./a", "it installs from a file instead of the package index"),
        ("a.whl", "it installs from a file instead of the package index"),
        ("C:\\a", "it installs from a file instead of the package index"),
        ("a==1\\nRUN", "it has a backslash"),
        ("a==${V}", "pip would replace `${…}` from its environment"),
        ("nump\u{443}==1", "it has characters that are not ASCII"),
        ("_a==1", "it does not begin with the name of a distribution"),
        ("a===1", "`===` compares versions as bare text"),
        ("a==1.x", "`1.x` is not a version as PEP 440 has it"),
        ("a>=1.*", "`1.*` is not a version as PEP 440 has it"),
        ("a==1 b==2", "`b==2` is not part of a requirement"),
        ("a[b==1", "what stands in `[…]` is not a list of extras"),
        ("a(==1", "`(` has no `)`"),
        ("a==1; os.system('x') == 1", "what follows `;` is not an environment marker of PEP 508"),
        ("a==1 --hash=md5:00", "its hash is not one of SHA-256"),
        ("a==1 --hash=sha256:zz", "its hash is not 64 hexadecimal digits"),
        ("a==1 --global-option=x", "`--global-option` is an option of pip, and options are not taken"),
        ("a==1 -r x", "it reads another file"),
    ]

    @Test("every other form is refused with its reason", arguments: refused)
    func refusals(text: String, reason: String) throws {
        let refusal = try #require(throws: RequirementParser.Refusal.self) {
            try RequirementParser.parse(text, line: 1)
        }
        #expect(refusal.reason == reason)
    }
}
