/// The nearest points by looking at all of them, as scikit-learn's brute force finds them.
///
/// scikit-learn's distances may come from matrix products, whose rounding depends on the processor and on the number of rows of a
/// request, and which of equally near points it takes depends on the number of threads. This finds distances directly, with a bound of
/// the difference, and says when that could choose points with other targets.
/// Source: `_argkmin.pyx.tp` and `_argkmin_classmode.pyx.tp` of `sklearn/metrics/_pairwise_distances_reduction`, `pairwise.py`.
struct NeighborScan: Sendable {
    let count: Int
    let pointCount: Int
    private let width: Int
    private let metric: NeighborMetric
    private let points: NumberArray<Double>
    private let usesProducts: Bool
    private let isWhole: Bool
    // Per point, the sum of squares.
    private let squares: [Double]
    private static let largestWhole = Double(1 << 20)

    /// Where a scan keeps what it finds.
    struct Workspace {
        let query: UnsafeMutablePointer<Double>
        /// The distances of the neighbours, ascending.
        let distances: UnsafeMutablePointer<Double>
        /// Their points.
        let points: UnsafeMutablePointer<Int>
        // Of all points.
        fileprivate let reduced: UnsafeMutablePointer<Double>

        init(_ memory: UnsafeMutableRawPointer, _ scan: NeighborScan) {
            query = memory.assumingMemoryBound(to: Double.self)
            distances = query + scan.width
            points = (memory + (scan.width + scan.count) * 8).assumingMemoryBound(to: Int.self)
            reduced = (memory + (scan.width + 2 * scan.count) * 8).assumingMemoryBound(to: Double.self)
        }
    }

    var scratchByteCount: Int { (width + 2 * count + pointCount) * 8 }

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        width = fields.inputs.count
        guard width > 0 else { throw fields.error("it has no inputs") }
        metric = try NeighborMetric(&fields)
        let points = try fields.float64("points")
        guard points.count % width == 0, points.count > 0 else {
            throw fields.error("`points` has not \(width) numbers per point")
        }
        guard points.buffer.allSatisfy(\.isFinite) else { throw fields.error("`points` is not all finite") }
        self.points = points
        let (width, pointCount) = (width, points.count / width)
        self.pointCount = pointCount
        count = try fields.integer("count", in: 1...pointCount)
        usesProducts = try fields.flag("products")
        guard !usesProducts || metric == .euclidean else {
            throw fields.error("only Euclidean distances have products")
        }
        if case .minkowski = metric {
            isWhole = false
        } else {
            isWhole = width <= 1000 && points.buffer.allSatisfy(Self.isWhole)
        }
        squares = (0..<pointCount).map { point in
            (0..<width).reduce(0) { $0 + points[point * width + $1] * points[point * width + $1] }
        }
    }

    private static func isWhole(_ value: Double) -> Bool {
        value.rounded() == value && abs(value) <= largestWhole
    }

    /// Finds the neighbours of `workspace.query`. False when another rounding could find others, for which `areEqual` does not hold.
    func run(_ workspace: Workspace, areEqual: (Int, Int) -> Bool) -> Bool {
        let (query, reduced) = (workspace.query, workspace.reduced)
        let heap = NeighborHeap(count: count, values: workspace.distances, points: workspace.points)
        heap.clear()
        var (own, isExact) = (0.0, isWhole)
        for index in 0..<width {
            own += query[index] * query[index]
            if isExact, !Self.isWhole(query[index]) { isExact = false }
        }
        for point in 0..<pointCount {
            reduced[point] = metric.reduced(query, points.base + point * width, width)
            guard (reduced[point] + own + squares[point]).isFinite else { return false }
            heap.push(reduced[point], point)
        }
        let isCertain = count == pointCount || isCertain(heap, reduced, isExact ? nil : own, areEqual)
        heap.sort()
        for index in 0..<count { workspace.distances[index] = metric.distance(workspace.distances[index]) }
        return isCertain
    }

    /// How far another rounding of the reduced distance of a point may be from ours. Twice what it can be at most.
    @inline(__always)
    private func error(_ reduced: Double, _ point: Int, _ own: Double?) -> Double {
        guard let own else { return 0 }
        let relative = Double(4 * width + 32) * reduced
        return (usesProducts ? Double(2 * width + 8) * (own + squares[point]) + relative : relative) * Double.ulpOfOne
    }

    /// No other points could be the nearest ones, or they are equal to those.
    private func isCertain(
        _ heap: NeighborHeap, _ reduced: UnsafePointer<Double>, _ own: Double?, _ areEqual: (Int, Int) -> Bool
    ) -> Bool {
        // What is below the top is among the chosen; which of those that equal it are, makes no difference here.
        let top = heap.values[0]
        var (highest, lowest, left) = (0.0, Double.infinity, 0)
        for index in 0..<count where heap.values[index] == top { left += 1 }
        for point in 0..<pointCount {
            let distance = reduced[point]
            let isChosen = distance < top || (distance == top && left > 0)
            if distance == top { left -= 1 }
            if isChosen {
                highest = max(highest, distance + error(distance, point, own))
            } else {
                lowest = min(lowest, distance - error(distance, point, own))
            }
        }
        if lowest > highest { return true }
        var first: Int?
        for point in 0..<pointCount {
            let error = error(reduced[point], point, own)
            guard reduced[point] - error <= highest, reduced[point] + error >= lowest else { continue }
            if let first, !areEqual(first, point) { return false }
            if first == nil { first = point }
        }
        return true
    }
}
