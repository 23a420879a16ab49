import Pickle
import Scoring

/// Reads the `KDTree` or `BallTree` of a fitted model.
///
/// Its state is a tuple: data, order of the rows, nodes, bounds, leaf size, numbers of levels and nodes, three counters, a number of
/// calls, the metric, weights. Source: `__getstate__` of `sklearn/neighbors/_binary_tree.pxi`, 1.1.3 to 1.9.1.
struct NeighborTreeReader {
    let points: NeighborPoints
    /// The training row of each point.
    let order: [Int]

    /// The names that pickles hold for trees and metrics, which changed their names in 1.3.
    static let partNames: [String: PickleUse] = {
        var table: [String: PickleUse] = [:]
        for name in ["kd_tree", "ball_tree"] {
            table["sklearn.neighbors._\(name).newObj"] = [.call, .build]
            for type in ["KDTree", "BallTree"] { table["sklearn.neighbors._\(name).\(type)"] = [.value] }
        }
        table["sklearn.metrics._dist_metrics.newObj"] = [.call, .build]
        for name in ["Euclidean", "Manhattan", "Chebyshev", "Minkowski"] {
            for suffix in ["", "64"] { table["sklearn.metrics._dist_metrics.\(name)Distance\(suffix)"] = [.value] }
        }
        return table
    }()

    init(_ estimator: Estimator, metric: NeighborMetric, isBall: Bool) throws {
        let graph = estimator.graph
        let wanted = isBall ? "BallTree" : "KDTree"
        let module = "sklearn.neighbors._\(isBall ? "ball" : "kd")_tree"
        let damage = estimator.unexpected("_tree", "a tree as scikit-learn writes it")
        guard let object = graph.object(try estimator.required("_tree")),
            graph.global(object.callable)?.qualifiedName == "\(module).newObj",
            let arguments = graph.elements(object.arguments), arguments.count == 1,
            graph.global(arguments[0])?.qualifiedName == "\(module).\(wanted)",
            let state = object.state.flatMap({ graph.elements($0) }), state.count == 12 || state.count == 13
        else { throw damage }
        guard state.count == 12 || state[12] == .null else {
            throw estimator.refuse("its tree has weights", parameter: "_tree")
        }
        try NeighborTreeReader.check(state[11], metric, estimator)
        let data = try estimator.readArray(state[0], "_tree")
        let order = try estimator.readArray(state[1], "_tree").integers ?? []
        let nodes = try estimator.readArray(state[2], "_tree")
        let bounds = try estimator.readArray(state[3], "_tree")
        guard data.shape.count == 2, data.type.kind == .float, data.type.itemSize == 8, let numbers = data.numbers,
            let start = nodes.field("idx_start"), let end = nodes.field("idx_end"),
            let leaf = nodes.field("is_leaf"), let radius = nodes.field("radius"), let limits = bounds.numbers,
            nodes.count > 0, bounds.shape == [isBall ? 1 : 2, nodes.count, data.shape[1]]
        else { throw damage }
        guard data.shape[1] > 0, order.count == data.shape[0], order.sorted() == Array(0..<order.count),
            (numbers + limits).allSatisfy(\.isFinite)
        else {
            throw damage
        }
        let width = data.shape[1]
        var list: [NeighborPoints.Node] = []
        for node in 0..<nodes.count {
            let (first, last) = (start.integer(node), end.integer(node))
            guard first >= 0, first <= last, last <= order.count else { throw damage }
            list.append(.init(points: first..<last, isLeaf: leaf.integer(node) != 0))
        }
        let index: NeighborPoints.Index =
            isBall
            ? .balls(middles: limits, radii: (0..<nodes.count).map { radius.number($0) })
            : .boxes(low: Array(limits.prefix(limits.count / 2)), high: Array(limits.suffix(limits.count / 2)))
        points = NeighborPoints(
            coordinates: order.flatMap { numbers[($0 * width)..<(($0 + 1) * width)] }, metric: metric, index: index,
            nodes: list)
        self.order = order
    }

    /// The metric of the tree must be the one of the estimator.
    private static func check(_ value: PickleValue, _ metric: NeighborMetric, _ estimator: Estimator) throws {
        let graph = estimator.graph
        let name =
            switch metric {
            case .euclidean: "EuclideanDistance"
            case .manhattan: "ManhattanDistance"
            case .chebyshev: "ChebyshevDistance"
            case .minkowski: "MinkowskiDistance"
            }
        guard let object = graph.object(value), let arguments = graph.elements(object.arguments),
            let given = arguments.first.flatMap({ graph.global($0) }),
            [name, name + "64"].contains(given.name), given.module == "sklearn.metrics._dist_metrics"
        else { throw estimator.refuse("its tree has another metric than it says itself", parameter: "_tree") }
        guard case .minkowski(let power) = metric else { return }
        guard let state = object.state.flatMap({ graph.elements($0) }), let first = state.first,
            PickledScalar(first, graph) == .number(power)
        else { throw estimator.refuse("its tree has another metric than it says itself", parameter: "_tree") }
    }
}
