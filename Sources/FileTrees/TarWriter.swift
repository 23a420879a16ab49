import CArchive
import Diagnostics
import Platform

/// Writes a tree as one uncompressed tar archive, the same bytes for the same tree on any machine.
///
/// ustar headers, with a pax header only where a name or size does not fit; members in path order, each folder before
/// its files; modes 0644 and 0755, owner 0:0 without names, one modification time for all, no access or change times;
/// padded to records of 10,240 bytes whether the output is a file or a pipe.
public struct TarWriter: ~Copyable {
    private static let recordByteCount: Int32 = 10_240
    // AE_IFDIR and AE_IFREG, which Swift cannot import because they are casts.
    private static let folderType: UInt32 = 0o040000
    private static let fileType: UInt32 = 0o100000

    private let archive: OpaquePointer
    private let entry: OpaquePointer
    private let name: String

    private init(archive: OpaquePointer, entry: OpaquePointer, name: String) {
        self.archive = archive
        self.entry = entry
        self.name = name
    }

    deinit {
        archive_entry_free(entry)
        // Frees without finishing: whoever wanted the end of the archive has called `finish`.
        archive_write_fail(archive)
        archive_write_free(archive)
    }

    /// Writes `tree` to `descriptor`, which stays open; `name` is how errors call the output.
    ///
    /// - Parameter time: modification time of every member, in seconds since 1970.
    /// - Throws: `FileTreeError` of kind `.system` when the output or a file of the tree cannot be written or read, of
    ///   kind `.changed` when a file no longer has the bytes of its digest. The output is then incomplete.
    public static func write(
        _ tree: FileTree, to descriptor: Int32, named name: String, time: Int64
    ) throws(FileTreeError) {
        guard let archive = archive_write_new(), let entry = archive_entry_new() else {
            throw FileTreeError(.system, "cannot write `\(name)`: out of memory")
        }
        let writer = TarWriter(archive: archive, entry: entry, name: name)
        try writer.check(archive_write_set_format_pax_restricted(archive))
        // Without a UTF-8 locale libarchive converts names through ASCII unless told that they are just bytes. It then marks
        // every member, of which GNU tar warns: so only where it is needed.
        if !tree.paths.allSatisfy({ $0.text.utf8.allSatisfy { $0 < 0x80 } }) {
            try writer.check(archive_write_set_options(archive, "hdrcharset=BINARY"))
        }
        try writer.check(archive_write_set_bytes_per_block(archive, recordByteCount))
        // libarchive pads standard output but not a file unless told.
        try writer.check(archive_write_set_bytes_in_last_block(archive, recordByteCount))
        try writer.check(archive_write_open_fd(archive, descriptor))
        var folders = tree.folders[...]
        for (path, entry) in tree.files {
            while let folder = folders.first, folder < path {
                try writer.writeFolder(folder, time: time)
                folders.removeFirst()
            }
            try writer.writeFile(path, entry, time: time)
        }
        try writer.check(archive_write_close(archive))
    }

    private func writeFolder(_ path: RelativePath, time: Int64) throws(FileTreeError) {
        try writeHeader(path.text + "/", mode: 0o755, type: Self.folderType, size: 0, time: time)
    }

    private func writeFile(_ path: RelativePath, _ file: FileEntry, time: Int64) throws(FileTreeError) {
        try writeHeader(path.text, mode: UInt32(file.mode.rawValue), type: Self.fileType, size: file.size, time: time)
        var failure: FileTreeError?
        try file.readBytes(named: path.text) { bytes throws(FileTreeError) in
            guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
            let written = archive_write_data(archive, start, bytes.count)
            if written != bytes.count { failure = failure ?? error() }
        }
        if let failure { throw failure }
    }

    private func writeHeader(
        _ path: String, mode: UInt32, type: UInt32, size: Int, time: Int64
    ) throws(FileTreeError) {
        archive_entry_clear(entry)
        archive_entry_set_pathname(entry, path)
        archive_entry_set_filetype(entry, type)
        archive_entry_set_perm(entry, mode)
        archive_entry_set_size(entry, Int64(size))
        archive_entry_set_mtime(entry, Int(time), 0)
        archive_entry_set_uid(entry, 0)
        archive_entry_set_gid(entry, 0)
        try check(archive_write_header(archive, entry))
    }

    private func check(_ status: Int32) throws(FileTreeError) {
        switch status {
        case ARCHIVE_OK: return
        case ARCHIVE_EOF, ARCHIVE_RETRY, ARCHIVE_WARN, ARCHIVE_FAILED, ARCHIVE_FATAL: throw error()
        default: throw FileTreeError(.system, "cannot write `\(name)`: libarchive answered \(status)")
        }
    }

    private func error() -> FileTreeError {
        let number = archive_errno(archive)
        if number > 0 { return FileTreeError(system: FileError("write", name, .system(number)).diagnostic) }
        let words = archive_error_string(archive).map { String(cString: $0) } ?? "libarchive does not say why"
        return FileTreeError(.system, "cannot write `\(name)`: \(escaped(words))")
    }
}
