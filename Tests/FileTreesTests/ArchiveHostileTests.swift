import Diagnostics
import FileTrees
import Platform
import TestKit
import Testing

@Suite("Hostile archives: refused as a whole, with nothing written")
struct ArchiveHostileTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let message: String
        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "case.tar",
            message:
                "error: cannot unpack `FILE`: cannot add `m`: `M` differs from it only by case or normal form\n  --> FILE at byte 1,024\n"
        ),
        Case(
            name: "deep.tar",
            message:
                "error: cannot unpack `FILE`: cannot use the path `\(String(repeating: "d/", count: 100))…`: it is 4001 bytes long, the limit is 1024\n  --> FILE at byte 4,608\n"
        ),
        Case(
            name: "device.tar",
            message:
                "error: cannot unpack `FILE`: its member `dev` is a character device\n  --> FILE at byte 0\nhint: a model holds plain files and folders only; pack it without that\n"
        ),
        Case(
            name: "dup.tar",
            message: "error: cannot unpack `FILE`: cannot add `m`: it is already a file\n  --> FILE at byte 1,024\n"),
        Case(
            name: "file_as_dir.tar",
            message: "error: cannot unpack `FILE`: cannot add `a`: it is already a file\n  --> FILE at byte 1,024\n"),
        Case(
            name: "many.zip",
            message:
                "error: cannot unpack `FILE`: its end record refers to a longer one, which is not there\n  --> FILE at byte 0\n"
        ),
        Case(
            name: "overlap.zip",
            message:
                "error: cannot unpack `FILE`: its members overlap: `0001` begins inside `0000`\n  --> FILE at byte 0\n"),
        Case(
            name: "pax_path.tar",
            message:
                "error: cannot unpack `FILE`: the headers of a member disagree about its name: `ok` and `../evil`\n  --> FILE at byte 1,024\n"
        ),
        Case(
            name: "slip.zip",
            message:
                "error: cannot unpack `FILE`: its member `ln` is a symbolic link\n  --> FILE at byte 405\nhint: a model holds plain files and folders only; pack it without that\n"
        ),
        Case(
            name: "trailing.tar.gz",
            message:
                "error: cannot unpack `FILE`: something follows the end of the compressed data\n  --> FILE at byte 92\n"
        ),
        Case(
            name: "xz_bomb.tar.xz",
            message:
                "error: cannot unpack `FILE`: its 39,184 bytes unpack to more than 16,777,216 bytes, which is over 100 times as much\nhint: unpack it yourself if you trust it, and name the folder\n"
        ),
    ]

    @Test("a fixture is refused with its reason and place", arguments: cases)
    func refused(example: Case) throws {
        let path = Checkout.fixture("hostile/archive/\(example.name)")
        #expect(message { try ArchiveReader.open(path) }.replacing(path, with: "FILE") == example.message)
    }

    @Test("setuid and setgid are masked: only the owner's right to execute is kept")
    func setuid() throws {
        let (tree, modes) = try Unpacked.fixture("setuid.tar")
        #expect(tree.files.map { "\($0.path) \($0.entry.mode.octal)" } == ["s 0755"])
        #expect(modes == ["s 0755"])
    }

    @Test("two gzip members that form one tar are read as one")
    func members() throws {
        let (tree, _) = try Unpacked.fixture("two_members.tar.gz")
        #expect(tree.files.map { "\($0.path) \($0.entry.size)" } == ["m 1"])
    }

    @Test("zeros in gzip stop at a hundred times the size of the file")
    func bomb() throws {
        let folder = TemporaryDirectory()
        let path = folder.file("bomb.tar.gz")
        let made = try python(
            """
            import gzip, tarfile, zlib
            info = tarfile.TarInfo("zeros"); info.size = 200 << 20
            packer = zlib.compressobj(9, zlib.DEFLATED, 31)
            with open("\(path)", "wb") as file:
                file.write(packer.compress(info.tobuf()))
                for _ in range(200): file.write(packer.compress(bytes(1 << 20)))
                file.write(packer.compress(bytes(10240)) + packer.flush())
            """)
        #expect(made.isSuccess, "\(made.errorText)")
        let size = try #require(try FileStatus.of(path)).size
        #expect(
            message { try ArchiveReader.open(path) }.replacing(path, with: "FILE") == """
                error: cannot unpack `FILE`: its \(grouped(size)) bytes unpack to more than 100 times as much, the limit
                  --> FILE at byte 0 (of what it unpacks to)
                hint: unpack it yourself if you trust it, and name the folder

                """)
    }

    @Test("every fixture has a test")
    func complete() throws {
        let names = try DirectoryAnchor.open(Checkout.fixture("hostile/archive")).names()
        let tested = Self.cases.map(\.name) + ["setuid.tar", "two_members.tar.gz", "index.json"]
        #expect(names == tested.sorted())
    }
}

/// Archives that are unpacked for tests.
enum Unpacked {
    /// The tree of an archive among the fixtures, and the modes on disk.
    static func fixture(_ name: String) throws -> (tree: FileTree, modes: [String]) {
        try archive(Checkout.fixture("hostile/archive/\(name)"))
    }

    /// The tree of the archive at `path`, and the modes of its files on disk. The files have gone when this returns.
    static func archive(_ path: String) throws -> (tree: FileTree, modes: [String]) {
        let folder = TemporaryDirectory()
        let anchor = try DirectoryAnchor.open(folder.path)
        var reader = try ArchiveReader.open(path)
        let tree = try reader.extract(into: anchor, shownPath: folder.path)
        // What is on disk is what the tree says.
        let read = try DirectoryReader.read(folder.path)
        guard read == tree else { throw Mismatch(path: path) }
        let modes = try DirectoryWalk.entries(below: anchor).filter { $0.status.kind == .file }
            .map { "\($0.path) 0\(String($0.status.mode, radix: 8))" }
        return (tree, modes)
    }

    struct Mismatch: Error {
        let path: String
    }
}
