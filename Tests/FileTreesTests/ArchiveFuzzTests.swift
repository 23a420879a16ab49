import FileTrees
import Glibc
import Platform
import TestKit
import Testing

@Suite("Mutated archives give the tree that bsdtar extracts, or an error")
struct ArchiveFuzzTests {
    /// How many mutants of each archive; `SKIFF_FUZZ` asks for more.
    static let count = getenv("SKIFF_FUZZ").flatMap { Int(String(cString: $0)) } ?? 40
    static let seed = getenv("SKIFF_FUZZ_SEED").flatMap { UInt64(String(cString: $0)) } ?? 20_261_122

    static let commands = [
        "tar --format=gnu -cf OUT model", "tar --format=posix -cf OUT model", "bsdtar --format=pax -czf OUT model",
        "tar --zstd -cf OUT model", "tar -cJf OUT model", "bsdtar --format=zip -cf OUT model",
        "python3 -c \"import tarfile; t = tarfile.open('OUT', 'w'); t.add('model'); t.close()\"",
        "python3 -c \"import shutil; shutil.make_archive('x', 'zip', '.', 'model')\" && mv x.zip OUT",
        "python3 -c \"import zipfile; z = zipfile.ZipFile('OUT', 'w'); z.write('model/MLmodel'); z.write('model/data/b'); z.close()\"",
    ]

    @Test("no crash, no other tree", arguments: commands)
    func mutants(command: String) throws {
        let folder = TemporaryDirectory()
        try folder.write("model/MLmodel", "flavors: {}\n")
        try folder.write("model/data/b", String(repeating: "beta ", count: 50))
        try folder.write("model/data/" + String(repeating: "n", count: 120), "")
        let made = try run("sh", ["-c", command.replacing("OUT", with: "archive")], in: folder.path)
        try #require(made.isSuccess, "\(made.errorText)")
        let whole = try readFile(folder.file("archive"), limit: 1 << 20)
        var random = SplitMix64(seed: Self.seed)
        var read = 0
        for number in 0..<Self.count {
            let mutant = Self.mutant(of: whole, &random)
            let place = TemporaryDirectory()
            let path = try place.write("archive", mutant)
            let tree: FileTree
            do { tree = try Unpacked.archive(path).tree } catch is FileTreeError { continue }
            read += 1
            try place.write("out/.keep", "")
            let other = try run("bsdtar", ["-xf", path, "-C", place.file("out")], environment: ["LC_ALL": "C.UTF-8"])
            let expected = try DirectoryReader.read(place.file("out")).filter { $0 != ".keep" }
            #expect(
                other.isSuccess && tree == expected,
                "seed \(Self.seed), mutant \(number): \(tree.paths) against \(expected.paths), \(other.errorText)")
        }
        // A mutation often hits bytes that mean nothing: were none read, nothing would have been compared.
        if command.hasPrefix("tar --format") { #expect(read > 0) }
    }

    /// One to four changes: a byte, a run of bytes moved, cut, doubled or zeroed.
    static func mutant(of whole: [UInt8], _ random: inout SplitMix64) -> [UInt8] {
        var bytes = whole
        // Most of a small tar archive is padding, which is all alike.
        let end = min(bytes.count, 6_000)
        for _ in 0..<Int.random(in: 1...4, using: &random) where bytes.count > 16 {
            let position = Int.random(in: 0..<min(end, bytes.count), using: &random)
            let length = min(Int.random(in: 1...64, using: &random), bytes.count - position)
            switch Int.random(in: 0..<8, using: &random) {
            case 0: bytes.removeSubrange(position..<position + length)
            case 1: bytes.insert(contentsOf: bytes[position..<position + length], at: position)
            case 2: for index in position..<position + length { bytes[index] = 0 }
            case 3: bytes.removeLast(min(length, bytes.count - 1))
            case 4: bytes += bytes[position..<position + length]
            default: bytes[position] = UInt8.random(in: 0...255, using: &random)
            }
        }
        return bytes
    }
}
