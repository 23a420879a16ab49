import JSONText
import Scoring

extension ProgramOutline.Column {
    /// Whether the program takes its texts apart.
    var readsWords: Bool { readers.contains("tokens") }
}

/// Texts for columns whose words count.
extension ColumnProbes {
    /// Terms in one text.
    private static let termsPerText = 4
    /// Texts that are made of the program's terms, and texts of the example.
    private static let sentenceLimit = 32

    // What differs between programming languages more than between texts: lower case, white space, accents, digits, symbols.
    private static let odd = [
        "İstanbul ISTANBUL ıI ΣΊΣΥΦΟΣ ΑΣ. Σ ẞ Straße STRASSE ŉ ǅ", "NAÏVE café CAFE\u{301} Ångström ﬁne ½ ² ① Ⅷ ａｂｃ",
        "Привет ПРИВЕТ 日本語 東京 한국어 नमस्ते ภาษา עברית العربية", "don't e-mail user_name _ __ x1 42 3.14 1,000 a b I",
        " \t two  spaces\nand\u{A0}others\u{2003}\u{3000}end ", "🎉 👍🏽 :-) a\u{200D}b \u{200B}zero ... --",
    ]

    /// Texts of the program's terms in several spellings, parts of the example's texts, and odd ones.
    func sentences(_ column: ProgramOutline.Column, _ examples: [JSONValue]) -> [JSONValue] {
        var texts = Self.odd
        let terms = column.terms.evenlySpaced(Self.sentenceLimit * Self.termsPerText)
        for (number, start) in stride(from: 0, to: terms.count, by: Self.termsPerText).enumerated() {
            let chosen = terms[start..<min(start + Self.termsPerText, terms.count)]
            let text = chosen.joined(separator: number % 3 == 1 ? ", " : " ")
            switch number % 4 {
            case 1: texts.append(text.uppercased())
            case 2: texts.append(text + " " + chosen[start] + " " + chosen[start])
            case 3: texts.append("unseen" + text + " " + chosen.reversed().joined(separator: " "))
            default: texts.append(text)
            }
        }
        for (number, text) in examples.compactMap(\.stringValue).evenlySpaced(Self.sentenceLimit).enumerated() {
            texts.append(text)
            let half = String(text.prefix(text.count / 2))
            texts.append(number.isMultiple(of: 2) ? half.uppercased() : half + " " + Self.odd[number % Self.odd.count])
        }
        var seen: Set<[UInt8]> = []
        return texts.filter { seen.insert(Array($0.utf8)).inserted }.map(JSONValue.string)
    }
}
