import Diagnostics
import Glibc
import Hashing
import Platform

/// The bytes of an archive, read at any place: of a file, or in memory.
protocol ArchiveBytes: ~Copyable {
    var size: Int { get }
    var path: String { get }

    /// `count` bytes at `offset`.
    ///
    /// - Throws: `FileTreeError` of kind `.archive` when they do not lie in the archive.
    mutating func bytes(at offset: Int, count: Int) throws(FileTreeError) -> [UInt8]
}

/// The file of an archive, read at any place, and the errors that name it.
struct ArchiveInput: ArchiveBytes, ~Copyable {
    private static let windowByteCount = 1 << 16

    let file: FileDescriptor
    let size: Int
    let path: String
    // The last piece that was read, because headers are small and lie near each other.
    private var window: [UInt8] = []
    private var windowStart = 0

    init(_ file: consuming FileDescriptor, size: Int, path: String) {
        self.file = file
        self.size = size
        self.path = path
    }

    /// Opens a regular file.
    static func open(_ path: String) throws(FileTreeError) -> ArchiveInput {
        // Looked at before, because opening a pipe would wait for its writer.
        let first = try translating { () throws(FileError) in try FileStatus.of(path) }
        guard first == nil || first?.kind == .file else {
            throw FileTreeError(.archive, "cannot unpack `\(escaped(path, limit: 1000))`: it is not a regular file")
        }
        let file = try translating { () throws(FileError) in try FileDescriptor.open(path) }
        let status = try translating { () throws(FileError) in try file.status() }
        guard status.size > 0 else {
            throw FileTreeError(.archive, "cannot unpack `\(escaped(path, limit: 1000))`: it is empty")
        }
        return ArchiveInput(file, size: status.size, path: path)
    }

    /// `count` bytes at `offset`.
    ///
    /// - Throws: `FileTreeError` of kind `.archive` when the file ends before them.
    mutating func bytes(at offset: Int, count: Int) throws(FileTreeError) -> [UInt8] {
        guard offset >= 0, count >= 0, offset <= size, count <= size - offset else {
            throw problem("it is cut off: something that it announces would lie after its end", at: size)
        }
        if offset < windowStart || offset + count > windowStart + window.count {
            let wanted = min(max(count, Self.windowByteCount), size - offset)
            window = try read(at: offset, count: wanted)
            windowStart = offset
        }
        return Array(window[(offset - windowStart)..<(offset - windowStart + count)])
    }

    /// SHA-256 of the whole file.
    func digest() throws(FileTreeError) -> SHA256Digest {
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
        defer { piece.deallocate() }
        var stream = SHA256Stream()
        var offset = 0
        while offset < size {
            let count = pread(file.number, piece.baseAddress, piece.count, offset)
            guard count > 0 else { throw count == 0 ? shrunk : failure(errno) }
            stream.update(UnsafeRawBufferPointer(rebasing: piece[..<count]))
            offset += count
        }
        return stream.finish()
    }

    private func read(at offset: Int, count: Int) throws(FileTreeError) -> [UInt8] {
        var code: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let start = buffer.baseAddress.map { $0 + filled }
                let result = pread(file.number, start, count - filled, offset + filled)
                if result < 0 { code = errno }
                guard result > 0 else { return }
                filled += result
            }
        }
        guard code == 0 else { throw failure(code) }
        guard bytes.count == count else { throw shrunk }
        return bytes
    }

    private var shrunk: FileTreeError {
        FileTreeError(
            .changed, "cannot unpack `\(escaped(path, limit: 1000))`: the file changed while it was being read",
            hints: ["run the command again when nothing writes to it"])
    }

    func failure(_ code: Int32) -> FileTreeError {
        FileTreeError(system: FileError("read", path, .system(code)).diagnostic)
    }

    /// "cannot unpack `<path>`: <reason>"; `offset` is that in the file, or in what it unpacks to when `note` says so.
    func problem(
        _ reason: String, at offset: Int? = nil, note: String? = nil, kind: FileTreeError.Kind = .archive,
        hints: [String] = []
    ) -> FileTreeError {
        ArchiveProblem(path: path, note: note).error(reason, at: offset, kind: kind, hints: hints)
    }
}

/// Makes the errors about one archive.
struct ArchiveProblem: Sendable {
    let path: String
    /// What offsets are counted in, when it is not the file itself.
    var note: String?

    func error(
        _ reason: String, at offset: Int? = nil, kind: FileTreeError.Kind = .archive, hints: [String] = []
    ) -> FileTreeError {
        var error = FileTreeError(kind, "cannot unpack `\(escaped(path, limit: 1000))`: \(reason)", hints: hints)
        if let offset { error.diagnostic.place = Place(file: path, byteOffset: offset, note: note) }
        return error
    }

    /// What a rule of `RelativePath` or `FileTree` says.
    func error(_ cause: FileTreeError, at offset: Int) -> FileTreeError {
        error(cause.diagnostic.summary, at: offset, kind: cause.kind, hints: cause.diagnostic.hints)
    }
}
