import Platform
import TestKit

/// One text file of the checkout.
struct SourceFile: Sendable {
    /// The path from the folder of `Package.swift`.
    let path: String
    let lines: [String]
    /// The lines of code with their numbers: without comments, and without what stands in literals of several lines. Empty for
    /// what is not Swift.
    let code: [(number: Int, text: String)]
    /// The modules that the file imports, each with its line.
    let imports: [(module: String, line: Int)]

    init(path: String, text: String) {
        self.path = path
        var lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map {
            String(Substring($0))
        }
        if lines.last?.isEmpty == true { lines.removeLast() }
        self.lines = lines
        code = path.hasSuffix(".swift") ? Self.code(lines) : []
        imports = Self.imports(code)
    }

    var isSwift: Bool { path.hasSuffix(".swift") }

    /// The target that the file belongs to; nil outside `Sources`, `Tests` and `templates`.
    var target: String? {
        let parts = path.split(separator: "/")
        if parts.first == "templates" { return "Templates" }
        // What `fuzz.sh` compiles is no target of the package.
        if path.hasPrefix("Tests/Fuzz/") { return nil }
        return parts.count > 2 && (parts[0] == "Sources" || parts[0] == "Tests") ? String(parts[1]) : nil
    }

    private static func code(_ lines: [String]) -> [(number: Int, text: String)] {
        var isInLiteral = false
        var result: [(number: Int, text: String)] = []
        for (index, line) in lines.enumerated() {
            let wasInLiteral = isInLiteral
            if line.contains("\"\"\"") { isInLiteral.toggle() }
            if !wasInLiteral { result.append((index + 1, withoutComment(line))) }
        }
        return result
    }

    private static func imports(_ code: [(number: Int, text: String)]) -> [(module: String, line: Int)] {
        code.compactMap { number, text in
            guard text.contains("import ") else { return nil }
            var words = text.split(separator: " ")[...]
            while let first = words.first, first.hasPrefix("@") || modifiers.contains(first) { words.removeFirst() }
            guard words.popFirst() == "import" else { return nil }
            if let kind = words.first, kinds.contains(kind) { words.removeFirst() }
            guard let name = words.first else { return nil }
            return (String(name.prefix { $0 != "." && $0 != ";" }), number)
        }
    }

    private static let modifiers: Set<Substring> = ["public", "package", "internal", "fileprivate", "private"]
    private static let kinds: Set<Substring> = [
        "struct", "class", "enum", "protocol", "typealias", "func", "var", "let", "actor",
    ]

    private static func withoutComment(_ line: String) -> String {
        guard line.contains("//") else { return line }
        let bytes = Array(line.utf8)
        var isInString = false
        var previous: UInt8 = 0
        for (index, byte) in bytes.enumerated() {
            if byte == UInt8(ascii: "\""), previous != UInt8(ascii: "\\") { isInString.toggle() }
            if !isInString, byte == UInt8(ascii: "/"), previous == byte {
                return String(decoding: bytes[..<(index - 1)], as: UTF8.self)
            }
            previous = byte == UInt8(ascii: "\\") && previous == byte ? 0 : byte
        }
        return line
    }
}

/// Everything that belongs to the checkout, and not to a build or to git.
enum CheckoutFiles {
    /// The text files: those that are UTF-8 and hold no zero byte.
    static let all: [SourceFile] = read()

    private static func read() -> [SourceFile] {
        var files: [SourceFile] = []
        do {
            let root = try DirectoryAnchor.open(Checkout.root)
            for name in try root.names() where !isForeign(name) {
                guard let status = try root.status(name) else { continue }
                if status.kind == .file { append(name, status, &files) }
                guard status.kind == .directory else { continue }
                for entry in try DirectoryWalk.entries(below: root.openDirectory(name)) {
                    let path = "\(name)/\(entry.path)"
                    if entry.status.kind == .file, !path.contains("__pycache__/") { append(path, entry.status, &files) }
                }
            }
        } catch {
            // An empty list fails every test below.
            return []
        }
        return files
    }

    private static func isForeign(_ name: String) -> Bool {
        name == ".git" || name.hasPrefix(".build") || name == ".swiftpm"
    }

    private static func append(_ path: String, _ status: FileStatus, _ files: inout [SourceFile]) {
        guard status.size < 4 << 20, let bytes = try? readFile("\(Checkout.root)/\(path)", limit: 4 << 20),
            !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self)
        else { return }
        files.append(SourceFile(path: path, text: text))
    }

    /// The Swift files that make products.
    static var sources: [SourceFile] {
        all.filter { $0.isSwift && ($0.path.hasPrefix("Sources/") || $0.path.hasPrefix("templates/")) }
    }

    /// The Swift files of tests.
    static var tests: [SourceFile] { all.filter { $0.isSwift && $0.path.hasPrefix("Tests/") } }
}
