/// Lists everything below a folder without following a symbolic link.
public enum DirectoryWalk {
    /// One file, folder or link.
    public struct Entry: Sendable, Equatable {
        /// The path from the folder that is walked, with `/` between names.
        public let path: String
        /// What it is.
        public let status: FileStatus
    }

    /// All entries below `anchor`, sorted by the bytes of their paths; a folder comes before what it holds.
    ///
    /// Links and special files are listed, not judged: that is the caller's part.
    public static func entries(
        below anchor: borrowing DirectoryAnchor, maxDepth: Int = 64, maxEntries: Int = 1_000_000
    ) throws(FileError) -> [Entry] {
        var entries: [Entry] = []
        try list(anchor, prefix: "", depth: 1, maxDepth: maxDepth, maxEntries: maxEntries, into: &entries)
        return entries.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    /// All entries below the folder at `path`.
    public static func entries(
        of path: String, maxDepth: Int = 64, maxEntries: Int = 1_000_000
    ) throws(FileError) -> [Entry] {
        try entries(below: DirectoryAnchor.open(path), maxDepth: maxDepth, maxEntries: maxEntries)
    }

    private static func list(
        _ folder: borrowing DirectoryAnchor, prefix: String, depth: Int, maxDepth: Int, maxEntries: Int,
        into entries: inout [Entry]
    ) throws(FileError) {
        guard depth <= maxDepth else { throw FileError("read", folder.path, .tooDeep(limit: maxDepth)) }
        for name in try folder.names() {
            // An entry that vanished since the folder was listed is no longer an entry.
            guard let status = try folder.status(name) else { continue }
            guard entries.count < maxEntries else {
                throw FileError("read", folder.path, .tooManyEntries(limit: maxEntries))
            }
            entries.append(Entry(path: prefix + name, status: status))
            guard status.kind == .directory else { continue }
            try list(
                folder.openDirectory(name), prefix: prefix + name + "/", depth: depth + 1, maxDepth: maxDepth,
                maxEntries: maxEntries, into: &entries)
        }
    }
}
