/// How one tree differs from another, path by path.
public struct TreeDifference: Sendable, Equatable {
    /// What is different about one path.
    public enum Change: String, Sendable, Equatable {
        /// Only the second tree has it.
        case added
        /// Only the first tree has it.
        case removed
        /// The bytes differ.
        case contents
        /// The bytes are equal, the modes differ.
        case mode
    }

    /// One path and what changed about it.
    public struct Item: Sendable, Equatable {
        /// The path, in both trees the same.
        public let path: RelativePath
        /// What changed.
        public let change: Change
    }

    /// The differences, sorted by path.
    public let items: [Item]

    /// Whether the trees are the same.
    public var isEmpty: Bool { items.isEmpty }

    /// Compares two trees.
    public init(from old: FileTree, to new: FileTree) {
        var items: [Item] = []
        for (path, entry) in old.files {
            guard let other = new[path] else {
                items.append(Item(path: path, change: .removed))
                continue
            }
            if entry.digest != other.digest || entry.size != other.size {
                items.append(Item(path: path, change: .contents))
            } else if entry.mode != other.mode {
                items.append(Item(path: path, change: .mode))
            }
        }
        for (path, _) in new.files where old[path] == nil {
            items.append(Item(path: path, change: .added))
        }
        self.items = items.sorted { $0.path < $1.path }
    }
}
