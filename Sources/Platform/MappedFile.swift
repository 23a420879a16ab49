public import Bytes
import Glibc

/// Files as regions of memory.
public enum MappedFile {
    /// The regular file at `path`, mapped read-only; the mapping goes with the region.
    ///
    /// Nothing is read before it is used. A file that somebody truncates while it is mapped ends the process (SIGBUS): map files
    /// that are our own or that nobody changes, read the others.
    public static func open(_ path: String) throws(FileError) -> ByteRegion {
        try map(FileDescriptor.open(path))
    }

    /// The regular file behind an open descriptor, from its beginning whatever was read of it before.
    public static func map(_ file: borrowing FileDescriptor) throws(FileError) -> ByteRegion {
        let status = try file.status()
        if status.kind == .directory { throw FileError("read", file.path, .system(EISDIR)) }
        guard status.kind == .file else { throw FileError("read", file.path, .notARegularFile) }
        let size = status.size
        // A mapping cannot be empty.
        guard size > 0 else { return ByteRegion([]) }
        guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, file.number, 0), start != MAP_FAILED else {
            throw .last("read", file.path)
        }
        // Sound because only the release of this one region uses the pointer, once.
        nonisolated(unsafe) let mapping = start
        return ByteRegion(start: UnsafeRawPointer(start), count: size) { munmap(mapping, size) }
    }
}
