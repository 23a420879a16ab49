import Diagnostics
import FileTrees
import Glibc
import Platform
import TestKit
import Testing

@Suite struct DirectoryTests {
    static func tree() throws -> FileTree {
        var tree = FileTree()
        try tree.add("Dockerfile", text: "FROM scratch\n")
        try tree.add("app/run", text: "#!/bin/sh\n", mode: .executable)
        try tree.add("app/model/data/empty", text: "")
        try tree.add(RelativePath("app/model/café.txt"), text: "é")
        try tree.add("app/model/big", bytes: [UInt8](repeating: 7, count: 3_000_000))
        let folder = "app/model/" + String(repeating: "long-name-", count: 12)
        try tree.add(RelativePath(folder + "x/" + String(repeating: "x", count: 200)), text: "long")
        return tree
    }

    static func write(_ tree: FileTree, at path: String) throws {
        try AtomicOutput.writeDirectory(at: path, existing: .refuse, isDurable: false) { anchor in
            try DirectoryWriter(time: 86_400, shownPath: path).write(tree, into: anchor)
        }
    }

    @Test("a written folder reads back as the same tree, with fixed modes and times under any umask")
    func roundTrip() throws {
        let tree = try Self.tree()
        // The mask belongs to the whole process: a shell of its own has it for us where other tests run beside.
        for mask in [0o022, 0o077] as [mode_t] {
            let folder = TemporaryDirectory()
            let old = umask(mask)
            defer { umask(old) }
            try Self.write(tree, at: folder.file("out"))
            let read = try DirectoryReader.read(folder.file("out"))
            #expect(read == tree)
            #expect(read.digest == tree.digest)
            let listing = try run("find", [folder.file("out"), "-printf", "%m %T@\\n"])
            let kinds = Set(listing.outputText.split(separator: "\n"))
            #expect(kinds == ["755 86400.0000000000", "644 86400.0000000000"])
        }
    }

    @Test("a link, a pipe or a bad name in a folder is an error that names it")
    func special() throws {
        let folder = TemporaryDirectory()
        try folder.write("m/MLmodel", "x")
        #expect(symlink("/etc/passwd", folder.file("m/link")) == 0)
        #expect(
            message { try DirectoryReader.read(folder.file("m")) } == """
                error: cannot read `\(folder.path)/m/link`: it is a symbolic link, which is not followed
                hint: replace it by a plain file: a model and a context hold nothing else

                """)
        #expect(unlink(folder.file("m/link")) == 0)
        #expect(mkfifo(folder.file("m/pipe"), 0o600) == 0)
        #expect(
            message { try DirectoryReader.read(folder.file("m")) } == """
                error: cannot read `\(folder.path)/m/pipe`: it is neither a file nor a folder
                hint: replace it by a plain file: a model and a context hold nothing else

                """)
        #expect(unlink(folder.file("m/pipe")) == 0)
        try folder.write("m/a:b", "x")
        #expect(
            message { try DirectoryReader.read(folder.file("m")) } == """
                error: cannot use the path `a:b`: it has a colon

                """)
    }

    @Test("a folder that is not there is an error that names it")
    func missing() {
        #expect(
            message { try DirectoryReader.read("/nonexistent/model") } == """
                error: cannot open `/nonexistent/model`: there is no such file or folder

                """)
    }

    @Test("a file that changed after it was read is not packed")
    func changed() throws {
        let folder = TemporaryDirectory()
        let path = try folder.write("m/model.pkl", "before")
        let tree = try DirectoryReader.read(folder.file("m"))
        let file = try #require(fopen(path, "w"))
        fputs("after!", file)
        fclose(file)
        #expect(
            message { try Self.write(tree, at: folder.file("out")) } == """
                error: cannot use `model.pkl`: the file changed while it was being packed
                hint: run the command again when nothing writes to the folder

                """)
        #expect(try folder.names() == ["m"])
    }

    @Test("the executable bit of the owner is the only mode that counts")
    func modes() throws {
        let folder = TemporaryDirectory()
        try folder.write("m/a", "", mode: 0o600)
        try folder.write("m/b", "", mode: 0o700)
        try folder.write("m/c", "", mode: 0o666)
        let tree = try DirectoryReader.read(folder.file("m"))
        #expect(tree.files.map(\.entry.mode) == [.regular, .executable, .regular])
    }
}
