import Diagnostics
import Testing

@Test("a diagnostic reads as summary, place, details and hints")
func wholeText() {
    let diagnostic = Diagnostic(
        "cannot convert `model.pkl`: it calls `os.system`, which is not a known model type",
        place: Place(file: "churn/model.pkl", byteOffset: 18204, note: "opcode REDUCE"),
        details: ["steps[0]: no", "steps[1]: neither\nfor two reasons"],
        hints: ["build with `--runtime python`", "or not\nat all"])
    #expect(
        Rendering.text(diagnostic, colour: false) == """
            error: cannot convert `model.pkl`: it calls `os.system`, which is not a known model type
              --> churn/model.pkl at byte 18,204 (opcode REDUCE)
              - steps[0]: no
              - steps[1]: neither
                for two reasons
            hint: build with `--runtime python`
            hint: or not
                  at all

            """)
}

@Test("a source line is shown with a caret under its column")
func caret() {
    let place = Place(file: "MLmodel", line: 12, column: 5, sourceLine: "\tü: [1")
    #expect(
        Rendering.text(Diagnostic("cannot read `MLmodel`: no end", place: place), colour: false) == """
            error: cannot read `MLmodel`: no end
              --> MLmodel:12:5
             12 |  ü: [1
                |     ^

            """)
}

@Test("a long source line is shown as a window around its column")
func window() {
    let place = Place(
        file: "a", line: 1, column: 300, sourceLine: String(repeating: "x", count: 298) + "yz!" + "   tail")
    let text = Rendering.text(Diagnostic("cannot", place: place), colour: false)
    let lines = text.split(separator: "\n")
    #expect(lines.count == 4)
    let caret = Array(lines[3]).firstIndex(of: "^")
    #expect(caret.map { Array(lines[2])[$0] } == "z")
    #expect(lines.allSatisfy { $0.count < 180 })
}

struct PlaceRow: Sendable, CustomTestStringConvertible {
    let place: Place
    let words: String
    var testDescription: String { words }
}

@Test(
    "a place shows what is known of it, and of a URL no secret",
    arguments: [
        PlaceRow(place: Place(), words: ""),
        PlaceRow(place: Place(line: 3), words: "line 3"),
        PlaceRow(place: Place(line: 3, column: 7), words: "line 3, column 7"),
        PlaceRow(place: Place(file: "a/b", line: 3, column: 7), words: "a/b:3:7"),
        PlaceRow(place: Place(file: "a/b", line: 3, byteOffset: 1_234_567), words: "a/b:3 at byte 1,234,567"),
        PlaceRow(place: Place(byteOffset: 0), words: "at byte 0"),
        PlaceRow(place: Place(note: "here"), words: "here"),
        PlaceRow(place: Place(file: "what?", note: "a path"), words: "what? (a path)"),
        PlaceRow(
            place: Place(file: "https://me:secret@host:8080/get/a?sig=secret#secret"), words: "https://host:8080/get/a"),
        PlaceRow(place: Place(file: "https://host?token=secret"), words: "https://host"),
        PlaceRow(place: Place(file: "s3://bucket/user@name/x"), words: "s3://bucket/user@name/x"),
        PlaceRow(place: Place(file: "models:/churn/3"), words: "models:/churn/3"),
    ])
func placeWords(_ row: PlaceRow) {
    #expect(row.place.description == row.words)
}

@Test("words from a model cannot steer a terminal, wherever they appear")
func controlCharacters() {
    let evil = "a\u{1b}[2Jb\u{202e}c"
    let diagnostic = Diagnostic(
        evil, place: Place(file: evil, line: 1, column: 1, note: evil, sourceLine: evil), details: [evil], hints: [evil]
    )
    let text = Rendering.text(diagnostic, colour: false)
    #expect(!text.unicodeScalars.contains { $0 == "\u{1b}" || $0 == "\u{202e}" })
    #expect(text.hasPrefix("error: a\\u{1b}[2Jb\\u{202e}c\n"))
}

@Test("colours only wrap words and never carry the meaning alone")
func colours() {
    let text = Rendering.text(Diagnostic("cannot", severity: .warning, hints: ["do"]), colour: true)
    #expect(text == "\u{1b}[1;33mwarning:\u{1b}[0m \u{1b}[1mcannot\u{1b}[0m\n\u{1b}[1;36mhint:\u{1b}[0m do\n")
}

@Test("any error becomes a diagnostic; a known one its own")
func wrapping() {
    struct Odd: Error, CustomStringConvertible { let description = "odd\u{7}" }
    let known = Diagnostic("cannot", hints: ["x"], status: .misuse)
    #expect(Diagnostic.wrapping(known) == known)
    #expect(Diagnostic.wrapping(Odd()).summary == "unexpected error: odd\\u{7}")
    #expect(Diagnostic.wrapping(Odd()).status == .failed)
}
