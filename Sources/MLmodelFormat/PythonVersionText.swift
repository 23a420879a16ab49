/// Versions in PEP 440's grammar, with epoch and local part.
///
/// Read: `[v][N!]N(.N)*[{a|b|rc|alpha|beta|c|pre|preview}[N]][{.post|-rev|-r|-}N][.devN][+local]` with the separators
/// that PEP 440 allows. Not read: wildcards, arbitrary equality, URLs.
enum PythonVersionText {
    /// `text` in PEP 440's normal form; nil when it is no version.
    static func normalized(_ text: some StringProtocol) -> String? {
        guard text.utf8.count <= 100, text.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        var scanner = TextScanner(text.lowercased())
        scanner.take("v")
        guard let first = scanner.number() else { return nil }
        var result = first
        if scanner.take("!") {
            guard let release = scanner.number() else { return nil }
            result = first == "0" ? release : "\(first)!\(release)"
        }
        while let number = scanner.attempt({ $0.take(".") ? $0.number() : nil }) { result += ".\(number)" }
        result += scanner.attempt(preRelease) ?? ""
        result += scanner.attempt(postRelease) ?? ""
        result += scanner.attempt(developmentRelease) ?? ""
        if scanner.take("+") {
            guard let local = scanner.local() else { return nil }
            result += "+\(local)"
        }
        return scanner.isAtEnd ? result : nil
    }

    private static func preRelease(_ scanner: inout TextScanner) -> String? {
        scanner.separator()
        // A longer spelling comes before the one that begins it.
        let spellings = [
            ("alpha", "a"), ("beta", "b"), ("preview", "rc"), ("pre", "rc"), ("rc", "rc"), ("a", "a"), ("b", "b"),
            ("c", "rc"),
        ]
        for (word, short) in spellings where scanner.take(word) {
            return short + (scanner.attempt { $0.separatedNumber() } ?? "0")
        }
        return nil
    }

    private static func postRelease(_ scanner: inout TextScanner) -> String? {
        if let number = scanner.attempt({ $0.take("-") ? $0.number() : nil }) { return ".post\(number)" }
        scanner.separator()
        guard scanner.take("post") || scanner.take("rev") || scanner.take("r") else { return nil }
        return ".post" + (scanner.attempt { $0.separatedNumber() } ?? "0")
    }

    private static func developmentRelease(_ scanner: inout TextScanner) -> String? {
        scanner.separator()
        guard scanner.take("dev") else { return nil }
        return ".dev" + (scanner.attempt { $0.separatedNumber() } ?? "0")
    }
}

extension TextScanner {
    @discardableResult
    fileprivate mutating func separator() -> Bool { take(".") || take("-") || take("_") }

    /// Digits, without leading zeros.
    fileprivate mutating func number() -> String? {
        let digits = take(while: \.isDigit)
        return digits.isEmpty ? nil : digits.withoutLeadingZeros
    }

    fileprivate mutating func separatedNumber() -> String? {
        separator()
        return number()
    }

    fileprivate mutating func local() -> String? {
        var parts: [String] = []
        repeat {
            let part = take(while: \.isAlphanumeric)
            guard !part.isEmpty else { return nil }
            parts.append(part.utf8.allSatisfy(\.isDigit) ? part.withoutLeadingZeros : part)
        } while separator()
        return parts.joined(separator: ".")
    }
}

extension String {
    fileprivate var withoutLeadingZeros: String {
        let significant = drop { $0 == "0" }
        return significant.isEmpty ? "0" : String(significant)
    }
}
