import Pickle
import Scoring

/// `CountVectorizer` and `TfidfVectorizer`: the terms of a text, counted, and weighted.
///
/// Rules from `sklearn/feature_extraction/text.py`, 1.1.3 to 1.9.1.
struct VectorizerConverter: Converter {
    static let classNames = ["CountVectorizer", "TfidfVectorizer"].map { "sklearn.feature_extraction.text.\($0)" }

    let estimator: Estimator
    let takesTexts = true
    private let rules: TermRules
    private let vocabulary: [String]
    private let countType: ElementType
    private let weights: TfidfTransformerConverter?

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        vocabulary = try VectorizerConverter.vocabulary(estimator)
        rules = try TextRules(estimator).rules(for: vocabulary)
        countType = try estimator.elementType("dtype")
        if estimator.shortName == "TfidfVectorizer" {
            let part = try estimator.part(try estimator.required("_tfidf"), at: "_tfidf")
            guard part.shortName == "TfidfTransformer" else {
                throw estimator.unexpected("_tfidf", "a TfidfTransformer")
            }
            weights = try TfidfTransformerConverter(part)
        } else {
            weights = nil
        }
    }

    /// The terms in the order of their columns.
    private static func vocabulary(_ estimator: Estimator) throws -> [String] {
        guard let entries = estimator.graph.entries(try estimator.required("vocabulary_")), !entries.isEmpty else {
            throw estimator.unexpected("vocabulary_", "a dict of terms")
        }
        try estimator.budget.take(entries.count, itemSize: 64)
        var terms = [String?](repeating: nil, count: entries.count)
        var seen: Set<[UInt8]> = []
        for (key, value) in entries {
            guard case .text(let term) = PickledScalar(key, estimator.graph),
                case .number(let number) = PickledScalar(value, estimator.graph), let column = Int(exactly: number),
                terms.indices.contains(column), terms[column] == nil, seen.insert(Array(term.utf8)).inserted
            else { throw estimator.unexpected("vocabulary_", "a dict of terms, each with a column of its own") }
            terms[column] = term
        }
        return terms.compactMap(\.self)
    }

    func transform(_ table: Table, into program: inout Program) throws -> Table {
        var counts = try estimator.counts(table, rules, .known(vocabulary), countType, into: &program)
        counts.isTermCounts = true
        return try weights?.weighted(counts, into: &program) ?? counts
    }
}

/// `HashingVectorizer`: the terms of a text, counted by their hashes.
///
/// Rules from `sklearn/feature_extraction/text.py` and `_hashing_fast.pyx`, 1.1.3 to 1.9.1. Where hashes of opposite signs meet, a zero is
/// stored.
struct HashingVectorizerConverter: Converter {
    static let classNames = ["sklearn.feature_extraction.text.HashingVectorizer"]

    let estimator: Estimator
    let takesTexts = true
    private let rules: TermRules
    private let count: Int
    private let alternates: Bool
    private let countType: ElementType
    private let norm: TermNorm

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        rules = try TextRules(estimator).rules(for: nil)
        count = try estimator.int("n_features")
        guard count >= 1, count <= HashingVectorizerConverter.largestCount else {
            throw estimator.refuse(
                "it makes \(count) columns; the limit is \(HashingVectorizerConverter.largestCount)",
                parameter: "n_features", help: "use `n_features=2**18`")
        }
        alternates = try estimator.bool("alternate_sign")
        countType = try estimator.elementType("dtype")
        norm = try TermNorm(of: estimator)
        guard norm == .none || countType == .float64 || countType == .float32 else {
            throw estimator.refuse("it divides whole numbers by their length", parameter: "dtype")
        }
    }

    /// As many as leave room for weights and models in a row's slots.
    private static let largestCount = 1 << 18

    func transform(_ table: Table, into program: inout Program) throws -> Table {
        let hashed = CountedTerms.hashed(count: count, alternates: alternates)
        var counts = try estimator.counts(table, rules, hashed, countType, into: &program)
        if alternates, !rules.isBinary {
            for index in counts.lanes.indices { counts.lanes[index].hasUncertainZeros = true }
        } else {
            counts.isTermCounts = true
        }
        guard norm != .none else { return counts }
        let slots = try program.builder.termWeights(
            counts.slots, isSublinear: false, idf: nil, norm: norm, descends: false,
            width: countType == .float32 ? .float32 : .float64)
        for (index, slot) in slots.enumerated() { counts.lanes[index].slot = slot }
        counts.isTermCounts = false
        return counts
    }
}

extension Estimator {
    /// The counts of terms of the only column of `table`, which is a list of texts.
    fileprivate func counts(
        _ table: Table, _ rules: TermRules, _ terms: CountedTerms, _ type: ElementType, into program: inout Program
    ) throws -> Table {
        guard table.isSeries, let lane = table.lanes.first, table.lanes.count == 1 else {
            throw refuse(
                "it gets a table, whose column names it takes for texts",
                help: "put it into a ColumnTransformer with the name of one column, not a list: "
                    + "`(\"text\", \(shortName)(), \"column\")`")
        }
        guard case .text(let column) = lane.kind, lane.slot == column, !lane.missingIsText else {
            throw refuse("it takes texts, and column `\(lane.name)` does not hold the texts of a request")
        }
        let lanes = try program.builder.tokens(column, rules: rules, terms: terms).map {
            Lane(slot: $0, kind: .number(type), name: lane.name, mayBeMissing: false, isBounded: true)
        }
        return Table(lanes: lanes, form: .array(type), names: nil, isSparse: true)
    }
}
