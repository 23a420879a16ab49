import Glibc
import Synchronization

/// A file or folder that appears complete or not at all.
///
/// It is built under a temporary name beside its final one, brought to the disk and renamed. It is removed when building it
/// throws, and by `Interruption` when the process is told to end.
public enum AtomicOutput {
    /// What to do when the final name is taken.
    public enum Existing: Sendable {
        /// Refuse, also when somebody takes the name while we build.
        case refuse
        /// Take its place at once, and then remove the old one. The caller has made sure that it may go.
        case replace
    }

    private static let counter = Mutex(0)

    /// Makes the file at `path`; `build` writes its contents.
    public static func writeFile(
        at path: String, mode: UInt32 = 0o644, existing: Existing, _ build: (borrowing FileDescriptor) throws -> Void
    ) throws {
        let target = try Target(path, existing)
        let number = try Interruption.register(target.temporaryPath) { () throws(FileError) in
            _ = try target.folder.createFile(target.temporaryName, mode: mode)
        }
        do {
            // Opened for writing by path: the file that was just made with O_EXCL.
            let file = try target.reopen()
            try build(file)
            try file.synchronize()
            try file.close()
            try target.commit(number, isDurable: true)
        } catch {
            target.discard(number)
            throw error
        }
    }

    /// Makes the file at `path` with `bytes`.
    public static func writeFile(
        at path: String, mode: UInt32 = 0o644, existing: Existing, bytes: [UInt8]
    ) throws {
        try writeFile(at: path, mode: mode, existing: existing) { try $0.write(bytes) }
    }

    /// Makes the folder at `path`; `build` fills it through the anchor, whose `path` is the temporary one.
    ///
    /// - Parameter isDurable: the folder is on the disk when this returns; the caller synchronizes the files that it writes. Not
    ///   worth its time for what can be made again, as a build context.
    public static func writeDirectory<Result>(
        at path: String, mode: UInt32 = 0o755, existing: Existing, isDurable: Bool,
        _ build: (borrowing DirectoryAnchor) throws -> Result
    ) throws -> Result {
        let target = try Target(path, existing)
        let number = try Interruption.register(target.temporaryPath) { () throws(FileError) in
            _ = try target.folder.makeDirectory(target.temporaryName, mode: mode)
        }
        do {
            let folder = try target.folder.openDirectory(target.temporaryName)
            let result = try build(folder)
            if isDurable { try folder.synchronize() }
            try target.commit(number, isDurable: isDurable)
            return result
        } catch {
            target.discard(number)
            throw error
        }
    }

    /// Gives `body` a new empty folder below `parent`, which nobody else may read, and removes it in the end: also after an error,
    /// and on an interruption.
    public static func withScratchDirectory<Result>(
        in parent: String, _ body: (borrowing DirectoryAnchor) throws -> Result
    ) throws -> Result {
        // The final name only completes the path; it is never made.
        let target = try Target(parent + "/.skiff-scratch", .replace)
        let number = try Interruption.register(target.temporaryPath) { () throws(FileError) in
            _ = try target.folder.makeDirectory(target.temporaryName, mode: 0o700)
        }
        defer { target.discard(number) }
        return try body(target.folder.openDirectory(target.temporaryName))
    }

    /// A name that is free in `folder`. A process that was killed may have left one behind, and process numbers come again.
    fileprivate static func temporaryName(in folder: borrowing DirectoryAnchor) throws(FileError) -> String {
        while true {
            let number = counter.withLock { counter in
                counter += 1
                return counter
            }
            let name = ".skiff-\(getpid())-\(number).partial"
            if try folder.status(name) == nil { return name }
        }
    }

    /// The final name, its folder, and the temporary name.
    private struct Target: ~Copyable {
        let folder: DirectoryAnchor
        let name: String
        let path: String
        let existing: Existing
        let temporaryName: String
        let temporaryPath: String

        init(_ path: String, _ existing: Existing) throws(FileError) {
            let (parent, name) = splitPath(path)
            // The name is checked before anything is built: `..` and `/` cannot be replaced.
            guard !name.isEmpty, name != "/", name != ".", name != ".." else {
                throw FileError("create", path, .notAName)
            }
            let folder: DirectoryAnchor
            do throws(FileError) { folder = try DirectoryAnchor.open(parent) } catch {
                throw FileError("create", path, error.isNotFound ? .noFolder(parent) : error.kind)
            }
            if existing == .refuse, try folder.status(name) != nil {
                throw FileError("create", path, .system(EEXIST))
            }
            let temporaryName = try AtomicOutput.temporaryName(in: folder)
            self.name = name
            self.path = path
            self.existing = existing
            self.temporaryName = temporaryName
            temporaryPath = (parent == "/" ? "" : parent) + "/" + temporaryName
            self.folder = folder
        }

        func reopen() throws(FileError) -> FileDescriptor {
            let number = retrying { openat(folder.number, temporaryName, O_RDWR | O_NOFOLLOW | O_CLOEXEC) }
            // Messages name what the person asked for, not the temporary name.
            guard number >= 0 else { throw .last("write", path) }
            return FileDescriptor(owning: number, path: path)
        }

        func commit(_ number: Int, isDurable: Bool) throws(FileError) {
            try Interruption.unregister(number) { () throws(FileError) in
                do throws(FileError) {
                    try rename()
                } catch {
                    throw FileError("create", path, error.kind)
                }
            }
            if isDurable { try folder.synchronize() }
        }

        private func rename() throws(FileError) {
            guard existing == .replace, let old = try folder.status(name) else {
                return try folder.rename(temporaryName, to: name, in: folder, existing: .refuse)
            }
            if old.kind != .directory, try folder.status(temporaryName)?.kind != .directory {
                return try folder.rename(temporaryName, to: name, in: folder, existing: .replace)
            }
            do throws(FileError) {
                try folder.rename(temporaryName, to: name, in: folder, existing: .exchange)
                try folder.removeTree(temporaryName)
            } catch {
                guard error.code == EINVAL else { throw error }
                try replaceInTwoSteps()
            }
        }

        /// For file systems that cannot exchange two names: moves the old one away first, and back when the second step fails.
        private func replaceInTwoSteps() throws(FileError) {
            let aside = try AtomicOutput.temporaryName(in: folder)
            try folder.rename(name, to: aside, in: folder, existing: .refuse)
            do throws(FileError) { try folder.rename(temporaryName, to: name, in: folder, existing: .refuse) } catch {
                try folder.rename(aside, to: name, in: folder, existing: .refuse)
                throw error
            }
            try folder.removeTree(aside)
        }

        /// The error that led here matters more than one of removing, which leaves a file named `.skiff-….partial`.
        func discard(_ number: Int) {
            Interruption.unregister(number) { () throws(Never) in
                do throws(FileError) { try folder.removeTree(temporaryName) } catch { return }
            }
        }
    }
}
