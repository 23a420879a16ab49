public import Bytes
import Diagnostics

/// A zip archive in memory, wholly checked: stored and deflated members, each found by its name.
///
/// It is refused as a whole for whatever `ArchiveReader` refuses in zip archives: headers that disagree, bytes that belong to no
/// member, two members with one name, encryption, sizes beyond `ArchiveLimits`.
public struct ZipBytes: Sendable {
    private struct Member {
        let name: String
        let isDeflated: Bool
        let size: Int
        let checksum: UInt32
        let content: Range<Int>
    }

    private let region: ByteRegion
    private let problem: ArchiveProblem
    private let members: [String: Member]

    /// Reads directory and headers of the archive that fills `region`.
    ///
    /// - Parameter path: the name for messages.
    /// - Throws: `FileTreeError` as `ArchiveReader.open`.
    public init(_ region: ByteRegion, path: String, limits: ArchiveLimits = ArchiveLimits()) throws(FileTreeError) {
        self.region = region
        problem = ArchiveProblem(path: path)
        var input = Memory(region: region, path: path)
        var members: [String: Member] = [:]
        for (entry, content) in try ArchiveZipWalk.checkPlaces(&input, limits).places where !entry.isFolder {
            let name = String(decoding: entry.name, as: UTF8.self)
            members[name] = Member(
                name: name, isDeflated: entry.method == 8, size: entry.size, checksum: entry.checksum, content: content)
        }
        self.members = members
    }

    /// The names of all files, sorted.
    public var names: [String] { members.keys.sorted() }

    /// The bytes of the file `name`, or nil when there is none: a range of the archive itself when it is stored.
    ///
    /// - Throws: `FileTreeError` of kind `.archive` when they are damaged.
    public func contents(of name: String) throws(FileTreeError) -> (region: ByteRegion, range: Range<Int>)? {
        guard let member = members[name] else { return nil }
        let shown = escaped(name)
        var found = (region: region, range: member.content)
        if member.isDeflated {
            let longer = problem.error(
                "its member `\(shown)` unpacks to more than it announces", at: member.content.lowerBound)
            let unpacked = try PackedBytes.inflate(region, member.content, member.size, problem, longer)
            found = (unpacked, unpacked.range)
        }
        guard found.range.count == member.size, Checksum32.crc32(found.region.slice(found.range)) == member.checksum
        else {
            throw problem.error(
                "its member `\(shown)` is damaged: it has another checksum", at: member.content.lowerBound,
                hints: ["fetch or make the file again"])
        }
        return found
    }

    /// The archive as the reading of headers sees it.
    private struct Memory: ArchiveBytes {
        let region: ByteRegion
        let path: String

        var size: Int { region.count }

        func bytes(at offset: Int, count: Int) throws(FileTreeError) -> [UInt8] {
            guard offset >= 0, count >= 0, offset <= size, count <= size - offset else {
                throw ArchiveProblem(path: path).error(
                    "it is cut off: something that it announces would lie after its end", at: size)
            }
            return region.bytes(offset..<offset + count)
        }
    }
}
