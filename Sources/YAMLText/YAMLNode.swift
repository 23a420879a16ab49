/// Where something stands in a YAML file; columns count Unicode scalars.
public struct YAMLMark: Sendable, Hashable {
    /// The line, from 1.
    public let line: Int
    /// The column, from 1.
    public let column: Int

    /// Makes a mark.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// One `key: value` of a mapping. Keys are always scalars and unique within their mapping.
public struct YAMLEntry: Sendable {
    /// The text of the key.
    public let key: String
    /// Where the key begins.
    public let keyMark: YAMLMark
    /// What it stands for.
    public let value: YAMLNode
}

/// A value of a YAML document, as written.
///
/// Scalars stay text and are typed by the reader of the field: `3.10` stays "3.10" and `no` stays "no", whatever
/// YAML 1.1 would make of them. Aliases are already replaced by what they stand for (shared, not copied).
public indirect enum YAMLNode: Sendable {
    /// `isPlain` is false for quoted and block text, which is never null.
    case scalar(text: String, isPlain: Bool, mark: YAMLMark)
    case sequence([YAMLNode], mark: YAMLMark)
    case mapping([YAMLEntry], mark: YAMLMark)

    /// Where the value begins.
    public var mark: YAMLMark {
        switch self {
        case .scalar(_, _, let mark), .sequence(_, let mark), .mapping(_, let mark): mark
        }
    }

    /// True for an empty plain scalar, `~`, `null`, `Null` and `NULL`.
    public var isNull: Bool {
        guard case .scalar(let text, isPlain: true, _) = self else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// The text of a scalar that is not null.
    public var text: String? {
        guard case .scalar(let text, _, _) = self, !isNull else { return nil }
        return text
    }

    /// The items of a sequence.
    public var items: [YAMLNode]? {
        guard case .sequence(let items, _) = self else { return nil }
        return items
    }

    /// The entries of a mapping, in file order.
    public var entries: [YAMLEntry]? {
        guard case .mapping(let entries, _) = self else { return nil }
        return entries
    }

    /// The value of `key` in a mapping; nil when this is not a mapping or has no such key.
    public subscript(_ key: String) -> YAMLNode? {
        entries?.first { $0.key == key }?.value
    }

    /// What this is, for messages: "a text", "a list", "a mapping" or "null".
    public var kindWords: String {
        switch self {
        case .scalar: isNull ? "null" : "a text"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}
