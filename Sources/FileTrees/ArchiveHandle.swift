import Bytes
import CArchive
import Diagnostics
import Glibc
import Platform

/// A reader of libarchive over the file of an archive.
struct ArchiveHandle: ~Copyable {
    private static let blockByteCount = 1 << 16

    let pointer: OpaquePointer
    private let problem: ArchiveProblem

    /// What a call answers, when it is no failure.
    enum Status: Sendable {
        case ok
        /// There is nothing more.
        case end
        /// It was done, with a remark; libarchive's words.
        case warning(String)
    }

    private init(owning pointer: OpaquePointer, _ problem: ArchiveProblem) {
        self.pointer = pointer
        self.problem = problem
    }

    deinit { archive_read_free(pointer) }

    /// What the file of `format` unpacks to, as one member without a name.
    static func openContents(
        _ input: borrowing ArchiveInput, _ format: ArchiveFormat
    ) throws(FileTreeError) -> ArchiveHandle {
        let handle = try make(input.path)
        try handle.require(archive_read_append_filter(handle.pointer, filter(format)))
        // Without the second one, contents of no bytes at all would be an error.
        try handle.require(archive_read_support_format_raw(handle.pointer))
        try handle.require(archive_read_support_format_empty(handle.pointer))
        try handle.begin(input)
        return handle
    }

    /// What the bytes of `region`, which outlives the handle, unpack to by one filter of libarchive, as one member without a name.
    static func openContents(
        _ region: ByteRegion, filter: Int32, _ problem: ArchiveProblem
    ) throws(FileTreeError) -> ArchiveHandle {
        let handle = try make(problem.path)
        try handle.require(archive_read_append_filter(handle.pointer, filter))
        try handle.require(archive_read_support_format_raw(handle.pointer))
        try handle.require(archive_read_support_format_empty(handle.pointer))
        try handle.require(archive_read_open_memory(handle.pointer, region.base, region.count))
        return handle
    }

    /// The members of the file of `format`.
    static func openMembers(
        _ input: borrowing ArchiveInput, _ format: ArchiveFormat
    ) throws(FileTreeError) -> ArchiveHandle {
        let handle = try make(input.path)
        // Exactly the filter that was checked: libarchive would otherwise unpack several layers.
        try handle.require(archive_read_append_filter(handle.pointer, filter(format)))
        switch format {
        case .zip: try handle.require(archive_read_support_format_zip_seekable(handle.pointer))
        case .tar, .tarGzip, .tarZstandard, .tarXZ: try handle.require(archive_read_support_format_tar(handle.pointer))
        }
        try handle.begin(input)
        return handle
    }

    private static func make(_ path: String) throws(FileTreeError) -> ArchiveHandle {
        let problem = ArchiveProblem(path: path)
        guard let pointer = archive_read_new() else { throw problem.error("out of memory", kind: .system) }
        return ArchiveHandle(owning: pointer, problem)
    }

    private func begin(_ input: borrowing ArchiveInput) throws(FileTreeError) {
        guard lseek(input.file.number, 0, SEEK_SET) == 0 else { throw input.failure(errno) }
        try require(archive_read_open_fd(pointer, input.file.number, Self.blockByteCount))
    }

    private static func filter(_ format: ArchiveFormat) -> Int32 {
        switch format {
        case .tar, .zip: ARCHIVE_FILTER_NONE
        case .tarGzip: ARCHIVE_FILTER_GZIP
        case .tarZstandard: ARCHIVE_FILTER_ZSTD
        case .tarXZ: ARCHIVE_FILTER_XZ
        }
    }

    /// Bytes of the file that were used so far.
    var usedByteCount: Int { Int(archive_filter_bytes(pointer, -1)) }

    /// Goes to the next member.
    func nextHeader() throws(FileTreeError) -> (status: Status, entry: OpaquePointer?) {
        var entry: OpaquePointer?
        let status = try status(archive_read_next_header(pointer, &entry))
        return (status, entry)
    }

    /// Hands the next piece of the member's bytes to `body`, with its place in the member.
    ///
    /// - Returns: whether there was one.
    func nextPiece(
        _ body: (UnsafeRawBufferPointer, _ offset: Int) throws(FileTreeError) -> Void
    ) throws(FileTreeError) -> Bool {
        var start: UnsafeRawPointer?
        var count = 0
        var offset: Int64 = 0
        switch try status(archive_read_data_block(pointer, &start, &count, &offset)) {
        case .end: return false
        case .warning(let words): throw damaged(words)
        case .ok:
            try body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count), Int(offset))
            return true
        }
    }

    private func require(_ code: Int32) throws(FileTreeError) {
        switch try status(code) {
        case .ok: return
        case .end: throw problem.error("it ends at once")
        case .warning(let words): throw problem.error(words)
        }
    }

    private func status(_ code: Int32) throws(FileTreeError) -> Status {
        switch code {
        case ARCHIVE_OK: return .ok
        case ARCHIVE_EOF: return .end
        case ARCHIVE_WARN: return .warning(words)
        // After each of these every later call answers the same, so nothing is tried again.
        case ARCHIVE_RETRY, ARCHIVE_FAILED, ARCHIVE_FATAL:
            throw damaged(words)
        default: throw problem.error("libarchive answers \(code)")
        }
    }

    private func damaged(_ words: String) -> FileTreeError {
        problem.error("its contents are damaged: \(words)", hints: ["fetch or make the archive again"])
    }

    private var words: String {
        archive_error_string(pointer).map { escaped(String(cString: $0)) } ?? "libarchive does not say why"
    }
}
