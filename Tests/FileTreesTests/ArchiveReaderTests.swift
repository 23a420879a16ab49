import FileTrees
import Glibc
import Hashing
import Platform
import TestKit
import Testing

@Suite("Archives that honest programs make are read as those programs read them")
struct ArchiveReaderTests {
    /// A folder of a model, and its tree.
    static func model(_ folder: TemporaryDirectory) throws -> FileTree {
        var tree = FileTree()
        try tree.add("MLmodel", text: "flavors: {}\n")
        try tree.add("run.sh", text: "#!/bin/sh\n", mode: .executable)
        try tree.add("data/empty", text: "")
        try tree.add(RelativePath("data/café.txt"), text: "é")
        let long = String(repeating: "long-name-", count: 12)
        try tree.add(RelativePath("\(long)x/" + String(repeating: "y", count: 200)), text: "long")
        var random = SplitMix64(seed: 7)
        try tree.add("data/noise.bin", bytes: (0..<300_000).map { _ in UInt8(truncatingIfNeeded: random.next()) })
        try tree.add("data/zeros.bin", bytes: [UInt8](repeating: 0, count: 70_000))
        // zip knows no time before 1980.
        try AtomicOutput.writeDirectory(at: folder.file("model"), existing: .refuse, isDurable: false) { anchor in
            try DirectoryWriter(time: 1_000_000_000, shownPath: "model").write(tree, into: anchor)
        }
        return tree
    }

    struct Maker: CustomTestStringConvertible, Sendable {
        let command: String
        let format: ArchiveFormat
        /// Which files are left out, by the beginning of their paths.
        var leavesOut = "-"
        var testDescription: String { command }
    }

    static let makers =
        [
            Maker(command: "tar --format=gnu -cf OUT -C model .", format: .tar),
            Maker(command: "tar --format=posix -cf OUT -C model .", format: .tar),
            Maker(command: "tar --format=posix -czf OUT model", format: .tarGzip),
            Maker(command: "tar --zstd -cf OUT model", format: .tarZstandard),
            Maker(command: "tar -cJf OUT model", format: .tarXZ),
            Maker(command: "bsdtar --format=pax -cf OUT -C model .", format: .tar),
            Maker(command: "bsdtar --format=gnutar -czf OUT model", format: .tarGzip),
            Maker(command: "bsdtar --format=ustar --exclude long-* -cf OUT model", format: .tar, leavesOut: "long-"),
            Maker(command: "bsdtar --format=v7tar --exclude long-* -cf OUT model", format: .tar, leavesOut: "long-"),
            Maker(command: "bsdtar --format=zip -cf OUT model", format: .zip),
            Maker(command: "bsdtar --format=zip --options zip:compression=store -cf OUT -C model .", format: .zip),
            Maker(command: "tar -cf - model | gzip -1 | cat - > OUT", format: .tarGzip),
            Maker(
                command: "tar -cf part model && split -b 100000 part && for x in x??; do gzip -c $x; done > OUT",
                format: .tarGzip),
            Maker(
                command: "tar -cf part model && split -b 100000 part && for x in x??; do zstd -qc $x; done > OUT",
                format: .tarZstandard),
            Maker(
                command: "tar -cf part model && split -b 100000 part && for x in x??; do xz -c $x; done > OUT",
                format: .tarXZ),
            Maker(command: "tar -cf - model | xz -8 --block-size=65536 -T2 > OUT", format: .tarXZ),
            Maker(command: "tar -cf - model | xz --x86 --lzma2=preset=1 --check=sha256 > OUT", format: .tarXZ),
        ]
        + ["USTAR", "GNU", "PAX"].map { name in
            Maker(
                command: "python3 -c \"import tarfile; t = tarfile.open('OUT', 'w', format=tarfile.\(name)_FORMAT); "
                    + "t.add('model', filter=lambda i: None if '\(name)' == 'USTAR' and 'y' * 200 in i.name else i); t.close()\"",
                format: .tar, leavesOut: name == "USTAR" ? "long-" : "-")
        }
        + ["'w', 0", "'w', 8"].map { options in
            Maker(
                command: "python3 -c \"import shutil, zipfile, os; z = zipfile.ZipFile('OUT', \(options)); "
                    + "[z.write(os.path.join(d, n)) for d, _, f in os.walk('model') for n in f]; z.close()\"",
                format: .zip)
        } + [
            // A pipe cannot be gone back in, so that sizes follow the data.
            Maker(
                command: "python3 -c \"import sys, zipfile, os; z = zipfile.ZipFile(sys.stdout.buffer, 'w', 8); "
                    + "[z.write(os.path.join(d, n)) for d, _, f in os.walk('model') for n in f]; z.close()\" | cat > OUT",
                format: .zip),
            Maker(
                command: "python3 -c \"import zipfile; z = zipfile.ZipFile('OUT', 'w'); z.comment = b'made by a test'; "
                    + "f = z.open('model/MLmodel', 'w', force_zip64=True); f.write(b'flavors: {}\\n'); f.close(); z.close()\"",
                format: .zip),
            Maker(
                command: "python3 -c \"import shutil; shutil.make_archive('x', 'zip', '.', 'model')\" && mv x.zip OUT",
                format: .zip),
        ]

    @Test("the tree is the folder that was packed", arguments: makers)
    func same(maker: Maker) throws {
        let folder = TemporaryDirectory()
        let tree = try Self.model(folder)
        let made = try run(
            "sh", ["-c", maker.command.replacing("OUT", with: "archive")], in: folder.path,
            environment: ["LC_ALL": "C.UTF-8"])
        #expect(made.isSuccess, "\(made.errorText)")
        #expect(try ArchiveFormat.recognise(at: folder.file("archive")) == .supported(maker.format))
        let found = try Unpacked.archive(folder.file("archive")).tree
        let model = found.files.contains { $0.path == "MLmodel" } ? found : found.subtree("model")
        let expected =
            maker.command.contains("force_zip64")
            ? tree.filter { $0 == "MLmodel" } : tree.filter { !$0.text.hasPrefix(maker.leavesOut) }
        #expect(model.count == found.count)
        #expect(model == expected)
    }

    @Test("only what is asked for is written, at the path that is given for it")
    func place() throws {
        let folder = TemporaryDirectory()
        let tree = try Self.model(folder)
        _ = try run("tar", ["-czf", folder.file("a"), "-C", folder.path, "model"])
        try folder.write("out/keep", "")
        let anchor = try DirectoryAnchor.open(folder.file("out"))
        var reader = try ArchiveReader.open(folder.file("a"))
        let found = try reader.extract(into: anchor, shownPath: "/elsewhere", isDurable: true) { path in
            path.relative(to: "model/data")
        }
        #expect(found == tree.subtree("data"))
        #expect(
            found.files.first?.entry.contents
                == .file(path: "/elsewhere/café.txt", size: 2, digest: SHA256Digest(of: "é")))
        #expect(try anchor.names() == ["café.txt", "empty", "keep", "noise.bin", "zeros.bin"])
        let bytes = try readFile(folder.file("a"), limit: 1 << 24)
        #expect(try reader.digest() == SHA256Digest(of: bytes))
        #expect(reader.files.count == 7)
        #expect(reader.totalByteCount == tree.totalSize)
    }

    @Test("nothing is written over: a file or link in the way is an error")
    func occupied() throws {
        let folder = TemporaryDirectory()
        _ = try Self.model(folder)
        _ = try run("tar", ["-cf", folder.file("a"), "-C", folder.file("model"), "MLmodel", "run.sh"])
        try folder.write("out/keep", "")
        #expect(symlink(folder.file("victim"), folder.file("out/run.sh")) == 0)
        var reader = try ArchiveReader.open(folder.file("a"))
        let anchor = try DirectoryAnchor.open(folder.file("out"))
        #expect(
            message { try reader.extract(into: anchor, shownPath: folder.file("out")) } == """
                error: cannot create `\(folder.path)/out/run.sh`: it exists already

                """)
        #expect(try FileStatus.of(folder.file("victim")) == nil)
    }

    struct Refusal: CustomTestStringConvertible, Sendable {
        let command: String
        let message: String
        var testDescription: String { command }
    }

    static let refusals = [
        Refusal(
            command: "tar -cjf OUT model",
            message: """
                error: cannot unpack `OUT`: it is of a kind that is not supported: bzip2
                hint: make a `.tar.gz`, `.tar.zst` or `.zip` of its contents

                """),
        Refusal(
            command: "echo text > OUT",
            message:
                "error: cannot unpack `OUT`: it is no archive that is known: neither tar nor zip, also not compressed\n"
        ),
        Refusal(command: ": > OUT", message: "error: cannot unpack `OUT`: it is empty\n"),
        Refusal(
            command: "mkfifo OUT",
            message: "error: cannot unpack `OUT`: it is not a regular file\n"),
        Refusal(
            command: "echo text | gzip > OUT",
            message: """
                error: cannot unpack `OUT`: it is cut off: a tar archive ends with two blocks of zeros, which are missing
                  --> OUT at byte N (of what it unpacks to)
                hint: fetch or make the archive again

                """),
        Refusal(
            command: "gzip < /dev/null > OUT", message: "error: cannot unpack `OUT`: there is nothing in it\n"),
        Refusal(
            command: "gzip -c model/data/noise.bin > OUT",
            message: """
                error: cannot unpack `OUT`: what it holds is not a tar archive
                  --> OUT at byte N (of what it unpacks to)

                """),
        Refusal(
            command: "tar -cf - model | gzip | gzip > OUT",
            message: """
                error: cannot unpack `OUT`: what it holds is not a tar archive
                  --> OUT at byte N (of what it unpacks to)

                """),
        Refusal(
            command: "tar -cf - model | zstd -q --ultra -22 --long=28 > OUT",
            message: """
                error: cannot unpack `OUT`: its decoder would need 269,484,032 bytes of memory, the limit is 67,108,864
                  --> OUT at byte N
                hint: compress it with at most `zstd -19`, and without `--long` and `--ultra`

                """),
        Refusal(
            command: "tar -cf - model | xz -0 --lzma2=dict=128MiB > OUT",
            message: """
                error: cannot unpack `OUT`: its decoder would need 135,266,304 bytes of memory, the limit is 67,108,864
                  --> OUT at byte N
                hint: compress it with at most `xz -8`

                """),
        Refusal(
            command:
                "(cat model/data/noise.bin | xz -0; tar -cf - model | xz -0 --lzma2=dict=128MiB) > OUT",
            message: """
                error: cannot unpack `OUT`: its decoder would need 135,266,304 bytes of memory, the limit is 67,108,864
                  --> OUT at byte N
                hint: compress it with at most `xz -8`

                """),
        Refusal(
            command: "(tar -cf - model | zstd -q; echo x) > OUT",
            message: """
                error: cannot unpack `OUT`: something follows the end of the compressed data
                  --> OUT at byte N

                """),
        Refusal(
            command: "(tar -cf - model | xz -0; echo xxxx) > OUT",
            message: """
                error: cannot unpack `OUT`: something follows the end of the compressed data
                  --> OUT at byte N

                """),
        Refusal(
            command: "tar -cf OUT model; echo x >> OUT",
            message: """
                error: cannot unpack `OUT`: something follows the end of the archive
                  --> OUT at byte N

                """),
        Refusal(
            command:
                "tar -cf - model | gzip > OUT; printf '\\0' | dd of=OUT bs=1 seek=$(($(stat -c %s OUT) - 6)) conv=notrunc status=none",
            message: """
                error: cannot unpack `OUT`: its compressed data is damaged: it does not have its own checksum
                  --> OUT at byte N
                hint: fetch or make the archive again

                """),
    ]

    @Test("what cannot be read is refused with its reason", arguments: refusals)
    func refused(example: Refusal) throws {
        let folder = TemporaryDirectory()
        _ = try Self.model(folder)
        let path = folder.file("archive")
        let made = try run("sh", ["-c", example.command.replacing("OUT", with: path)], in: folder.path)
        #expect(made.isSuccess, "\(made.errorText)")
        // Where compressed data ends depends on the version of the program that made it.
        let text = message { try ArchiveReader.open(path) }.replacing(path, with: "OUT")
            .replacing(#/at byte [0-9,]+/#, with: "at byte N")
        #expect(text == example.message)
    }

    @Test("a cut archive is refused wherever it is cut", arguments: ["-cf", "-czf", "--zstd -cf", "-cJf", "zip"])
    func cut(option: String) throws {
        let folder = TemporaryDirectory()
        _ = try Self.model(folder)
        let command =
            option == "zip"
            ? "bsdtar --format=zip -cf a model/run.sh model/data/café.txt"
            : "tar \(option) a model/run.sh model/data"
        _ = try run("sh", ["-c", command], in: folder.path, environment: ["LC_ALL": "C.UTF-8"])
        let whole = try readFile(folder.file("a"), limit: 1 << 24)
        var random = SplitMix64(seed: 1)
        for _ in 0..<40 {
            // Past the two blocks of zeros a plain tar archive has only padding.
            let end = option == "-cf" ? whole.count - 9_000 : whole.count
            let count = Int.random(in: 1..<end, using: &random)
            let path = try folder.write("cut\(count)-\(random.next())", Array(whole[..<count]))
            #expect(throws: FileTreeError.self, "\(count) of \(whole.count)") { _ = try ArchiveReader.open(path) }
        }
    }

    @Test("each limit is named with its number")
    func limits() throws {
        let folder = TemporaryDirectory()
        _ = try Self.model(folder)
        _ = try run("tar", ["-cf", folder.file("a"), "-C", folder.path, "model"])
        _ = try run("bsdtar", ["--format=zip", "-cf", folder.file("z"), "-C", folder.path, "model"])
        func refusal(_ name: String, _ change: (inout ArchiveLimits) -> Void) -> String {
            var limits = ArchiveLimits()
            change(&limits)
            return message { try ArchiveReader.open(folder.file(name), limits: limits) }.replacing(
                folder.path, with: ""
            )
            .split(separator: "\n").first.map(String.init) ?? ""
        }
        #expect(
            refusal("a") { $0.memberCount = 3 } == "error: cannot unpack `/a`: it has more than 3 members, the limit")
        #expect(refusal("z") { $0.memberCount = 3 } == "error: cannot unpack `/z`: it has 10 members, the limit is 3")
        for name in ["a", "z"] {
            #expect(
                refusal(name) { $0.unpackedByteCount = 1_000 }
                    == "error: cannot unpack `/\(name)`: unpacked it is larger than 1,000 bytes, the limit")
        }
        let size = try #require(try FileStatus.of(folder.file("z"))).size
        #expect(
            refusal("z") {
                $0.ratio = 1
                $0.freeByteCount = 0
            }
                == "error: cannot unpack `/z`: its \(size / 1000),\(size % 1000) bytes unpack to more than 1 times as much, the limit"
        )
        #expect(
            refusal("a") { $0.extendedHeaderByteCount = 100 }
                == "error: cannot unpack `/a`: an extended header has 129 bytes, the limit is 100")
        let deep = String(repeating: "d/", count: 64) + "f"
        try folder.write(deep, "")
        _ = try run("tar", ["-cf", folder.file("deep"), "-C", folder.path, deep])
        #expect(
            refusal("deep") { _ in }
                == "error: cannot unpack `/deep`: cannot use the path `\(deep)`: it has 65 components, the limit is 64")
    }
}
