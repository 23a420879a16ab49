import Pickle
import Scoring

/// `KMeans` and `MiniBatchKMeans`: the nearest of some centres, and the distances from them.
///
/// Rules from `sklearn/cluster/_kmeans.py`, `_k_means_lloyd.pyx` and `euclidean_distances` of `sklearn/metrics/pairwise.py`, 1.1.3 to
/// 1.9.1. Both use ‖c‖² - 2·x·c in place of the differences; the products differ from scikit-learn's in the last bits (BLAS), so
/// that a label can differ where two centres are equally near.
struct KMeansConverter: Converter {
    static let classNames = ["sklearn.cluster._kmeans.KMeans", "sklearn.cluster._kmeans.MiniBatchKMeans"]

    let estimator: Estimator
    private let centres: Centres

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        centres = try Centres("cluster_centers_", of: estimator)
    }

    func has(_ method: PredictMethod) -> Bool { method == .predict }

    private func check(_ table: Table, _ program: inout Program) throws {
        try estimator.requireFittedColumns(table)
        try table.requireWidth(centres.points.columns, for: estimator)
        try table.requireNumbers(for: estimator)
        try centres.requireClear(of: estimator)
        try program.requireFinite(table, width: .float64, allowsMissing: false)
        program.noteSums(estimator)
    }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        // The compiled code takes rows and centres of one type only.
        guard try table.floatType(for: estimator) == .float64 else {
            throw estimator.refuse(
                "it was fitted on float64 columns and would get float32, which scikit-learn refuses",
                parameter: "cluster_centers_")
        }
        try check(table, &program)
        let nearest = try centres.nearest(table.slots, into: &program)
        return .labels(nearest, .integers((0..<centres.points.rows).map { Int64($0) }))
    }

    func transform(_ table: Table, into program: inout Program) throws -> Table {
        try check(table, &program)
        program.note(
            "\(estimator.shortName) takes distances as scikit-learn does, by squares that cancel out: those of rows very near to a "
                + "centre differ from scikit-learn's by their rounding")
        let squares = try centres.squaredDistances(table.slots, into: &program)
        return Table(
            numbers: try program.builder.function(.sqrt, squares, width: .float64), named: estimator)
    }
}

/// Points whose distances are taken by squares: ‖x‖² - 2·x·c + ‖c‖².
struct Centres {
    let points: FloatMatrix
    private let name: String
    private let norms: [Double]

    init(_ name: String, of estimator: Estimator) throws {
        try self.init(try FloatMatrix(name, of: estimator), name)
        guard !points.isSingle else {
            throw estimator.refuse(
                "it would sum float32 numbers in an order that depends on the processor", parameter: name,
                help: "fit the model on float64 columns")
        }
    }

    /// Other points than those of the attribute `name`.
    init(_ points: FloatMatrix, _ name: String) throws {
        self.name = name
        self.points = points
        norms = (0..<points.rows).map { index in points.row(index).reduce(0) { $0 + $1 * $1 } }
    }

    /// Throws when two points are so near to each other, compared with their distance from 0, that the rounding of
    /// scikit-learn's products decides between them.
    func requireClear(of estimator: Estimator) throws {
        let largest = norms.max() ?? 0
        for first in 0..<points.rows {
            for second in 0..<first {
                let square = zip(points.row(first), points.row(second)).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
                guard square <= largest * 1e-10 else { continue }
                throw estimator.refuse(
                    "its centres \(second) and \(first) are so close that rounding decides between them",
                    parameter: name,
                    help: "scale the columns before this step, or ask for fewer centres")
            }
        }
    }

    /// Throws when the points are so far from 0 that what cancels out shows in the digits of their distances.
    func requireNearZero(of estimator: Estimator) throws {
        guard (norms.max() ?? 0) > 1e3 else { return }
        throw estimator.refuse(
            "its centres are so far from 0 that its distances lose digits", parameter: name,
            help: "scale the columns before this step")
    }

    /// The number of the nearest point, the first of equals.
    func nearest(_ slots: [Slot], into program: inout Program) throws -> Slot {
        let scores = try program.builder.linear(
            slots, weights: points.values.map { 2 * $0 }, intercepts: norms.map { -$0 }, width: .float64)
        return try program.builder.argmax(scores)
    }

    /// One slot per point; never below 0.
    func squaredDistances(_ slots: [Slot], into program: inout Program) throws -> [Slot] {
        let zeros = Array(repeating: 0.0, count: slots.count)
        let norm = try program.builder.centreDistances(slots, .squared, centres: zeros, divisors: nil, count: 1)
        let weights: [Double] = (0..<points.rows).flatMap { points.row($0).map { -2 * $0 } + [1.0] }
        let squares = try program.builder.linear(slots + norm, weights: weights, intercepts: norms, width: .float64)
        return try program.builder.scale(
            squares, steps: [.atLeast(Array(repeating: 0, count: squares.count))], width: .float64)
    }
}
