import Pickle
import Scoring

/// `MeanShift`, `AffinityPropagation` and `Birch`: the cluster of the nearest of some points.
///
/// scikit-learn takes distances through matrix products, so that the operator refuses rows for which their rounding decides.
/// Rules from `predict` in `sklearn/cluster/_mean_shift.py`, `_affinity_propagation.py` and `_birch.py`, 1.1.3 to 1.9.1.
struct NearestExampleConverter: Converter {
    static let classNames = [
        "sklearn.cluster._affinity_propagation.AffinityPropagation", "sklearn.cluster._birch.Birch",
        "sklearn.cluster._mean_shift.MeanShift",
    ]

    /// The tree of `Birch`, which takes no part in predictions.
    static let partNames: [String: PickleUse] = [
        "sklearn.cluster._birch._CFNode": [.new, .build], "sklearn.cluster._birch._CFSubcluster": [.new, .build],
        "sklearn.cluster._agglomerative.AgglomerativeClustering": [.new, .build],
    ]

    let estimator: Estimator
    private let points: FloatMatrix
    /// The cluster of each point.
    private let clusters: [Int]

    init(_ estimator: Estimator) throws {
        self.estimator = estimator
        let isBirch = estimator.shortName == "Birch"
        let name = isBirch ? "subcluster_centers_" : "cluster_centers_"
        if estimator.shortName == "AffinityPropagation", try estimator.text("affinity") != "euclidean" {
            throw estimator.refuse("it was fitted on distances, not on a table", parameter: "affinity")
        }
        points = try FloatMatrix(name, of: estimator)
        guard !points.isSingle else {
            throw estimator.refuse(
                "it rounds distances of float32 numbers in ways of its own", parameter: name,
                help: "fit the model on float64 columns")
        }
        clusters = isBirch ? try estimator.integers("subcluster_labels_") : Array(0..<points.rows)
        guard clusters.count == points.rows, clusters.allSatisfy({ (0..<max(1, points.rows)).contains($0) }) else {
            throw estimator.unexpected("subcluster_labels_", "a number of a cluster for each subcluster")
        }
    }

    func has(_ method: PredictMethod) -> Bool { method == .predict }

    func answer(_ method: PredictMethod, _ table: Table, into program: inout Program) throws -> Answer {
        try estimator.requireFittedColumns(table)
        try table.requireWidth(points.columns, for: estimator)
        guard !table.isSparse else { throw estimator.refuse("it would get a sparse table") }
        try table.requireExact(for: estimator)
        guard try table.floatType(for: estimator) == .float64 else {
            throw estimator.refuse("its columns are float32", help: "fit the model on float64 columns")
        }
        try program.requireFinite(table, width: .float64, allowsMissing: false)
        let count = (clusters.max() ?? 0) + 1
        let votes = try program.builder.neighbors(
            table.slots, count: 1,
            points: NeighborPoints(
                coordinates: points.values, metric: .euclidean, index: .all(products: true), nodes: []),
            weighted: false, answer: .votes(classes: clusters, count: count, pairwise: false))
        program.note(
            "\(estimator.shortName) refuses rows that are so nearly in the middle of two clusters that the processor decides"
        )
        let labels = LabelTable.integers((0..<count).map { Int64($0) })
        return .labels(try program.builder.argmax(votes), labels)
    }
}
