import Contexts
import TestKit
import Testing

@Suite struct ScorerBinaryTests {
    struct Row: CustomTestStringConvertible, Sendable {
        let bytes: [UInt8]
        let reason: String
        var testDescription: String { reason }
    }

    static let refused = [
        Row(bytes: Array("#!/bin/sh\n".utf8), reason: "it is not an ELF executable"),
        Row(bytes: [], reason: "it is not an ELF executable"),
        Row(
            bytes: Workbench.elf(programType: 3), reason: "it is not static, so it would not start in an empty image"),
        Row(bytes: Workbench.elf(machine: 183), reason: "it is for linux/arm64, and the image is for linux/amd64"),
        Row(bytes: Workbench.elf(machine: 8), reason: "it is for a processor that skiff does not build images for"),
        Row(bytes: Workbench.elf(type: 1), reason: "it is an ELF file but not executable"),
        Row(bytes: Array(Workbench.elf().prefix(100)), reason: "its program headers are out of reach"),
    ]

    @Test("a scorer that would not start in the image is refused with the reason", arguments: refused)
    func refuses(_ row: Row) throws {
        let folder = TemporaryDirectory()
        let path = try folder.write("scorer", row.bytes)
        #expect(
            message { try ScorerBinary.read(path, for: .amd64) } == """
                error: cannot use the scorer `\(path)`: \(row.reason)
                hint: build it with `swift build -c release --product skiff-scorer`

                """)
    }

    @Test("the scorer is looked for beside the tool, then in libexec")
    func find() throws {
        let folder = TemporaryDirectory()
        try folder.write("bin/skiff", "")
        try folder.write("libexec/skiff/skiff-scorer-arm64", Workbench.elf(machine: 183))
        let arm = try ScorerBinary.find(for: .arm64, path: nil, toolFolder: folder.file("bin"))
        #expect(arm.machine == .arm64)
        try folder.write("bin/skiff-scorer", Workbench.elf())
        #expect(try ScorerBinary.find(for: .amd64, path: nil, toolFolder: folder.file("bin")).machine == .amd64)
        #expect(try ScorerBinary.find(for: .arm64, path: nil, toolFolder: folder.file("bin")).machine == .arm64)
    }

    @Test("when there is none, every place is named")
    func none() throws {
        #expect(
            message { try ScorerBinary.find(for: .amd64, path: nil, toolFolder: "/nonexistent/bin") } == """
                error: cannot find `skiff-scorer` for linux/amd64
                  - `/nonexistent/bin/skiff-scorer-amd64`: there is no such file
                  - `/nonexistent/bin/skiff-scorer`: there is no such file
                  - `/nonexistent/bin/../libexec/skiff/skiff-scorer-amd64`: there is no such file
                hint: name the executable with `--scorer PATH`

                """)
    }
}
