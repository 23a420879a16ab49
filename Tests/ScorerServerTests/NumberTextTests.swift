import TestKit
import Testing

@testable import ScorerServer

@Suite("Numbers in texts")
struct NumberTextTests {
    private func number(_ text: String, _ extras: NumberText.Extras = []) -> NumberText? {
        Array(text.utf8).withUnsafeBytes { NumberText($0, allowing: extras) }
    }

    @Test(
        "what Python's float() reads is that value",
        arguments: [
            ("2", 2.0), ("-1.5", -1.5), ("+3", 3), ("1e3", 1000), ("1E-3", 0.001), (".5", 0.5), ("5.", 5), ("007", 7),
            ("-0", -0.0), ("inf", .infinity), ("-Infinity", -.infinity), ("1e-400", 0), ("9007199254740993", 0x1p53),
        ])
    func floats(text: String, value: Double) { #expect(number(text)?.double?.bitPattern == value.bitPattern) }

    @Test(
        "other texts are none",
        arguments: [
            "", " ", "-", ".", "e5", "1e", "0x10", "1.5.2", "abc", "1_000", " 1", "1 ", "1,5", "+-1", "nan(1)",
            "infinit", "１",
        ])
    func noNumbers(text: String) { #expect(number(text) == nil) }

    @Test("an integer keeps its last digit; one with a point, an exponent or too many digits is none")
    func integers() {
        #expect(number("9007199254740993")?.int64 == 9_007_199_254_740_993)
        #expect(number("-9223372036854775808")?.int64 == .min)
        for text in ["9223372036854775808", "2.0", "1e3", "nan"] { #expect(number(text)?.int64 == nil, "\(text)") }
    }

    @Test("digits beyond a binary64 are no number, and not infinity")
    func overflow() { #expect(number("1e400").map { $0.double == nil } == true) }

    @Test("spaces and underscores are read where they are allowed, as Python reads them")
    func extras() {
        #expect(number(" \t1_000.5_0\n", [.spaces, .underscores])?.double == 1000.5)
        for text in ["_1", "1_", "1__0", "1_.5", "1 0"] {
            #expect(number(text, [.spaces, .underscores]) == nil, "\(text)")
        }
    }
}
