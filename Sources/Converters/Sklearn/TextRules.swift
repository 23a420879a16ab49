import Pickle
import Scoring

/// The parameters of a vectorizer that say how a text becomes terms.
///
/// Rules from `_VectorizerMixin` of `sklearn/feature_extraction/text.py`, 1.1.3 to 1.9.1: they are the same in all of them.
struct TextRules {
    private(set) var rules = TermRules()
    /// The words that are left out, whether or not the vocabulary has them.
    private var stopWords: [String] = []

    init(_ estimator: Estimator) throws {
        for name in ["preprocessor", "tokenizer"] where !estimator.isNone(name) {
            throw estimator.callsCode(name)
        }
        let input = try estimator.text("input")
        guard input == "content" else {
            throw estimator.refuse("it reads files", parameter: "input", value: input)
        }
        rules.lowercases = try estimator.bool("lowercase")
        rules.isBinary = try estimator.bool("binary")
        rules.accents = try TextRules.accents(estimator)
        rules.analyzer = try TextRules.analyzer(estimator)
        rules.lengths = try TextRules.lengths(estimator)
        guard rules.analyzer == .words else { return }
        rules.words = try TextRules.words(estimator)
        stopWords = try TextRules.stopWords(estimator)
    }

    /// The rules for a vocabulary, or for all terms: words that no term of it has need not be left out when terms are single words.
    func rules(for vocabulary: [String]?) -> TermRules {
        var result = rules
        if let vocabulary, rules.lengths == 1...1 {
            let terms = Set(vocabulary.map { Array($0.utf8) })
            result.stopWords = stopWords.filter { terms.contains(Array($0.utf8)) }
        } else {
            result.stopWords = stopWords
        }
        return result
    }

    private static func accents(_ estimator: Estimator) throws -> TermRules.Accents {
        if estimator.isNone("strip_accents") { return .keep }
        let word = estimator["strip_accents"].flatMap { estimator.graph.text($0) }
        guard let word, let rule = TermRules.Accents(rawValue: word), rule != .keep else {
            throw estimator.callsCode("strip_accents")
        }
        return rule
    }

    private static func analyzer(_ estimator: Estimator) throws -> TextAnalyzer {
        let word = estimator["analyzer"].flatMap { estimator.graph.text($0) }
        switch word {
        case "word": return .words
        case "char": return .characters
        case "char_wb": return .charactersInWords
        default: throw estimator.callsCode("analyzer")
        }
    }

    private static func lengths(_ estimator: Estimator) throws -> ClosedRange<Int> {
        let numbers = (estimator.graph.elements(try estimator.required("ngram_range")) ?? []).map { item -> Int? in
            guard case .number(let number) = PickledScalar(item, estimator.graph) else { return nil }
            return Int(exactly: number)
        }
        guard numbers.count == 2, let least = numbers[0], let most = numbers[1], least >= 1, least <= most else {
            throw estimator.unexpected("ngram_range", "two whole numbers from 1, the second not below the first")
        }
        guard most <= TermRules.longestTerm else {
            throw estimator.refuse(
                "its terms have up to \(most) parts; the limit is \(TermRules.longestTerm)", parameter: "ngram_range")
        }
        return least...most
    }

    private static func stopWords(_ estimator: Estimator) throws -> [String] {
        if estimator.isNone("stop_words") { return [] }
        let value = try estimator.required("stop_words")
        if let word = estimator.graph.text(value) {
            guard word == "english" else {
                throw estimator.refuse("it is not a list that is known", parameter: "stop_words", value: word)
            }
            return EnglishStopWords.all
        }
        var seen: Set<[UInt8]> = []
        var words: [String] = []
        for item in try estimator.list("stop_words") {
            guard case .text(let word) = PickledScalar(item, estimator.graph) else {
                throw estimator.unexpected("stop_words", "a list of texts")
            }
            if seen.insert(Array(word.utf8)).inserted { words.append(word) }
        }
        // A set is pickled in an order that differs from run to run.
        return words.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    // MARK: Token patterns

    private static let classes: [(pattern: String, characters: String)] = [
        (#"\w"#, "word"), (#"\S"#, "visible"), (#"[^\s]"#, "visible"), ("[a-z]", "smallLetters"),
        ("[a-zA-Z]", "letters"), ("[A-Za-z]", "letters"), ("[a-z0-9]", "smallLettersAndDigits"),
        ("[a-zA-Z0-9]", "lettersAndDigits"), ("[A-Za-z0-9]", "lettersAndDigits"),
    ]

    /// Reads a regular expression that is one class of characters, repeated.
    ///
    /// Supported: `(?u)` or nothing, `\b` or nothing, a class of `classes` once or more, the last with `+` or `{n,}`, and `\b` when there
    /// was one before. Everything else is refused.
    private static func words(_ estimator: Estimator) throws -> TermRules.Words {
        let pattern = try estimator.text("token_pattern")
        var rest = Substring(pattern)
        if rest.hasPrefix("(?u)") { rest = rest.dropFirst(4) }
        let isWhole = rest.hasPrefix(#"\b"#) && rest.hasSuffix(#"\b"#) && rest.count > 4
        if isWhole { rest = rest.dropFirst(2).dropLast(2) }
        for (word, characters) in classes where rest.hasPrefix(word) {
            var rest = rest
            var count = 0
            while rest.hasPrefix(word) {
                rest = rest.dropFirst(word.count)
                count += 1
            }
            if rest.hasPrefix("{"), rest.hasSuffix(",}"), let number = Int(rest.dropFirst().dropLast(2)), number >= 1,
                number <= TermRules.longestTerm
            {
                count += number - 1
            } else if rest != "+" {
                break
            }
            // Between \S and what is beside it there may be a \b or none.
            guard !isWhole || characters != "visible", count <= TermRules.longestTerm else { break }
            return TermRules.Words(characters: characters, isWhole: isWhole, minimum: count)
        }
        throw estimator.refuse(
            "it is not one of the regular expressions that are converted", parameter: "token_pattern", value: pattern,
            help: #"use the default, `(?u)\b\w\w+\b`, or `\b\w+\b` or `[a-zA-Z]+`"#)
    }
}

extension Estimator {
    /// Refuses a parameter that is a function. Of a name that no model may hold the survey of names says why.
    fileprivate func callsCode(_ parameter: String) -> Refused {
        if let global = self[parameter].flatMap({ graph.global($0) }),
            ConverterCatalog.names.verdict(on: global) != .allowed
        {
            return Refused([])
        }
        return refuse(
            "it calls Python code", parameter: parameter, help: "do without it, or let Python serve the model")
    }
}
