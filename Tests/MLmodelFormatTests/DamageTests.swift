import Bytes
import JSONText
import Testing

@testable import MLmodelFormat

/// Damaged files: whatever comes, an answer or an `MLmodelError`, and never a trap.
@Suite struct DamageTests {
    private struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    /// `text` with up to four bytes changed, removed, doubled or cut off.
    private func damaged(_ text: [UInt8], _ generator: inout Generator) -> [UInt8] {
        var bytes = text
        for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &generator)
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
            case 1: bytes.remove(at: index)
            case 2: bytes.insert(bytes[index], at: index)
            case 3: bytes[index] = Array("{}[]\"':,&*!#-\\\n \u{7f}0".utf8).randomElement(using: &generator) ?? 0
            default: bytes.removeSubrange(min(index + 40, bytes.count)...)
            }
        }
        return bytes
    }

    @Test("damaged files are read or refused", arguments: Fixtures.versions)
    func damage(version: String) throws {
        var generator = Generator(state: UInt64(version.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) }))
        let info = InputExampleInfo(type: "dataframe")
        for name in ["types", "frame", "bare"] {
            for (file, text) in try Fixtures.model(version, name).files.members {
                let original = Array(text.stringValue?.utf8 ?? "".utf8)
                for round in 0..<60 {
                    let region = ByteRegion(damaged(original, &generator))
                    let part = PythonEnvironment.File(name: file, region: region)
                    do {
                        switch file {
                        case "MLmodel": try MLmodel.parse(region, file: file).requireServable()
                        case "requirements.txt":
                            _ = try PythonEnvironment.read(requirements: part, pythonEnv: nil, conda: nil)
                        case "python_env.yaml":
                            _ = try PythonEnvironment.read(requirements: nil, pythonEnv: part, conda: nil)
                        case "conda.yaml":
                            _ = try PythonEnvironment.read(requirements: nil, pythonEnv: nil, conda: part)
                        default: _ = try InputExample.parse(info, region, file: file).inferredSchema()
                        }
                    } catch {
                        #expect(error.file == file && !error.reason.isEmpty, "\(file) of \(name), round \(round)")
                    }
                }
            }
        }
    }
}
