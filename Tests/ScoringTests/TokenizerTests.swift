import Bytes
import JSONText
import Platform
import TestKit
import Testing

@testable import Scoring

/// How texts are taken apart, against Python and scikit-learn (`Tests/Fixtures/unicode`).
@Suite struct TokenizerTests {
    @Test(
        "what is known of every code point is what Python 3.8 to 3.13 say of it: its class, lower case and letters without accents"
    )
    func everyCodePoint() throws {
        var crc: UInt32 = 0
        var count = 0
        var letters: [UInt32] = []
        for code in (UInt32(0)..<0x11_0000) where !(0xD800..<0xE000).contains(code) {
            let traits = CodePoints.shared[code]
            if traits.contains(.unknown) { continue }
            count += 1
            letters.removeAll(keepingCapacity: true)
            Accents.shared.strip(code, into: &letters)
            var numbers = [code, UInt32(traits.rawValue & 15)]
            switch code {
            case CodePoints.sigma: numbers.append(code)
            case CodePoints.dottedI: numbers += [0x69, 0x307]
            default:
                numbers.append(traits.contains(.upper) ? CodePoints.shared.lower(code) : code)
                #expect(traits.contains(.upper) == (CodePoints.shared.lower(code) != code))
            }
            numbers += [UInt32(letters.count)] + letters
            crc = numbers.withUnsafeBytes { Checksum32.crc32($0, seed: crc) }
        }
        let recorded = String(
            decoding: try readFile(Checkout.fixture("unicode/digest.txt"), limit: 100), as: UTF8.self)
        #expect("\(count) code points, CRC-32 \(String(crc, radix: 16))\n" == recorded)
    }

    @Test("800 texts of all scripts become the terms that scikit-learn makes of them, under 14 sets of rules")
    func terms() throws {
        let file = try readFile(Checkout.fixture("unicode/terms.json"), limit: 1 << 20)
        let recorded = try JSONText.parse(ByteRegion(file))
        let texts = try #require(recorded["texts"]?.arrayValue).map { try #require($0.stringValue) }
        let tokenizers = try #require(recorded["rules"]?.arrayValue).map { try Self.tokenizer($0) }
        let cases = try #require(recorded["cases"]?.arrayValue).map {
            try #require($0.arrayValue).map { try #require($0.intValue) }
        }
        #expect(cases.count == 3 * texts.count)
        var pieces = TextPieces()
        for item in cases {
            var (count, sum) = (0, UInt32(0))
            let unknown = Array(texts[item[0]].utf8).withUnsafeBufferPointer {
                tokenizers[item[1]].eachTerm(of: $0, &pieces) {
                    count += 1
                    sum &+= MurmurHash3.hash($0)
                }
            }
            #expect(
                unknown == nil && count == item[2] && sum == UInt32(item[3]),
                "\(texts[item[0]].debugDescription), rules \(item[1])")
        }
    }

    private static func tokenizer(_ rules: JSONValue) throws -> Tokenizer {
        let patterns: [String: TokenPattern] = [
            #"(?u)\b\w\w+\b"#: TokenPattern(characters: .word, isWhole: true, minimum: 2),
            #"\w+"#: TokenPattern(characters: .word, isWhole: false, minimum: 1),
            #"(?u)\b\w+\b"#: TokenPattern(characters: .word, isWhole: true, minimum: 1),
            #"\S+"#: TokenPattern(characters: .visible, isWhole: false, minimum: 1),
            "[a-zA-Z]+": TokenPattern(characters: .letters, isWhole: false, minimum: 1),
            #"\b[a-z]{2,}\b"#: TokenPattern(characters: .smallLetters, isWhole: true, minimum: 2),
            #"(?u)\b[a-zA-Z0-9][a-zA-Z0-9]+\b"#: TokenPattern(
                characters: .lettersAndDigits, isWhole: true, minimum: 2),
            "[a-z0-9]{3,}": TokenPattern(characters: .smallLettersAndDigits, isWhole: false, minimum: 3),
        ]
        let pattern = patterns[rules["token_pattern"]?.stringValue ?? #"(?u)\b\w\w+\b"#]
        let lengths = rules["ngram_range"]?.arrayValue?.compactMap(\.intValue) ?? [1, 1]
        let analyzer: Tokenizer.Analyzer =
            switch rules["analyzer"]?.stringValue {
            case "char": .characters
            case "char_wb": .charactersInWords
            default: .words(try #require(pattern), stopWords: try stopWords(rules["stop_words"]))
            }
        return Tokenizer(
            folding: TextFolding(
                lowercases: rules["lowercase"] == nil,
                accents: rules["strip_accents"]?.stringValue.flatMap(TextFolding.AccentRule.init(rawValue:)) ?? .keep),
            analyzer: analyzer, lengths: lengths[0]...lengths[1], terms: .hashed(count: 1, alternates: false))
    }

    private static func stopWords(_ list: JSONValue?) throws -> TermIndex? {
        guard let words = list?.arrayValue?.compactMap(\.stringValue) else { return nil }
        let bytes = StringTable.encode(words)
        let section = Section(kind: .strings, region: ByteRegion(bytes), range: 0..<bytes.count)
        return TermIndex(try StringTable(section, number: 1))
    }

    @Test(
        "MurmurHash3 has the values of scikit-learn's",
        arguments: [
            ("", 0), ("a", 1_009_084_850), ("ab", 2_613_040_991), ("abc", 3_017_643_002), ("foobar", 2_764_362_941),
            ("größe", 3_822_294_591), ("日本語 と", 2_965_665_781),
        ] as [(String, UInt32)])
    func hash(_ text: String, _ hash: UInt32) {
        #expect(Array(text.utf8).withUnsafeBytes { MurmurHash3.hash($0) } == hash)
    }
}
