import JSONText

/// How often each term occurs in a text.
struct Tokens: Operator {
    static let name = "tokens"
    let outputs: Range<Slot>
    private let place: Int
    private let column: String
    private let tokenizer: Tokenizer
    let isBinary: Bool

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        (place, column) = try fields.textInput()
        outputs = fields.outputs
        let analyzer = try fields.choice("analyzer", TextAnalyzer.self)
        let lowercases = try fields.flag("lowercase")
        let accents = try fields.choice("accents", TextFolding.AccentRule.self)
        let shortest = try fields.integer("shortest", in: 1...Limits.termLength)
        let longest = try fields.integer("longest", in: shortest...Limits.termLength)
        isBinary = try fields.flag("binary")
        let terms: Tokenizer.Terms
        if fields.has("vocabulary") {
            terms = .known(TermIndex(try fields.strings("vocabulary")))
        } else {
            terms = .hashed(count: outputs.count, alternates: try fields.flag("alternating"))
        }
        guard terms.count > 0 else { throw fields.error("it has no terms") }
        try fields.expectOutputs(terms.count)
        tokenizer = Tokenizer(
            folding: TextFolding(lowercases: lowercases, accents: accents),
            analyzer: try Self.analyzer(analyzer, &fields), lengths: shortest...longest, terms: terms)
    }

    private static func analyzer(
        _ analyzer: TextAnalyzer, _ fields: inout OperatorFields
    ) throws(ScoringError) -> Tokenizer.Analyzer {
        switch analyzer {
        case .characters: return .characters
        case .charactersInWords: return .charactersInWords
        case .words:
            let pattern = TokenPattern(
                characters: try fields.choice("characters", TokenPattern.Characters.self),
                isWhole: try fields.flag("whole"),
                minimum: try fields.integer("minimum", in: 1...Limits.termLength))
            let stopWords = fields.has("stopWords") ? TermIndex(try fields.strings("stopWords")) : nil
            return .words(pattern, stopWords: stopWords)
        }
    }

    func run(_ block: RowBlock) throws(ScoringError) {
        let rows = block.rows
        let target = block[outputs.lowerBound]
        for index in 0..<(outputs.count * rows) { target[index] = 0 }
        for row in 0..<rows {
            try count(block, row)
            for term in block.texts.counts.met {
                target[term * rows + row] = isBinary ? 1 : Double(block.texts.counts[term])
            }
        }
    }

    /// Counts the terms of a row's text. Throws when it has none, or when it cannot be taken apart.
    func count(_ block: RowBlock, _ row: Int) throws(ScoringError) {
        let row = block.firstRow + row
        guard let range = block.texts.cells.range(row: row, place: place) else {
            throw .rejected(row: row, column: column, "a missing text is not allowed here")
        }
        guard range.count <= Limits.textBytes else {
            throw .rejected(
                row: row, column: column, "the text has \(range.count) bytes; the limit is \(Limits.textBytes)")
        }
        let unknown = block.texts.cells.bytes.withUnsafeBufferPointer {
            tokenizer.count(
                UnsafeBufferPointer(rebasing: $0[range]), &block.texts.pieces, into: &block.texts.counts)
        }
        if let unknown {
            let digits = String(unknown, radix: 16, uppercase: true)
            throw .rejected(
                row: row, column: column,
                "the versions of Python differ in the character U+\(String(repeating: "0", count: max(0, 4 - digits.count)))"
                    + "\(digits) of the text, or do not know it")
        }
    }

    var details: [OperatorSummary.Detail] { [.init(name: "terms", value: outputs.count)] }
}

/// What terms are made of.
public enum TextAnalyzer: String, Sendable, CaseIterable {
    /// Words.
    case words
    /// Characters of the whole text.
    case characters
    /// Characters of one word, with a space before and after it.
    case charactersInWords
}

/// How texts are taken apart, as scikit-learn's `CountVectorizer` does.
public struct TermRules: Sendable {
    /// What becomes of accents.
    public enum Accents: String, Sendable {
        /// They stay.
        case keep
        /// Decomposed (NFKD), and only ASCII kept.
        case ascii
        /// Decomposed (NFKD), and what combines left out.
        case unicode
    }

    /// What a word is: `pattern` of `CountVectorizer`.
    public struct Words: Sendable, Equatable {
        /// The characters of a word: `word` (`\w`), `visible` (`\S`), `smallLetters` (`[a-z]`), `letters` (`[a-zA-Z]`),
        /// `smallLettersAndDigits` (`[a-z0-9]`) or `lettersAndDigits` (`[a-zA-Z0-9]`).
        public var characters: String
        /// Whether `\b` stands on both sides.
        public var isWhole: Bool
        /// The least number of characters.
        public var minimum: Int

        /// Makes a pattern; the builder checks it.
        public init(characters: String, isWhole: Bool, minimum: Int) {
            self.characters = characters
            self.isWhole = isWhole
            self.minimum = minimum
        }
    }

    /// The most words or characters of a term.
    public static let longestTerm = Limits.termLength

    /// What terms are made of.
    public var analyzer: TextAnalyzer
    /// What a word is; of `words` only.
    public var words: Words
    /// Words that are left out; of `words` only.
    public var stopWords: [String]
    /// Whether the text is made lower case.
    public var lowercases: Bool
    /// What becomes of accents, after that.
    public var accents: Accents
    /// How many words or characters a term has.
    public var lengths: ClosedRange<Int>
    /// Whether a term counts once.
    public var isBinary: Bool

    /// The rules of `CountVectorizer()`.
    public init() {
        analyzer = .words
        words = Words(characters: TokenPattern.Characters.word.rawValue, isWhole: true, minimum: 2)
        stopWords = []
        lowercases = true
        accents = .keep
        lengths = 1...1
        isBinary = false
    }
}

/// Which terms of a text are counted.
public enum CountedTerms: Sendable {
    /// These, in the order of the outputs; they differ in their bytes.
    case known([String])
    /// All, by the remainder of their hash; with `alternates` half of the hashes count -1.
    case hashed(count: Int, alternates: Bool)

    /// The number of outputs.
    public var count: Int {
        switch self {
        case .known(let terms): terms.count
        case .hashed(let count, _): count
        }
    }
}

extension ModelBuilder {
    /// How often each term occurs in the text of a column, as by scikit-learn's `CountVectorizer` and `HashingVectorizer`. Rows without a
    /// text are refused.
    ///
    /// - Parameter column: the slot of a column of texts, which are kept from now on.
    /// - Returns: one slot per term.
    public mutating func tokens(
        _ column: Slot, rules: TermRules, terms: CountedTerms
    ) throws(ScoringError) -> [Slot] {
        try keepText(of: column)
        guard terms.count <= Limits.slots - slotCount else {
            throw ScoringError(.unsound, "`tokens` has \(terms.count) terms; a row has at most \(Limits.slots) slots")
        }
        var parameters: JSONObject = [
            "analyzer": .string(rules.analyzer.rawValue), "lowercase": .bool(rules.lowercases),
            "accents": .string(rules.accents.rawValue), "shortest": .int(rules.lengths.lowerBound),
            "longest": .int(rules.lengths.upperBound), "binary": .bool(rules.isBinary),
        ]
        switch terms {
        case .known(let vocabulary): parameters["vocabulary"] = addStrings(vocabulary)
        case .hashed(_, let alternates): parameters["alternating"] = .bool(alternates)
        }
        if rules.analyzer == .words {
            parameters["characters"] = .string(rules.words.characters)
            parameters["whole"] = .bool(rules.words.isWhole)
            parameters["minimum"] = .int(rules.words.minimum)
            if !rules.stopWords.isEmpty { parameters["stopWords"] = addStrings(rules.stopWords) }
        }
        return try add(
            Tokens.name, inputs: [column], outputCount: terms.count, parameters, origin: .first)
    }
}
