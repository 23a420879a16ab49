import Diagnostics
public import FileTrees
import Platform

extension BuildContext {
    /// Writes the context as a folder that appears complete or not at all.
    ///
    /// - Parameters:
    ///   - path: a name that is free, an empty folder, or with `replacing` a folder that is a context of ours and unchanged.
    ///   - time: modification time of everything, in seconds since 1970.
    /// - Throws: `ContextsError` of kind `.occupied` when something else is there, which is then untouched; errors of the
    ///   system.
    public func writeFolder(at path: String, replacing: Bool, time: Int) throws {
        let existing: AtomicOutput.Existing = try Self.mayReplace(path, replacing: replacing) ? .replace : .refuse
        try AtomicOutput.writeDirectory(at: path, existing: existing, isDurable: false) { folder in
            try DirectoryWriter(time: time, shownPath: path).write(tree, into: folder)
        }
    }

    /// Writes the context as an uncompressed tar archive that appears complete or not at all.
    ///
    /// - Throws: `ContextsError` of kind `.occupied` when `path` exists; errors of the system.
    public func writeTar(at path: String, time: Int) throws {
        try Self.checkArchive(path)
        try AtomicOutput.writeFile(at: path, existing: .refuse) { file in
            try TarWriter.write(tree, to: file.number, named: path, time: Int64(time))
        }
    }

    /// Writes the archive to an open descriptor, which stays open.
    ///
    /// - Throws: errors of the system; what was written by then is not a whole archive.
    public func writeTar(to descriptor: Int32, named name: String, time: Int) throws {
        try TarWriter.write(tree, to: descriptor, named: name, time: Int64(time))
    }

    /// Fails early, before a model is downloaded and converted, when the archive `path` could not be written in the end.
    ///
    /// - Throws: as `writeTar`.
    public static func checkArchive(_ path: String) throws {
        guard try FileStatus.of(path, followsLinks: false) == nil else {
            throw ContextsError(
                .occupied, "cannot write the archive `\(escaped(path, limit: 1000))`: it exists already",
                hints: ["remove it, or choose another name"])
        }
    }

    /// Fails early, before a model is downloaded and converted, when the folder `path` could not be written in the end.
    ///
    /// - Throws: as `writeFolder`.
    public static func checkOutput(_ path: String, replacing: Bool) throws {
        _ = try mayReplace(path, replacing: replacing)
    }

    // Whether something is there that may go; throws when it may not.
    private static func mayReplace(_ path: String, replacing: Bool) throws -> Bool {
        guard let status = try FileStatus.of(path, followsLinks: false) else { return false }
        func occupied(_ reason: String, details: [String] = [], _ hint: String) -> ContextsError {
            ContextsError(
                .occupied, "cannot write the context to `\(escaped(path, limit: 1000))`: \(reason)", details: details,
                hints: [hint])
        }
        let another = "choose another folder, or empty this one yourself"
        guard status.kind == .directory else { throw occupied("it exists and is not a folder", another) }
        guard try !DirectoryAnchor.open(path).names().isEmpty else { return true }
        guard try ContextFolder.hasManifest(path) else {
            throw occupied("it holds files that skiff did not make", another)
        }
        guard replacing else {
            throw occupied("it already holds a context", "replace it with `--force`")
        }
        let folder: ContextFolder
        do { folder = try ContextFolder.read(path) } catch {
            throw occupied(
                "it holds something that is not a sound context of skiff",
                details: [Diagnostic.wrapping(error).summary], another)
        }
        guard folder.isVerified else {
            let changes = folder.difference.items.prefix(5).map { "`\($0.path)`: \($0.change.words)" }
            throw occupied("it holds a context that was changed after skiff made it", details: changes, another)
        }
        return true
    }
}

extension TreeDifference.Change {
    /// For a report about a context.
    public var words: String {
        switch self {
        case .added: "not in the manifest"
        case .removed: "missing"
        case .contents: "its bytes are not those of the manifest"
        case .mode: "its mode is not that of the manifest"
        }
    }
}
