import Diagnostics

/// One file or folder of an archive, as its headers describe it.
public struct ArchiveMember: Sendable, Equatable {
    /// Where it goes.
    public let path: RelativePath
    /// Its bytes, unpacked; 0 for a folder.
    public let size: Int
    /// What its owner may do decides; all other bits are ignored.
    public let mode: FileMode
    /// Whether it is a folder.
    public let isFolder: Bool
    /// Where its header lies.
    let offset: Int
    /// The CRC-32 that the archive states; nil in a tar archive.
    let checksum: UInt32?
}

/// The members of an archive as its headers are read: each path checked, alone and against all others.
struct ArchiveMembers {
    private struct Spelling {
        let path: RelativePath
        let isFolder: Bool
    }

    private let limits: ArchiveLimits
    private let limit: Int
    private let fileByteCount: Int
    private let problem: ArchiveProblem
    private var spellings: [String: Spelling] = [:]
    private var count = 0
    private(set) var totalByteCount = 0
    /// In the order of the archive; nil for the folder that the archive itself stands for.
    private(set) var list: [ArchiveMember?] = []

    init(_ limits: ArchiveLimits, fileByteCount: Int, _ problem: ArchiveProblem) {
        self.limits = limits
        self.problem = problem
        self.fileByteCount = fileByteCount
        limit = limits.unpackedByteCount(ofFile: fileByteCount)
    }

    /// Adds the member that the archive calls `name`, in bytes that should be UTF-8.
    ///
    /// One leading `./`, which `tar -C folder .` writes, is taken away, and the `/` at the end of a folder.
    ///
    /// - Throws: `FileTreeError` of kind `.path`, `.clash`, `.limit` or `.archive`.
    mutating func add(
        _ name: [UInt8], size: Int, isExecutable: Bool, isFolder: Bool, at offset: Int, checksum: UInt32? = nil
    ) throws(FileTreeError) {
        count += 1
        guard count <= limits.memberCount else {
            throw problem.error(
                "it has more than \(grouped(limits.memberCount)) members, the limit", at: offset, kind: .limit)
        }
        let (total, overflow) = totalByteCount.addingReportingOverflow(size)
        guard !overflow, total <= limit else {
            throw problem.error(
                limits.expansionReason(ofFile: fileByteCount), at: offset, kind: .limit,
                hints: ArchiveReader.expansionHints)
        }
        totalByteCount = total
        var bytes = name[...]
        if bytes.starts(with: "./".utf8) { bytes = bytes.dropFirst(2) }
        if isFolder, bytes.last == UInt8(ascii: "/") { bytes = bytes.dropLast() }
        if isFolder, bytes.isEmpty || bytes.elementsEqual(".".utf8) {
            list.append(nil)
            return
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw problem.error(
                "the name `\(escaped(String(decoding: bytes, as: UTF8.self)))` is not UTF-8", at: offset, kind: .path)
        }
        do throws(FileTreeError) {
            let path = try RelativePath(text)
            try note(path, isFolder: isFolder)
            list.append(
                ArchiveMember(
                    path: path, size: size, mode: isExecutable ? .executable : .regular, isFolder: isFolder,
                    offset: offset, checksum: checksum))
        } catch { throw problem.error(error, at: offset) }
    }

    private mutating func note(_ path: RelativePath, isFolder: Bool) throws(FileTreeError) {
        let folded = path.foldedText
        if let taken = spellings[folded] {
            guard isFolder, taken.isFolder, taken.path == path else {
                throw FileTree.clash(of: path, with: taken.path, isFolder: taken.isFolder)
            }
            return
        }
        spellings[folded] = Spelling(path: path, isFolder: isFolder)
        var parent = path.parent
        while let folder = parent {
            let folded = folder.foldedText
            if let taken = spellings[folded] {
                guard taken.isFolder, taken.path == folder else {
                    throw FileTree.clash(of: folder, with: taken.path, isFolder: taken.isFolder)
                }
                return
            }
            spellings[folded] = Spelling(path: folder, isFolder: true)
            parent = folder.parent
        }
    }
}
