/// Environment markers of PEP 508: `python_version < "3.9" and sys_platform == "linux"`.
///
/// Read: comparisons of PEP 508's variables with quoted texts, `and`, `or`, parentheses. Markers are checked and
/// written again in one spacing; pip decides them in the container.
enum EnvironmentMarker {
    /// Parentheses inside each other.
    static let maxDepth = 16

    static let variables: Set<String> = [
        "os_name", "sys_platform", "platform_machine", "platform_python_implementation", "platform_release",
        "platform_system", "platform_version", "python_version", "python_full_version", "implementation_name",
        "implementation_version", "extra",
    ]

    /// `text` in canonical spacing; nil when it is not a marker.
    static func normalized(_ text: some StringProtocol) -> String? {
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f || $0 == UInt8(ascii: "\t") }) else { return nil }
        var scanner = TextScanner(text)
        guard let marker = expression(&scanner, depth: 0) else { return nil }
        return scanner.isAtEnd ? marker : nil
    }

    private static func expression(_ scanner: inout TextScanner, depth: Int) -> String? {
        guard depth < maxDepth, var result = term(&scanner, depth: depth) else { return nil }
        while true {
            scanner.skipBlanks()
            guard let joint = scanner.attempt(joint) else { return result }
            guard let next = term(&scanner, depth: depth) else { return nil }
            result += " \(joint) \(next)"
        }
    }

    private static func joint(_ scanner: inout TextScanner) -> String? {
        let word = scanner.take(while: \.isAlphanumeric)
        return ["and", "or"].contains(word) ? word : nil
    }

    private static func term(_ scanner: inout TextScanner, depth: Int) -> String? {
        scanner.skipBlanks()
        if scanner.take("(") {
            guard let inner = expression(&scanner, depth: depth + 1) else { return nil }
            scanner.skipBlanks()
            return scanner.take(")") ? "(\(inner))" : nil
        }
        guard let left = value(&scanner) else { return nil }
        scanner.skipBlanks()
        guard let comparison = comparison(&scanner) else { return nil }
        scanner.skipBlanks()
        guard let right = value(&scanner), left.isVariable || right.isVariable else { return nil }
        return "\(left.text) \(comparison) \(right.text)"
    }

    private static func value(_ scanner: inout TextScanner) -> (text: String, isVariable: Bool)? {
        for quote in ["\"", "'"] where scanner.take(quote) {
            let text = scanner.take { $0 != quote.utf8.first && $0 != UInt8(ascii: "\\") }
            guard scanner.take(quote) else { return nil }
            // A text holds at most one kind of quote, so the other can always enclose it.
            return text.contains("\"") ? ("'\(text)'", false) : ("\"\(text)\"", false)
        }
        let name = scanner.take { $0.isAlphanumeric || $0 == UInt8(ascii: "_") }
        return variables.contains(name) ? (name, true) : nil
    }

    private static func comparison(_ scanner: inout TextScanner) -> String? {
        for symbol in ["===", "==", "~=", "!=", "<=", ">=", "<", ">"] where scanner.take(symbol) { return symbol }
        if let word = scanner.attempt({ $0.take(while: \.isAlphanumeric) == "in" ? "in" : nil }) { return word }
        guard scanner.take("not") else { return nil }
        scanner.skipBlanks()
        return scanner.take(while: \.isAlphanumeric) == "in" ? "not in" : nil
    }
}
