import Bytes
import Diagnostics
import FileTrees
import Glibc
import Hashing
import Platform
import TestKit
import Testing

@Suite struct TarWriterTests {
    static func write(_ tree: FileTree, at path: String, time: Int64 = 86_400) throws {
        try AtomicOutput.writeFile(at: path, existing: .refuse) { file in
            try TarWriter.write(tree, to: file.number, named: path, time: time)
        }
    }

    @Test(
        "GNU tar and Python unpack the same tree that was packed",
        arguments: [["tar", "-C", "OUT", "-xf", "TAR"], ["python3", "-m", "tarfile", "-e", "TAR", "OUT"]])
    func unpacks(command: [String]) throws {
        let folder = TemporaryDirectory()
        let tree = try DirectoryTests.tree()
        try Self.write(tree, at: folder.file("x.tar"))
        try folder.write("out/keep", "")
        let filled = command.map { ["TAR": folder.file("x.tar"), "OUT": folder.file("out")][$0] ?? $0 }
        let result = try run(filled[0], Array(filled.dropFirst()), environment: ["LC_ALL": "C.UTF-8"])
        #expect(result.isSuccess, "\(result.errorText)")
        let read = try DirectoryReader.read(folder.file("out"))
        #expect(read.filter { $0.text != "keep" } == tree)
    }

    @Test("the listing has folders first, owner 0:0, fixed modes and one time")
    func listing() throws {
        let folder = TemporaryDirectory()
        var tree = FileTree()
        try tree.add("app/run", text: "#!/bin/sh\n", mode: .executable)
        try tree.add("app-z", text: "")
        try tree.add("app/b/c", text: "1")
        try Self.write(tree, at: folder.file("x.tar"))
        let result = try run(
            "tar", ["--numeric-owner", "--full-time", "-tvf", folder.file("x.tar")], environment: ["TZ": "UTC"])
        #expect(result.errorText.isEmpty)
        let rows = result.outputText.split(separator: "\n").map { line in
            line.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
        }
        #expect(
            rows == [
                "drwxr-xr-x 0/0 0 1970-01-02 00:00:00 app/",
                "-rw-r--r-- 0/0 0 1970-01-02 00:00:00 app-z",
                "drwxr-xr-x 0/0 0 1970-01-02 00:00:00 app/b/",
                "-rw-r--r-- 0/0 1 1970-01-02 00:00:00 app/b/c",
                "-rwxr-xr-x 0/0 10 1970-01-02 00:00:00 app/run",
            ])
    }

    @Test("the same tree gives the same bytes, from memory or from disk, in whole records")
    func sameBytes() throws {
        let folder = TemporaryDirectory()
        let tree = try DirectoryTests.tree()
        try Self.write(tree, at: folder.file("a.tar"))
        try DirectoryTests.write(tree, at: folder.file("out"))
        try Self.write(DirectoryReader.read(folder.file("out")), at: folder.file("b.tar"))
        let first = try readFile(folder.file("a.tar"), limit: 1 << 24)
        #expect(try readFile(folder.file("b.tar"), limit: 1 << 24) == first)
        #expect(first.count % 10_240 == 0)
    }

    @Test("an output that cannot be written is an error that names it")
    func broken() throws {
        let tree = try DirectoryTests.tree()
        let full = try FileDescriptor.openForWriting("/dev/full")
        #expect(
            message { try TarWriter.write(tree, to: full.number, named: "x.tar", time: 0) } == """
                error: cannot write `x.tar`: no space is left on its disk
                hint: free some space there (`df -h` shows it), or choose a folder on another disk

                """)
    }
}

extension FileDescriptor {
    fileprivate static func openForWriting(_ path: String) throws -> FileDescriptor {
        let number = Glibc.open(path, O_WRONLY)
        try #require(number >= 0)
        return FileDescriptor(owning: number, path: path)
    }
}
