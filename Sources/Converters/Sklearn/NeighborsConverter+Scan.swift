import Pickle
import Scoring

// Brute force: no tree, and rows that are refused.
extension NeighborsConverter {
    /// Columns up to which sums in any order give weights within 1e-12.
    private static let widestWeighted = 200

    /// The points of brute force.
    static func scanned(
        _ table: NumpyArray, _ metric: NeighborMetric, _ isWeighted: Bool, _ estimator: Estimator
    ) throws -> NeighborPoints {
        guard table.type.kind != .float || table.type.itemSize == 8, let numbers = table.numbers else {
            throw estimator.refuse(
                "its training table is float32, and brute force rounds distances of float32 in ways of its own",
                parameter: "_fit_X", help: "fit the model on float64 columns, or with `algorithm=\"kd_tree\"`")
        }
        guard !isWeighted || metric != .euclidean else {
            throw estimator.refuse(
                "it searches by brute force, and near a training row its weights are rounding errors, which differ between processors "
                    + "(`algorithm=\"auto\"` searches so beyond 15 columns, and for half of the rows or more)",
                parameter: "weights", value: "distance",
                help: "use `weights=\"uniform\"`, or fit it with `algorithm=\"kd_tree\"` or `\"ball_tree\"`")
        }
        guard !isWeighted || table.shape[1] <= widestWeighted else {
            throw estimator.refuse(
                "it weights by distances over \(table.shape[1]) columns; the limit of brute force is \(widestWeighted)",
                parameter: "weights", value: "distance")
        }
        return NeighborPoints(
            coordinates: numbers, metric: metric, index: .all(products: metric == .euclidean), nodes: [])
    }

    /// Asks for the training table itself, or some rows of it, and refuses the model when a row is refused.
    func requireOwnRows() throws {
        let trials = RowTrials(table: points.coordinates, width: width, rows: Array(0..<(targets.count / targetCount)))
        let refused = try trials.refusedCount(estimator.budget) { try found($0, .predict, &$1) }
        guard refused == 0 else {
            throw estimator.refuse(
                "it searches by brute force, and for \(refused) of \(trials.rows.count) rows of its training table the nearest rows "
                    + "are too much alike in distance for one answer on every processor",
                parameter: "n_neighbors", help: "fit it with `algorithm=\"kd_tree\"` or `\"ball_tree\"`")
        }
    }
}
