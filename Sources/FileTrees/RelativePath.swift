import Diagnostics

/// A path inside a tree: checked once, safe to write below any folder on any system, and free of surprises in a log.
///
/// Accepted: 1 to 64 components joined by `/`, each 1 to 255 bytes of UTF-8, 1,024 bytes in all. Refused: absolute
/// paths, `.`, `..` and empty components, control, bidirectional and zero-width characters, backslash and colon, a
/// component that ends with a dot or a blank, Windows device names (with or without extension), and `.wh.` names, which
/// OCI layers read as deletions. Percent signs mean themselves.
///
/// Equality and order are those of the UTF-8 bytes; trees refuse paths that differ only by case or normal form.
public struct RelativePath: Sendable {
    /// Most components of a path.
    public static let componentLimit = 64
    /// Most bytes of one component.
    public static let componentByteLimit = 255
    /// Most bytes of a whole path.
    public static let byteLimit = 1_024

    /// The path as written, with `/` between components.
    public let text: String

    /// Checks `text`.
    ///
    /// - Throws: `FileTreeError` of kind `.path` that shows the path escaped and says which rule it breaks.
    public init(_ text: String) throws(FileTreeError) {
        if let reason = Self.objection(to: text) {
            throw FileTreeError(.path, "cannot use the path `\(escaped(text))`: \(reason)")
        }
        self.text = text
    }

    /// The components in order; never empty.
    public var components: [String] {
        text.split(separator: "/").map(String.init)
    }

    /// The last component.
    public var name: String {
        String(text[(text.lastIndex(of: "/").map(text.index(after:)) ?? text.startIndex)...])
    }

    /// The path of the folder that holds this one; nil at the top.
    public var parent: RelativePath? {
        guard let slash = text.lastIndex(of: "/") else { return nil }
        return RelativePath(unchecked: String(text[..<slash]))
    }

    /// This path below the folder `folder`.
    ///
    /// - Throws: `FileTreeError` of kind `.path` when the joined path is too long or too deep.
    public func below(_ folder: RelativePath) throws(FileTreeError) -> RelativePath {
        try RelativePath(folder.text + "/" + text)
    }

    /// This path seen from `folder`; nil when it does not lie below it.
    public func relative(to folder: RelativePath) -> RelativePath? {
        guard text.utf8.starts(with: folder.text.utf8), text.utf8.count > folder.text.utf8.count + 1 else { return nil }
        let rest = text.utf8.dropFirst(folder.text.utf8.count)
        guard rest.first == UInt8(ascii: "/"), let tail = String(rest.dropFirst()) else { return nil }
        return RelativePath(unchecked: tail)
    }

    /// The form under which two paths clash: full upper then lower case. `String` compares it by canonical equivalence.
    var foldedText: String {
        text.uppercased().lowercased()
    }

    private init(unchecked text: String) {
        self.text = text
    }

    private static func objection(to text: String) -> String? {
        guard !text.isEmpty else { return "it is empty" }
        guard text.utf8.count <= byteLimit else {
            return "it is \(text.utf8.count) bytes long, the limit is \(byteLimit)"
        }
        guard !text.hasPrefix("/") else { return "it is absolute" }
        if let scalar = text.unicodeScalars.first(where: isRefused) {
            return refusal(of: scalar)
        }
        // Bytes, not characters: `/` followed by a combining mark is still a separator to the kernel.
        let components = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard components.count <= componentLimit else {
            return "it has \(components.count) components, the limit is \(componentLimit)"
        }
        // Everything else here splits by characters, where a combining mark hides the separator before it.
        guard components.count == text.split(separator: "/", omittingEmptySubsequences: false).count else {
            return "a component starts with a combining character"
        }
        for component in components {
            if let reason = objection(toComponent: String(Substring(component))) { return reason }
        }
        return nil
    }

    private static func objection(toComponent name: String) -> String? {
        let bytes = name.utf8
        guard !bytes.isEmpty else { return "it has an empty component" }
        guard bytes.count <= componentByteLimit else {
            return "it has a component of \(bytes.count) bytes, the limit is \(componentByteLimit)"
        }
        guard name != ".", name != ".." else { return "it has the component `\(name)`" }
        guard bytes.last != UInt8(ascii: "."), bytes.last != UInt8(ascii: " ") else {
            return "a component ends with a dot or a blank"
        }
        guard !name.lowercased().hasPrefix(".wh.") else {
            return "a component starts with `.wh.`, which container layers read as a deletion"
        }
        guard !isDeviceName(name) else { return "a component is a device name on Windows" }
        return nil
    }

    private static func isRefused(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: true
        default: scalar == "\\" || scalar == ":" || scalar == "\u{FFFD}"
        }
    }

    private static func refusal(of scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\\": "it has a backslash"
        case ":": "it has a colon"
        case "\u{FFFD}": "it is not valid UTF-8"
        default: "it has the control character U+" + hexadecimal(scalar.value)
        }
    }

    private static func hexadecimal(_ value: UInt32) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    private static func isDeviceName(_ name: String) -> Bool {
        let stem = name.prefix { $0 != "." }.uppercased().reversed().drop { $0 == " " }.reversed()
        let text = String(stem)
        if ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(text) { return true }
        guard text.count == 4, text.hasPrefix("COM") || text.hasPrefix("LPT"), let last = text.last else {
            return false
        }
        return "0123456789\u{B9}\u{B2}\u{B3}".contains(last)
    }
}

extension RelativePath: Hashable, Comparable {
    /// Whether both paths have the same bytes.
    public static func == (left: RelativePath, right: RelativePath) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8)
    }

    /// Orders by UTF-8 bytes, as `LC_ALL=C sort` does.
    public static func < (left: RelativePath, right: RelativePath) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    /// Paths with the same bytes hash alike.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(text)
    }
}

extension RelativePath: CustomStringConvertible {
    /// The same text as `text`; printable, because control characters are refused.
    public var description: String { text }
}

extension RelativePath: ExpressibleByStringLiteral {
    /// A path written in our own source; a bad one traps.
    public init(stringLiteral literal: StaticString) {
        let text = literal.description
        precondition(Self.objection(to: text) == nil, "a path literal breaks the rules of RelativePath")
        self.init(unchecked: text)
    }
}
