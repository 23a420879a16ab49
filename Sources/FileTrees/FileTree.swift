import Diagnostics

/// A set of files by path, sorted by the bytes of the path; folders exist only as parts of paths.
///
/// This is the one currency between sources, converters, renderers, archives and audits. A tree that exists can be
/// written to any file system: no two of its paths are equal but for case or normal form, and none is both a file and a
/// folder.
public struct FileTree: Sendable {
    /// Most files of a tree.
    public static let fileLimit = 100_000

    /// The files, sorted by path.
    public private(set) var files: [(path: RelativePath, entry: FileEntry)] = []

    // Every file and folder by its folded form, with the spelling that came first.
    private var spellings: [String: Spelling] = [:]

    private struct Spelling {
        var path: RelativePath
        var isFolder: Bool
    }

    /// An empty tree.
    public init() {}

    /// Number of files.
    public var count: Int { files.count }

    /// Whether there is no file.
    public var isEmpty: Bool { files.isEmpty }

    /// The paths, sorted.
    public var paths: [RelativePath] { files.map(\.path) }

    /// Sum of the sizes of all files, in bytes.
    public var totalSize: Int { files.reduce(0) { $0 + $1.entry.size } }

    /// The file at `path`; nil when there is none.
    public subscript(path: RelativePath) -> FileEntry? {
        let index = insertionIndex(of: path)
        guard index < files.count, files[index].path == path else { return nil }
        return files[index].entry
    }

    /// Adds one file.
    ///
    /// - Throws: `FileTreeError` of kind `.clash` when the path, or the same path but for case or normal form, is
    ///   taken, or when a file would have to be a folder; of kind `.limit` past `fileLimit`. The tree is then unchanged.
    public mutating func add(_ path: RelativePath, _ entry: FileEntry) throws(FileTreeError) {
        guard files.count < Self.fileLimit else {
            throw FileTreeError(.limit, "cannot add `\(path)`: a tree holds at most \(Self.fileLimit) files")
        }
        let folded = path.foldedText
        if let taken = spellings[folded] {
            throw Self.clash(of: path, with: taken)
        }
        var folders: [(folded: String, path: RelativePath)] = []
        var folder = path.parent
        while let current = folder {
            let folded = current.foldedText
            if let taken = spellings[folded] {
                guard taken.isFolder, taken.path == current else { throw Self.clash(of: current, with: taken) }
                break
            }
            folders.append((folded, current))
            folder = current.parent
        }
        for folder in folders {
            spellings[folder.folded] = Spelling(path: folder.path, isFolder: true)
        }
        spellings[folded] = Spelling(path: path, isFolder: false)
        files.insert((path, entry), at: insertionIndex(of: path))
    }

    /// Adds a file of `bytes`.
    ///
    /// - Throws: as `add(_:_:)`.
    public mutating func add(
        _ path: RelativePath, bytes: [UInt8], mode: FileMode = .regular
    ) throws(FileTreeError) {
        try add(path, FileEntry(.bytes(bytes), mode: mode))
    }

    /// Adds a file that holds the UTF-8 bytes of `text`.
    ///
    /// - Throws: as `add(_:_:)`.
    public mutating func add(
        _ path: RelativePath, text: String, mode: FileMode = .regular
    ) throws(FileTreeError) {
        try add(path, bytes: Array(text.utf8), mode: mode)
    }

    /// Adds all files of `tree` below `folder`.
    ///
    /// - Throws: as `add(_:_:)`, and kind `.path` when a joined path is too long.
    public mutating func add(_ tree: FileTree, below folder: RelativePath) throws(FileTreeError) {
        for file in tree.files {
            try add(file.path.below(folder), file.entry)
        }
    }

    /// The files below `folder`, with paths seen from it.
    public func subtree(_ folder: RelativePath) -> FileTree {
        filtered { $0.relative(to: folder) }
    }

    /// The files whose path satisfies `isIncluded`.
    public func filter(_ isIncluded: (RelativePath) -> Bool) -> FileTree {
        filtered { isIncluded($0) ? $0 : nil }
    }

    /// Every folder that holds a file, sorted, parents before children.
    public var folders: [RelativePath] {
        var seen: Set<RelativePath> = []
        for file in files {
            var folder = file.path.parent
            while let current = folder, seen.insert(current).inserted {
                folder = current.parent
            }
        }
        return seen.sorted()
    }

    // A subset of a sound tree is sound, and keeps its order: common prefixes do not change it.
    private func filtered(_ rename: (RelativePath) -> RelativePath?) -> FileTree {
        var result = FileTree()
        for file in files {
            guard let path = rename(file.path) else { continue }
            result.files.append((path, file.entry))
            result.spellings[path.foldedText] = Spelling(path: path, isFolder: false)
        }
        for folder in result.folders {
            result.spellings[folder.foldedText] = Spelling(path: folder, isFolder: true)
        }
        return result
    }

    private func insertionIndex(of path: RelativePath) -> Int {
        if let last = files.last, last.path < path { return files.count }
        var low = 0
        var high = files.count
        while low < high {
            let middle = (low + high) / 2
            if files[middle].path < path { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func clash(of path: RelativePath, with taken: Spelling) -> FileTreeError {
        clash(of: path, with: taken.path, isFolder: taken.isFolder)
    }

    static func clash(of path: RelativePath, with taken: RelativePath, isFolder: Bool) -> FileTreeError {
        let reason =
            if taken == path {
                isFolder ? "it is already a folder" : "it is already a file"
            } else {
                "`\(escaped(taken.text))` differs from it only by case or normal form"
            }
        return FileTreeError(.clash, "cannot add `\(escaped(path.text))`: \(reason)")
    }
}

extension FileTree: Equatable {
    /// Whether both trees have the same paths with the same modes, sizes and digests, wherever the bytes are kept.
    public static func == (left: FileTree, right: FileTree) -> Bool {
        left.files.elementsEqual(right.files) { $0.path == $1.path && $0.entry.isSameFile(as: $1.entry) }
    }
}
