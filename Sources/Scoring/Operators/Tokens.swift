import JSONText

/// How often each term of a vocabulary occurs in a text.
struct Tokens: Operator {
    static let name = "tokens"
    let outputs: Range<Slot>
    private let place: Int
    private let column: String
    private let tokenizer: Tokenizer
    private let vocabulary: TermIndex
    private let isBinary: Bool

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        (place, column) = try fields.textInput()
        outputs = fields.outputs
        let analyzer = try fields.choice("analyzer", TextAnalyzer.self)
        let lowercases = try fields.flag("lowercase")
        let accents = try fields.choice("accents", TextFolding.AccentRule.self)
        let shortest = try fields.integer("shortest", in: 1...Limits.termLength)
        let longest = try fields.integer("longest", in: shortest...Limits.termLength)
        isBinary = try fields.flag("binary")
        vocabulary = TermIndex(try fields.strings("vocabulary"))
        try fields.expectOutputs(vocabulary.table.count)
        tokenizer = Tokenizer(
            folding: TextFolding(lowercases: lowercases, accents: accents),
            analyzer: try Self.analyzer(analyzer, &fields), lengths: shortest...longest)
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
            for term in block.texts.counts.met { target[term * rows + row] = value(term, block) }
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
                UnsafeBufferPointer(rebasing: $0[range]), in: vocabulary, &block.texts.pieces,
                into: &block.texts.counts)
        }
        if let unknown {
            let digits = String(unknown, radix: 16, uppercase: true)
            throw .rejected(
                row: row, column: column,
                "the versions of Python differ in the character U+\(String(repeating: "0", count: max(0, 4 - digits.count)))"
                    + "\(digits) of the text, or do not know it")
        }
    }

    /// The output of a term that was met.
    func value(_ term: Int, _ block: RowBlock) -> Double { isBinary ? 1 : Double(block.texts.counts[term]) }

    var details: [OperatorSummary.Detail] { [.init(name: "terms", value: vocabulary.table.count)] }
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

extension ModelBuilder {
    /// How often each term occurs in the text of a column, as by scikit-learn's `CountVectorizer`. Rows without a text are refused.
    ///
    /// - Parameters:
    ///   - column: the slot of a column of texts, which are kept from now on.
    ///   - vocabulary: the terms, in the order of the outputs; they differ in their bytes.
    /// - Returns: one slot per term.
    public mutating func tokens(
        _ column: Slot, rules: TermRules, vocabulary: [String]
    ) throws(ScoringError) -> [Slot] {
        try keepText(of: column)
        var parameters: JSONObject = [
            "analyzer": .string(rules.analyzer.rawValue), "lowercase": .bool(rules.lowercases),
            "accents": .string(rules.accents.rawValue), "shortest": .int(rules.lengths.lowerBound),
            "longest": .int(rules.lengths.upperBound), "binary": .bool(rules.isBinary),
            "vocabulary": addStrings(vocabulary),
        ]
        if rules.analyzer == .words {
            parameters["characters"] = .string(rules.words.characters)
            parameters["whole"] = .bool(rules.words.isWhole)
            parameters["minimum"] = .int(rules.words.minimum)
            if !rules.stopWords.isEmpty { parameters["stopWords"] = addStrings(rules.stopWords) }
        }
        return try add(
            Tokens.name, inputs: [column], outputCount: vocabulary.count, parameters, origin: .first)
    }
}
