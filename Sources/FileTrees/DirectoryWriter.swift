import Diagnostics
import Glibc
public import Platform

/// Writes a tree into a folder.
public enum DirectoryWriter {
    /// Writes all files of `tree` below `folder`, which should be empty.
    ///
    /// Folders get mode 0755 and files the mode of the tree, whatever the process's mask is. Nothing is overwritten and no
    /// link is followed. What was written before an error stays: write into a folder that is renamed only on success.
    ///
    /// - Parameter time: modification time of every file and folder, `folder` included, in seconds since 1970.
    /// - Throws: `FileTreeError` of kind `.system` when something cannot be written or read, of kind `.changed` when a
    ///   file of the tree no longer has the bytes of its digest.
    public static func write(
        _ tree: FileTree, into folder: borrowing DirectoryAnchor, time: Int
    ) throws(FileTreeError) {
        for (path, entry) in tree.files {
            if let parent = path.parent {
                try write(path, entry, into: open(parent, in: folder), time: time)
            } else {
                try write(path, entry, into: folder, time: time)
            }
        }
        // Last, because adding an entry changes the time of its folder.
        for path in tree.folders {
            let anchor = try open(path, in: folder)
            try setTime(time, of: anchor.number, named: path.text)
        }
        try setTime(time, of: folder.number, named: folder.path)
    }

    private static func open(
        _ path: RelativePath, in folder: borrowing DirectoryAnchor
    ) throws(FileTreeError) -> DirectoryAnchor {
        try translating { () throws(FileError) in try folder.makeDirectories(at: path.text) }
    }

    private static func setTime(_ time: Int, of descriptor: Int32, named name: String) throws(FileTreeError) {
        let moments = [timespec(tv_sec: time, tv_nsec: 0), timespec(tv_sec: time, tv_nsec: 0)]
        guard futimens(descriptor, moments) == 0 else {
            throw FileTreeError(system: FileError("set the time of", name, .system(errno)).diagnostic)
        }
    }

    private static func write(
        _ path: RelativePath, _ entry: FileEntry, into folder: borrowing DirectoryAnchor, time: Int
    ) throws(FileTreeError) {
        let file = try translating { () throws(FileError) in
            try folder.createFile(path.name, mode: UInt32(entry.mode.rawValue))
        }
        try fill(file, with: entry, named: path.text)
        try setTime(time, of: file.number, named: path.text)
        try close(file)
    }

    private static func fill(
        _ file: borrowing FileDescriptor, with entry: FileEntry, named name: String
    ) throws(FileTreeError) {
        try entry.readBytes(named: name) { (bytes) throws(FileTreeError) in
            try translating { () throws(FileError) in try file.write(bytes) }
        }
    }

    private static func close(_ file: consuming FileDescriptor) throws(FileTreeError) {
        do throws(FileError) { try file.close() } catch { throw FileTreeError(system: error.diagnostic) }
    }
}
