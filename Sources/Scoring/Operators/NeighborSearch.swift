import Glibc
import JSONText

/// The search for the nearest points, in the order of scikit-learn's trees: which of equally near points are taken depends on it.
///
/// Source: `_query_single_depthfirst` of `sklearn/neighbors/_binary_tree.pxi.tp`, `min_rdist` of `_kd_tree.pyx.tp` and
/// `_ball_tree.pyx.tp`, `heap_push` of `sklearn/utils/_heap.pyx`, 1.1.3 to 1.9.1.
struct NeighborSearch: Sendable {
    let count: Int
    let pointCount: Int
    private let width: Int
    private let metric: NeighborMetric
    private let points: NumberArray<Double>
    private let kind: Kind
    // [nodes x 3]: first point, end, 1 for a leaf.
    private let nodes: NumberArray<UInt32>
    // Lowest coordinates, or middles; [nodes x width].
    private let first: NumberArray<Double>
    // Highest coordinates [nodes x width], or radii [nodes].
    private let second: NumberArray<Double>

    private enum Kind: String, CaseIterable {
        case boxes, balls
    }

    /// Where a search keeps what it finds.
    struct Workspace {
        let query: UnsafeMutablePointer<Double>
        /// The distances of the neighbours, ascending.
        let distances: UnsafeMutablePointer<Double>
        /// Their points.
        let points: UnsafeMutablePointer<Int>

        init(_ memory: UnsafeMutableRawPointer, _ search: NeighborSearch) {
            query = memory.assumingMemoryBound(to: Double.self)
            distances = query + search.width
            points = (memory + (search.width + search.count) * 8).assumingMemoryBound(to: Int.self)
        }
    }

    var scratchByteCount: Int { (width + 2 * count) * 8 }

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        width = fields.inputs.count
        guard width > 0 else { throw fields.error("it has no inputs") }
        metric = try NeighborMetric(&fields)
        points = try fields.float64("points")
        guard points.count % width == 0 else { throw fields.error("`points` has not \(width) numbers per point") }
        pointCount = points.count / width
        count = try fields.integer("count", in: 1...max(1, pointCount))
        guard pointCount > 0 else { throw fields.error("it has no points") }
        kind = try fields.choice("search", Kind.self)
        nodes = try fields.uint32("nodes")
        guard nodes.count > 0, nodes.count % 3 == 0 else {
            throw fields.error("`nodes` has not three numbers per node")
        }
        let nodeCount = nodes.count / 3
        let (size, overflow) = nodeCount.multipliedReportingOverflow(by: width)
        guard !overflow else { throw fields.error("it has too many nodes") }
        first = try fields.float64(kind == .boxes ? "low" : "middles", count: size)
        second = try fields.float64(kind == .boxes ? "high" : "radii", count: kind == .boxes ? size : nodeCount)
        var covered = 0
        for node in 0..<nodeCount {
            let (start, end, isLeaf) = (Int(nodes[3 * node]), Int(nodes[3 * node + 1]), nodes[3 * node + 2])
            guard start <= end, end <= pointCount, isLeaf <= 1, isLeaf == 1 || 2 * node + 2 < nodeCount else {
                throw fields.error("node \(node) has points or children that do not exist")
            }
            if isLeaf == 1 { covered += end - start }
        }
        // Enough for every place among the neighbours to be filled.
        guard covered >= count else { throw fields.error("its nodes hold fewer points than it looks for") }
    }

    /// Finds the neighbours of `workspace.query`.
    func run(_ workspace: Workspace) {
        let heap = NeighborHeap(count: count, values: workspace.distances, points: workspace.points)
        heap.clear()
        visit(0, bound: lowerBound(0, workspace.query), workspace, heap)
        heap.sort()
        for index in 0..<count { workspace.distances[index] = metric.distance(workspace.distances[index]) }
    }

    private func visit(_ node: Int, bound: Double, _ workspace: Workspace, _ heap: NeighborHeap) {
        if bound > workspace.distances[0] { return }
        if nodes[3 * node + 2] == 1 {
            for point in Int(nodes[3 * node])..<Int(nodes[3 * node + 1]) {
                heap.push(metric.reduced(workspace.query, points.base + point * width, width), point)
            }
            return
        }
        let left = 2 * node + 1
        let (leftBound, rightBound) = (lowerBound(left, workspace.query), lowerBound(left + 1, workspace.query))
        if leftBound <= rightBound {
            visit(left, bound: leftBound, workspace, heap)
            visit(left + 1, bound: rightBound, workspace, heap)
        } else {
            visit(left + 1, bound: rightBound, workspace, heap)
            visit(left, bound: leftBound, workspace, heap)
        }
    }

    /// The reduced distance that no point of a node is below.
    private func lowerBound(_ node: Int, _ query: UnsafePointer<Double>) -> Double {
        if kind == .balls {
            let middle = first.base + node * width
            let distance = metric.distance(metric.reduced(query, middle, width))
            return metric.reduced(fmax(0, distance - second[node]))
        }
        let power = metric.power
        var sum = 0.0
        for index in 0..<width {
            let low = first[node * width + index] - query[index]
            let high = query[index] - second[node * width + index]
            let gap = (low + abs(low)) + (high + abs(high))
            sum = power == .infinity ? fmax(sum, 0.5 * gap) : sum + pow(0.5 * gap, power)
        }
        return sum
    }
}
