import FileTrees
import Platform
import TestKit
import Testing

/// Writes tar archives header by header, wrongly too.
struct TarMaker {
    var bytes: [UInt8] = []

    mutating func header(
        _ name: String, size: Int = 0, type: String = "0", mode: String = "0000644", link: String = "",
        prefix: String = "",
        magic: String = "ustar\u{0}00", sizeField: [UInt8]? = nil, nameBytes: [UInt8]? = nil,
        breaksChecksum: Bool = false
    ) {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: [UInt8], at offset: Int) { block.replaceSubrange(offset..<offset + text.count, with: text) }
        put(nameBytes ?? Array(name.utf8), at: 0)
        put(Array(mode.utf8), at: 100)
        let octal = String(size, radix: 8)
        put(sizeField ?? Array((String(repeating: "0", count: 11 - octal.utf8.count) + octal).utf8), at: 124)
        put(Array(type.utf8), at: 156)
        put(Array(link.utf8), at: 157)
        put(Array(magic.utf8), at: 257)
        put(Array(prefix.utf8), at: 345)
        put([UInt8](repeating: 0x20, count: 8), at: 148)
        let sum = block.reduce(breaksChecksum ? 1 : 0) { $0 + Int($1) }
        let digits = String(sum, radix: 8)
        put(Array((String(repeating: "0", count: 6 - digits.utf8.count) + digits + "\u{0} ").utf8), at: 148)
        bytes += block
    }

    mutating func data(_ text: String) {
        bytes += Array(text.utf8)
        bytes += [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
    }

    mutating func file(_ name: String, _ text: String) {
        header(name, size: text.utf8.count)
        data(text)
    }

    /// A pax header of `records`, each with its right length.
    mutating func pax(_ records: [String], type: String = "x") {
        let body = records.map { record in
            var length = record.utf8.count + 3
            while "\(length) \(record)\n".utf8.count != length { length = "\(length) \(record)\n".utf8.count }
            return "\(length) \(record)\n"
        }.joined()
        raw(body, type: type)
    }

    mutating func raw(_ body: String, type: String) {
        header("PaxHeader", size: body.utf8.count, type: type)
        data(body)
    }

    mutating func end() { bytes += [UInt8](repeating: 0, count: 1024) }
}

@Suite("Tar archives whose headers say two things are refused")
struct ArchiveTarTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let make: @Sendable (inout TarMaker) -> Void
        let reason: String
        let offset: Int
        var hint = ""
        var hasEnd = true
        var testDescription: String { name }
    }

    static let plain = "a model holds plain files and folders only; pack it without that"
    static let again = "fetch or make the archive again"
    static let long = String(repeating: "n", count: 120)

    static let cases: [Case] = [
        Case(
            name: "a symbolic link, and a file through it",
            make: {
                $0.header("d", type: "2", link: "/tmp")
                $0.file("d/x", "x")
            }, reason: "its member `d` is a symbolic link", offset: 0, hint: plain),
        Case(
            name: "a hard link", make: { $0.header("d", type: "1", link: "/etc/passwd") },
            reason: "its member `d` is a hard link", offset: 0, hint: plain),
        Case(
            name: "a pipe", make: { $0.header("d", type: "6") }, reason: "its member `d` is a pipe", offset: 0,
            hint: plain),
        Case(
            name: "a sparse file of GNU tar", make: { $0.header("d", type: "S", magic: "ustar  \u{0}") },
            reason: "its member `d` is a sparse file", offset: 0, hint: plain),
        Case(
            name: "a kind that nobody knows", make: { $0.header("d", type: "\u{7}") },
            reason: "its member `d` is of the unknown kind `\\u{7}`", offset: 0, hint: plain),
        Case(
            name: "a sparse file in pax",
            make: {
                $0.pax(["GNU.sparse.major=1", "GNU.sparse.name=x"])
                $0.file("x", "x")
            }, reason: "an extended header has the key `GNU.sparse.major`, which is not supported", offset: 0,
            hint: "make the archive without `--sparse`"),
        Case(
            name: "climbing", make: { $0.file("a/../../x", "x") },
            reason: "cannot use the path `a/../../x`: it has the component `..`", offset: 0),
        Case(
            name: "absolute", make: { $0.file("/etc/x", "x") }, reason: "cannot use the path `/etc/x`: it is absolute",
            offset: 0),
        Case(
            name: "climbing by the prefix", make: { $0.header("x", prefix: "..") },
            reason: "cannot use the path `../x`: it has the component `..`", offset: 0),
        Case(
            name: "not UTF-8", make: { $0.header("", nameBytes: [0x61, 0xff]) },
            reason: "the name `a\u{FFFD}` is not UTF-8", offset: 0),
        Case(
            name: "only dots", make: { $0.file("./../x", "") },
            reason: "cannot use the path `../x`: it has the component `..`", offset: 0),
        Case(
            name: "twice a leading dot", make: { $0.file("././x", "") },
            reason: "cannot use the path `./x`: it has the component `.`", offset: 0),
        Case(
            name: "no name",
            make: {
                $0.file("a", "x")
                $0.file("", "x")
            }, reason: "a member has no name", offset: 1024),
        Case(
            name: "a folder, then a file of its name",
            make: {
                $0.header("a/", type: "5")
                $0.file("a", "x")
            }, reason: "cannot add `a`: it is already a folder", offset: 512),
        Case(
            name: "a file, then a folder of its name",
            make: {
                $0.file("a", "x")
                $0.header("a/", type: "5")
            }, reason: "cannot add `a`: it is already a file", offset: 1024),
        Case(
            name: "folders that differ by case",
            make: {
                $0.header("A/", type: "5")
                $0.file("a/b", "x")
            }, reason: "cannot add `a`: `A` differs from it only by case or normal form", offset: 512),
        Case(
            name: "a file with the name of a folder", make: { $0.file("a/", "x") },
            reason: "its member `a/` is a file with the name of a folder", offset: 0),
        Case(
            name: "a folder with bytes",
            make: {
                $0.header("a/", size: 3, type: "5")
                $0.data("abc")
            }, reason: "its member `a/` is a folder with bytes of its own", offset: 0),
        Case(
            name: "a pax size that moves the next header",
            make: {
                $0.pax(["size=0"])
                $0.file("x", "hidden")
            }, reason: "the headers of the member `x` disagree about its size: 6 and 0 bytes", offset: 1024),
        Case(
            name: "a pax size that is no number",
            make: {
                $0.pax(["size=+6"])
                $0.file("x", "hidden")
            }, reason: "an extended header has a size that is not a number", offset: 0),
        Case(
            name: "a pax size of terabytes",
            make: {
                $0.pax(["size=\(1 << 43)"])
                $0.file("x", "hidden")
            }, reason: "its 3,072 bytes unpack to more than 16,777,216 bytes, which is over 100 times as much",
            offset: 1024,
            hint: "unpack it yourself if you trust it, and name the folder"),
        Case(
            name: "a pax path without need",
            make: {
                $0.pax(["path=other"])
                $0.file("x", "")
            }, reason: "the headers of a member disagree about its name: `x` and `other`", offset: 1024),
        Case(
            name: "a pax path with a zero byte",
            make: {
                $0.pax(["path=\(long)\u{0}x"])
                $0.file("x", "")
            }, reason: "a name has a zero byte", offset: 1024),
        Case(
            name: "a pax path twice",
            make: {
                $0.pax(["path=x", "path=x"])
                $0.file("x", "")
            }, reason: "an extended header is damaged", offset: 0),
        Case(
            name: "a pax record with a wrong length",
            make: {
                $0.raw("99 path=x\n", type: "x")
                $0.file("x", "")
            }, reason: "an extended header is damaged", offset: 0),
        Case(
            name: "a pax path for all members",
            make: {
                $0.pax(["path=x"], type: "g")
                $0.file("x", "")
            }, reason: "an extended header has the key `path`, which is not supported", offset: 0),
        Case(
            name: "two pax headers for one member",
            make: {
                $0.pax(["mtime=1"])
                $0.pax(["mtime=2"])
                $0.file("x", "")
            }, reason: "a member has more than one extended header", offset: 1024),
        Case(
            name: "a pax header for no member", make: { $0.pax(["mtime=1"]) },
            reason: "an extended header is the last one", offset: 1024),
        Case(
            name: "a long name of another file",
            make: {
                $0.raw("\(long)\u{0}", type: "L")
                $0.file("x", "")
            }, reason: "the headers of a member disagree about its name: `x` and `\(long)`", offset: 1024),
        Case(
            name: "a long name without an end",
            make: {
                $0.raw(long, type: "L")
                $0.file(String(long.prefix(100)), "")
            }, reason: "a long name does not end with a zero byte", offset: 0),
        Case(
            name: "a wrong checksum",
            make: {
                $0.file("a", "x")
                $0.header("b", breaksChecksum: true)
            }, reason: "a header is damaged: its checksum is wrong", offset: 1024),
        Case(
            name: "another magic", make: { $0.header("a", magic: "pax") },
            reason: "a header is of no known kind of tar archive", offset: 0),
        Case(
            name: "a size that is no number", make: { $0.header("a", sizeField: Array("0000000001x".utf8)) },
            reason: "the size of the member `a` is not a number", offset: 0),
        Case(
            name: "a negative size", make: { $0.header("a", sizeField: [UInt8](repeating: 0xff, count: 12)) },
            reason: "the size of the member `a` is not a number", offset: 0),
        Case(
            name: "something after the end",
            make: {
                $0.file("a", "x")
                $0.end()
                $0.file("b", "x")
            }, reason: "something follows the end of the archive", offset: 1536),
        Case(
            name: "no end", make: { $0.file("a", "x") },
            reason: "it is cut off: a tar archive ends with two blocks of zeros, which are missing", offset: 1024,
            hint: again,
            hasEnd: false),
        Case(
            name: "half an end",
            make: {
                $0.file("a", "x")
                $0.bytes += [UInt8](repeating: 0, count: 512)
            }, reason: "it is cut off: a tar archive ends with two blocks of zeros, which are missing", offset: 1536,
            hint: again,
            hasEnd: false),
        Case(
            name: "a size beyond the end", make: { $0.header("a", size: 1 << 20) },
            reason: "it is cut off: a tar archive ends with two blocks of zeros, which are missing", offset: 1536,
            hint: again),
    ]

    @Test("a header is refused with its reason and place", arguments: cases)
    func refused(example: Case) throws {
        let folder = TemporaryDirectory()
        var maker = TarMaker()
        example.make(&maker)
        if example.hasEnd { maker.end() }
        let path = try folder.write("a.tar", maker.bytes)
        let place = example.offset.description.reversed().enumerated().reduce("") { text, next in
            "\(next.element)\(next.offset > 0 && next.offset % 3 == 0 ? "," : "")\(text)"
        }
        let hint = example.hint.isEmpty ? "" : "hint: \(example.hint)\n"
        #expect(
            message { try ArchiveReader.open(path) }.replacing(path, with: "TAR")
                == "error: cannot unpack `TAR`: \(example.reason)\n  --> TAR at byte \(place)\n\(hint)")
    }

    @Test("headers that only repeat each other are read")
    func accepted() throws {
        let folder = TemporaryDirectory()
        var maker = TarMaker()
        maker.pax(["comment=made by git"], type: "g")
        maker.header("./", type: "5")
        maker.pax(["mtime=1.5", "path=x", "size=1"])
        maker.file("x", "1")
        maker.raw("\(Self.long)\u{0}", type: "L")
        maker.file(String(Self.long.prefix(100)), "2")
        maker.pax(["path=\(Self.long)-other"])
        maker.file("short", "3")
        maker.header("d/", type: "5")
        maker.header("d/", type: "5")
        maker.header("base256", size: 0, sizeField: [0x80] + [UInt8](repeating: 0, count: 10) + [1])
        maker.data("4")
        maker.header("y", prefix: "d")
        maker.end()
        let path = try folder.write("a.tar", maker.bytes)
        let tree = try Unpacked.archive(path).tree
        #expect(tree.paths.map(\.text) == ["base256", "d/y", Self.long, "\(Self.long)-other", "x"])
        #expect(tree.files.map(\.entry.size) == [1, 0, 1, 1, 1])
    }
}
