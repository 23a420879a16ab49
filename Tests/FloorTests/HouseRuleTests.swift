import Platform
import Testing

/// Where `files` contain one of `phrases` in code, each as `path:line: phrase`.
private func places(of phrases: [String], in files: [SourceFile]) -> [String] {
    files.flatMap { file in
        file.code.flatMap { number, text in
            phrases.filter { text.contains($0) }.map { "\(file.path):\(number): \($0)" }
        }
    }
}

@Test("nothing that came from outside can trap: no `try!`, `as!` or `fatalError` in products")
func traps() {
    #expect(places(of: ["try!", " as! ", "fatalError("], in: CheckoutFiles.sources) == [])
}

@Test("the executables do not depend on the folder of the checkout: no `withoutActuallyEscaping`, no `#filePath`")
func folders() {
    // The compiler (6.3) writes the length of the file's whole path beside the first one.
    #expect(places(of: ["withoutActuallyEscaping(", "#filePath"], in: CheckoutFiles.sources) == [])
}

@Test("the environment is read in one place")
func environment() {
    let others = CheckoutFiles.sources.filter { $0.target != "Platform" }
    #expect(places(of: ["getenv(", "secure_getenv(", "skiff_environ("], in: others) == [])
}

@Test("every variable that the code names is in the list with its doc")
func variables() {
    let known = Set(EnvironmentVariable.allCases.map(\.rawValue))
    let prefixes = ["SKIFF_", "MLFLOW_", "DATABRICKS_", "AZURE_", "SSL_CERT_"]
    var unknown: Set<String> = []
    for file in CheckoutFiles.sources where !file.path.hasSuffix("/EnvironmentVariable.swift") {
        for (_, text) in file.code {
            let literals = text.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
                .filter { $0.offset % 2 == 1 }.map { String($0.element) }
            for literal in literals where prefixes.contains(where: literal.hasPrefix) {
                let isName = literal.utf8.allSatisfy {
                    UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0
                        || $0 == UInt8(ascii: "_")
                }
                if isName, !known.contains(literal) { unknown.insert("\(file.path): \(literal)") }
            }
        }
    }
    #expect(unknown.sorted() == [])
}

@Test("what changed from release to release of scikit-learn stands in one table, `SklearnChange`")
func versionRules() {
    let others = CheckoutFiles.sources.filter {
        $0.path.hasPrefix("Sources/Converters/Sklearn/") && !$0.path.hasSuffix("/SklearnChange.swift")
            && !$0.path.hasSuffix("/SklearnVersion.swift")
    }
    #expect(places(of: [".release(", "version < ", "version > ", "version >= ", "version <= "], in: others) == [])
}

@Test("no test is skipped")
func skippedTests() {
    let others = CheckoutFiles.tests.filter { !$0.path.hasPrefix("Tests/FloorTests/") }
    #expect(places(of: [".disabled(", "withKnownIssue", "XCTSkip"], in: others) == [])
}

@Test("files stay short: 600 lines in products, 800 in tests")
func lengths() {
    let long =
        CheckoutFiles.sources.filter { $0.lines.count > 600 } + CheckoutFiles.tests.filter { $0.lines.count > 800 }
    #expect(long.map { "\($0.path): \($0.lines.count) lines" } == [])
}

@Test("every `@unchecked Sendable` and `nonisolated(unsafe)` says above it why it is sound")
func reasons() {
    var without: [String] = []
    for file in CheckoutFiles.sources {
        for (number, text) in file.code
        where text.contains("@unchecked Sendable") || text.contains("nonisolated(unsafe)") {
            let above = number >= 2 ? file.lines[number - 2].drop { $0 == " " } : ""
            if !above.hasPrefix("//") && !file.lines[number - 1].contains("//") {
                without.append("\(file.path):\(number)")
            }
        }
    }
    #expect(without == [])
}

@Test("no text of the checkout names a folder of the machine it was written on")
func machinePaths() {
    // Put together here, so that this file does not name it either.
    let folder = "/" + "work/"
    let found = CheckoutFiles.all.flatMap { file in
        file.lines.enumerated().filter { $0.element.contains(folder) }
            .map { "\(file.path):\($0.offset + 1)" }
    }
    #expect(found == [])
}

@Test("no placeholder and no unfinished work is left in products")
func unfinished() {
    let files = CheckoutFiles.sources.filter { $0.path.hasSuffix("/Placeholder.swift") }.map(\.path)
    #expect(files == [])
    let notes = CheckoutFiles.sources.flatMap { file in
        file.lines.enumerated().filter { $0.element.contains("TODO") || $0.element.contains("FIXME") }
            .map { "\(file.path):\($0.offset + 1)" }
    }
    #expect(notes == [])
}

@Test("C modules are a module map and a shim, and nothing else")
func cModules() {
    let files = CheckoutFiles.all.map(\.path).filter { $0.hasPrefix("Sources/C") && !$0.hasSuffix(".swift") }
    let others = files.filter { !$0.hasSuffix("/module.modulemap") && !$0.hasSuffix("/shim.h") }
    #expect(others == [])
}
