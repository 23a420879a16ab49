import Diagnostics

/// Reads central directory and local headers of a zip archive (PKWARE APPNOTE 6.3.10), and refuses what could be read in two ways.
///
/// Supported: stored and deflated members, zip64, data descriptors, a comment at the end. Refused: whatever the two kinds of header
/// disagree about, bytes that belong to no member, encrypted members, other methods, archives in several parts, links and devices.
struct ArchiveZipWalk {
    private static let endByteCount = 22
    private static let end64ByteCount = 56
    private static let locatorByteCount = 20
    static let all32 = 0xffff_ffff
    static let all16 = 0xffff

    private let fileByteCount: Int
    private let limits: ArchiveLimits
    private let problem: ArchiveProblem
    private var members: ArchiveMembers
    private var places: [(entry: ZipEntry, content: Range<Int>)] = []

    /// What the record at the end says about the directory.
    private struct Directory {
        var count: Int
        var size: Int
        var start: Int
        /// Where the records after the directory begin.
        var end: Int
    }

    /// Checks the archive.
    ///
    /// - Returns: the members in the order of their bytes in the file, and what they unpack to.
    static func check(
        _ input: inout some ArchiveBytes & ~Copyable, _ limits: ArchiveLimits
    ) throws(FileTreeError) -> ArchiveMembers {
        try checkPlaces(&input, limits).members
    }

    /// Checks the archive.
    ///
    /// - Returns: the members, and beside them where in the file the bytes of each lie.
    static func checkPlaces(
        _ input: inout some ArchiveBytes & ~Copyable, _ limits: ArchiveLimits
    ) throws(FileTreeError) -> (members: ArchiveMembers, places: [(entry: ZipEntry, content: Range<Int>)]) {
        let problem = ArchiveProblem(path: input.path)
        var walk = ArchiveZipWalk(
            fileByteCount: input.size, limits: limits, problem: problem,
            members: ArchiveMembers(limits, fileByteCount: input.size, problem))
        let directory = try walk.directory(&input)
        let entries = try walk.entries(directory, &input)
        var position = 0
        for entry in entries { position = try walk.checkLocal(entry, at: position, before: directory.start, &input) }
        guard position == directory.start else { throw walk.gap(position, directory.start) }
        return (walk.members, walk.places)
    }

    // MARK: the end

    private func directory(_ input: inout some ArchiveBytes & ~Copyable) throws(FileTreeError) -> Directory {
        let start = try endOffset(&input)
        let record = ZipRecord(bytes: try input.bytes(at: start, count: Self.endByteCount))
        let (disk, startDisk) = (record.u16(4), record.u16(6))
        let (here, count) = (record.u16(8), record.u16(10))
        var directory = Directory(count: count, size: record.u32(12), start: record.u32(16), end: start)
        guard disk == 0, startDisk == 0, here == count else {
            throw problem.error("it is one part of a zip archive in several parts", at: start)
        }
        if let record64 = try end64(before: start, &input) {
            // Each field is either full of ones, then the long one holds, or equal to it.
            let pairs = [
                (count, Self.all16, record64.count), (directory.size, Self.all32, record64.size),
                (directory.start, Self.all32, record64.start),
            ]
            guard pairs.allSatisfy({ short, ones, long in short == ones || short == long }) else {
                throw problem.error("its two end records disagree", at: start)
            }
            directory = record64
        } else if count == Self.all16 || directory.size == Self.all32 || directory.start == Self.all32 {
            throw problem.error("its end record refers to a longer one, which is not there", at: start)
        }
        let (end, overflow) = directory.start.addingReportingOverflow(directory.size)
        guard !overflow, end == directory.end else {
            throw problem.error(
                "its directory does not lie where its end record says: something was added before or after it",
                at: start)
        }
        return directory
    }

    /// Where the end record begins: it may be followed by a comment, and by nothing else.
    private func endOffset(_ input: inout some ArchiveBytes & ~Copyable) throws(FileTreeError) -> Int {
        let tailCount = min(fileByteCount, Self.endByteCount + Self.all16)
        let tail = try input.bytes(at: fileByteCount - tailCount, count: tailCount)
        var position = tailCount - Self.endByteCount
        while position >= 0 {
            if tail[position] == 0x50, tail[position + 1] == 0x4b, tail[position + 2] == 5, tail[position + 3] == 6 {
                let commentCount = Int(tail[position + 20]) | Int(tail[position + 21]) << 8
                guard position + Self.endByteCount + commentCount == tailCount else {
                    throw problem.error(
                        "something follows the end of the archive", at: fileByteCount - tailCount + position)
                }
                return fileByteCount - tailCount + position
            }
            position -= 1
        }
        throw problem.error(
            "it is cut off: it has no end record", at: fileByteCount, hints: ["fetch or make the archive again"])
    }

    private func end64(before end: Int, _ input: inout some ArchiveBytes & ~Copyable) throws(FileTreeError)
        -> Directory?
    {
        guard end >= Self.locatorByteCount else { return nil }
        let locatorStart = end - Self.locatorByteCount
        let locator = ZipRecord(bytes: try input.bytes(at: locatorStart, count: Self.locatorByteCount))
        guard locator.hasSignature(6, 7) else { return nil }
        let start = locatorStart - Self.end64ByteCount
        guard start >= 0, locator.u32(4) == 0, locator.u64(8) == start, locator.u32(16) == 1 else {
            throw problem.error("its long end record does not lie where it should", at: locatorStart)
        }
        let record = ZipRecord(bytes: try input.bytes(at: start, count: Self.end64ByteCount))
        guard record.hasSignature(6, 6), record.u64(4) == Self.end64ByteCount - 12, record.u32(16) == 0,
            record.u32(20) == 0, let here = record.u64(24), let count = record.u64(32), here == count,
            let size = record.u64(40), let first = record.u64(48)
        else { throw problem.error("its long end record is damaged", at: start) }
        return Directory(count: count, size: size, start: first, end: start)
    }

    // MARK: the directory

    private func entries(_ directory: Directory, _ input: inout some ArchiveBytes & ~Copyable) throws(FileTreeError)
        -> [ZipEntry]
    {
        guard directory.count <= limits.memberCount else {
            throw problem.error(
                "it has \(grouped(directory.count)) members, the limit is \(grouped(limits.memberCount))",
                at: directory.end, kind: .limit)
        }
        var entries: [ZipEntry] = []
        var position = directory.start
        for _ in 0..<directory.count {
            let entry = try entry(at: position, end: directory.end, &input)
            position += entry.directoryByteCount
            entries.append(entry)
        }
        guard position == directory.end else {
            throw problem.error("its directory has more members than its end record counts", at: position)
        }
        let sorted = entries.sorted { $0.start < $1.start }
        for (entry, next) in zip(sorted, sorted.dropFirst()) {
            let (end, overflow) = entry.leastEnd
            guard !overflow, end <= next.start else {
                throw problem.error(
                    "its members overlap: `\(next.shownName)` begins inside `\(entry.shownName)`", at: next.start)
            }
        }
        return sorted
    }

    private func entry(at position: Int, end: Int, _ input: inout some ArchiveBytes & ~Copyable) throws(FileTreeError)
        -> ZipEntry
    {
        guard end - position >= ZipEntry.headByteCount else {
            throw problem.error("its directory has fewer members than its end record counts", at: position)
        }
        let head = ZipRecord(bytes: try input.bytes(at: position, count: ZipEntry.headByteCount))
        guard head.hasSignature(1, 2) else {
            throw problem.error("its directory is damaged", at: position)
        }
        let byteCount = ZipEntry.byteCount(head)
        guard byteCount <= end - position else {
            throw problem.error("a member of its directory reaches beyond it", at: position)
        }
        let rest = try input.bytes(
            at: position + ZipEntry.headByteCount, count: byteCount - ZipEntry.headByteCount)
        return try ZipEntry(head, rest, at: position, problem)
    }

    // MARK: local headers

    /// Checks that the local header of `entry` begins at `position` and says the same.
    ///
    /// - Returns: where the next one has to begin.
    private mutating func checkLocal(
        _ entry: ZipEntry, at position: Int, before directoryStart: Int, _ input: inout some ArchiveBytes & ~Copyable
    ) throws(FileTreeError) -> Int {
        guard entry.start == position else { throw gap(position, entry.start) }
        guard directoryStart - position >= ZipLocalHeader.headByteCount else {
            throw problem.error("the member `\(entry.shownName)` reaches into the directory", at: position)
        }
        let head = ZipRecord(bytes: try input.bytes(at: position, count: ZipLocalHeader.headByteCount))
        let names = ZipLocalHeader.nameAndExtraByteCount(head)
        let rest = try input.bytes(at: position + ZipLocalHeader.headByteCount, count: names)
        let header = ZipLocalHeader(head: head, rest: rest)
        if let field = header.disagreement(with: entry) {
            throw problem.error(
                "its directory and the header of the member `\(entry.shownName)` disagree about \(field)", at: position)
        }
        let dataStart = position + ZipLocalHeader.headByteCount + names
        let (dataEnd, overflow) = dataStart.addingReportingOverflow(entry.packedSize)
        guard !overflow, dataEnd <= directoryStart else {
            throw problem.error("the member `\(entry.shownName)` reaches into the directory", at: position)
        }
        try members.add(
            entry.name, size: entry.size, isExecutable: entry.isExecutable, isFolder: entry.isFolder, at: position,
            checksum: entry.checksum)
        places.append((entry, dataStart..<dataEnd))
        guard entry.hasDescriptor else { return dataEnd }
        return try dataEnd + descriptorByteCount(entry, at: dataEnd, before: directoryStart, &input)
    }

    /// The descriptor after the data has a signature or not, and sizes of four or eight bytes: whichever form is right.
    private func descriptorByteCount(
        _ entry: ZipEntry, at position: Int, before end: Int, _ input: inout some ArchiveBytes & ~Copyable
    ) throws(FileTreeError) -> Int {
        for byteCount in [16, 24, 12, 20] where byteCount <= end - position {
            let bytes = try input.bytes(at: position, count: byteCount)
            if entry.descriptors.contains(bytes) { return byteCount }
        }
        throw problem.error(
            "its directory and what follows the member `\(entry.shownName)` disagree", at: position)
    }

    private func gap(_ start: Int, _ end: Int) -> FileTreeError {
        start < end
            ? problem.error("it has \(grouped(end - start)) bytes that belong to no member", at: start)
            : problem.error("a member reaches into the directory", at: end)
    }
}
