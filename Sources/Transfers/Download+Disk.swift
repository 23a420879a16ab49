import Diagnostics
import Glibc
import HTTPTransport
import Hashing
import Platform

/// The folder, its space, and what an earlier run left in it.
extension Download {
    /// Finds out what is there already, removes what has no business there, and begins the journal.
    func prepareFolder() throws {
        guard let path = options.journal else { return schedule() }
        let boot = Self.bootIdentity()
        let earlier = Journal.read(path, boot: boot)
        let identities = objects.map(\.identity)
        if !earlier.isEmpty {
            for (index, identity) in identities.enumerated() {
                guard let memory = earlier[identity], let held = Self.heldBytes(memory, objects[index], folder)
                else { continue }
                remembered[index] = memory
                reservedBytes += max(0, min(held, objects[index].size) - memory.written.count)
            }
        }
        try removeOthers()
        schedule()
        journal = try Journal(at: path, boot: boot ?? "unknown", identities, remembered)
    }

    /// How many bytes of the disk the file of an object holds; nil when it cannot be what the journal says that it is.
    private static func heldBytes(
        _ memory: Journal.Memory, _ object: RemoteObject, _ anchor: borrowing DirectoryAnchor
    ) -> Int? {
        // Whatever hinders opening the file hinders going on with it; making it anew tells what it is.
        guard memory.written.end <= object.size, memory.whole == nil || memory.written.count == object.size,
            let file = try? open(object, anchor, isNew: false)
        else { return nil }
        var status = stat()
        guard fstat(file.number, &status) == 0, status.st_size >= memory.written.end, status.st_size <= object.size
        else { return nil }
        return Int(status.st_blocks) * 512
    }

    /// Files of an older listing, and whatever stands where a file or folder is to be.
    private func removeOthers() throws {
        var kept: Set<[UInt8]> = []
        for index in objects.indices where remembered[index] != nil {
            kept.insert(Array(objects[index].destination.utf8))
        }
        var folders: Set<[UInt8]> = []
        for path in kept {
            for (position, byte) in path.enumerated() where byte == UInt8(ascii: "/") {
                folders.insert(Array(path[..<position]))
            }
        }
        let own = options.journal.map { path in Set([path, path + ".new"].map { Array($0.utf8) }) } ?? []
        let prefix = Array((folder.path.hasSuffix("/") ? folder.path : folder.path + "/").utf8)
        for entry in try DirectoryWalk.entries(below: folder) {
            let path = Array(entry.path.utf8)
            let isWanted = entry.status.kind == .directory ? folders.contains(path) : kept.contains(path)
            guard !isWanted, !own.contains(prefix + path) else { continue }
            try Self.remove(entry.path, below: folder)
        }
    }

    private static func remove(_ path: String, below anchor: borrowing DirectoryAnchor) throws {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return try anchor.removeTree(path) }
        // Its folder may have been removed before it.
        let name = String(path[path.utf8.index(after: slash)...])
        do throws(FileError) {
            let parent = try openFolder(String(path[..<slash]), below: anchor)
            try parent.removeTree(name)
        } catch {
            guard error.isNotFound else { throw error }
        }
    }

    private static func openFolder(
        _ path: String, below anchor: borrowing DirectoryAnchor
    ) throws(FileError) -> DirectoryAnchor {
        var parts = path.split(separator: "/").map(String.init)
        var folder = try anchor.openDirectory(parts.removeFirst())
        for part in parts { folder = try folder.openDirectory(part) }
        return folder
    }

    /// Opens the file of an object and makes it one of those under way.
    func activate(_ index: Int) throws {
        let object = objects[index]
        let memory = remembered[index]
        remembered[index] = nil
        let file = ObjectDownload(index: index, object, task: task, try Self.open(object, folder, isNew: memory == nil))
        active.append(file)
        isStirred = true
        if let memory {
            file.written = memory.written
            file.countedBytes = memory.written.count
            file.validator = memory.validator
            file.answerChecksums = memory.checksums
            file.prefix = memory.prefix
            file.whole = memory.whole
            file.isFromEarlierRun = true
        }
        if file.isComplete { startHashing(file) }
    }

    private static func open(
        _ object: RemoteObject, _ anchor: borrowing DirectoryAnchor, isNew: Bool
    ) throws -> FileDescriptor {
        let path = object.destination
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else {
            return isNew ? try anchor.createFile(path) : try anchor.reopenFile(path)
        }
        let parent = try anchor.makeDirectories(at: String(path[..<slash]))
        let name = String(path[path.utf8.index(after: slash)...])
        return isNew ? try parent.createFile(name) : try parent.reopenFile(name)
    }

    /// Tells the journal what has come of `file`.
    func remember(_ file: ObjectDownload) throws {
        file.journalLag = 0
        try journal?.write(file.index, file.written)
    }

    /// The last words of a run that ends early.
    func rememberAll() {
        for file in active {
            // The error that ends the run matters more; the journal is only a little behind.
            do {
                for part in file.parts { try flush(part, file) }
                if file.journalLag > 0 { try remember(file) }
            } catch { return }
        }
    }

    /// Bytes of the disk that are still needed: what is to come and has no space reserved, and a twentieth.
    var neededBytes: Int {
        let bytes = max(0, missingBytes - reservedBytes)
        return bytes + bytes / 20
    }

    /// - Throws: `TransferError` of kind `.disk` when the disk has less than is needed.
    func checkSpace() throws {
        let needed = neededBytes
        guard let free = freeBytes(), free < needed else { return }
        throw TransferError(
            .disk,
            "cannot \(task): it needs \(grouped(needed)) bytes, and the disk of `\(escaped(folder.path, limit: 1000))` has "
                + "\(grouped(free)) left",
            hints: ["free some space there (`df -h` shows it), or choose a folder on another disk"])
    }

    /// Bytes that we may still write; nil when the file system does not say.
    private func freeBytes() -> Int? {
        var status = statvfs()
        guard fstatvfs(folder.number, &status) == 0 else { return nil }
        let (bytes, overflow) = Int(status.f_bavail).multipliedReportingOverflow(by: Int(status.f_frsize))
        return overflow ? nil : bytes
    }

    /// A full disk in terms of the whole download; any other error as it is.
    func explained(_ error: any Error) -> any Error {
        guard let cause = error as? FileError, let code = cause.code, [ENOSPC, EDQUOT, EFBIG].contains(code) else {
            return error
        }
        let free = freeBytes().map { ", and \(grouped($0)) are free" } ?? ""
        var hints = ["free some space there (`df -h` shows it), or choose a folder on another disk"]
        if options.journal != nil { hints.append("what has come is kept: the next run goes on from there") }
        return TransferError(
            .disk, "cannot \(task): cannot write `\(escaped(cause.path, limit: 1000))`: \(cause.reason)",
            details: ["\(grouped(missingBytes)) bytes are still to come\(free)"], hints: hints)
    }

    /// What Linux calls this run of the system.
    private static func bootIdentity() -> String? {
        guard let bytes = try? readFile("/proc/sys/kernel/random/boot_id", limit: 100) else { return nil }
        let text = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        return text.isEmpty || text.contains(" ") ? nil : text
    }
}

extension RemoteObject {
    /// What must be the same for the next run to go on with what has come.
    var identity: SHA256Digest {
        var text = "\(destination)\0\(name)\0\(size)\0\(isSizeListed)\0\(version.map { "v" + $0 } ?? "-")\0"
        for checksum in checksums { text += Journal.text(checksum) + "\0" }
        return SHA256Digest(of: text)
    }
}
