import Pickle
import Scoring

/// `CategoricalNB`: a table of logarithms per column, added in column order.
///
/// A number loses its fraction; one that is negative, or beyond the categories of the fit, is refused as scikit-learn does
/// with an error. Rules from `sklearn/naive_bayes.py`, 1.1.3 to 1.9.1.
struct CategoricalNBConverter: Converter {
    static let classNames = ["sklearn.naive_bayes.CategoricalNB"]

    let estimator: Estimator
    private let labels: LabelTable
    /// Per column [classes x categories].
    private let tables: [NumpyArray]
    private let priors: [Double]

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        labels = try ClassLabels.read(try estimator.required("classes_"), of: estimator)
        priors = try estimator.numbers("class_log_prior_")
        tables = try estimator.list("feature_log_prob_").map { try estimator.readArray($0, "feature_log_prob_") }
        for table in tables {
            guard table.shape.count == 2, table.shape[0] == labels.count, table.shape[1] > 0,
                let numbers = table.numbers,
                !numbers.contains(where: \.isNaN)
            else { throw estimator.unexpected("feature_log_prob_", "one table of numbers per column") }
        }
        guard priors.count == labels.count, !priors.contains(where: \.isNaN), !tables.isEmpty else {
            throw estimator.unexpected("class_log_prior_", "one number per class")
        }
    }

    func has(_ method: PredictMethod) -> Bool { method == .predict || method == .predictProba }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        try estimator.requireFittedColumns(table)
        try table.requireWidth(tables.count, for: estimator)
        try table.requireNumbers(for: estimator)
        try estimator.requireDense(table)
        try table.requireExact(for: estimator)
        try program.requireFinite(table, width: .float64, allowsMissing: false)
        let categories = try program.builder.function(.trunc, table.slots, width: .float64)
        var likelihoods: [Slot] = []
        for label in 0..<labels.count {
            var terms: [Slot] = []
            for (column, category) in zip(tables, categories) {
                let count = column.shape[1]
                let numbers = (column.numbers ?? [])[label * count..<(label + 1) * count]
                terms.append(
                    try program.builder.recode(
                        category, codes: Array(0..<count), values: Array(numbers), unknown: .refuse, missing: .refuse))
            }
            let ones = Array(repeating: 1.0, count: terms.count)
            likelihoods += try program.builder.linear(
                terms, weights: ones, intercepts: [priors[label]], width: .float64)
        }
        return try LogLikelihoods.answer(method, likelihoods, labels, into: &program)
    }
}
