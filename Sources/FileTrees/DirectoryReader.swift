import Diagnostics
import Hashing
import Platform

/// Makes a tree of a folder on disk.
public enum DirectoryReader {
    private static let pieceByteCount = 1 << 18

    /// Every file below the folder at `path`, with size, digest and mode; the bytes stay where they are.
    ///
    /// A file is executable in the tree when its owner may execute it. Empty folders leave no trace.
    ///
    /// - Parameter path: the folder; a link is followed here, because the person named it, but nowhere below.
    /// - Throws: `FileTreeError` of kind `.specialFile` for a link, pipe, socket or device, of kind `.path` or `.clash` for
    ///   names that a tree cannot hold, of kind `.system` when something cannot be read.
    public static func read(_ path: String) throws(FileTreeError) -> FileTree {
        let anchor = try translating { () throws(FileError) in try DirectoryAnchor.open(path) }
        let entries = try translating { () throws(FileError) in
            try DirectoryWalk.entries(
                below: anchor, maxDepth: RelativePath.componentLimit, maxEntries: 2 * FileTree.fileLimit)
        }
        var tree = FileTree()
        for entry in entries where entry.status.kind != .directory {
            let relative = try RelativePath(entry.path)
            guard entry.status.kind == .file else {
                throw FileTreeError(
                    .specialFile,
                    "cannot read `\(escaped(path, limit: 1000))/\(relative)`: it is \(words(entry.status.kind))",
                    hints: ["replace it by a plain file: a model and a context hold nothing else"])
            }
            let (size, digest) = try hash(anchor, entry.path)
            let contents = FileContents.file(path: join(path, entry.path), size: size, digest: digest)
            try tree.add(relative, FileEntry(contents, mode: entry.status.isExecutable ? .executable : .regular))
        }
        return tree
    }

    /// One file on disk as an entry; a link is followed.
    ///
    /// - Throws: `FileTreeError` of kind `.system` when it cannot be read.
    public static func readFile(_ path: String, mode: FileMode = .regular) throws(FileTreeError) -> FileEntry {
        let (size, digest) = try hash(path) { (_) throws(FileTreeError) in }
        return FileEntry(.file(path: path, size: size, digest: digest), mode: mode)
    }

    static func hash(
        _ path: String, _ body: (UnsafeRawBufferPointer) throws(FileTreeError) -> Void
    ) throws(FileTreeError) -> (size: Int, digest: SHA256Digest) {
        let file = try translating { () throws(FileError) in try FileDescriptor.open(path) }
        return try hash(file, body)
    }

    private static func hash(
        _ anchor: borrowing DirectoryAnchor, _ path: String
    ) throws(FileTreeError) -> (size: Int, digest: SHA256Digest) {
        let file = try translating { () throws(FileError) in try anchor.openFile(at: path) }
        return try hash(file) { (_) throws(FileTreeError) in }
    }

    private static func hash(
        _ file: borrowing FileDescriptor, _ body: (UnsafeRawBufferPointer) throws(FileTreeError) -> Void
    ) throws(FileTreeError) -> (size: Int, digest: SHA256Digest) {
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceByteCount, alignment: 64)
        defer { piece.deallocate() }
        var stream = SHA256Stream()
        var size = 0
        while true {
            let count = try translating { () throws(FileError) in try file.read(into: piece) }
            guard count > 0 else { return (size, stream.finish()) }
            let bytes = UnsafeRawBufferPointer(rebasing: piece[..<count])
            stream.update(bytes)
            size += count
            try body(bytes)
        }
    }

    private static func join(_ folder: String, _ path: String) -> String {
        folder.hasSuffix("/") ? folder + path : folder + "/" + path
    }

    private static func words(_ kind: FileStatus.Kind) -> String {
        switch kind {
        case .symbolicLink: "a symbolic link, which is not followed"
        case .directory: "a folder"
        case .file: "a file"
        case .other: "neither a file nor a folder"
        }
    }
}
