import Glibc
import Pickle
import Scoring

/// `GaussianNB`: a normal distribution per class and column.
///
/// Rules from `sklearn/naive_bayes.py`, 1.1.3 to 1.9.1. The columns' terms are added one after the other, as NumPy does with a
/// table of a request; logarithms and exponentials may differ from NumPy's in the last bits.
struct GaussianNBConverter: Converter {
    static let classNames = ["sklearn.naive_bayes.GaussianNB"]

    let estimator: Estimator
    private let labels: LabelTable
    private let means: FloatMatrix
    private let variances: FloatMatrix
    private let priors: FloatMatrix

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        labels = try ClassLabels.read(try estimator.required("classes_"), of: estimator)
        means = try FloatMatrix("theta_", of: estimator)
        variances = try FloatMatrix("var_", of: estimator)
        priors = try FloatMatrix("class_prior_", of: estimator)
        try means.requireShape(labels.count, means.columns, of: estimator)
        try variances.requireShape(labels.count, means.columns, of: estimator)
        try priors.requireShape(1, labels.count, of: estimator)
        guard variances.values.allSatisfy({ $0 > 0 }) else {
            throw estimator.refuse("a variance is 0, so that its probabilities are not finite", parameter: "var_")
        }
        guard !priors.isSingle else {
            throw estimator.refuse(
                "it calculates in float32", parameter: "class_prior_", help: "fit the model on float64 columns")
        }
    }

    func has(_ method: PredictMethod) -> Bool { method == .predict || method == .predictProba }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        try estimator.requireFittedColumns(table)
        try table.requireWidth(means.columns, for: estimator)
        try table.requireNumbers(for: estimator)
        try estimator.requireDense(table)
        try means.requireFloat64(with: table, of: estimator)
        try variances.requireFloat64(with: table, of: estimator)
        try program.requireFinite(table, width: .float64, allowsMissing: false)
        let distances = try program.builder.centreDistances(
            table.slots, .squared, centres: means.values, divisors: variances.values, count: labels.count)
        let volumes = (0..<labels.count).map { index in
            -0.5 * variances.row(index).reduce(0) { $0 + log(2 * Double.pi * $1) }
        }
        let halves = Array(repeating: -0.5, count: labels.count)
        let likelihoods = try program.builder.scale(
            distances, steps: [.multiply(halves), .add(volumes), .add(priors.values.map { log($0) })], width: .float64)
        return try LogLikelihoods.answer(method, likelihoods, labels, into: &program)
    }
}

/// What naive Bayes models and mixtures make of the logarithms of joint likelihoods.
enum LogLikelihoods {
    static func answer(
        _ method: PredictMethod, _ likelihoods: [Slot], _ labels: LabelTable, into program: inout Program
    ) throws -> Answer {
        if method == .predict { return .labels(try program.builder.argmax(likelihoods), labels) }
        let logarithms = try program.builder.link(.logNormalize, likelihoods, width: .float64)
        return .rows(try program.builder.link(.exponential, logarithms, width: .float64))
    }
}
