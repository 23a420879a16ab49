import Bytes
import HTTPTransport
import Hashing
import Platform
import TestKit
import Testing

@testable import Transfers

@Suite struct JournalTests {
    static let identities = (0..<3).map { SHA256Digest(of: "object \($0)") }

    static func memory(_ written: [Range<Int>], prefix: Int? = nil, isWhole: Bool = false) -> Journal.Memory {
        Journal.Memory(
            validator: Validator(tag: "\"a b\"", date: nil),
            checksums: [
                .md5([UInt8](repeating: 1, count: 16)), .crc32c(77), .sha256([UInt8](repeating: 3, count: 32)),
            ], written: ByteRanges(written), prefix: prefix.map { ($0, SHA256Digest(of: "\($0)")) },
            whole: isWhole ? SHA256Digest(of: "whole") : nil)
    }

    static let memories = [
        0: memory([0..<500, 700..<900], prefix: 400), 1: memory([0..<10], isWhole: true), 2: memory([5..<6]),
    ]

    static func bytes(_ memories: [Int: Journal.Memory] = memories) throws -> [UInt8] {
        let folder = TemporaryDirectory()
        _ = try Journal(at: folder.file("j"), boot: "boot", identities, memories)
        return try readFile(folder.file("j"), limit: 1 << 20)
    }

    @Test("what is written is read again")
    func roundTrip() throws {
        let read = Journal.parse(try Self.bytes(), boot: "boot")
        #expect(read == Dictionary(uniqueKeysWithValues: Self.memories.map { (Self.identities[$0.key], $0.value) }))
    }

    @Test("after another start of the system only what a digest proves counts", arguments: ["other", nil])
    func otherBoot(boot: String?) throws {
        let read = Journal.parse(try Self.bytes(), boot: boot)
        var proven = Self.memory([0..<400], prefix: 400)
        proven.prefix = Self.memories[0]?.prefix
        #expect(read == [Self.identities[0]: proven, Self.identities[1]: try #require(Self.memories[1])])
    }

    @Test("a torn journal says what it said before its end")
    func torn() throws {
        let bytes = try Self.bytes()
        let whole = Journal.parse(bytes, boot: "boot")
        for end in bytes.indices {
            for (identity, memory) in Journal.parse(Array(bytes[..<end]), boot: "boot") {
                let full = try #require(whole[identity])
                let isEarlier =
                    memory.written == full.written
                    && (memory.prefix == nil || memory.prefix?.offset == full.prefix?.offset)
                #expect(isEarlier, "cut at \(end)")
            }
        }
        #expect(Journal.parse(Array(bytes.dropLast()), boot: "boot").count == 2)
        #expect(Journal.parse(Array(bytes.prefix(60)), boot: "boot") == [:])
    }

    @Test("2,000 damaged journals say nothing that the whole one does not", arguments: [1, 2])
    func damaged(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let bytes = try Self.bytes()
        let whole = Journal.parse(bytes, boot: "boot")
        for round in 0..<1000 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: damaged.indices, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: damaged[place] = UInt8.random(in: 0...255, using: &random)
                case 1: damaged.remove(at: place)
                case 2: damaged.insert(UInt8.random(in: 0x20...0x7e, using: &random), at: place)
                default:
                    damaged.replaceSubrange(
                        place..<min(place + 30, damaged.count), with: damaged[..<min(20, damaged.count)])
                }
            }
            for (identity, memory) in Journal.parse(damaged, boot: "boot") {
                #expect(whole[identity]?.written == memory.written, "seed \(seed), round \(round)")
                #expect(memory.whole == nil || memory.whole == whole[identity]?.whole, "seed \(seed), round \(round)")
            }
        }
    }

    @Test(
        "lines with right checks and wrong contents make the journal nothing",
        arguments: [
            "object 0 nothex - - -", "object 0 ID - -", "object 0 ID * - -", "object 0 ID - - md4:00",
            "object 0 ID - - md5:00",
            "written 0 5-3", "written 0 -1-3", "written 0 0-", "written 0 0-99999999999999999999", "prefix 0 0 ID",
            "prefix 0 x ID",
            "whole 0 00", "void", "void x", "evil 0 1", "written 0",
        ])
    func hostile(line: String) {
        func journal(_ lines: [String]) -> [UInt8] {
            var check = ""
            var text = ""
            for line in lines {
                check = String(SHA256Digest(of: check + line).hex.prefix(16))
                text += "\(line) \(check)\n"
            }
            return Array(text.utf8)
        }
        let good = ["skiff-transfer 1 boot", "object 0 \(Self.identities[0]) - - -", "written 0 0-5"]
        #expect(Journal.parse(journal(good), boot: "boot").count == 1)
        let bad = line.replacing("ID", with: Self.identities[1].hex)
        #expect(Journal.parse(journal(good + [bad]), boot: "boot") == [:])
        #expect(Journal.parse(journal(["skiff-transfer 2 boot"] + good.dropFirst()), boot: "boot") == [:])
        #expect(Journal.parse(journal([]), boot: "boot") == [:])
    }

    @Test("an object that begins anew or is void has nothing of before; a folder or link is no journal")
    func anew() throws {
        let folder = TemporaryDirectory()
        let journal = try Journal(at: folder.file("j"), boot: "boot", Self.identities, Self.memories)
        try journal.forget(0)
        try journal.forget(0)
        try journal.forget(1)
        let read = Journal.read(folder.file("j"), boot: "boot")
        #expect(Set(read.keys) == [Self.identities[2]])
        #expect(Journal.read(folder.path, boot: "boot") == [:])
        #expect(Journal.read(folder.file("none"), boot: "boot") == [:])
    }
}
