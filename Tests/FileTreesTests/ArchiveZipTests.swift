import Bytes
import FileTrees
import Platform
import TestKit
import Testing

/// Writes zip archives of stored members, with any field of any header changed.
struct ZipMaker {
    var files: [(name: String, text: String)] = [("a", "alpha"), ("b", "beta")]
    /// Changes of the local headers, the directory's entries and the end record.
    var local: (inout [UInt8], Int) -> Void = { _, _ in }
    var central: (inout [UInt8], Int) -> Void = { _, _ in }
    var end: (inout [UInt8]) -> Void = { _ in }
    var localExtra: [UInt8] = []
    var centralExtra: [UInt8] = []
    var mode: Int = 0o100644
    /// What stands before the first member, after each, after the directory.
    var before: [UInt8] = []
    var between: [UInt8] = []
    var afterDirectory: [UInt8] = []
    var after: [UInt8] = []

    func make() -> [UInt8] {
        var bytes = before
        var directory: [UInt8] = []
        for (index, file) in files.enumerated() {
            let data = Array(file.text.utf8)
            var common = Self.number(10, 2) + Self.number(0, 2) + Self.number(0, 2) + Self.number(0, 4)
            common +=
                Self.number(Int(Checksum32.crc32(data)), 4) + Self.number(data.count, 4) + Self.number(data.count, 4)
            common += Self.number(file.name.utf8.count, 2)
            var head =
                [0x50, 0x4b, 3, 4] + common + Self.number(localExtra.count, 2) + Array(file.name.utf8) + localExtra
            var entry = [0x50, 0x4b, 1, 2, 20, 3] + common + Self.number(centralExtra.count, 2) + Self.number(0, 2)
            entry += Self.number(0, 2) + Self.number(0, 2) + Self.number(mode << 16, 4) + Self.number(bytes.count, 4)
            entry += Array(file.name.utf8) + centralExtra
            local(&head, index)
            central(&entry, index)
            bytes += head + data + between
            directory += entry
        }
        var record = [0x50, 0x4b, 5, 6] + Self.number(0, 4) + Self.number(files.count, 2) + Self.number(files.count, 2)
        record += Self.number(directory.count, 4) + Self.number(bytes.count, 4) + Self.number(0, 2)
        end(&record)
        return bytes + directory + afterDirectory + record + after
    }

    static func number(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
}

extension [UInt8] {
    /// Overwrites bytes with a little-endian number.
    fileprivate mutating func put(_ value: Int, _ count: Int, at offset: Int) {
        replaceSubrange(offset..<offset + count, with: ZipMaker.number(value, count))
    }
}

@Suite("Zip archives whose headers say two things are refused")
struct ArchiveZipTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let change: @Sendable (inout ZipMaker) -> Void
        /// The first line without "error: cannot unpack `ZIP`: ".
        let reason: String
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(
            name: "another local name", change: { $0.local = { head, index in if index == 1 { head[30] = 0x63 } } },
            reason: "its directory and the header of the member `b` disagree about its name"),
        Case(
            name: "another local method", change: { $0.local = { head, _ in head[8] = 8 } },
            reason: "its directory and the header of the member `a` disagree about its method"),
        Case(
            name: "another local size", change: { $0.local = { head, _ in head[22] = 4 } },
            reason: "its directory and the header of the member `a` disagree about its size"),
        Case(
            name: "another local checksum", change: { $0.local = { head, _ in head[14] ^= 1 } },
            reason: "its directory and the header of the member `a` disagree about its checksum"),
        Case(
            name: "encrypted only in the local header", change: { $0.local = { head, _ in head[6] = 1 } },
            reason: "its directory and the header of the member `a` disagree about its flags"),
        Case(
            name: "no local header", change: { $0.local = { head, index in if index == 1 { head[2] = 9 } } },
            reason: "its directory and the header of the member `b` disagree about where it is"),
        Case(
            name: "wrong data",
            change: {
                $0.local = { head, _ in head[14] ^= 1 }
                $0.central = { entry, _ in entry[16] ^= 1 }
            }, reason: "its contents are damaged: ZIP bad CRC: 0xd0e0396a should be 0xd0e0396b"),
        Case(
            name: "encrypted", change: { $0.central = { entry, _ in entry[8] = 1 } },
            reason: "its member `a` is encrypted"),
        Case(
            name: "encrypted with AES", change: { $0.centralExtra = [0x01, 0x99, 0, 0] },
            reason: "its member `a` is encrypted"),
        Case(
            name: "a patch", change: { $0.central = { entry, _ in entry[8] = 0x20 } },
            reason: "its member `a` is a patch of another file"),
        Case(
            name: "another method", change: { $0.central = { entry, _ in entry[10] = 12 } },
            reason: "its member `a` is packed by method 12; only 0 (stored) and 8 (deflated) are read"),
        Case(
            name: "stored with two sizes", change: { $0.central = { entry, _ in entry[24] = 4 } },
            reason: "its stored member `a` has two sizes"),
        Case(name: "a symbolic link", change: { $0.mode = 0o120777 }, reason: "its member `a` is a symbolic link"),
        Case(name: "a pipe", change: { $0.mode = 0o010644 }, reason: "its member `a` is a pipe"),
        Case(
            name: "a folder by its mode only", change: { $0.mode = 0o040755 },
            reason: "name and mode of the member `a` disagree whether it is a folder"),
        Case(
            name: "a folder with bytes",
            change: {
                $0.files = [("a/", "alpha")]
                $0.mode = 0
            }, reason: "its member `a/` is a folder with bytes of its own"),
        Case(
            name: "one name twice", change: { $0.files = [("a", "1"), ("a", "2")] },
            reason: "cannot add `a`: it is already a file"),
        Case(
            name: "names that differ by case", change: { $0.files = [("a", "1"), ("A", "2")] },
            reason: "cannot add `A`: `a` differs from it only by case or normal form"),
        Case(
            name: "climbing", change: { $0.files = [("../a", "1")] },
            reason: "cannot use the path `../a`: it has the component `..`"),
        Case(
            name: "absolute", change: { $0.files = [("/a", "1")] }, reason: "cannot use the path `/a`: it is absolute"),
        Case(
            name: "a backslash", change: { $0.files = [("a\\b", "1")] },
            reason: "cannot use the path `a\\b`: it has a backslash"),
        Case(
            name: "a name that is not marked as UTF-8", change: { $0.files = [("é", "1")] },
            reason: "the name `é` is not marked as UTF-8"),
        Case(
            name: "a second name in an extra field",
            change: { $0.centralExtra = [0x75, 0x70, 6, 0, 1, 0, 0, 0, 0, 0x78] },
            reason: "the member `a` has two names"),
        Case(
            name: "a second name in a local extra field",
            change: { $0.localExtra = [0x75, 0x70, 6, 0, 1, 0, 0, 0, 0, 0x78] },
            reason: "its directory and the header of the member `a` disagree about its name"),
        Case(
            name: "damaged extra fields", change: { $0.centralExtra = [1, 0, 99, 0] },
            reason: "the extra fields of the member `a` are damaged"),
        Case(
            name: "a long size that is not asked for",
            change: { $0.centralExtra = [1, 0, 8, 0] + ZipMaker.number(1 << 40, 8) },
            reason: "the long sizes of the member `a` are damaged"),
        Case(
            name: "a long size that is not there",
            change: { $0.central = { entry, _ in entry.put(0xffff_ffff, 4, at: 24) } },
            reason: "the long sizes of the member `a` are damaged"),
        Case(
            name: "a long size that the local header does not know",
            change: {
                $0.central = { entry, index in
                    entry.put(0xffff_ffff, 4, at: 24)
                }
                $0.centralExtra = [1, 0, 8, 0] + ZipMaker.number(99, 8)
            }, reason: "its stored member `a` has two sizes"),
        Case(
            name: "a long size only in the local header",
            change: { $0.localExtra = [1, 0, 16, 0] + ZipMaker.number(99, 8) + ZipMaker.number(99, 8) },
            reason: "its directory and the header of the member `a` disagree about its size"),
        Case(
            name: "something before", change: { $0.before = Array("#!/bin/sh\n".utf8) },
            reason: "it is no archive that is known: neither tar nor zip, also not compressed"),
        Case(
            name: "a member that is not listed",
            change: {
                var other = ZipMaker()
                other.files = [("hidden", "x")]
                $0.before = Array(other.make().prefix(37))
            }, reason: "it has 37 bytes that belong to no member"),
        Case(
            name: "bytes between members", change: { $0.between = [0] },
            reason: "it has 1 bytes that belong to no member"),
        Case(
            name: "bytes after the directory", change: { $0.afterDirectory = [0] },
            reason: "its directory does not lie where its end record says: something was added before or after it"),
        Case(
            name: "bytes after the end", change: { $0.after = [0] }, reason: "something follows the end of the archive"),
        Case(
            name: "an end record in a comment",
            change: {
                $0.end = { record in record.put(22, 2, at: 20) }
                $0.after = [0x50, 0x4b, 5, 6] + [UInt8](repeating: 0, count: 18)
            },
            reason: "its directory does not lie where its end record says: something was added before or after it"),
        Case(
            name: "one member for two entries", change: { $0.central = { entry, _ in entry.put(0, 4, at: 42) } },
            reason: "its members overlap: `b` begins inside `a`"),
        Case(
            name: "a member inside another",
            change: {
                $0.central = { entry, index in if index == 0 { entry.put(50, 4, at: 20); entry.put(50, 4, at: 24) } }
            },
            reason: "its members overlap: `b` begins inside `a`"),
        Case(
            name: "fewer members than counted",
            change: {
                $0.end = { record in
                    record.put(3, 2, at: 8); record.put(3, 2, at: 10)
                }
            },
            reason: "its directory has fewer members than its end record counts"),
        Case(
            name: "more members than counted",
            change: {
                $0.end = { record in
                    record.put(1, 2, at: 8); record.put(1, 2, at: 10)
                }
            },
            reason: "its directory has more members than its end record counts"),
        Case(
            name: "one part of several", change: { $0.end = { record in record.put(1, 2, at: 4) } },
            reason: "it is one part of a zip archive in several parts"),
        Case(
            name: "the last member of several parts", change: { $0.central = { entry, _ in entry.put(1, 2, at: 34) } },
            reason: "the long sizes of the member `a` are damaged"),
        Case(
            name: "no end record", change: { $0.end = { record in record[2] = 9 } },
            reason: "it is cut off: it has no end record"),
        Case(
            name: "a size into the directory",
            change: {
                $0.files = [("a", "alpha")]
                $0.local = { head, _ in
                    head.put(60, 4, at: 18); head.put(60, 4, at: 22)
                }
                $0.central = { entry, _ in
                    entry.put(60, 4, at: 20); entry.put(60, 4, at: 24)
                }
            }, reason: "the member `a` reaches into the directory"),
        Case(
            name: "a descriptor that is not there",
            change: {
                $0.local = { head, _ in head[6] = 8 }
                $0.central = { entry, _ in entry[8] = 8 }
            }, reason: "its directory and what follows the member `a` disagree"),
    ]

    @Test("an archive is refused with its reason", arguments: cases)
    func refused(example: Case) throws {
        let folder = TemporaryDirectory()
        var maker = ZipMaker()
        example.change(&maker)
        let path = try folder.write("a.zip", maker.make())
        let text = message { try Unpacked.archive(path) }.replacing(path, with: "ZIP")
        #expect(text.split(separator: "\n").first.map(String.init) == "error: cannot unpack `ZIP`: \(example.reason)")
    }

    @Test("what the maker makes is read when nothing is changed")
    func control() throws {
        let folder = TemporaryDirectory()
        var maker = ZipMaker()
        maker.mode = 0o104711
        let (tree, modes) = try Unpacked.archive(folder.write("a.zip", maker.make()))
        #expect(tree.paths.map(\.text) == ["a", "b"])
        #expect(modes == ["a 0755", "b 0755"])
    }

    @Test("a zip bomb of honest headers stops before anything is unpacked")
    func bomb() throws {
        let folder = TemporaryDirectory()
        let made = try python(
            """
            import zipfile
            z = zipfile.ZipFile("\(folder.file("z"))", "w", 8)
            z.writestr("zeros", bytes(40 << 20))
            z.close()
            """)
        #expect(made.isSuccess, "\(made.errorText)")
        let size = try #require(try FileStatus.of(folder.file("z"))).size
        #expect(
            message { try ArchiveReader.open(folder.file("z")) }.replacing(folder.file("z"), with: "ZIP") == """
                error: cannot unpack `ZIP`: its \(size / 1000),\(size % 1000) bytes unpack to more than 16,777,216 bytes, which is over 100 times as much
                  --> ZIP at byte 0
                hint: unpack it yourself if you trust it, and name the folder

                """)
    }
}
