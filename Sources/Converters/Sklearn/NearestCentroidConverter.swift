import Glibc
import Pickle
import Scoring

/// `NearestCentroid`: the nearest of the classes' centres, by squares or by absolute differences.
///
/// Rules from `sklearn/neighbors/_nearest_centroid.py` and `sklearn/discriminant_analysis.py`, 1.1.3 to 1.9.1: from 1.6 there are
/// priors, with which the columns are divided by their deviations unless all priors are the same, and probabilities for the
/// Euclidean metric. Products differ from scikit-learn's in the last bits (BLAS); a label can differ where two centres are
/// equally near.
struct NearestCentroidConverter: Converter {
    static let classNames = ["sklearn.neighbors._nearest_centroid.NearestCentroid"]

    let estimator: Estimator
    private let labels: LabelTable
    private let centres: Centres
    private let isEuclidean: Bool
    /// Nil up to 1.5.
    private let priors: [Double]?

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        labels = try ClassLabels.read(try estimator.required("classes_"), of: estimator)
        centres = try Centres("centroids_", of: estimator)
        try centres.points.requireShape(labels.count, centres.points.columns, of: estimator)
        let metric = try estimator.text("metric")
        guard metric == "euclidean" || metric == "manhattan" else {
            throw estimator.refuse("distances by this metric are not converted", parameter: "metric", value: metric)
        }
        isEuclidean = metric == "euclidean"
        guard estimator.has(.centroidPriors) else {
            priors = nil
            return
        }
        let priors = try FloatMatrix("class_prior_", of: estimator)
        try priors.requireShape(1, labels.count, of: estimator)
        guard priors.values.allSatisfy({ $0 > 0 }) else {
            throw estimator.refuse("the prior of a class is 0", parameter: "class_prior_")
        }
        self.priors = priors.values
    }

    func has(_ method: PredictMethod) -> Bool {
        switch method {
        case .predict: true
        case .predictProba, .decisionFunction: priors != nil && isEuclidean
        case .transform: false
        }
    }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        try estimator.requireFittedColumns(table)
        try table.requireWidth(centres.points.columns, for: estimator)
        try table.requireNumbers(for: estimator)
        try estimator.requireDense(table)
        try program.requireFinite(table, width: .float64, allowsMissing: false)
        if isEuclidean { program.noteSums(estimator) }
        let count = Double(labels.count)
        // As `numpy.isclose`.
        let isUniform = priors?.allSatisfy { abs($0 - 1 / count) <= 1e-8 + 1e-5 * (1 / count) } ?? true
        if method == .predict, isUniform { return .labels(try nearest(table.slots, &program), labels) }
        let scores = try discriminants(table, &program)
        switch method {
        case .predict: return .labels(try program.builder.argmax(scores), labels)
        case .decisionFunction:
            guard scores.count == 2 else { return .rows(scores) }
            return .numbers(try program.builder.linear(scores, weights: [-1, 1], intercepts: [0], width: .float64)[0])
        default:
            let shifted = try program.builder.link(.belowMaximum, scores, width: .float64)
            let logarithms = try program.builder.link(.logNormalize, shifted, width: .float64)
            return .rows(try program.builder.link(.exponential, logarithms, width: .float64))
        }
    }

    /// scikit-learn takes Euclidean distances of a table of several rows by squares that cancel out, so that all centres are equally
    /// near to what is very far away.
    private func nearest(_ slots: [Slot], _ program: inout Program) throws -> Slot {
        let distances: [Slot]
        if isEuclidean {
            try centres.requireClear(of: estimator)
            let squares = try centres.squaredDistances(slots, into: &program)
            distances = try program.builder.function(.sqrt, squares, width: .float64)
        } else {
            distances = try program.builder.centreDistances(
                slots, .absolute, centres: centres.points.values, divisors: nil, count: labels.count)
        }
        let signs = Array(repeating: -1.0, count: labels.count)
        return try program.builder.argmax(
            try program.builder.scale(distances, steps: [.multiply(signs)], width: .float64))
    }

    /// -distance² + 2·log(prior) of columns that are divided by their deviations.
    private func discriminants(_ table: Table, _ program: inout Program) throws -> [Slot] {
        let width = centres.points.columns
        let deviations = try FloatMatrix("within_class_std_dev_", of: estimator)
        try deviations.requireShape(1, width, of: estimator)
        let divisors = deviations.values.map { $0 == 0 ? 1 : $0 }
        var points = centres.points
        for index in points.values.indices { points.values[index] /= divisors[index % width] }
        let columns = try program.builder.scale(table.slots, steps: [.divide(divisors)], width: .float64)
        var distances: [Slot]
        if isEuclidean {
            let scaled = try Centres(points, "centroids_")
            try scaled.requireClear(of: estimator)
            try scaled.requireNearZero(of: estimator)
            distances = try program.builder.function(
                .sqrt, try scaled.squaredDistances(columns, into: &program), width: .float64)
        } else {
            distances = try program.builder.centreDistances(
                columns, .absolute, centres: points.values, divisors: nil, count: labels.count)
        }
        let squares = try program.builder.function(.square, distances, width: .float64)
        let signs = Array(repeating: -1.0, count: labels.count)
        let terms = (priors ?? []).map { 2 * log($0) }
        return try program.builder.scale(squares, steps: [.multiply(signs), .add(terms)], width: .float64)
    }
}
