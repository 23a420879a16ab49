import Bytes
import TestKit
import Testing

@testable import JSONText

/// The binary64 that the pull reader gives for a literal.
private func read(_ text: String) throws -> Double? {
    var reader = JSONPullReader(ByteRegion(text))
    guard case .number(let range) = try reader.next() else { return nil }
    return reader.double(range)
}

/// What the C library gives: the judge.
private func judged(_ text: String) -> Double? { Double(text).flatMap { $0.isFinite ? $0 : nil } }

@Test(
    "hard numbers are rounded to the nearest, ties to even",
    arguments: [
        "0", "-0.0", "0e999999999", "1e22", "1e23", "8.5e22", "9007199254740993", "9007199254740992.5",
        "9007199254740993e0",
        "9007199254740993.0000000000000000000000000001", "1.7976931348623157e308", "1.7976931348623158e308",
        "1.7976931348623159e308", "1e309", "-1e999999999999999999999", "2.2250738585072014e-308",
        "2.2250738585072011e-308", "4.9406564584124654e-324", "2.4703282292062327e-324", "2.4703282292062328e-324",
        "1e-400", "1e-99999999999999999999", "123456789012345678901234567890", "0.000000000000000000000000000001234567",
        "0.1", "0.2", "0.3", "3.14159265358979323846264338327950288",
        "1.00000000000000011102230246251565404236316680908203125",
        "1.00000000000000011102230246251565404236316680908203124",
        "1.00000000000000011102230246251565404236316680908203126",
        "6929495644600919.5", "3.7455744005952583e15", "10000000000000000000", "18446744073709551615",
        "18446744073709551616",
        "7.2057594037927933e16", "5e-20", "6250000000000000000000e-3", "1e65", "1e66", "1e-65", "1e-66", "9e64",
        "1844674407370955161e-66",
    ])
func hardNumbers(_ text: String) throws {
    #expect(try read(text)?.bitPattern == judged(text)?.bitPattern)
    #expect(JSONNumber(text: text)?.double?.bitPattern == judged(text)?.bitPattern)
}

@Test("random decimals of 1 to 25 digits agree with the C library")
func randomDecimals() throws {
    var random = SplitMix64(seed: 20_261_122)
    for round in 0..<60_000 {
        let count = Int.random(in: 1...25, using: &random)
        var digits = (0..<count).map { _ in Int.random(in: 0...9, using: &random) }
        if count > 1, digits[0] == 0 { digits[0] = 1 }
        var text = digits.map(String.init).joined()
        if Bool.random(using: &random), count > 1 {
            let point = Int.random(in: 1..<count, using: &random)
            text.insert(".", at: text.index(text.startIndex, offsetBy: point))
        }
        if round % 3 == 1 { text += "e\(Int.random(in: -90...90, using: &random))" }
        if round % 3 == 2 { text += "E\(Int.random(in: -345...310, using: &random))" }
        #expect(try read(text)?.bitPattern == judged(text)?.bitPattern, "\(text) (seed \(random.seed))")
    }
}

@Test("decimals next to the middle between two floats agree with the C library")
func halfways() throws {
    var random = SplitMix64(seed: 5)
    for _ in 0..<20_000 {
        // 2^53 + odd and its neighbours, times small powers of two and ten, with up to 19 digits.
        let odd = UInt64(1) << 53 + UInt64.random(in: 0..<1 << 40, using: &random) * 2 + 1
        for offset in [-1, 0, 1] {
            let text = "\(Int64(odd) + Int64(offset))e\(Int.random(in: -30...30, using: &random))"
            #expect(try read(text)?.bitPattern == judged(text)?.bitPattern, "\(text) (seed \(random.seed))")
        }
        let scaled = "\(odd)\(Int.random(in: 4...6, using: &random))e-1"
        #expect(try read(scaled)?.bitPattern == judged(scaled)?.bitPattern, "\(scaled) (seed \(random.seed))")
    }
}

@Test("random floats survive writing and reading")
func roundTrip() throws {
    var random = SplitMix64(seed: 3)
    for _ in 0..<50_000 {
        let value = random.anyDouble()
        #expect(try read(pythonRepr(value))?.bitPattern == value.bitPattern, "\(value) (seed \(random.seed))")
    }
}

@Test("float texts are those of CPython's repr, for every power of two and ten and for random floats")
func pythonFloats() throws {
    var random = SplitMix64(seed: 42)
    var values: [Double] = [0, -0.0, .nan, .infinity, -.infinity, .greatestFiniteMagnitude, .leastNonzeroMagnitude]
    for exponent in -1074...1023 { values.append(Double(sign: .plus, exponent: exponent, significand: 1)) }
    for exponent in -323...308 {
        let power = Double("1e\(exponent)") ?? 0
        values += [power, power.nextUp, power.nextDown, -power * 9.5]
    }
    for _ in 0..<20_000 { values.append(random.anyDouble()) }
    for _ in 0..<20_000 { values.append(Double.random(in: -1...1, using: &random)) }
    for _ in 0..<5_000 { values.append(Double(Float.random(in: -1e6...1e6, using: &random))) }
    for _ in 0..<5_000 { values.append(Double(Int64.random(in: .min ... .max, using: &random))) }
    for _ in 0..<5_000 {
        values.append(Double(Int.random(in: -1_000_000...1_000_000, using: &random)) / 1000)
        values.append(Double(Int.random(in: 999_999_999_999_990...10_000_000_000_000_010, using: &random)))
    }
    var writer = ByteWriter()
    writer.append(values)
    let judge = try python(
        """
        import struct, sys
        data = sys.stdin.buffer.read()
        print("\\n".join(map(repr, struct.unpack("<%dd" % (len(data) // 8), data))))
        """, input: writer.bytes)
    let expected = judge.outputText.split(separator: "\n")
    try #require(expected.count == values.count, "\(judge.errorText)")
    for (value, text) in zip(values, expected) { #expect(pythonRepr(value) == text) }
}

@Test("the table of powers of five is the one that the article's program makes")
func powersOfFive() throws {
    let judge = try python(
        """
        for q in range(-65, 66):
            if q < 0:
                power, z = 5 ** -q, 0
                while (1 << z) < power: z += 1
                b = z + 127 if q >= -27 else 2 * z + 128
                c = 2 ** b // power + 1
                while c >= 1 << 128: c //= 2
            else:
                c = 5 ** q
                while c < 1 << 127: c *= 2
                while c >= 1 << 128: c //= 2
            print(c >> 64, c & (1 << 64) - 1)
        """)
    let expected = judge.outputText.split(whereSeparator: \.isWhitespace).compactMap { UInt64($0) }
    #expect(expected.count == 262)
    #expect(PowersOfFive.words == expected)
}
