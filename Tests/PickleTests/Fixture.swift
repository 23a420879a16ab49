import Bytes
import Glibc

@testable import Pickle

/// Reads a file of `Tests/Fixtures/pickle`.
func fixture(_ name: String) -> [UInt8] {
    let here = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
    let path = "/\(here)/Fixtures/pickle/\(name)"
    guard let file = fopen(path, "rb") else { fatalError("cannot read the fixture \(path)") }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
    return bytes
}

/// The lines of a text fixture.
func lines(_ name: String) -> [String] {
    String(decoding: fixture(name), as: UTF8.self).split(separator: "\n").map(String.init)
}

func read(_ bytes: [UInt8]) throws(PickleError) -> PickleGraph {
    try PickleMachine.read(ByteRegion(bytes), file: "model.pkl")
}

/// Reads opcodes written as a string with `\n` and raw bytes.
func read(_ text: String) throws(PickleError) -> PickleGraph {
    try read(text.unicodeScalars.map { UInt8($0.value) })
}

/// A generator that gives the same numbers for the same seed on every machine (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
