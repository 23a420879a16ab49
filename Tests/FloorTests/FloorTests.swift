import TestKit
import Testing

/// The floors: a target imports only from floors below its own.
private let floors: [[String]] = [
    ["CArchive", "CCrypto", "CCurl", "CEvent", "CLinux", "CYAML"],
    ["Diagnostics", "Bytes"],
    ["HTTPTransport", "YAMLText", "Hashing", "Pickle", "JSONText", "Arguments", "Platform"],
    [
        "FileTrees", "MLmodelFormat", "Templates", "OpenAPI", "Scoring", "Boosters", "SQLiteFiles", "Transfers",
        "Credentials",
        "CloudStorage",
    ],
    ["Registry", "Converters", "ScorerServer"],
    ["Contexts"],
    ["Audit"],
    ["SkiffCLI", "ScorerCLI"],
]

private let floorOf = Dictionary(
    uniqueKeysWithValues: floors.enumerated().flatMap { floor, names in names.map { ($0, floor) } })

/// The one target that may import each C module.
private let ownerOf = [
    "CArchive": "FileTrees", "CCrypto": "Hashing", "CCurl": "HTTPTransport", "CEvent": "ScorerServer",
    "CLinux": "Platform", "CYAML": "YAMLText",
]

/// What the static scorer is made of.
private let scorerWorld: Set<String> = [
    "ScorerCLI", "ScorerServer", "CEvent", "OpenAPI", "Scoring", "JSONText", "Arguments", "Platform", "CLinux",
    "Diagnostics",
    "Bytes",
]

/// Modules of the toolchain that any target may import.
private let toolchain: Set<String> = ["Glibc", "Synchronization"]

/// What `files` import against the floors, each as `path:line: reason`.
private func violations(_ files: [SourceFile]) -> [String] {
    var found: [String] = []
    for file in files {
        guard let target = file.target else { continue }
        for (module, line) in file.imports {
            let reason: String? =
                if toolchain.contains(module) {
                    nil
                } else if module == "FoundationEssentials" {
                    scorerWorld.contains(target) ? "the scorer's world has no FoundationEssentials" : nil
                } else if let theirs = floorOf[module] {
                    if let own = floorOf[target], theirs >= own {
                        "\(target) stands on floor \(own), \(module) on floor \(theirs)"
                    } else if let owner = ownerOf[module], owner != target {
                        "only \(owner) imports \(module)"
                    } else {
                        nil
                    }
                } else {
                    "\(module) is neither ours nor allowed"
                }
            if let reason { found.append("\(file.path):\(line): \(reason)") }
        }
    }
    return found
}

@Test("every import goes to a floor below, and every C module has one owner")
func imports() {
    let sources = CheckoutFiles.sources
    #expect(sources.count > 100)
    #expect(violations(sources) == [])
}

@Test("every target stands on a floor, and every floor's target exists")
func completeness() {
    let targets = Set(CheckoutFiles.all.filter { !$0.path.hasPrefix("Tests/") }.compactMap(\.target))
    #expect(targets == Set(floorOf.keys))
    for (module, owner) in ownerOf {
        let importers = Set(
            CheckoutFiles.sources.filter { $0.imports.contains { $0.module == module } }.compactMap(\.target))
        #expect(importers == [owner], "\(module)")
    }
}

@Test("the scorer is made of its own world and nothing else")
func scorer() {
    var importsOf: [String: Set<String>] = [:]
    for file in CheckoutFiles.sources {
        guard let target = file.target else { continue }
        importsOf[target, default: []].formUnion(file.imports.map(\.module).filter { floorOf[$0] != nil })
    }
    var reached: Set<String> = ["ScorerCLI"]
    var open = ["ScorerCLI"]
    while let target = open.popLast() {
        for next in importsOf[target] ?? [] where reached.insert(next).inserted { open.append(next) }
    }
    #expect(reached.subtracting(scorerWorld) == [])
}

@Test("every import of a target is declared in Package.swift")
func declarations() throws {
    let manifest = try #require(CheckoutFiles.all.first { $0.path == "Package.swift" })
    let declared = dependencies(manifest.lines.joined(separator: "\n"))
    #expect(declared.count >= floorOf.count)
    var missing: Set<String> = []
    for file in CheckoutFiles.sources + CheckoutFiles.tests {
        guard let target = file.target else { continue }
        for (module, _) in file.imports where module != target && (floorOf[module] != nil || module == "TestKit") {
            if declared[target]?.contains(module) != true { missing.insert("\(target) imports \(module)") }
        }
    }
    #expect(missing.sorted() == [])
}

/// Target → its dependencies, from the calls `floor…(…)`, `tests(…)`, `.target(…)` and `.executableTarget(…)`: the first string
/// of a call is the target's name, and every further one that names a target is a dependency.
private func dependencies(_ manifest: String) -> [String: Set<String>] {
    let known = Set(floorOf.keys).union(["TestKit"])
    var result: [String: Set<String>] = [:]
    for call in ["floor(", "floorBesideC(", "tests(", ".target(", ".executableTarget("] {
        var rest = manifest[...]
        while let start = rest.firstRange(of: call) {
            rest = rest[start.upperBound...]
            var depth = 1
            let end = rest.firstIndex { character in
                depth += character == "(" ? 1 : character == ")" ? -1 : 0
                return depth == 0
            }
            let strings = rest[..<(end ?? rest.endIndex)].split(separator: "\"", omittingEmptySubsequences: false)
                .enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
            guard let first = strings.first, !first.contains("\\") else { continue }
            let isTest = call == "tests("
            result[isTest ? "\(first)Tests" : first, default: isTest ? ["TestKit"] : []].formUnion(
                strings.dropFirst().filter(known.contains))
        }
    }
    return result
}

@Test("the rules find what breaks them")
func selfTest() {
    let bad = SourceFile(
        path: "Sources/Scoring/X.swift",
        text: """
            import Foundation
              @testable import Registry
            public import Scoring
            // import Audit
            import struct CArchive.archive
            @preconcurrency internal import CEvent; import X
            import FoundationEssentials
            import Glibc
            let text = "import Audit" // import Audit
            """)
    #expect(
        violations([bad]) == [
            "Sources/Scoring/X.swift:1: Foundation is neither ours nor allowed",
            "Sources/Scoring/X.swift:2: Scoring stands on floor 3, Registry on floor 4",
            "Sources/Scoring/X.swift:3: Scoring stands on floor 3, Scoring on floor 3",
            "Sources/Scoring/X.swift:5: only FileTrees imports CArchive",
            "Sources/Scoring/X.swift:6: only ScorerServer imports CEvent",
            "Sources/Scoring/X.swift:7: the scorer's world has no FoundationEssentials",
        ])
    let literal = SourceFile(
        path: "Sources/A/B.swift", text: "let a = \"\"\"\n    import Audit\n    \"\"\"\nimport Bytes\n")
    #expect(literal.imports.map(\.module) == ["Bytes"])
    #expect(
        dependencies("floor(\"A\", [\"Bytes\"])\ntests(\"A\", [\"Platform\"])") == [
            "A": ["Bytes"], "ATests": ["Platform", "TestKit"],
        ])
}
