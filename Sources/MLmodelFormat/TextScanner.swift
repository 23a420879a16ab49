/// A cursor over ASCII text, for the small grammars of PEP 440 and PEP 508.
struct TextScanner {
    private(set) var rest: Substring.UTF8View

    init(_ text: some StringProtocol) {
        rest = Substring(text).utf8
    }

    var isAtEnd: Bool { rest.isEmpty }
    var next: UInt8? { rest.first }
    var text: String { String(Substring(rest)) }

    /// Passes over `word` when it comes next.
    @discardableResult
    mutating func take(_ word: String) -> Bool {
        guard rest.starts(with: word.utf8) else { return false }
        rest = rest.dropFirst(word.utf8.count)
        return true
    }

    /// Passes over the bytes that satisfy `isWanted`, which may be none.
    mutating func take(while isWanted: (UInt8) -> Bool) -> String {
        let found = rest.prefix(while: isWanted)
        rest = rest.dropFirst(found.count)
        return String(Substring(found))
    }

    mutating func skipBlanks() {
        rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    }

    /// Goes back to where it was when `read` gives nothing.
    mutating func attempt(_ read: (inout TextScanner) -> String?) -> String? {
        let before = rest
        if let found = read(&self) { return found }
        rest = before
        return nil
    }
}

extension UInt8 {
    var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }

    /// An ASCII letter or digit.
    var isAlphanumeric: Bool {
        let lowercase = self | 0x20
        return isDigit || (lowercase >= UInt8(ascii: "a") && lowercase <= UInt8(ascii: "z"))
    }
}

extension StringProtocol {
    /// Without the spaces and tabs at both ends.
    var trimmingBlanks: String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        let start = drop(while: isBlank)
        guard let last = start.lastIndex(where: { !isBlank($0) }) else { return "" }
        return String(start[...last])
    }
}
