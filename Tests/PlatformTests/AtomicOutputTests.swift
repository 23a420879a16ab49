import Glibc
import Platform
import TestKit
import Testing

private struct Broken: Error {}

@Test("a file appears whole, with its mode, and leaves nothing else")
func wholeFile() throws {
    let folder = TemporaryDirectory()
    try AtomicOutput.writeFile(at: folder.file("a"), mode: 0o755, existing: .refuse) { file in
        try file.write(Array("one".utf8))
        #expect(try !folder.names().contains("a"))
    }
    #expect(try readFile(folder.file("a"), limit: 9) == Array("one".utf8))
    #expect(try FileStatus.of(folder.file("a"))?.mode == 0o755)
    #expect(try folder.names() == ["a"])
}

@Test("an existing name is refused before anything is built, or replaced at once")
func existingFile() throws {
    let folder = TemporaryDirectory()
    let path = try folder.write("a", "old")
    #expect(
        message { try AtomicOutput.writeFile(at: path, existing: .refuse) { _ in throw Broken() } }
            == "error: cannot create `\(path)`: it exists already\n")
    try AtomicOutput.writeFile(at: path, existing: .replace, bytes: Array("new".utf8))
    #expect(try readFile(path, limit: 9) == Array("new".utf8))
    try AtomicOutput.writeFile(at: folder.file("b"), existing: .replace, bytes: [])
    #expect(try folder.names() == ["a", "b"])
}

@Test("what throws while building leaves nothing and keeps the old one")
func failure() throws {
    let folder = TemporaryDirectory()
    let path = try folder.write("a", "old")
    #expect(throws: Broken.self) {
        try AtomicOutput.writeFile(at: path, existing: .replace) { file in
            try file.write([1])
            throw Broken()
        }
    }
    #expect(throws: Broken.self) {
        try AtomicOutput.writeDirectory(at: folder.file("d"), existing: .refuse, isDurable: true) { anchor in
            try anchor.makeDirectory("x").createFile("y").write([1])
            throw Broken()
        }
    }
    #expect(try folder.names() == ["a"])
    #expect(try readFile(path, limit: 9) == Array("old".utf8))
}

@Test("a folder appears whole, also in the place of another folder or of a file")
func wholeFolder() throws {
    let folder = TemporaryDirectory()
    let path = folder.file("ctx")
    func write(_ name: String, _ existing: AtomicOutput.Existing) throws -> Int {
        try AtomicOutput.writeDirectory(at: path + "/", existing: existing, isDurable: true) { anchor in
            try anchor.makeDirectory("sub").createFile(name).write([1])
            return 7
        }
    }
    #expect(try write("one", .refuse) == 7)
    #expect(message { try write("two", .refuse) } == "error: cannot create `\(path)/`: it exists already\n")
    #expect(try write("two", .replace) == 7)
    #expect(try DirectoryWalk.entries(of: path).map(\.path) == ["sub", "sub/two"])
    #expect(try FileStatus.of(path)?.mode == 0o755)
    try DirectoryAnchor.open(folder.path).removeTree("ctx")
    try folder.write("ctx", "a file")
    #expect(try write("three", .replace) == 7)
    try AtomicOutput.writeFile(at: path, existing: .replace, bytes: [])
    #expect(try FileStatus.of(path)?.kind == .file)
    #expect(try folder.names() == ["ctx"])
}

@Test("a name taken while we build is not overwritten")
func race() throws {
    let folder = TemporaryDirectory()
    let path = folder.file("a")
    let text = message {
        try AtomicOutput.writeFile(at: path, existing: .refuse) { _ in try folder.write("a", "theirs") }
    }
    #expect(text == "error: cannot create `\(path)`: it exists already\n")
    #expect(try readFile(path, limit: 9) == Array("theirs".utf8))
    #expect(try folder.names() == ["a"])
}

@Test("a missing folder above is named, with how to make it")
func missingFolder() throws {
    let folder = TemporaryDirectory()
    let parent = folder.file("no/such")
    #expect(
        message { try AtomicOutput.writeFile(at: parent + "/a", existing: .refuse, bytes: []) } == """
            error: cannot create `\(parent)/a`: there is no folder `\(parent)`
            hint: make it with `mkdir -p \(parent)`

            """)
    for path in ["", "/", "..", "x/.."] {
        #expect(
            message { try AtomicOutput.writeFile(at: path, existing: .replace, bytes: []) }.contains("cannot create"))
    }
}

@Test("a folder that may not be written is an error, for root too")
func unwritableFolder() throws {
    let text = message { try AtomicOutput.writeFile(at: "/proc/a", existing: .refuse, bytes: []) }
    #expect(text.hasPrefix("error: cannot create `/proc/"), "\(text)")
}

@Test("a scratch folder is private, and gone afterwards, also after an error")
func scratch() throws {
    let folder = TemporaryDirectory()
    let path = try AtomicOutput.withScratchDirectory(in: folder.path) { scratch in
        try scratch.createFile("x").write([1])
        #expect(try FileStatus.of(scratch.path)?.mode == 0o700)
        return scratch.path
    }
    #expect(path.hasPrefix(folder.path + "/"))
    #expect(throws: Broken.self) {
        try AtomicOutput.withScratchDirectory(in: folder.path) { _ in throw Broken() }
    }
    #expect(try folder.names() == [])
}

@Test("what a killed process left behind under our number is not in the way")
func leftovers() throws {
    let folder = TemporaryDirectory()
    for number in 1...300 { try folder.write(".skiff-\(getpid())-\(number).partial", "left") }
    try AtomicOutput.writeFile(at: folder.file("a"), existing: .refuse, bytes: [1])
    #expect(try folder.names().count == 301)
}
