import Diagnostics

/// The name of a container image: `[HOST[:PORT]/]PATH[:TAG][@sha256:DIGEST]`, as the distribution specification's
/// reference grammar has it, ASCII only.
public struct ImageReference: Sendable, Equatable {
    /// The reference as written.
    public let text: String
    /// Whether the reference names exact bytes.
    public let hasDigest: Bool

    /// Checks `text`.
    ///
    /// - Throws: `ContextsError` of kind `.option` that says what a reference looks like.
    public init(_ text: String) throws(ContextsError) {
        guard let hasDigest = Self.parse(text) else {
            throw ContextsError(
                .option, "cannot use the base image `\(escaped(text))`: it is not an image reference",
                hints: ["write it like `docker.io/library/python:3.11.7-slim` or `host/name@sha256:` and 64 digits"],
                status: .misuse)
        }
        self.text = text
        self.hasDigest = hasDigest
    }

    // Whether there is a digest; nil when `text` is no reference.
    private static func parse(_ text: String) -> Bool? {
        guard text.utf8.count <= 512, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        var name = text[...]
        var hasDigest = false
        if let at = name.firstIndex(of: "@") {
            let digest = name[name.index(after: at)...]
            let digits = digest.dropFirst("sha256:".count)
            guard digest.hasPrefix("sha256:"), digits.count == 64, digits.utf8.allSatisfy(isLowerHexadecimal) else {
                return nil
            }
            hasDigest = true
            name = name[..<at]
        }
        let lastSlash = name.lastIndex(of: "/")
        if let colon = name.lastIndex(of: ":"), lastSlash.map({ $0 < colon }) ?? true {
            guard isTag(name[name.index(after: colon)...]) else { return nil }
            name = name[..<colon]
        }
        var components = name.split(separator: "/", omittingEmptySubsequences: false)
        if components.count > 1, let host = components.first, isHost(host) { components.removeFirst() }
        return components.allSatisfy(isPathComponent) ? hasDigest : nil
    }

    private static func isTag(_ tag: Substring) -> Bool {
        guard let first = tag.utf8.first, tag.utf8.count <= 128 else { return false }
        return (isWord(first) || first == UInt8(ascii: "_"))
            && tag.utf8.allSatisfy { isWord($0) || "_.-".utf8.contains($0) }
    }

    // A first component is a host when it has a dot or a port, or is `localhost`.
    private static func isHost(_ text: Substring) -> Bool {
        guard text.contains(".") || text.contains(":") || text == "localhost" else { return false }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { return false }
        if parts.count == 2, UInt16(parts[1]) == nil { return false }
        return parts[0].split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            !label.isEmpty && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: "-") }
        }
    }

    // [a-z0-9]+ joined by `.`, `_`, `__` or dashes.
    private static func isPathComponent(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last, isLower(first), isLower(last) else {
            return false
        }
        var separator = ""
        for character in text {
            guard let byte = character.asciiValue else { return false }
            if isLower(byte) {
                guard separator.isEmpty || [".", "_", "__"].contains(separator) || separator.allSatisfy({ $0 == "-" })
                else { return false }
                separator = ""
            } else {
                guard ".-_".contains(character) else { return false }
                separator.append(character)
            }
        }
        return true
    }

    private static func isLower(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        isLower(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }

    private static func isLowerHexadecimal(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
