import Diagnostics
import FileTrees
import Hashing
import Testing

@Suite struct FileTreeTests {
    struct Clash: CustomTestStringConvertible, Sendable {
        let first: String
        let second: String
        let message: String
        var testDescription: String { "\(first) then \(second)" }
    }

    static let clashes = [
        Clash(first: "x", second: "x", message: "cannot add `x`: it is already a file"),
        Clash(
            first: "Model.pkl", second: "model.pkl",
            message: "cannot add `model.pkl`: `Model.pkl` differs from it only by case or normal form"),
        Clash(
            first: "caf\u{e9}", second: "cafe\u{301}",
            message: "cannot add `cafe\u{301}`: `caf\u{e9}` differs from it only by case or normal form"),
        Clash(
            first: "stra\u{df}e", second: "STRASSE",
            message: "cannot add `STRASSE`: `stra\u{df}e` differs from it only by case or normal form"),
        Clash(
            first: "\u{212a}", second: "k",
            message: "cannot add `k`: `\u{212a}` differs from it only by case or normal form"),
        Clash(first: "a", second: "a/b", message: "cannot add `a`: it is already a file"),
        Clash(first: "a/b", second: "a", message: "cannot add `a`: it is already a folder"),
        Clash(
            first: "A/b", second: "a/c", message: "cannot add `a`: `A` differs from it only by case or normal form"),
    ]

    @Test("two paths that cannot both be written everywhere are refused and change nothing", arguments: clashes)
    func clash(_ row: Clash) throws {
        var tree = FileTree()
        try tree.add(RelativePath(row.first), text: "1")
        let before = tree
        let error = #expect(throws: FileTreeError.self) { try tree.add(RelativePath(row.second), text: "2") }
        #expect(error?.kind == .clash)
        #expect(error?.diagnostic.summary == row.message)
        #expect(tree == before)
    }

    static func sample(_ order: [Int] = [0, 1, 2, 3]) throws -> FileTree {
        let files: [(RelativePath, String, FileMode)] = [
            ("b", "two", .regular), ("a/z", "", .executable), ("a-b", "x", .regular), ("a/c/d", "deep", .regular),
        ]
        var tree = FileTree()
        for index in order {
            try tree.add(files[index].0, text: files[index].1, mode: files[index].2)
        }
        return tree
    }

    @Test("files are in byte order whatever the order of adding, and so is the digest")
    func order() throws {
        let tree = try Self.sample()
        #expect(tree.paths == ["a-b", "a/c/d", "a/z", "b"])
        #expect(tree.folders == ["a", "a/c"])
        #expect(tree.totalSize == 8)
        let other = try Self.sample([3, 2, 1, 0])
        #expect(tree == other)
        #expect(tree.digest == other.digest)
    }

    @Test("the tree digest is that of the documented text")
    func digest() throws {
        var tree = FileTree()
        try tree.add("b", text: "hello\n")
        try tree.add("a/x", text: "", mode: .executable)
        let text = """
            skiff-tree 1
            0755 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 0 a/x
            0644 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03 6 b

            """
        #expect(tree.digest == SHA256Digest(of: text))
    }

    @Test("a subtree has paths seen from its folder, and can be added below another")
    func subtree() throws {
        let tree = try Self.sample()
        #expect(tree.subtree("a").paths == ["c/d", "z"])
        #expect(tree.subtree("a-").isEmpty)
        #expect(tree.filter { $0.parent == nil }.paths == ["a-b", "b"])
        var other = FileTree()
        try other.add(tree.subtree("a"), below: "app/model")
        #expect(other.paths == ["app/model/c/d", "app/model/z"])
        #expect(throws: FileTreeError.self) { try other.add("app/Model/z", text: "") }
    }

    @Test("a difference names each path once, with contents before mode")
    func difference() throws {
        var old = FileTree()
        var new = FileTree()
        try old.add("same", text: "s")
        try new.add("same", text: "s")
        try old.add("gone", text: "s")
        try new.add("added", text: "s")
        try old.add("edited", text: "1")
        try new.add("edited", text: "2", mode: .executable)
        try old.add("moded", text: "m")
        try new.add("moded", text: "m", mode: .executable)
        let items = TreeDifference(from: old, to: new).items.map { "\($0.path) \($0.change.rawValue)" }
        #expect(items == ["added added", "edited contents", "gone removed", "moded mode"])
        #expect(TreeDifference(from: old, to: old).isEmpty)
    }
}
