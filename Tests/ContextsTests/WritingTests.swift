import Contexts
import FileTrees
import Glibc
import Platform
import TestKit
import Testing

@Suite struct WritingTests {
    @Test("a folder with files of somebody else is refused and stays as it is, also with force")
    func foreign() throws {
        let folder = TemporaryDirectory()
        try folder.write("mine/notes.txt", "precious")
        let context = try Workbench.context()
        for replacing in [false, true] {
            #expect(
                message { try context.writeFolder(at: folder.file("mine"), replacing: replacing, time: 0) } == """
                    error: cannot write the context to `\(folder.path)/mine`: it holds files that skiff did not make
                    hint: choose another folder, or empty this one yourself

                    """)
        }
        #expect(try DirectoryReader.read(folder.file("mine")).paths == ["notes.txt"])
        #expect(try folder.names() == ["mine"])
    }

    @Test("a manifest of somebody else does not make a folder ours")
    func foreignManifest() throws {
        let folder = TemporaryDirectory()
        try folder.write("mine/audit/manifest.json", "{\"tool\": {\"name\": \"other\"}}")
        let context = try Workbench.context()
        #expect(
            message { try context.writeFolder(at: folder.file("mine"), replacing: true, time: 0) } == """
                error: cannot write the context to `\(folder.path)/mine`: it holds something that is not a sound context of skiff
                  - cannot read the manifest `\(folder.path)/mine/audit/manifest.json`: it is not one that skiff wrote
                hint: choose another folder, or empty this one yourself

                """)
    }

    @Test("a context of ours is replaced with force, and only then")
    func force() throws {
        let folder = TemporaryDirectory()
        let context = try Workbench.context()
        try context.writeFolder(at: folder.file("out"), replacing: false, time: 0)
        #expect(
            message { try context.writeFolder(at: folder.file("out"), replacing: false, time: 0) } == """
                error: cannot write the context to `\(folder.path)/out`: it already holds a context
                hint: replace it with `--force`

                """)
        let other = try Workbench.context(Workbench.model(Workbench.files(more: ["extra.txt": "more"])))
        try other.writeFolder(at: folder.file("out"), replacing: true, time: 0)
        #expect(try DirectoryReader.read(folder.file("out")) == other.tree)
        #expect(try folder.names() == ["out"])
    }

    @Test("a context that somebody changed is not replaced, and the changes are named")
    func changed() throws {
        let folder = TemporaryDirectory()
        let context = try Workbench.context()
        try context.writeFolder(at: folder.file("out"), replacing: false, time: 0)
        try folder.write("out/app/notes.txt", "mine")
        #expect(chmod(folder.file("out/Dockerfile"), 0o755) == 0)
        #expect(
            message { try context.writeFolder(at: folder.file("out"), replacing: true, time: 0) } == """
                error: cannot write the context to `\(folder.path)/out`: it holds a context that was changed after skiff made it
                  - `Dockerfile`: its mode is not that of the manifest
                  - `app/notes.txt`: not in the manifest
                hint: choose another folder, or empty this one yourself

                """)
    }

    @Test("an empty folder is taken, a file or a link is not")
    func taken() throws {
        let folder = TemporaryDirectory()
        let context = try Workbench.context()
        #expect(mkdir(folder.file("empty"), 0o755) == 0)
        try context.writeFolder(at: folder.file("empty"), replacing: false, time: 0)
        #expect(try DirectoryReader.read(folder.file("empty")) == context.tree)
        try folder.write("file", "x")
        #expect(symlink(folder.file("empty"), folder.file("link")) == 0)
        for name in ["file", "link"] {
            #expect(
                message { try context.writeFolder(at: folder.file(name), replacing: true, time: 0) } == """
                    error: cannot write the context to `\(folder.path)/\(name)`: it exists and is not a folder
                    hint: choose another folder, or empty this one yourself

                    """)
        }
    }

    @Test("a place that cannot be written is one error that names it")
    func unwritable() throws {
        let folder = TemporaryDirectory()
        let context = try Workbench.context()
        let text = message { try context.writeFolder(at: folder.file("no/such/out"), replacing: false, time: 0) }
        #expect(text.hasPrefix("error: cannot create `\(folder.path)/no/such/out`: "), "\(text)")
        try folder.write("file", "x")
        let inFile = message { try context.writeFolder(at: folder.file("file/out"), replacing: false, time: 0) }
        #expect(inFile.hasPrefix("error: cannot create `\(folder.path)/file/out`: "), "\(inFile)")
        #expect(try folder.names() == ["file"])
    }

    @Test("an archive never replaces a file")
    func archive() throws {
        let folder = TemporaryDirectory()
        try folder.write("out.tar", "precious")
        let context = try Workbench.context()
        #expect(
            message { try context.writeTar(at: folder.file("out.tar"), time: 0) } == """
                error: cannot write the archive `\(folder.path)/out.tar`: it exists already
                hint: remove it, or choose another name

                """)
    }
}
