import Diagnostics
import FileTrees
import Testing

@Suite struct RelativePathTests {
    struct Row: CustomTestStringConvertible, Sendable {
        let path: String
        let reason: String
        init(_ path: String, _ reason: String) {
            self.path = path
            self.reason = reason
        }
        var testDescription: String { escaped(path, limit: 40) + " " + reason }
    }

    static let refused = [
        Row("", "it is empty"),
        Row("../evil", "it has the component `..`"),
        Row("a/../../evil", "it has the component `..`"),
        Row("..", "it has the component `..`"),
        Row(".", "it has the component `.`"),
        Row("a/./b", "it has the component `.`"),
        Row("/etc/passwd", "it is absolute"),
        Row("//host/share/x", "it is absolute"),
        Row("\\\\host\\share\\x", "it has a backslash"),
        Row("C:\\Windows\\x", "it has a colon"),
        Row("C:x", "it has a colon"),
        Row("a/b\\..\\c", "it has a backslash"),
        Row("a//b", "it has an empty component"),
        Row("a/", "it has an empty component"),
        // A combining mark after the separator makes one character of both.
        Row("a/\u{301}../../b", "a component starts with a combining character"),
        Row("model.pkl\u{0}.txt", "it has the control character U+0000"),
        Row("a\nb", "it has the control character U+000A"),
        Row("a\r\nb", "it has the control character U+000D"),
        Row("\u{1b}]0;x\u{7}", "it has the control character U+001B"),
        Row("a\u{7f}", "it has the control character U+007F"),
        Row("a\u{85}", "it has the control character U+0085"),
        Row("\u{202e}gnp.exe", "it has the control character U+202E"),
        Row("\u{200b}model.pkl", "it has the control character U+200B"),
        Row("\u{feff}a", "it has the control character U+FEFF"),
        Row("a\u{2028}b", "it has the control character U+2028"),
        Row("\u{fffd}", "it is not valid UTF-8"),
        Row("model.pkl ", "a component ends with a dot or a blank"),
        Row("model./x", "a component ends with a dot or a blank"),
        Row("CON", "a component is a device name on Windows"),
        Row("con.txt", "a component is a device name on Windows"),
        Row("nul .txt", "a component is a device name on Windows"),
        Row("aux/x", "a component is a device name on Windows"),
        Row("COM1", "a component is a device name on Windows"),
        Row("LPT9.pkl", "a component is a device name on Windows"),
        Row("COM\u{b9}", "a component is a device name on Windows"),
        Row("CONIN$", "a component is a device name on Windows"),
        Row(".wh.model.pkl", "a component starts with `.wh.`, which container layers read as a deletion"),
        Row("a/.WH..wh..opq", "a component starts with `.wh.`, which container layers read as a deletion"),
        Row(String(repeating: "a", count: 256), "it has a component of 256 bytes, the limit is 255"),
        Row(String(repeating: "é", count: 128), "it has a component of 256 bytes, the limit is 255"),
        Row(String(repeating: "d/", count: 64) + "d", "it has 65 components, the limit is 64"),
        Row(
            String(repeating: "abcdefghijklmnop/", count: 61), "it is 1037 bytes long, the limit is 1024"),
    ]

    @Test(
        "a path that could leave its folder, or surprise a system or a reader, is refused with the rule",
        arguments: refused)
    func refuses(_ row: Row) {
        let error = #expect(throws: FileTreeError.self) { try RelativePath(row.path) }
        #expect(error?.kind == .path)
        #expect(error?.diagnostic.summary == "cannot use the path `\(escaped(row.path))`: \(row.reason)")
    }

    @Test(
        "an unusual but harmless path is kept as it is",
        arguments: [
            "MLmodel", "data/model.pkl", "-rf", "~root/x", "$HOME", "%2e%2e/evil", "a%2fb", "a%00b", ".dockerignore",
            ".git/config", " model.pkl", "...a", "console", "COM10", "café", "cafe\u{301}", "模型.pkl",
            String(repeating: "a", count: 255), String(repeating: "d/", count: 63) + "d",
        ])
    func accepts(_ text: String) throws {
        #expect(try RelativePath(text).text.utf8.elementsEqual(text.utf8))
    }

    @Test("paths are ordered by bytes and know their parts")
    func parts() throws {
        let path: RelativePath = "a/b/c.txt"
        #expect(path.components == ["a", "b", "c.txt"])
        #expect(path.name == "c.txt")
        #expect(path.parent == "a/b")
        #expect(path.parent?.parent?.parent == nil)
        #expect(path.relative(to: "a") == "b/c.txt")
        #expect(path.relative(to: "a/b/c.txt") == nil)
        #expect(path.relative(to: "a/b/c") == nil)
        #expect(try path.below("x") == "x/a/b/c.txt")
        let composed = RelativePath("é")
        let decomposed = RelativePath("e\u{301}")
        #expect(composed != decomposed)
        let sorted: [RelativePath] = ["B", "a", "a-b", "a/b"]
        #expect([sorted[3], sorted[2], sorted[1], sorted[0]].sorted() == sorted)
    }
}
