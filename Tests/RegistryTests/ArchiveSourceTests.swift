import FileTrees
import Hashing
import Platform
import TestKit
import Testing

@testable import Registry

@Suite("Models in archives")
struct ArchiveSourceTests {
    static func make(_ folder: TemporaryDirectory, _ command: String) throws -> String {
        let made = try run("sh", ["-c", command.replacing("OUT", with: "archive")], in: folder.path)
        try #require(made.isSuccess, "\(made.errorText)")
        return folder.file("archive")
    }

    static func read(_ path: String) throws -> (paths: [String], identity: SourceIdentity) {
        let scratch = TemporaryDirectory()
        let model = try ArchiveSource.read(path, into: DirectoryAnchor.open(scratch.path))
        // What is on disk is what the model says.
        try #require(try DirectoryReader.read(scratch.path) == model.tree)
        return (model.tree.paths.map(\.text), model.identity)
    }

    @Test(
        "the model is the archive itself or its one top folder",
        arguments: [
            "tar -cf OUT -C churn .", "tar -czf OUT churn", "bsdtar --format=zip -cf OUT -C churn MLmodel data",
            "mkdir __MACOSX && echo x > __MACOSX/._churn && bsdtar --format=zip -cf OUT churn __MACOSX",
        ])
    func root(command: String) throws {
        let folder = TemporaryDirectory()
        try folder.write("churn/MLmodel", "flavors: {}\n")
        try folder.write("churn/data/model.pkl", "0123456789")
        let path = try Self.make(folder, command)
        #expect(try ArchiveSource.isArchive(path))
        let (paths, identity) = try Self.read(path)
        #expect(paths == ["MLmodel", "data/model.pkl"])
        let bytes = try readFile(path, limit: 1 << 20)
        #expect(
            identity.json == [
                "kind": "archive", "reference": "archive",
                "archive_digest": .string("sha256:\(SHA256Digest(of: bytes))"),
            ])
    }

    @Test("into a folder of the caller's: whole, with its own paths, and never over another")
    func extract() throws {
        let folder = TemporaryDirectory()
        try folder.write("churn/MLmodel", "flavors: {}\n")
        let path = try Self.make(folder, "tar -czf OUT churn")
        let model = try ArchiveSource.extract(path, to: folder.file("out"))
        #expect(try DirectoryReader.read(folder.file("out")) == model.tree)
        #expect(
            model.tree.files.map { $0.entry.contents } == [
                .file(path: folder.file("out/MLmodel"), size: 12, digest: SHA256Digest(of: "flavors: {}\n"))
            ])
        #expect(
            message { try ArchiveSource.extract(path, to: folder.file("out")) } == """
                error: cannot create `\(folder.path)/out`: it exists already

                """)
        #expect(try folder.names() == ["archive", "churn", "out"])
    }

    struct Refusal: CustomTestStringConvertible, Sendable {
        let command: String
        let message: String
        var testDescription: String { command }
    }

    static let refusals = [
        Refusal(
            command: "mkdir a b && touch a/MLmodel b/MLmodel && tar -cf OUT a b",
            message: """
                error: cannot use `OUT` as a model: it has no file `MLmodel` at its top, and more than one file or folder there
                  - it holds `a`, `b`
                hint: pack one model: `tar -czf model.tar.gz -C FOLDER .`

                """),
        Refusal(
            command: "mkdir -p a/b && touch a/b/MLmodel && tar -cf OUT a",
            message: """
                error: cannot use `OUT` as a model: it has no file `MLmodel` at its top or in its top folder `a`
                  - it has one at `a/b/MLmodel`
                hint: pack the folder that holds `MLmodel`: `tar -czf model.tar.gz -C FOLDER .`

                """),
        Refusal(
            command: "mkdir a && tar -cf OUT a",
            message: "error: cannot use `OUT` as a model: it holds no files\n"),
        Refusal(
            command: "touch MLmodel && ln -s /etc/passwd link && tar -cf OUT MLmodel link",
            message: """
                error: cannot unpack `OUT`: its member `link` is a symbolic link
                  --> OUT at byte 512
                hint: a model holds plain files and folders only; pack it without that

                """),
    ]

    @Test("an archive without one model is refused, and nothing is written", arguments: refusals)
    func refused(example: Refusal) throws {
        let folder = TemporaryDirectory()
        let path = try Self.make(folder, example.command)
        let before = try folder.names()
        #expect(
            message { try ArchiveSource.extract(path, to: folder.file("out")) }.replacing(path, with: "OUT")
                == example.message)
        #expect(try folder.names() == before)
    }

    @Test("a folder, a text and nothing are no archives")
    func others() throws {
        let folder = TemporaryDirectory()
        try folder.write("text", "text")
        #expect(try !ArchiveSource.isArchive(folder.path))
        #expect(try !ArchiveSource.isArchive(folder.file("text")))
        #expect(try !ArchiveSource.isArchive(folder.file("nothing")))
    }
}
