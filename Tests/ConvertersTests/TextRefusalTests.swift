import Bytes
import Converters
import MLmodelFormat
import Platform
import TestKit
import Testing

/// Vectorizers that cannot be reproduced (`Tests/Fixtures/texts/make.py`, scikit-learn 1.7.2).
@Suite("Refusals of texts")
struct TextRefusalTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var file: String
        var message: String
        var testDescription: String { file }
    }

    private static let column = "steps[0].transformers_[0]"

    static let cases = [
        Case(
            file: "table", message: "steps[0].CountVectorizer: it gets a table, whose column names it takes for texts"),
        Case(
            file: "pattern",
            message: #"\#(column).CountVectorizer(token_pattern=\w+|[!?]): "#
                + "it is not one of the regular expressions that are converted"),
        Case(
            file: "group",
            message: #"\#(column).CountVectorizer(token_pattern=(\w)\w*): "#
                + "it is not one of the regular expressions that are converted"),
        Case(
            file: "tokenizer",
            message: "\(column).CountVectorizer(tokenizer=numpy.asarray): it names `numpy.asarray`, "
                + "which no convertible model needs"),
        Case(file: "files", message: "\(column).CountVectorizer(input=filename): it reads files"),
        Case(
            file: "lengths",
            message: "\(column).CountVectorizer(ngram_range): its terms have up to 65 parts; the limit is 64"),
        Case(
            file: "single_logarithm",
            message: "\(column)._tfidf.TfidfTransformer(sublinear_tf=True): it takes logarithms of float32 numbers, "
                + "or of numbers that are not counts of a vectorizer"),
        Case(
            file: "weighted_twice",
            message: "\(column).steps[1].TfidfTransformer(sublinear_tf=True): it takes logarithms of float32 numbers, "
                + "or of numbers that are not counts of a vectorizer"),
        Case(
            file: "wide_hash",
            message: "\(column).HashingVectorizer(n_features): it makes 1048576 columns; the limit is 262144"),
        Case(file: "numbers", message: "\(column).TfidfTransformer: it gets a table that is not sparse"),
    ]

    @Test("a vectorizer that cannot be reproduced is refused with its place and the reason", arguments: cases)
    func refused(_ row: Case) throws {
        let mlmodel = try MLmodel.parse(
            ByteRegion(
                """
                flavors:
                  sklearn:
                    pickled_model: model.pkl
                signature:
                  inputs: '[{"type": "string", "name": "text"}, {"type": "double", "name": "number"}]'

                """), file: "MLmodel")
        let outcome = ModelConverter.convert(
            ConversionSource(
                artefact: ByteRegion(try readFile(Checkout.fixture("texts/\(row.file).pkl"), limit: 1 << 20)),
                artefactName: "model.pkl", mlmodel: mlmodel, inputExample: nil, digest: Array(repeating: 0, count: 32)))
        guard case .refused(let refusals) = outcome else {
            Issue.record("it was converted")
            return
        }
        #expect(refusals.map { "\($0.path): \($0.reason)" } == [row.message])
    }
}
