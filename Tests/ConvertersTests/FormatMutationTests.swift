import Scoring
import TestKit
import Testing

@testable import Converters

/// Ten thousand damaged files for each reader: none crashes or hangs, and whatever converts answers its rows.
@Suite("Damaged model files")
struct FormatMutationTests {
    static let parts = 0..<8
    private static let rounds = 1_250

    /// Replaces, removes, inserts and repeats a few bytes.
    static func damage(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
        for _ in 0..<Int.random(in: 1...4, using: &random) where bytes.count > 1 {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<8, using: &random) {
            case 0: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...8, using: &random)))
            case 1: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
            case 2: bytes[place] = [0, 1, 0x7f, 0x80, 0xff][Int.random(in: 0..<5, using: &random)]
            case 3: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 4:
                let end = min(bytes.count, place + Int.random(in: 1...40, using: &random))
                bytes.insert(contentsOf: Array(bytes[place..<end]), at: Int.random(in: 0...bytes.count, using: &random))
            case 5 where Int.random(in: 0..<4, using: &random) == 0: bytes.removeSubrange(place...)
            default: bytes[place] = UInt8.random(in: 0...255, using: &random)
            }
        }
    }

    private func check(_ bytes: [UInt8], _ file: ModelFile, _ seed: UInt64, _ round: Int) {
        switch file.convert(bytes) {
        case .refused(let refusals):
            let isTold = !refusals.isEmpty && refusals.allSatisfy { !$0.reason.isEmpty }
            #expect(isTold, "seed \(seed), round \(round)")
        case .converted(let model, _):
            // A row may be refused (infinite after the damage); the evaluator's own checks are on in this build.
            _ = try? file.score(model)
        }
    }

    @Test("pickles", arguments: parts)
    func pickles(_ part: Int) throws { try run(["pickle.2", "pickle.4", "cloudpickle"], UInt64(part)) }

    @Test("files of joblib", arguments: parts)
    func joblib(_ part: Int) throws { try run(["joblib", "joblib", "joblib.zlib", "joblib.lz4"], 100 + UInt64(part)) }

    private func run(_ writers: [String], _ seed: UInt64) throws {
        let file = try ModelFile("columns_logistic")
        let originals = try writers.map { try file.bytes($0) }
        var random = SplitMix64(seed: seed)
        for round in 0..<FormatMutationTests.rounds {
            var bytes = originals[round % originals.count]
            FormatMutationTests.damage(&bytes, &random)
            check(bytes, file, seed, round)
        }
    }

    @Test("archives of skops", arguments: parts)
    func skops(_ part: Int) throws {
        let file = try ModelFile("tree_missing")
        let original = try file.bytes("skops")
        let parts = try FormatTests.parts("tree_missing")
        let schema = try #require(parts.firstIndex { $0.name == "schema.json" })
        let seed = 200 + UInt64(part)
        var random = SplitMix64(seed: seed)
        for round in 0..<FormatMutationTests.rounds {
            if round % 4 == 0 {
                var bytes = original
                FormatMutationTests.damage(&bytes, &random)
                check(bytes, file, seed, round)
                continue
            }
            // With sound checksums, so that the damage is met by the reading of nodes and arrays.
            var damaged = parts
            let index = round % 4 == 1 ? Int.random(in: 0..<parts.count, using: &random) : schema
            FormatMutationTests.damage(&damaged[index].bytes, &random)
            check(StoredZip(files: damaged).bytes, file, seed, round)
        }
    }
}
