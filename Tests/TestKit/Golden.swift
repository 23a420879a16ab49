import Glibc
import Platform

/// How `text` differs from the golden file `path` below `Tests/Golden`; nil when it does not.
///
/// With `SKIFF_RECORD=1` in the environment the file is written anew. That is a difference too, so that a recording never passes
/// for a check: run again without it, and review the change.
public func differenceFromGolden(_ path: String, _ text: String) throws -> String? {
    let file = Checkout.golden(path)
    if getenv("SKIFF_RECORD") != nil {
        let slash = file.lastIndex(of: "/") ?? file.startIndex
        _ = try DirectoryAnchor.open(Checkout.root).makeDirectories(
            at: String(file[file.index(file.startIndex, offsetBy: Checkout.root.count + 1)..<slash]))
        try AtomicOutput.writeFile(at: file, existing: .replace, bytes: Array(text.utf8))
        return "recorded \(path); review it and run again without SKIFF_RECORD"
    }
    let expected = String(decoding: try readFile(file, limit: 16 << 20), as: UTF8.self)
    if text == expected { return nil }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let expectedLines = expected.split(separator: "\n", omittingEmptySubsequences: false)
    let number = zip(lines, expectedLines).prefix { $0 == $1 }.count
    func line(_ lines: [Substring]) -> String { number < lines.count ? "`\(lines[number])`" : "the end" }
    return "\(path), line \(number + 1): expected \(line(expectedLines)), found \(line(lines))"
}
