import Diagnostics

/// Reads one requirement: a name, extras, version specifiers, an environment marker and SHA-256 hashes.
///
/// Grammar: PEP 508 without URLs, in ASCII, with PEP 440 versions and without `===`; after it any number of
/// `--hash=sha256:<64 hex>`. Whatever else pip would read (options, paths, URLs, version control, variables,
/// continuation lines) is refused with a reason.
enum RequirementParser {
    /// Why a text was not taken; lower case, without the text itself.
    struct Refusal: Error {
        let reason: String
    }

    /// - Parameter text: without comment and surrounding blanks, not empty.
    static func parse(_ text: String, line: Int) throws(Refusal) -> Requirement {
        try refuseOtherForms(text)
        let (requirement, options) = split(text)
        var scanner = TextScanner(requirement)
        let name = scanner.take(while: isNameByte)
        guard isName(name) else { throw Refusal(reason: "it does not begin with the name of a distribution") }
        scanner.skipBlanks()
        let extras = try extras(&scanner)
        scanner.skipBlanks()
        guard scanner.next != UInt8(ascii: "@") else { throw Refusal(reason: "it names a URL instead of a version") }
        let specifier = try specifiers(&scanner)
        var marker: String?
        if scanner.take(";") {
            marker = EnvironmentMarker.normalized(scanner.text.trimmingBlanks)
            guard marker != nil else {
                throw Refusal(reason: "what follows `;` is not an environment marker of PEP 508")
            }
        } else if !scanner.isAtEnd {
            throw Refusal(reason: "`\(escaped(scanner.text, limit: 60))` is not part of a requirement")
        }
        return Requirement(
            name: normalized(name), extras: extras, specifier: specifier, marker: marker, sha256: try hashes(options),
            line: line)
    }

    /// A distribution's name as PEP 503 normalises it: lower case, runs of `-`, `_` and `.` become one `-`.
    static func normalized(_ name: String) -> String {
        name.lowercased().split { "-_.".contains($0) }.joined(separator: "-")
    }

    /// The requirement and the options after it; like pip, a word that begins with `-` begins the options.
    private static func split(_ text: String) -> (requirement: Substring, options: Substring) {
        var previous: Character = "x"
        for index in text.indices {
            if text[index] == "-", previous == " " || previous == "\t" { return (text[..<index], text[index...]) }
            previous = text[index]
        }
        return (text[...], "")
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        byte.isAlphanumeric || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last, text.utf8.count <= 128 else { return false }
        return first.isAlphanumeric && last.isAlphanumeric
    }

    private static func refuseOtherForms(_ text: String) throws(Refusal) {
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else { throw Refusal(reason: "it has characters that are not ASCII") }
        guard !text.contains("${") else { throw Refusal(reason: "pip would replace `${…}` from its environment") }
        guard !text.hasPrefix("-") else { throw Refusal(reason: optionReason(text)) }
        let isLink = text.contains("://") || text.lowercased().hasPrefix("file:")
        guard !isLink else { throw Refusal(reason: "it installs from a URL instead of the package index") }
        let suffixes = [".whl", ".tar.gz", ".zip", ".tar.bz2", ".tgz", ".egg"]
        let isPath =
            text.hasPrefix(".") || text.contains("/") || text.dropFirst().hasPrefix(":\\")
            || suffixes.contains { text.lowercased().hasSuffix($0) }
        guard !isPath else { throw Refusal(reason: "it installs from a file instead of the package index") }
        guard !text.contains("\\") else { throw Refusal(reason: "it has a backslash") }
    }

    private static func optionReason(_ text: String) -> String {
        let option = text.prefix { $0 != " " && $0 != "=" && $0 != "\t" }
        switch option {
        case "-r", "--requirement", "-c", "--constraint": return "it reads another file"
        case "-e", "--editable": return "it installs from a folder or a repository"
        default: return "`\(escaped(String(option), limit: 40))` is an option of pip, and options are not taken"
        }
    }

    private static func extras(_ scanner: inout TextScanner) throws(Refusal) -> [String] {
        guard scanner.take("[") else { return [] }
        var extras: Set<String> = []
        repeat {
            scanner.skipBlanks()
            let extra = scanner.take(while: isNameByte)
            guard isName(extra) else { throw Refusal(reason: "what stands in `[…]` is not a list of extras") }
            extras.insert(normalized(extra))
            scanner.skipBlanks()
        } while scanner.take(",")
        guard scanner.take("]") else { throw Refusal(reason: "what stands in `[…]` is not a list of extras") }
        return extras.sorted()
    }

    private static func specifiers(_ scanner: inout TextScanner) throws(Refusal) -> String {
        let isEnclosed = scanner.take("(")
        var specifiers: [String] = []
        scanner.skipBlanks()
        while let specifier = try specifier(&scanner) {
            specifiers.append(specifier)
            scanner.skipBlanks()
            guard scanner.take(",") else { break }
            scanner.skipBlanks()
        }
        if isEnclosed {
            guard scanner.take(")") else { throw Refusal(reason: "`(` has no `)`") }
            scanner.skipBlanks()
        }
        return specifiers.sorted().joined(separator: ",")
    }

    private static func specifier(_ scanner: inout TextScanner) throws(Refusal) -> String? {
        guard !scanner.take("===") else { throw Refusal(reason: "`===` compares versions as bare text") }
        let comparisons = ["==", "~=", "!=", "<=", ">=", "<", ">"]
        var found: String?
        for comparison in comparisons where scanner.take(comparison) {
            found = comparison
            break
        }
        guard let found else { return nil }
        scanner.skipBlanks()
        let text = scanner.take { $0.isAlphanumeric || ".-_+!*".utf8.contains($0) }
        let isWildcard = text.hasSuffix(".*") && (found == "==" || found == "!=")
        guard let version = PythonVersionText.normalized(isWildcard ? text.dropLast(2) : text[...]) else {
            throw Refusal(reason: "`\(escaped(text, limit: 60))` is not a version as PEP 440 has it")
        }
        return found + version + (isWildcard ? ".*" : "")
    }

    private static func hashes(_ options: Substring) throws(Refusal) -> [String] {
        var scanner = TextScanner(options)
        var hashes: Set<String> = []
        while scanner.take("--") {
            let option = scanner.take { $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: " ") }
            guard option == "hash" else { throw Refusal(reason: optionReason("--\(option)")) }
            guard scanner.take("=sha256:") else { throw Refusal(reason: "its hash is not one of SHA-256") }
            let digits = scanner.take(while: \.isAlphanumeric).lowercased()
            guard digits.utf8.count == 64, digits.utf8.allSatisfy({ $0.isDigit || $0 <= UInt8(ascii: "f") }) else {
                throw Refusal(reason: "its hash is not 64 hexadecimal digits")
            }
            hashes.insert(digits)
            scanner.skipBlanks()
        }
        guard scanner.isAtEnd else { throw Refusal(reason: optionReason(scanner.text)) }
        return hashes.sorted()
    }
}
