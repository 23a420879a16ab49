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

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        switch try fields.choice("metric", Name.self) {
        case .euclidean: self = .euclidean
        case .manhattan: self = .manhattan
        case .chebyshev: self = .chebyshev
        case .minkowski: self = .minkowski(try fields.double("power"))
        }
    }

    func add(to parameters: inout JSONObject) {
        switch self {
        case .euclidean: parameters["metric"] = "euclidean"
        case .manhattan: parameters["metric"] = "manhattan"
        case .chebyshev: parameters["metric"] = "chebyshev"
        case .minkowski(let power):
            parameters["metric"] = "minkowski"
            parameters["power"] = DoubleText.encode(power)
        }
    }

    var power: Double {
        switch self {
        case .euclidean: 2
        case .manhattan: 1
        case .chebyshev: .infinity
        case .minkowski(let power): power
        }
    }

    /// What orders points as the distance does, without its last root.
    @inline(__always)
    func reduced(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ count: Int) -> Double {
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

    func distance(_ reduced: Double) -> Double {
        switch self {
        case .euclidean: reduced.squareRoot()
        case .manhattan, .chebyshev: reduced
        case .minkowski(let power): pow(reduced, 1 / power)
        }
    }

    func reduced(_ distance: Double) -> Double {
        switch self {
        case .euclidean: distance * distance
        case .manhattan, .chebyshev: distance
        case .minkowski(let power): pow(distance, power)
        }
    }
}

/// Points and the way to search them.
public struct NeighborPoints: Sendable {
    /// How points are searched.
    public enum Index: Sendable {
        /// Boxes: for each node the lowest and the highest coordinates, [nodes x coordinates] each.
        case boxes(low: [Double], high: [Double])
        /// Balls: for each node its middle, [nodes x coordinates], and its radius.
        case balls(middles: [Double], radii: [Double])
        /// No tree: all points are looked at, and the nearest are taken only when another rounding could not take others.
        /// `products`: distances may be found through matrix products (√(|x|² - 2xy + |y|²)).
        case all(products: Bool)
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
        case .all(let products):
            parameters["search"] = "all"
            parameters["products"] = .bool(products)
            return
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
