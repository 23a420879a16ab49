import Glibc
import JSONText

/// A distance between points.
public enum NeighborMetric: Sendable, Equatable {
    /// √Σ d².
    case euclidean
    /// Σ |d|.
    case manhattan
    /// The largest |d|.
    case chebyshev
    /// (Σ |d|^p)^(1/p).
    case minkowski(Double)

    private enum Name: String, CaseIterable {
        case euclidean, manhattan, chebyshev, minkowski
    }

    fileprivate init(_ fields: inout OperatorFields) throws(ScoringError) {
        switch try fields.choice("metric", Name.self) {
        case .euclidean: self = .euclidean
        case .manhattan: self = .manhattan
        case .chebyshev: self = .chebyshev
        case .minkowski: self = .minkowski(try fields.double("power"))
        }
    }

    fileprivate func add(to parameters: inout JSONObject) {
        switch self {
        case .euclidean: parameters["metric"] = "euclidean"
        case .manhattan: parameters["metric"] = "manhattan"
        case .chebyshev: parameters["metric"] = "chebyshev"
        case .minkowski(let power):
            parameters["metric"] = "minkowski"
            parameters["power"] = DoubleText.encode(power)
        }
    }

    fileprivate var power: Double {
        switch self {
        case .euclidean: 2
        case .manhattan: 1
        case .chebyshev: .infinity
        case .minkowski(let power): power
        }
    }

    /// What orders points as the distance does, without its last root.
    @inline(__always)
    fileprivate func reduced(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ count: Int) -> Double {
        var sum = 0.0
        switch self {
        case .euclidean:
            for index in 0..<count {
                let gap = a[index] - b[index]
                sum += gap * gap
            }
        case .manhattan: for index in 0..<count { sum += abs(a[index] - b[index]) }
        case .chebyshev: for index in 0..<count { sum = fmax(sum, abs(a[index] - b[index])) }
        case .minkowski(let power): for index in 0..<count { sum += pow(abs(a[index] - b[index]), power) }
        }
        return sum
    }

    fileprivate func distance(_ reduced: Double) -> Double {
        switch self {
        case .euclidean: reduced.squareRoot()
        case .manhattan, .chebyshev: reduced
        case .minkowski(let power): pow(reduced, 1 / power)
        }
    }

    fileprivate func reduced(_ distance: Double) -> Double {
        switch self {
        case .euclidean: distance * distance
        case .manhattan, .chebyshev: distance
        case .minkowski(let power): pow(distance, power)
        }
    }
}

/// Points and the way to search them.
public struct NeighborPoints: Sendable {
    /// How they are searched.
    public enum Index: Sendable {
        /// Boxes: for each node the lowest and the highest coordinates, [nodes x coordinates] each.
        case boxes(low: [Double], high: [Double])
        /// Balls: for each node its middle, [nodes x coordinates], and its radius.
        case balls(middles: [Double], radii: [Double])
    }

    /// A node of the tree; its children are nodes 2i + 1 and 2i + 2.
    public struct Node: Sendable {
        /// Its points.
        public var points: Range<Int>
        /// It has no children.
        public var isLeaf: Bool

        /// Makes a node.
        public init(points: Range<Int>, isLeaf: Bool) {
            self.points = points
            self.isLeaf = isLeaf
        }
    }

    /// [points x coordinates], row-major.
    public var coordinates: [Double]
    /// The distance.
    public var metric: NeighborMetric
    /// How they are searched.
    public var index: Index
    /// The tree of `index`.
    public var nodes: [Node]

    /// Makes it; `ModelBuilder.neighbors` checks it.
    public init(coordinates: [Double], metric: NeighborMetric, index: Index, nodes: [Node]) {
        self.coordinates = coordinates
        self.metric = metric
        self.index = index
        self.nodes = nodes
    }

    func add(to parameters: inout JSONObject, _ builder: inout ModelBuilder) {
        metric.add(to: &parameters)
        parameters["points"] = builder.addArray(coordinates)
        switch index {
        case .boxes(let low, let high):
            parameters["search"] = "boxes"
            parameters["low"] = builder.addArray(low)
            parameters["high"] = builder.addArray(high)
        case .balls(let middles, let radii):
            parameters["search"] = "balls"
            parameters["middles"] = builder.addArray(middles)
            parameters["radii"] = builder.addArray(radii)
        }
        parameters["nodes"] = builder.addArray(
            nodes.flatMap {
                [
                    UInt32(clamping: $0.points.lowerBound), UInt32(clamping: $0.points.upperBound),
                    $0.isLeaf ? 1 : 0 as UInt32,
                ]
            })
    }
}

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
        for index in 0..<count {
            workspace.distances[index] = .infinity
            workspace.points[index] = 0
        }
        visit(0, bound: lowerBound(0, workspace.query), workspace)
        sort(workspace)
        for index in 0..<count { workspace.distances[index] = metric.distance(workspace.distances[index]) }
    }

    private func visit(_ node: Int, bound: Double, _ workspace: Workspace) {
        if bound > workspace.distances[0] { return }
        if nodes[3 * node + 2] == 1 {
            for point in Int(nodes[3 * node])..<Int(nodes[3 * node + 1]) {
                push(metric.reduced(workspace.query, points.base + point * width, width), point, workspace)
            }
            return
        }
        let left = 2 * node + 1
        let (leftBound, rightBound) = (lowerBound(left, workspace.query), lowerBound(left + 1, workspace.query))
        if leftBound <= rightBound {
            visit(left, bound: leftBound, workspace)
            visit(left + 1, bound: rightBound, workspace)
        } else {
            visit(left + 1, bound: rightBound, workspace)
            visit(left, bound: leftBound, workspace)
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

    /// Puts a point among the nearest when it is nearer than the farthest of them, which is at the top of a heap.
    private func push(_ value: Double, _ point: Int, _ workspace: Workspace) {
        let values = workspace.distances
        guard value < values[0] else { return }
        var place = 0
        while true {
            let left = 2 * place + 1
            guard left < count else { break }
            let right = left + 1
            let larger = right >= count || values[left] >= values[right] ? left : right
            guard values[larger] > value else { break }
            values[place] = values[larger]
            workspace.points[place] = workspace.points[larger]
            place = larger
        }
        values[place] = value
        workspace.points[place] = point
    }

    /// Takes the heap apart, so that distances ascend.
    private func sort(_ workspace: Workspace) {
        let (values, points) = (workspace.distances, workspace.points)
        var size = count
        while size > 1 {
            size -= 1
            let (value, point) = (values[size], points[size])
            (values[size], points[size]) = (values[0], points[0])
            var place = 0
            while 2 * place + 1 < size {
                let left = 2 * place + 1
                let larger = left + 1 < size && values[left + 1] > values[left] ? left + 1 : left
                guard values[larger] > value else { break }
                (values[place], points[place]) = (values[larger], points[larger])
                place = larger
            }
            (values[place], points[place]) = (value, point)
        }
    }
}
