import Bytes
import Glibc
import Hashing
import Platform

/// What has come of each object, kept so that the next run goes on after any end of this one, `kill -9` included.
///
/// A text file of lines that is only ever appended to. Each line ends with a blank and 16 hexadecimal digits: the beginning of the
/// SHA-256 of the 16 digits of the line before (none at first) and the line itself. The first line that does not fit, and
/// everything after it, is not there: that is how a torn end is recognised. The lines, N being a number of this file's own:
///
///     skiff-transfer 1 BOOT              version of the form; the boot that what is written belongs to
///     object N IDENTITY TAG DATE SUMS    object N begins anew: SHA-256 of name, size, version and checksums of the listing;
///                                        ETag and Last-Modified in base 64; digests that answers stated; `-` for none
///     written N A-B,C-D                  its bytes A to B (exclusive) and so on are in its file
///     prefix N OFFSET SHA256             its first OFFSET bytes have that digest
///     whole N SHA256                     all of it has come and has that digest
///     void N                             nothing of it is to be used
///
/// No URL and no credential is in it. What it claims is believed as far as it can be: sizes are compared with the files; digests are
/// computed again; bytes after the last digest count only while the system has not been started anew, because after a power
/// loss they may never have reached the disk. Every beginning of a run writes the file anew, without what is void.
final class Journal {
    /// What is known of one object.
    struct Memory: Sendable, Equatable {
        var validator: Validator
        var checksums: [ObjectChecksum]
        var written = ByteRanges()
        var prefix: (offset: Int, digest: SHA256Digest)?
        var whole: SHA256Digest?

        static func == (left: Memory, right: Memory) -> Bool {
            left.validator == right.validator && left.checksums == right.checksums && left.written == right.written
                && left.prefix?.offset == right.prefix?.offset && left.prefix?.digest == right.prefix?.digest
                && left.whole == right.whole
        }
    }

    /// A longer file is not read: enough for some 2 TB between two runs.
    static let byteLimit = 64 << 20
    static let version = "skiff-transfer 1"

    private let file: FileDescriptor
    private let identities: [SHA256Digest]
    private var byteCount = 0
    private var check = ""
    /// Objects that have an `object` line.
    private var begun: Set<Int> = []

    /// Writes the journal at `path` anew: with what is still of use of what it says.
    ///
    /// - Parameters:
    ///   - identities: those of the objects of this run, in their order.
    ///   - memories: by the position of the object.
    init(at path: String, boot: String, _ identities: [SHA256Digest], _ memories: [Int: Memory]) throws {
        let slash = path.lastIndex(of: "/")
        let folder = try DirectoryAnchor.open(slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? ".")
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        try folder.removeTree(name + ".new")
        file = try folder.createFile(name + ".new", mode: 0o600)
        self.identities = identities
        try append("\(Self.version) \(boot)")
        for (index, memory) in memories.sorted(by: { $0.key < $1.key }) {
            try begin(index, memory.validator, memory.checksums)
            try write(index, memory.written)
            if let prefix = memory.prefix { try checkpoint(index, offset: prefix.offset, prefix.digest) }
            if let whole = memory.whole { try append("whole \(index) \(whole)") }
        }
        try folder.rename(name + ".new", to: name, in: folder, existing: .replace)
    }

    /// `file` begins, with the validator and checksums of its first answer.
    func begin(_ file: ObjectDownload) throws {
        // Those of an earlier run are there already.
        guard !begun.contains(file.index) else { return }
        try begin(file.index, file.validator ?? Validator(tag: nil, date: nil), file.answerChecksums)
    }

    private func begin(_ index: Int, _ validator: Validator, _ checksums: [ObjectChecksum]) throws {
        let sums = checksums.map(Self.text).joined(separator: ",")
        try append(
            "object \(index) \(identities[index]) \(Self.text(validator.tag)) \(Self.text(validator.date)) "
                + (sums.isEmpty ? "-" : sums))
        begun.insert(index)
    }

    /// What has come of an object so far.
    func write(_ index: Int, _ written: ByteRanges) throws {
        guard begun.contains(index), !written.ranges.isEmpty else { return }
        let text = written.ranges.map { "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ",")
        try append("written \(index) \(text)")
    }

    /// The digest of an object's beginning.
    func checkpoint(_ index: Int, offset: Int, _ digest: SHA256Digest) throws {
        if begun.contains(index) { try append("prefix \(index) \(offset) \(digest)") }
    }

    /// The object is complete.
    func complete(_ file: ObjectDownload, _ digest: SHA256Digest) throws {
        guard file.whole == nil else { return }
        try begin(file)
        try write(file.index, file.written)
        try append("whole \(file.index) \(digest)")
    }

    /// Nothing of the object is to be used.
    func forget(_ index: Int) throws {
        if begun.remove(index) != nil { try append("void \(index)") }
    }

    private func append(_ line: String) throws(FileError) {
        let next = Self.check(after: check, line)
        let bytes = Array("\(line) \(next)\n".utf8)
        var failure: FileError?
        bytes.withUnsafeBytes { buffer in
            do throws(FileError) { try file.write(buffer, at: byteCount) } catch { failure = error }
        }
        if let failure {
            // A torn line would hide those that come after it.
            _ = ftruncate(file.number, byteCount)
            throw failure
        }
        byteCount += bytes.count
        check = next
    }

    private static func check(after check: String, _ line: String) -> String {
        String(SHA256Digest(of: check + line).hex.prefix(16))
    }

    private static func text(_ value: String?) -> String { value.map { Base64.encode(Array($0.utf8)) } ?? "-" }

    static func text(_ checksum: ObjectChecksum) -> String {
        switch checksum {
        case .md5(let bytes): "md5:\(Hexadecimal.encode(bytes))"
        case .sha256(let bytes): "sha256:\(Hexadecimal.encode(bytes))"
        case .crc32c(let word): "crc32c:\(word)"
        }
    }
}

extension Journal {
    /// What the journal at `path` says, by the identity of the objects; nothing when it is not there, not ours or too long.
    ///
    /// - Parameter boot: of the system as it runs now; nil when nobody knows.
    static func read(_ path: String, boot: String?) -> [SHA256Digest: Memory] {
        // A journal that cannot be read is as good as none: what it speaks of is fetched again.
        guard let status = try? FileStatus.of(path, followsLinks: false), status.kind == .file,
            let bytes = try? readFile(path, limit: byteLimit)
        else { return [:] }
        return parse(bytes, boot: boot)
    }

    static func parse(_ bytes: [UInt8], boot: String?) -> [SHA256Digest: Memory] {
        var lines = goodLines(bytes)[...]
        guard let first = lines.popFirst(), first.hasPrefix(version + " ") else { return [:] }
        let isSameBoot = boot.map { first == "\(version) \($0)" } ?? false
        var known: [Int: (identity: SHA256Digest, memory: Memory)] = [:]
        for line in lines {
            let words = line.split(separator: " ", omittingEmptySubsequences: false)
            guard words.count >= 2, let number = Int(words[1]) else { return [:] }
            switch (words[0], words.count) {
            case ("object", 6):
                guard let identity = SHA256Digest(hex: String(words[2])), let validator = validator(words[3], words[4]),
                    let checksums = checksums(words[5])
                else { return [:] }
                known[number] = (identity, Memory(validator: validator, checksums: checksums))
            case ("written", 3):
                guard let written = ranges(words[2]) else { return [:] }
                known[number]?.memory.written = written
            case ("prefix", 4):
                guard let offset = Int(words[2]), offset > 0, let digest = SHA256Digest(hex: String(words[3])) else {
                    return [:]
                }
                known[number]?.memory.prefix = (offset, digest)
            case ("whole", 3):
                guard let digest = SHA256Digest(hex: String(words[2])) else { return [:] }
                known[number]?.memory.whole = digest
            case ("void", 2): known[number] = nil
            default: return [:]
            }
        }
        var result: [SHA256Digest: Memory] = [:]
        for (identity, memory) in known.values {
            if let credible = credible(memory, isSameBoot: isSameBoot) { result[identity] = credible }
        }
        return result
    }

    /// As much of `memory` as its digests prove, and what was written since this system was started.
    private static func credible(_ memory: Memory, isSameBoot: Bool) -> Memory? {
        var memory = memory
        if memory.whole != nil { memory.prefix = nil }
        if let prefix = memory.prefix, prefix.offset > memory.written.prefixEnd { memory.prefix = nil }
        if memory.whole == nil, !isSameBoot {
            memory.written = ByteRanges(memory.prefix.map { [0..<$0.offset] } ?? [])
        }
        return memory.whole == nil && memory.written.count == 0 ? nil : memory
    }

    /// The lines, without their checks, up to the first that is torn or changed.
    private static func goodLines(_ bytes: [UInt8]) -> [String] {
        var lines: [String] = []
        var check = ""
        var rest = bytes[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let whole = rest[..<end]
            rest = rest[(end + 1)...]
            guard whole.count > 17, let text = String(validating: whole, as: UTF8.self),
                let blank = text.utf8.index(text.utf8.endIndex, offsetBy: -17, limitedBy: text.utf8.startIndex)
            else { break }
            let line = String(text[..<blank])
            let next = self.check(after: check, line)
            guard text[blank...].utf8.elementsEqual((" " + next).utf8) else { break }
            check = next
            lines.append(line)
        }
        return lines
    }

    private static func validator(_ tag: Substring, _ date: Substring) -> Validator? {
        func text(_ word: Substring) -> String?? {
            if word == "-" { return .some(nil) }
            return Base64.decode(String(word)).flatMap { String(validating: $0, as: UTF8.self) }.map { .some($0) }
        }
        guard let tag = text(tag), let date = text(date) else { return nil }
        return Validator(tag: tag, date: date)
    }

    private static func checksums(_ word: Substring) -> [ObjectChecksum]? {
        if word == "-" { return [] }
        var result: [ObjectChecksum] = []
        for item in word.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = item.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2 else { return nil }
            switch parts[0] {
            case "crc32c":
                guard let word = UInt32(parts[1]) else { return nil }
                result.append(.crc32c(word))
            case "md5", "sha256":
                let isMD5 = parts[0] == "md5"
                guard let bytes = Hexadecimal.decode(String(parts[1])), bytes.count == (isMD5 ? 16 : 32) else {
                    return nil
                }
                result.append(isMD5 ? .md5(bytes) : .sha256(bytes))
            default: return nil
            }
        }
        return result
    }

    private static func ranges(_ word: Substring) -> ByteRanges? {
        var ranges = ByteRanges()
        for item in word.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = item.split(separator: "-", omittingEmptySubsequences: false)
            guard ends.count == 2, let start = Int(ends[0]), let end = Int(ends[1]), start >= 0, start < end else {
                return nil
            }
            ranges.insert(start..<end)
        }
        return ranges
    }
}
