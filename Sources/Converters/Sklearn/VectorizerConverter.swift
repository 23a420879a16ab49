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
        guard table.isSeries, let lane = table.lanes.first, table.lanes.count == 1 else {
            throw estimator.refuse(
                "it gets a table, whose column names it takes for texts", parameter: "raw_documents",
                help: "put it into a ColumnTransformer with the name of one column, not a list: "
                    + "`(\"text\", \(estimator.shortName)(), \"column\")`")
        }
        guard case .text(let column) = lane.kind, lane.slot == column, !lane.missingIsText else {
            throw estimator.refuse("it takes texts, and column `\(lane.name)` does not hold the texts of a request")
        }
        let slots = try program.builder.tokens(column, rules: rules, vocabulary: vocabulary)
        let lanes = slots.map {
            Lane(slot: $0, kind: .number(countType), name: lane.name, mayBeMissing: false, isBounded: true)
        }
        var counts = Table(lanes: lanes, form: .array(countType), names: nil, isSparse: true)
        counts.isTermCounts = true
        return try weights?.weighted(counts, into: &program) ?? counts
    }
}
