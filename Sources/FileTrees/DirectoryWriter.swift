import Diagnostics
import Glibc
public import Platform

/// Writes a tree into a folder.
public struct DirectoryWriter: Sendable {
    private let time: Int
    private let shownPath: String

    /// States how to write.
    ///
    /// - Parameters:
    ///   - time: modification time of every file and folder, in seconds since 1970.
    ///   - shownPath: how errors call the folder, which may have a temporary name while it is written.
    public init(time: Int, shownPath: String) {
        self.time = time
        self.shownPath = shownPath
    }

    /// Writes all files of `tree` below `folder`, which should be empty.
    ///
    /// Folders get mode 0755 and files the mode of the tree, whatever the process's mask is. Nothing is overwritten and no
    /// link is followed. What was written before an error stays: write into a folder that is renamed only on success.
    ///
    /// - Throws: `FileTreeError` of kind `.system` when something cannot be written or read, of kind `.changed` when a
    ///   file of the tree no longer has the bytes of its digest.
    public func write(_ tree: FileTree, into folder: borrowing DirectoryAnchor) throws(FileTreeError) {
        for (path, entry) in tree.files {
            if let parent = path.parent {
                try write(path, entry, into: open(parent, in: folder))
            } else {
                try write(path, entry, into: folder)
            }
        }
        // Last, because adding an entry changes the time of its folder.
        for path in tree.folders {
            let anchor = try open(path, in: folder)
            try setTime(of: anchor.number, named: path.text)
        }
        try setTime(of: folder.number, named: nil)
    }

    private func write(
        _ path: RelativePath, _ entry: FileEntry, into folder: borrowing DirectoryAnchor
    ) throws(FileTreeError) {
        let file = try showing(path.text) { () throws(FileError) in
            try folder.createFile(path.name, mode: UInt32(entry.mode.rawValue))
        }
        try fill(file, with: entry, named: path.text)
        try setTime(of: file.number, named: path.text)
        try close(file, named: path.text)
    }

    private func fill(
        _ file: borrowing FileDescriptor, with entry: FileEntry, named name: String
    ) throws(FileTreeError) {
        try entry.readBytes(named: name) { (bytes) throws(FileTreeError) in
            try showing(name) { () throws(FileError) in try file.write(bytes) }
        }
    }

    private func close(_ file: consuming FileDescriptor, named name: String) throws(FileTreeError) {
        do throws(FileError) { try file.close() } catch { throw error.shown(as: shown(name)) }
    }

    private func open(
        _ path: RelativePath, in folder: borrowing DirectoryAnchor
    ) throws(FileTreeError) -> DirectoryAnchor {
        try showing(path.text) { () throws(FileError) in try folder.makeDirectories(at: path.text) }
    }

    private func setTime(of descriptor: Int32, named name: String?) throws(FileTreeError) {
        let moments = [timespec(tv_sec: time, tv_nsec: 0), timespec(tv_sec: time, tv_nsec: 0)]
        guard futimens(descriptor, moments) == 0 else {
            throw FileError("set the time of", "", .system(errno)).shown(as: name.map(shown) ?? shownPath)
        }
    }

    private func shown(_ name: String) -> String {
        shownPath.hasSuffix("/") ? shownPath + name : shownPath + "/" + name
    }

    private func showing<Value: ~Copyable>(
        _ name: String, _ body: () throws(FileError) -> Value
    ) throws(FileTreeError) -> Value {
        do throws(FileError) { return try body() } catch { throw error.shown(as: shown(name)) }
    }
}

extension FileError {
    fileprivate func shown(as path: String) -> FileTreeError {
        FileTreeError(system: FileError(verb, path, kind).diagnostic)
    }
}
