import Bytes
import Diagnostics
import Glibc
import Platform
import TestKit
import Testing

@Test("a missing file, a folder and a closed one are told in words")
func openingErrors() throws {
    let folder = TemporaryDirectory()
    #expect(
        message { try readFile("\(folder.path)/none", limit: 10) } == """
            error: cannot read `\(folder.path)/none`: there is no such file or folder

            """)
    #expect(
        message { try MappedFile.open(folder.path) } == "error: cannot read `\(folder.path)`: it is a folder\n")
    #expect(
        message { try readFile(folder.path, limit: 10) } == "error: cannot read `\(folder.path)`: it is a folder\n")
    #expect(
        message { try MappedFile.open("/dev/null") } == "error: cannot read `/dev/null`: it is not a regular file\n")
    let path = try folder.write("large", "12345678901")
    #expect(
        message { try readFile(path, limit: 10) }
            == "error: cannot read `\(path)`: it is larger than the limit of 10 bytes\n")
    #expect(
        message { try readFile("/dev/zero", limit: 1000) }
            == "error: cannot read `/dev/zero`: it is larger than the limit of 1,000 bytes\n")
    #expect(try readFile(path, limit: 11).count == 11)
}

@Test(
    "what the system refuses is told in words, with how to mend it",
    arguments: [
        (
            "write", ENOSPC,
            """
            error: cannot write `a/b`: no space is left on its disk
            hint: free some space there (`df -h` shows it), or choose a folder on another disk

            """
        ),
        (
            "create", EACCES,
            """
            error: cannot create `a/b`: permission denied
            hint: look at the owner and the mode with `ls -ld`, for the folders above it too

            """
        ),
        ("read", ELOOP, "error: cannot read `a/b`: it is a symbolic link, which is not followed here\n"),
        (
            "run", ENOENT,
            """
            error: cannot run `a/b`: there is no such file or folder
            hint: install it, or put its folder in PATH

            """
        ),
        ("read", EBADF, "error: cannot read `a/b`: bad file descriptor\n"),
    ])
func systemErrors(_ verb: String, _ code: Int32, _ text: String) {
    #expect(message(of: FileError(verb, "a/b", .system(code))) == text)
}

@Test("a full disk is an error at the write, with the path")
func fullDisk() throws {
    let number = open("/dev/full", O_WRONLY)
    let file = FileDescriptor(owning: number, path: "ctx/app/model.skiff")
    #expect(
        message { try file.write([1, 2, 3]) } == """
            error: cannot write `ctx/app/model.skiff`: no space is left on its disk
            hint: free some space there (`df -h` shows it), or choose a folder on another disk

            """)
}

@Test("a mapped file has the bytes of the file, also none")
func mapping() throws {
    let folder = TemporaryDirectory()
    let region = try MappedFile.open(try folder.write("a", "hello"))
    let empty = try MappedFile.open(try folder.write("empty", ""))
    try DirectoryAnchor.open(folder.path).removeTree("a")
    #expect(region.string(0..<5) == "hello" && empty.count == 0)
}

@Test("descriptors close once: after release they stay open, after their owner goes they are closed")
func ownership() throws {
    func isOpen(_ number: Int32) -> Bool { fcntl(number, F_GETFD) >= 0 }
    let kept = try FileDescriptor.open("/dev/null").release()
    #expect(isOpen(kept))
    #expect(close(kept) == 0)
    let number: Int32
    do {
        let file = try FileDescriptor.open("/dev/null")
        number = fcntl(file.number, F_DUPFD_CLOEXEC, 500)
        let owner = FileDescriptor(owning: number, path: "x")
        #expect(isOpen(owner.number))
        try owner.close()
    }
    #expect(!isOpen(number))
}

@Test("an anchor makes, opens, renames and removes, and sets modes whatever the mask is")
func anchor() throws {
    let folder = TemporaryDirectory()
    let root = try DirectoryAnchor.open(folder.path)
    let sub = try root.makeDirectory("sub", mode: 0o775)
    try sub.createFile("f", mode: 0o666).write(Array("x".utf8))
    #expect(try root.status("sub")?.mode == 0o775 && root.status("sub")?.kind == .directory)
    #expect(try sub.status("f")?.mode == 0o666 && sub.status("f")?.size == 1)
    #expect(try sub.status("g") == nil)
    #expect(message { try sub.createFile("f") } == "error: cannot create `\(folder.path)/sub/f`: it exists already\n")
    try sub.rename("f", to: "g", in: root, existing: .refuse)
    #expect(try root.openFile("g").readAll(limit: 5) == Array("x".utf8))
    try sub.createFile("h").write(Array("h".utf8))
    #expect(throws: FileError("create", "\(folder.path)/g", .system(EEXIST))) {
        try sub.rename("h", to: "g", in: root, existing: .refuse)
    }
    try sub.rename("h", to: "g", in: root, existing: .exchange)
    #expect(try root.openFile("g").readAll(limit: 5) == Array("h".utf8))
    try root.makeDirectories(at: "sub/a/b").createFile("deep").write([])
    #expect(try root.openFile(at: "sub/a/b/deep").readAll(limit: 1) == [])
    try root.removeTree("sub")
    try root.removeTree("sub")
    #expect(try root.names() == ["g"])
}

@Test("names that are paths are refused", arguments: ["", ".", "..", "a/b", "/a", "a\0b", "../x"])
func badNames(_ name: String) throws {
    let folder = TemporaryDirectory()
    let root = try DirectoryAnchor.open(folder.path)
    let text = message { try root.createFile(name) }
    #expect(text.hasSuffix(": it is not the name of one file\n"), "\(text)")
    #expect(throws: FileError.self) { _ = try root.openFile(name) }
    #expect(throws: FileError.self) { _ = try root.openDirectory(name) }
    #expect(throws: FileError.self) { try root.removeTree(name) }
    #expect(throws: FileError.self) { _ = try root.openFile(at: "a/" + name) }
}

@Test("no link below an anchor is followed: not to read, to enter, to write or to remove")
func links() throws {
    let folder = TemporaryDirectory()
    try folder.write("outside/secret", "s")
    try folder.write("in/file", "f")
    let path = folder.path
    #expect(symlink("\(path)/outside/secret", "\(path)/in/link") == 0)
    #expect(symlink("../outside", "\(path)/in/folder") == 0)
    #expect(mkfifo("\(path)/in/pipe", 0o600) == 0)
    let anchor = try DirectoryAnchor.open("\(path)/in")
    let notFollowed = "it is a symbolic link, which is not followed here"
    #expect(message { try anchor.openFile("link") } == "error: cannot read `\(path)/in/link`: \(notFollowed)\n")
    #expect(
        message { try anchor.openFile(at: "folder/secret") }
            == "error: cannot open `\(path)/in/folder`: \(notFollowed)\n")
    #expect(message { try anchor.createFile("link") }.contains("it exists already"))
    #expect(message { try anchor.makeDirectories(at: "folder/x") }.contains(notFollowed))
    #expect(
        message { try anchor.openFile("pipe") } == "error: cannot read `\(path)/in/pipe`: it is not a regular file\n")
    let kinds = try DirectoryWalk.entries(below: anchor).map { ($0.path, $0.status.kind) }
    #expect(kinds.map(\.0) == ["file", "folder", "link", "pipe"])
    #expect(kinds.map(\.1) == [.file, .symbolicLink, .symbolicLink, .other])
    try DirectoryAnchor.open(path).removeTree("in")
    #expect(try folder.names() == ["outside"])
    #expect(try readFile("\(path)/outside/secret", limit: 9) == Array("s".utf8))
}

@Test("a walk is sorted by the bytes of whole paths and stops at its limits")
func walk() throws {
    let folder = TemporaryDirectory()
    for name in ["b/x", "a.b", "a/z", "a/b/c", "é", "Z", "a-b"] { try folder.write(name, "1") }
    #expect(
        try DirectoryWalk.entries(of: folder.path).map(\.path)
            == ["Z", "a", "a-b", "a.b", "a/b", "a/b/c", "a/z", "b", "b/x", "é"])
    #expect(
        message { try DirectoryWalk.entries(of: folder.path, maxDepth: 2) }
            == "error: cannot read `\(folder.path)/a/b`: its folders are nested more than 2 deep\n")
    #expect(
        message { try DirectoryWalk.entries(of: folder.path, maxEntries: 9) }.contains(
            "it holds more than 9 files and folders"))
    let bad = folder.file("bad\u{1}").withBadByte()
    #expect(open(bad, O_CREAT | O_CLOEXEC, 0o600) >= 0)
    // We do not remove such a name either.
    defer { unlink(bad) }
    #expect(
        message { try DirectoryWalk.entries(of: folder.path) } == """
            error: cannot read `\(folder.path)`: it holds a name that is not UTF-8
            hint: rename it; `ls --quoting-style=escape` shows such names

            """)
}

extension String {
    /// The bytes of a C string with its control character replaced by one that is not UTF-8.
    fileprivate func withBadByte() -> [CChar] { utf8CString.map { $0 == 1 ? CChar(bitPattern: 0xff) : $0 } }
}
