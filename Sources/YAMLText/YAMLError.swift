public import Diagnostics

/// Why a YAML text was refused, and where.
public struct YAMLError: Error, Sendable, Equatable {
    /// The rule that the text broke.
    public enum Kind: Sendable, Equatable {
        /// libyaml's own words.
        case syntax(String)
        case encoding(String)
        case empty
        case tooLarge(limit: Int, count: Int)
        case tooDeep(limit: Int)
        case tooManyNodes(limit: Int)
        case tooMuchText(limit: Int)
        case tooManyAnchors(limit: Int)
        case duplicateKey(String, first: YAMLMark)
        case keyNotScalar
        case mergeKey
        case explicitTag(String)
        case secondDocument
        case unknownAlias(String)
        case aliasToAncestor(String)
        case outOfMemory
    }

    /// The rule that the text broke.
    public let kind: Kind
    /// The name under which the file is shown to people.
    public let file: String
    /// Nil when the whole text is meant.
    public let mark: YAMLMark?
    /// The line itself, when it is short enough to show.
    public let sourceLine: String?

    init(_ kind: Kind, file: String, mark: YAMLMark? = nil, sourceLine: String? = nil) {
        self.kind = kind
        self.file = file
        self.mark = mark
        self.sourceLine = sourceLine
    }

    /// The reason alone, without file or position.
    public var reason: String {
        switch kind {
        case .syntax(let words): "it is not valid YAML (\(words))"
        case .encoding(let words): "it is not valid UTF-8 text (\(words))"
        case .empty: "it is empty"
        case .tooLarge(let limit, let count): "it has \(grouped(count)) bytes, and the limit is \(grouped(limit))"
        case .tooDeep(let limit): "it is nested more than \(limit) levels deep"
        case .tooManyNodes(let limit): "it has more than \(grouped(limit)) values once its aliases are replaced"
        case .tooMuchText(let limit): "it has more than \(grouped(limit)) bytes of text once its aliases are replaced"
        case .tooManyAnchors(let limit): "it has more than \(grouped(limit)) anchors"
        case .duplicateKey(let key, let first):
            "the key `\(escaped(key))` appears twice, first on line \(first.line), column \(first.column)"
        case .keyNotScalar: "a list or mapping is used as a key, and only text can be one"
        case .mergeKey: "it uses a merge key `<<`, which is not read"
        case .explicitTag(let tag): "it carries the tag `\(escaped(tag))`, and tagged values are not read"
        case .secondDocument: "it holds a second document, and only one is expected"
        case .unknownAlias(let name): "the alias `*\(escaped(name))` stands for nothing"
        case .aliasToAncestor(let name): "the alias `*\(escaped(name))` stands for a value that contains it"
        case .outOfMemory: "there was not enough memory"
        }
    }
}

extension YAMLError: DiagnosticConvertible {
    /// "cannot read `<file>`: <reason>", with line and column.
    public var diagnostic: Diagnostic {
        Diagnostic(
            "cannot read `\(escaped(file))`: \(reason)",
            place: Place(file: file, line: mark?.line, column: mark?.column, sourceLine: sourceLine))
    }
}
