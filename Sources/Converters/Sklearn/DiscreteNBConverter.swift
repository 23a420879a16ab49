import Glibc
import Pickle
import Scoring

/// `BernoulliNB`, `MultinomialNB` and `ComplementNB`: columns times logarithms of probabilities.
///
/// Rules from `sklearn/naive_bayes.py` and `binarize` of `sklearn/preprocessing/_data.py`, 1.1.3 to 1.9.1. The products differ
/// from scikit-learn's in the last bits (BLAS); a label can differ where two classes tie.
struct DiscreteNBConverter: Converter {
    static let classNames = [
        "sklearn.naive_bayes.BernoulliNB", "sklearn.naive_bayes.ComplementNB", "sklearn.naive_bayes.MultinomialNB",
    ]

    let estimator: Estimator
    private let labels: LabelTable
    private let logarithms: FloatMatrix
    private let priors: [Double]
    private var isBernoulli: Bool { estimator.shortName == "BernoulliNB" }

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        labels = try ClassLabels.read(try estimator.required("classes_"), of: estimator)
        logarithms = try FloatMatrix("feature_log_prob_", of: estimator)
        try logarithms.requireShape(labels.count, logarithms.columns, of: estimator)
        priors = try estimator.numbers("class_log_prior_")
        // A class that was never seen has the logarithm of 0.
        guard priors.count == labels.count, priors.allSatisfy({ $0.isFinite || $0 == -.infinity }) else {
            throw estimator.unexpected("class_log_prior_", "one number per class")
        }
        guard !logarithms.isSingle else {
            throw estimator.refuse(
                "it calculates in float32", parameter: "feature_log_prob_", help: "fit the model on float64 columns")
        }
    }

    func has(_ method: PredictMethod) -> Bool { method == .predict || method == .predictProba }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        try estimator.requireFittedColumns(table)
        try table.requireWidth(logarithms.columns, for: estimator)
        try table.requireNumbers(for: estimator)
        try program.requireFinite(table, width: .float64, allowsMissing: false)
        let columns = isBernoulli ? try binarized(table, &program) : table.slots
        if !table.isSparse { program.noteSums(estimator) }
        let (weights, intercepts) = try parameters()
        let likelihoods = try program.builder.linear(
            columns, weights: weights, intercepts: intercepts, width: .float64)
        return try LogLikelihoods.answer(method, likelihoods, labels, into: &program)
    }

    private func parameters() throws -> (weights: [Double], intercepts: [Double]) {
        switch estimator.shortName {
        case "MultinomialNB": return (logarithms.values, priors)
        // The prior takes part only when there is no choice.
        case "ComplementNB": return (logarithms.values, labels.count == 1 ? priors : priors.map { _ in 0 })
        default:
            let absent = logarithms.values.map { log(1 - exp($0)) }
            guard absent.allSatisfy(\.isFinite) else {
                throw estimator.refuse("a probability is 1, so that its sums are not finite", parameter: "alpha")
            }
            let intercepts = priors.indices.map { index in
                let row = absent[index * logarithms.columns..<(index + 1) * logarithms.columns]
                return priors[index] + row.reduce(0, +)
            }
            return (zip(logarithms.values, absent).map { $0 - $1 }, intercepts)
        }
    }

    /// 1 where a number is above the threshold. Beside float32 columns NumPy rounds the threshold, or not, by its type and
    /// version; so it must be one that rounding does not change.
    private func binarized(_ table: Table, _ program: inout Program) throws -> [Slot] {
        guard !estimator.isNone("binarize") else { return table.slots }
        guard case .number(let threshold) = PickledScalar(try estimator.required("binarize"), estimator.graph) else {
            throw estimator.unexpected("binarize", "a number")
        }
        try table.requireExact(for: estimator)
        if table.isSparse, threshold < 0 {
            throw estimator.refuse("a sparse matrix has no threshold below 0", parameter: "binarize")
        }
        if table.elementType == .float32, Double(Float(threshold)) != threshold {
            throw estimator.refuse("its threshold is no float32, and the columns are", parameter: "binarize")
        }
        return try program.builder.threshold(table.slots, above: threshold)
    }
}
