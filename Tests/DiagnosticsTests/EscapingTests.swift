import Diagnostics
import Testing

@Test(
    "non-printing characters are escaped, everything else stays",
    arguments: [
        ("", ""),
        ("plain `text` \\ with ü 漢 🙂", "plain `text` \\ with ü 漢 🙂"),
        ("\u{0}\t\n\r\u{7f}", "\\u{0}\\u{9}\\u{a}\\u{d}\\u{7f}"),
        ("\u{9b}31m", "\\u{9b}31m"),
        ("\u{200b}\u{200f}\u{2028}\u{2066}\u{feff}", "\\u{200b}\\u{200f}\\u{2028}\\u{2066}\\u{feff}"),
        ("a\u{a0}b\u{3000}c", "a\\u{a0}b\\u{3000}c"),
        ("\u{e000}\u{10ffff}", "\\u{e000}\\u{10ffff}"),
    ])
func escaping(_ text: String, _ expected: String) {
    #expect(escaped(text) == expected)
    #expect(escaped(escaped(text)) == expected)
}

@Test("a long text is cut and says so")
func cutting() {
    #expect(escaped("abcdef", limit: 6) == "abcdef")
    #expect(escaped("abcdefg", limit: 6) == "abcdef…")
    #expect(escaped(String(repeating: "x", count: 500)).count == 201)
    #expect(escaped("x", limit: 0) == "…")
}

@Test("a secret is never shown, however it is printed")
func secrets() {
    struct Holder { let token: Secret? }
    let secret = Secret("hunter2")
    var dumped = ""
    dump(Holder(token: secret), to: &dumped)
    let shown = ["\(secret)", String(reflecting: secret), String(describing: Holder(token: secret)), dumped]
    for text in shown { #expect(!text.contains("hunter2")) }
    #expect("\(secret)" == "[hidden]")
    #expect(secret.revealed == "hunter2")
}

@Test(
    "numbers are grouped by three digits",
    arguments: [
        (0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "-1,234,567"), (.min, "-9,223,372,036,854,775,808"),
    ])
func grouping(_ number: Int, _ text: String) {
    #expect(grouped(number) == text)
}

@Test("the exit statuses are those that scripts rely on")
func statuses() {
    let statuses: [Diagnostics.ExitStatus] = [.done, .wanting, .failed, .misuse, .interrupted, .terminated]
    #expect(statuses.map(\.rawValue) == [0, 1, 2, 64, 130, 143])
}
