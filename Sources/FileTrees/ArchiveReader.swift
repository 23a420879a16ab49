import Bytes
import CArchive
import Diagnostics
public import Hashing
public import Platform

/// Reads an archive: first all of it, to see that nothing in it is refused, then once more to write its files.
///
/// The first pass is our own reading of every header, over what libarchive decompresses; in the second libarchive reads the headers
/// too and has to find the same members. Nothing is written in the first.
///
/// Supported: tar (ustar, pax, GNU), plain or in gzip, Zstandard or xz, and zip with stored and deflated members. An archive is
/// refused as a whole for a path that a tree cannot hold, two members with one name, links, devices, pipes, sparse and encrypted
/// members, headers that disagree, bytes that belong to no member, a missing end, and what passes one of `ArchiveLimits`.
public struct ArchiveReader: ~Copyable {
    static let expansionHints = ["unpack it yourself if you trust it, and name the folder"]

    // AE_IFDIR and AE_IFREG, which Swift cannot import because they are casts.
    private static let folderType: UInt32 = 0o040000
    private static let fileType: UInt32 = 0o100000

    private var input: ArchiveInput
    private let limits: ArchiveLimits
    /// All members in the order of the archive; nil for the folder that the archive itself stands for.
    private let members: [ArchiveMember?]
    /// Which archive it is.
    public let format: ArchiveFormat
    /// Bytes of all files, unpacked.
    public let totalByteCount: Int

    private init(
        _ input: consuming ArchiveInput, _ limits: ArchiveLimits, _ format: ArchiveFormat, _ members: ArchiveMembers
    ) {
        self.input = input
        self.limits = limits
        self.format = format
        self.members = members.list
        totalByteCount = members.totalByteCount
    }

    /// Opens the archive at `path` and checks all of it.
    ///
    /// - Throws: `FileTreeError` of kind `.archive` for what is no archive, damaged or ambiguous, of kind `.path`, `.clash` or
    ///   `.specialFile` for a member that a tree cannot hold, of kind `.limit`, of kind `.system` when it cannot be read.
    public static func open(_ path: String, limits: ArchiveLimits = ArchiveLimits()) throws(FileTreeError)
        -> ArchiveReader
    {
        var input = try ArchiveInput.open(path)
        let format: ArchiveFormat
        let head = try input.bytes(at: 0, count: min(ArchiveFormat.headByteCount, input.size))
        switch ArchiveFormat.recognise(head) {
        case .supported(let supported): format = supported
        case .unsupported(let name):
            throw input.problem(
                "it is of a kind that is not supported: \(name)",
                hints: ["make a `.tar.gz`, `.tar.zst` or `.zip` of its contents"])
        case .none:
            throw input.problem("it is no archive that is known: neither tar nor zip, also not compressed")
        }
        let members: ArchiveMembers
        switch format {
        case .zip: members = try ArchiveZipWalk.check(&input, limits)
        case .tarZstandard:
            try ArchiveZstandardWalk.check(&input, limits)
            members = try walkTar(&input, format, limits)
        case .tarXZ:
            try ArchiveXZWalk.check(&input, limits)
            members = try walkTar(&input, format, limits)
        case .tar, .tarGzip: members = try walkTar(&input, format, limits)
        }
        return ArchiveReader(input, limits, format, members)
    }

    /// The files, sorted by path.
    public var files: [ArchiveMember] { members.compactMap { $0 }.filter { !$0.isFolder }.sorted { $0.path < $1.path } }

    /// SHA-256 of the archive's own file.
    public func digest() throws(FileTreeError) -> SHA256Digest { try input.digest() }

    private static func walkTar(
        _ input: inout ArchiveInput, _ format: ArchiveFormat, _ limits: ArchiveLimits
    ) throws(FileTreeError) -> ArchiveMembers {
        let problem = ArchiveProblem(path: input.path, note: format == .tar ? nil : "of what it unpacks to")
        var walk = ArchiveTarWalk(limits, fileByteCount: input.size, problem)
        // The ends of archive and members take room too.
        let limit = limits.unpackedByteCount(ofFile: input.size)
        var gzip = format == .tarGzip ? ArchiveGzipCheck() : nil
        var byteCount = 0
        do {
            let handle = try ArchiveHandle.openContents(input, format)
            if case .end = try handle.nextHeader().status {
                throw input.problem("there is nothing in it")
            }
            while try handle.nextPiece({ (bytes, _) throws(FileTreeError) in
                byteCount += bytes.count
                guard byteCount <= limit || format == .tar else {
                    throw input.problem(
                        limits.expansionReason(ofFile: input.size), kind: .limit, hints: Self.expansionHints)
                }
                gzip?.update(bytes)
                try walk.feed(bytes)
            }) {}
            try walk.finish()
            guard handle.usedByteCount == input.size else {
                throw input.problem("something follows the end of the compressed data", at: handle.usedByteCount)
            }
        }
        try gzip?.finish(&input)
        return walk.members
    }

    /// Writes the files below `folder`, which should be empty, as far as `place` gives them a path there.
    ///
    /// Folders get mode 0755, files 0644 or 0755, whatever the archive and the process's mask say; owners, times and attributes are
    /// not taken over. Nothing is overwritten and no link is followed. What was written before an error stays: write into a folder
    /// that is renamed only on success.
    ///
    /// - Parameters:
    ///   - shownPath: the path that the folder will have in the end, for the tree.
    ///   - isDurable: each file is on the disk when this returns, and so are the folders.
    /// - Returns: the files with their digests, at their paths below `shownPath`.
    /// - Throws: `FileTreeError` as `open`, of kind `.system` when something cannot be written.
    public mutating func extract(
        into folder: borrowing DirectoryAnchor, shownPath: String, isDurable: Bool = false,
        place: (RelativePath) -> RelativePath? = { $0 }
    ) throws(FileTreeError) -> FileTree {
        var written: [(path: RelativePath, entry: FileEntry)] = []
        if !members.isEmpty {
            let handle = try ArchiveHandle.openMembers(input, format)
            for member in members {
                try expect(member, from: handle)
                guard let member, !member.isFolder, let path = place(member.path) else { continue }
                let digest = try write(member, to: path, in: folder, isDurable, from: handle)
                let location = shownPath.hasSuffix("/") ? shownPath + path.text : "\(shownPath)/\(path)"
                written.append(
                    (path, FileEntry(.file(path: location, size: member.size, digest: digest), mode: member.mode)))
            }
            guard case .end = try handle.nextHeader().status else { throw disagreement(nil) }
        }
        // In order, because a tree takes a file at its end at once.
        var tree = FileTree()
        for file in written.sorted(by: { $0.path < $1.path }) { try tree.add(file.path, file.entry) }
        if isDurable {
            for path in tree.folders.reversed() {
                try translating { () throws(FileError) in try folder.makeDirectories(at: path.text).synchronize() }
            }
        }
        return tree
    }

    /// Goes to the next member, which libarchive has to see as we did.
    private func expect(_ member: ArchiveMember?, from handle: borrowing ArchiveHandle) throws(FileTreeError) {
        let (status, entry) = try handle.nextHeader()
        let isPlain = member?.path.text.utf8.allSatisfy { $0 < 0x80 } ?? true
        guard let entry else { throw disagreement(member) }
        switch status {
        case .ok: break
        case .end: throw disagreement(member)
        // It cannot bring such a name into the character set of the locale, which we do not ask for.
        case .warning(let words): guard !isPlain else { throw input.problem(words, at: member?.offset) }
        }
        let isFolder = member?.isFolder ?? true
        guard UInt32(archive_entry_filetype(entry)) == (isFolder ? Self.folderType : Self.fileType),
            archive_entry_hardlink(entry) == nil
        else { throw disagreement(member) }
        guard let member else { return }
        guard isFolder || (archive_entry_size_is_set(entry) != 0 && Int(archive_entry_size(entry)) == member.size)
        else {
            throw disagreement(member)
        }
        guard isPlain else { return }
        guard let name = archive_entry_pathname(entry), Self.isName(String(cString: name), of: member) else {
            throw disagreement(member)
        }
    }

    private static func isName(_ name: String, of member: ArchiveMember) -> Bool {
        var rest = name.utf8[...]
        if rest.starts(with: "./".utf8) { rest = rest.dropFirst(2) }
        if member.isFolder, rest.last == UInt8(ascii: "/") { rest = rest.dropLast() }
        return rest.elementsEqual(member.path.text.utf8)
    }

    private func disagreement(_ member: ArchiveMember?) -> FileTreeError {
        let name = member.map { "the member `\($0.path)`" } ?? "what it holds"
        return input.problem(
            "\(name) can be read in two ways, or the file changed while it was being read", at: member?.offset)
    }

    private func write(
        _ member: ArchiveMember, to path: RelativePath, in folder: borrowing DirectoryAnchor, _ isDurable: Bool,
        from handle: borrowing ArchiveHandle
    ) throws(FileTreeError) -> SHA256Digest {
        let file = try translating { () throws(FileError) in
            guard let parent = path.parent else {
                return try folder.createFile(path.name, mode: UInt32(member.mode.rawValue))
            }
            return try folder.makeDirectories(at: parent.text).createFile(path.name, mode: UInt32(member.mode.rawValue))
        }
        var stream = SHA256Stream()
        var checksum = UInt32(0)
        var count = 0
        while try handle.nextPiece({ (bytes, offset) throws(FileTreeError) in
            guard offset == count, bytes.count <= member.size - count else { throw disagreement(member) }
            count += bytes.count
            stream.update(bytes)
            if member.checksum != nil { checksum = Checksum32.crc32(bytes, seed: checksum) }
            try translating { () throws(FileError) in try file.write(bytes) }
        }) {}
        guard count == member.size, member.checksum.map({ $0 == checksum }) ?? true else {
            throw input.problem(
                "the bytes of the member `\(member.path)` are damaged", at: member.offset,
                hints: ["fetch or make the archive again"])
        }
        if isDurable { try translating { () throws(FileError) in try file.synchronize() } }
        do throws(FileError) { try file.close() } catch { throw FileTreeError(system: error.diagnostic) }
        return stream.finish()
    }
}
