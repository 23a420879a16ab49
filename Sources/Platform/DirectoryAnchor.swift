import CLinux
import Glibc

/// An open folder that names are resolved against. No symbolic link below it is ever followed, so what came from elsewhere
/// cannot lead out of it.
///
/// Names are those of single entries; `openFile(at:)` and `makeDirectories(at:)` take relative paths and go through them folder by
/// folder.
public struct DirectoryAnchor: ~Copyable, Sendable {
    /// What a rename does when the new name is taken.
    public enum Existing: Sendable {
        /// Refuse (`EEXIST`), without a gap in time in which another program could make it.
        case refuse
        /// The old and the new one change places at once.
        case exchange
        /// A file takes the place of a file, an empty folder that of a folder.
        case replace
    }

    private let descriptor: FileDescriptor
    /// The path for messages.
    public var path: String { descriptor.path }
    /// The number, for calls that this type does not offer; valid while the owner lives.
    public var number: Int32 { descriptor.number }

    private init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    /// The folder at `path`; symbolic links in this path itself are followed, because a person gave it.
    public static func open(_ path: String) throws(FileError) -> DirectoryAnchor {
        let number = retrying { Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard number >= 0 else { throw .last("open", path) }
        return DirectoryAnchor(FileDescriptor(owning: number, path: path))
    }

    /// The folder `name`.
    public func openDirectory(_ name: String) throws(FileError) -> DirectoryAnchor {
        let full = try checked(name, "open")
        let opened = retrying { openat(number, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
        guard opened >= 0 else { throw linkAware("open", full, name) }
        return DirectoryAnchor(FileDescriptor(owning: opened, path: full))
    }

    /// Makes the folder `name`, which must not exist, and opens it. The mode is set whatever the process's mask is.
    public func makeDirectory(_ name: String, mode: UInt32 = 0o755) throws(FileError) -> DirectoryAnchor {
        let full = try checked(name, "create")
        guard mkdirat(number, name, 0o700) == 0 else { throw .last("create", full) }
        let made = try openDirectory(name)
        guard fchmod(made.number, mode) == 0 else { throw .last("create", full) }
        return made
    }

    /// The file `name` to read; a symbolic link is an error, a pipe or device too.
    public func openFile(_ name: String) throws(FileError) -> FileDescriptor {
        let full = try checked(name, "read")
        // O_NONBLOCK: opening a pipe that nobody writes to must not wait.
        let opened = retrying { openat(number, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) }
        guard opened >= 0 else { throw .last("read", full) }
        let file = FileDescriptor(owning: opened, path: full)
        guard try file.status().kind == .file else { throw FileError("read", full, .notARegularFile) }
        return file
    }

    /// Makes the file `name`, which must not exist, to write. The mode is set whatever the process's mask is.
    public func createFile(_ name: String, mode: UInt32 = 0o644) throws(FileError) -> FileDescriptor {
        let full = try checked(name, "create")
        let opened = retrying { openat(number, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600) }
        guard opened >= 0 else { throw .last("create", full) }
        let file = FileDescriptor(owning: opened, path: full)
        guard fchmod(opened, mode) == 0 else { throw .last("create", full) }
        return file
    }

    /// The file `name` to read and to write in place; anything but a regular file of one name is an error.
    public func reopenFile(_ name: String) throws(FileError) -> FileDescriptor {
        let full = try checked(name, "write")
        let opened = retrying { openat(number, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) }
        guard opened >= 0 else { throw .last("write", full) }
        let file = FileDescriptor(owning: opened, path: full)
        var status = stat()
        guard fstat(opened, &status) == 0 else { throw .last("write", full) }
        // Another name of the file could lie anywhere.
        guard status.st_mode & S_IFMT == S_IFREG, status.st_nlink == 1 else {
            throw FileError("write", full, .notARegularFile)
        }
        return file
    }

    /// What `name` is, without following it; nil when there is nothing.
    public func status(_ name: String) throws(FileError) -> FileStatus? {
        let full = try checked(name, "read")
        var status = stat()
        if fstatat(number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 { return FileStatus(status) }
        guard errno == ENOENT else { throw .last("read", full) }
        return nil
    }

    /// Gives `name` the name `newName` in `target`.
    public func rename(
        _ name: String, to newName: String, in target: borrowing DirectoryAnchor, existing: Existing
    ) throws(FileError) {
        _ = try checked(name, "rename")
        let full = try target.checked(newName, "create")
        let flags: UInt32 =
            switch existing {
            case .refuse: UInt32(SKIFF_RENAME_NOREPLACE)
            case .exchange: UInt32(SKIFF_RENAME_EXCHANGE)
            case .replace: 0
            }
        if renameat2(number, name, target.number, newName, flags) == 0 { return }
        // Some network file systems know no flags. Then a short gap between looking and renaming remains.
        guard errno == EINVAL, existing == .refuse else { throw .last("create", full) }
        guard try target.status(newName) == nil else { throw FileError("create", full, .system(EEXIST)) }
        guard renameat(number, name, target.number, newName) == 0 else { throw .last("create", full) }
    }

    /// Removes the file, link or whole folder `name`; nothing there is not an error.
    public func removeTree(_ name: String) throws(FileError) {
        let full = try checked(name, "remove")
        if unlinkat(number, name, 0) == 0 || errno == ENOENT { return }
        guard errno == EISDIR || errno == EPERM else { throw .last("remove", full) }
        let folder = try openDirectory(name)
        for entry in try folder.names() { try folder.removeTree(entry) }
        guard unlinkat(number, name, AT_REMOVEDIR) == 0 || errno == ENOENT else { throw .last("remove", full) }
    }

    /// The names of all entries except `.` and `..`, sorted by their bytes.
    public func names() throws(FileError) -> [String] {
        // A descriptor of its own, because reading a folder moves the position that all duplicates share.
        let own = openat(number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard own >= 0 else { throw .last("list", path) }
        guard let stream = fdopendir(own) else {
            let failure = FileError.last("list", path)
            Glibc.close(own)
            throw failure
        }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw .last("list", path) }
                return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            }
            let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
            let text = (UnsafeRawPointer(entry) + offset).assumingMemoryBound(to: CChar.self)
            guard let name = String(validatingCString: text) else { throw FileError("read", path, .nameNotUTF8) }
            if name != ".", name != ".." { names.append(name) }
        }
    }

    /// The file at a relative path, going through its folders without following a link.
    public func openFile(at relativePath: String) throws(FileError) -> FileDescriptor {
        let parts = relativePath.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard let last = parts.last, parts.count > 1 else { return try openFile(relativePath) }
        var folder = try openDirectory(parts[0])
        for part in parts[1..<parts.count - 1] { folder = try folder.openDirectory(part) }
        return try folder.openFile(last)
    }

    /// Opens the folder at a relative path and makes those that are missing.
    public func makeDirectories(at relativePath: String, mode: UInt32 = 0o755) throws(FileError) -> DirectoryAnchor {
        let parts = relativePath.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        var folder = try openOrMake(parts.first ?? "", mode: mode)
        for part in parts.dropFirst() { folder = try folder.openOrMake(part, mode: mode) }
        return folder
    }

    /// Returns once the names in this folder have reached the disk.
    public func synchronize() throws(FileError) { try descriptor.synchronize() }

    private func openOrMake(_ name: String, mode: UInt32) throws(FileError) -> DirectoryAnchor {
        do throws(FileError) { return try openDirectory(name) } catch {
            guard error.isNotFound else { throw error }
        }
        do throws(FileError) { return try makeDirectory(name, mode: mode) } catch {
            // Somebody else made it in the meantime.
            guard error.code == EEXIST else { throw error }
            return try openDirectory(name)
        }
    }

    /// The path of `name` for messages; an error unless it is the name of one entry.
    private func checked(_ name: String, _ verb: String) throws(FileError) -> String {
        let full = path == "/" ? "/" + name : path + "/" + name
        guard !name.isEmpty, name != ".", name != "..", !name.utf8.contains(where: { $0 == 0x2f || $0 == 0 }) else {
            throw FileError(verb, full, .notAName)
        }
        return full
    }

    /// `openat` with O_DIRECTORY says ENOTDIR of a symbolic link; the message should say what it is.
    private func linkAware(_ verb: String, _ full: String, _ name: String) -> FileError {
        let code = errno
        var status = stat()
        if code == ENOTDIR, fstatat(number, name, &status, AT_SYMLINK_NOFOLLOW) == 0,
            FileStatus(status).kind == .symbolicLink
        {
            return FileError(verb, full, .system(ELOOP))
        }
        return FileError(verb, full, .system(code))
    }
}
