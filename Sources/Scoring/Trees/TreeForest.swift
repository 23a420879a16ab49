/// Decision trees while they are collected for `ModelBuilder.trees`: flat arrays, no object per node.
///
/// Trees are added one by one in the order in which their leaf values are to be summed.
public struct TreeForest: Sendable {
    /// When a row goes left at a node.
    public enum Comparison: String, Sendable, CaseIterable {
        /// x <= threshold (scikit-learn, LightGBM).
        case lessOrEqual
        /// x < threshold (XGBoost).
        case less
    }

    /// What NaN does at a node.
    public enum MissingRule: Sendable, Equatable {
        /// NaN cannot occur, because operators before have replaced or refused it.
        case never
        /// Each node says so.
        case perNode
    }

    /// The number of features that nodes may name.
    public let featureCount: Int
    /// The number of values of a leaf.
    public let leafWidth: Int
    /// When a row goes left.
    public let comparison: Comparison
    /// `.float32`: a row's values are rounded to the nearest float32, then compared with the float64 threshold.
    public let inputWidth: FloatWidth
    /// What NaN does.
    public let missing: MissingRule

    /// The number of trees so far.
    public var treeCount: Int { treeStarts.count - 1 }
    /// The number of nodes so far, leaves included.
    public var nodeCount: Int { nodes.count }

    struct Node: Sendable {
        /// The threshold as an integer of the same order; 0 for a leaf.
        var key: UInt64
        /// The distance to the left child; for a leaf, the number of its leaf vector.
        var delta: UInt32
        /// Twice the feature, plus 1 when missing values go left; -1 for a leaf.
        var test: Int32

        var isLeaf: Bool { test < 0 }
        var feature: Int { Int(test >> 1) }
        var missingGoesLeft: Bool { test & 1 == 1 }
    }

    // A tree's nodes one after the other, right child next to the left one, both after their parent. A parent and the nodes below it
    // are neighbours as far as a line of memory goes: a deep tree has a walk wait for fewer lines than in the order of its levels.
    var nodes: [Node] = []
    /// Nodes of 4 bytes in a line of memory.
    private static let lineNodes = 16
    var treeStarts: [Int] = [0]
    var firstOutputs: [UInt32] = []
    var leaves: LeafTable
    var derived = DerivedFeatures()

    /// The threshold of a node that compares a `DerivedFeature.split`; fits either comparison.
    public static let splitThreshold = 0.5

    /// Begins a forest.
    public init(
        featureCount: Int, leafWidth: Int, comparison: Comparison, inputWidth: FloatWidth, missing: MissingRule
    ) {
        self.featureCount = featureCount
        self.leafWidth = leafWidth
        self.comparison = comparison
        self.inputWidth = inputWidth
        self.missing = missing
        leaves = LeafTable(width: max(1, leafWidth))
    }

    /// Makes room for `nodeCount` nodes.
    public mutating func reserve(nodeCount: Int) { nodes.reserveCapacity(nodeCount) }

    /// The number by which nodes name a feature that is derived from feature `feature`. The same one always has the same number.
    ///
    /// - Throws: `.unsound` when there is no such feature.
    public mutating func derive(_ rule: DerivedFeature, from feature: Int) throws(ScoringError) -> Int32 {
        guard feature >= 0, feature < featureCount, featureCount + derived.count < Limits.slots else {
            throw refused("feature \(feature) is out of range, or there are too many splits on categories")
        }
        return Int32(featureCount + derived.number(of: DerivedFeatures.Entry(feature: feature, rule: rule)))
    }

    /// Adds a tree. Node 0 is the root; nodes that cannot be reached from it are left out.
    ///
    /// - Parameters:
    ///   - left: per node, the left child's number, or -1 for a leaf.
    ///   - right: per node, the right child's number, or -1 for a leaf.
    ///   - feature: per node, an index into the slots that are given to `ModelBuilder.trees`, or what `derive` gave; ignored for a leaf.
    ///   - threshold: per node, compared in float64; not NaN; ignored for a leaf.
    ///   - missingGoesLeft: per node; empty when the forest's rule is `.never`.
    ///   - values: [nodes x leafWidth], row-major; ignored but for leaves.
    ///   - firstOutput: the output to which a leaf's first value is added.
    /// - Throws: `.unsound` when lengths differ, or a child, feature or threshold is out of range, or a node has two parents.
    public mutating func append(
        left: [Int32], right: [Int32], feature: [Int32], threshold: [Double], missingGoesLeft: [Bool],
        values: [Double], firstOutput: Int
    ) throws(ScoringError) {
        let count = left.count
        guard count > 0, right.count == count, feature.count == count, threshold.count == count,
            values.count == count * leafWidth, missingGoesLeft.count == (missing == .perNode ? count : 0)
        else { throw refused("the arrays of its nodes differ in length") }
        guard nodeCount + count <= Limits.nodes, featureCount <= Limits.slots, firstOutput >= 0,
            firstOutput < Limits.slots
        else {
            throw refused("it has too many nodes or outputs")
        }
        var tree = [Node](repeating: Node(key: 0, delta: 0, test: -1), count: 1)
        tree.reserveCapacity(count)
        var visited = [Bool](repeating: false, count: count)
        visited[0] = true
        // Placed nodes whose children are not: number, place in `tree`.
        var pending: [(node: Int32, place: Int32)] = [(0, 0)]
        var subtree: [(node: Int32, place: Int32)] = []
        var next = 0
        while next < pending.count {
            // As much of a subtree as there is room for in a line of memory; what is left begins lines of its own.
            subtree.removeAll(keepingCapacity: true)
            subtree.append(pending[next])
            next += 1
            var done = 0
            repeat {
                let (node, place) = (Int(subtree[done].node), Int(subtree[done].place))
                done += 1
                let (first, second) = (left[node], right[node])
                if first == -1 && second == -1 {
                    tree[place] = Node(key: 0, delta: leaves.number(of: values, at: node * leafWidth), test: -1)
                    continue
                }
                let (feature, threshold) = (feature[node], threshold[node])
                guard feature >= 0, feature < featureCount + derived.count, !threshold.isNaN else {
                    throw refused("node \(node) has a feature or threshold out of range")
                }
                guard first > 0, first < count, second > 0, second < count, first != second, !visited[Int(first)],
                    !visited[Int(second)]
                else { throw refused("node \(node) has a child that is out of range or has another parent") }
                visited[Int(first)] = true
                visited[Int(second)] = true
                let canBeMissing = feature < featureCount || derived.canBeMissing(Int(feature) - featureCount)
                let goesLeft = missing == .perNode && canBeMissing && missingGoesLeft[node]
                tree[place] = Node(
                    key: key(threshold), delta: UInt32(tree.count - place), test: feature << 1 | (goesLeft ? 1 : 0))
                subtree.append((first, Int32(tree.count)))
                subtree.append((second, Int32(tree.count + 1)))
                tree.append(Node(key: 0, delta: 0, test: -1))
                tree.append(Node(key: 0, delta: 0, test: -1))
            } while done < subtree.count && (nodeCount + tree.count) % Self.lineNodes <= Self.lineNodes - 2
                && (nodeCount + tree.count) % Self.lineNodes != 0
            pending += subtree[done...]
        }
        nodes.append(contentsOf: tree)
        firstOutputs.append(UInt32(firstOutput))
        treeStarts.append(nodes.count)
    }

    /// The threshold as a key that sorts like the number. For float32 inputs the threshold becomes the neighbouring float32 for
    /// which every float32 compares as with the float64 one: the largest not above it for `<=`, the smallest not below it for `<`.
    private func key(_ threshold: Double) -> UInt64 {
        let threshold = threshold == 0 ? 0 : threshold  // -0 compares as 0
        guard inputWidth == .float32 else { return OrderedBits.key(threshold) }
        var nearest = Float(threshold)
        switch comparison {
        case .lessOrEqual: if Double(nearest) > threshold { nearest = nearest.nextDown }
        case .less: if Double(nearest) < threshold { nearest = nearest.nextUp }
        }
        return UInt64(OrderedBits.key(nearest == 0 ? 0 : nearest))
    }

    private func refused(_ reason: String) -> ScoringError {
        ScoringError(.unsound, "tree \(treeCount): \(reason)")
    }
}

/// Floating-point numbers as unsigned integers of the same order.
enum OrderedBits {
    static func key(_ value: Double) -> UInt64 {
        let bits = value.bitPattern
        return bits >> 63 == 1 ? ~bits : bits | 1 << 63
    }

    static func key(_ value: Float) -> UInt32 {
        let bits = value.bitPattern
        return bits >> 31 == 1 ? ~bits : bits | 1 << 31
    }

    static func double(_ key: UInt64) -> Double { Double(bitPattern: key >> 63 == 1 ? key & ~(1 << 63) : ~key) }
    static func float(_ key: UInt32) -> Float { Float(bitPattern: key >> 31 == 1 ? key & ~(1 << 31) : ~key) }
}

/// Distinct leaf vectors, numbered in the order of their first use; equal means the same bits.
struct LeafTable: Sendable {
    let width: Int
    private(set) var values: [Double] = []
    private(set) var count = 0
    // Open addressing; 0 is free, else number + 1.
    private var buckets = [UInt32](repeating: 0, count: 1024)

    init(width: Int) { self.width = width }

    mutating func number(of source: [Double], at start: Int) -> UInt32 {
        if count * 2 >= buckets.count { grow() }
        var bucket = Self.hash(source, start, width) & (buckets.count - 1)
        while buckets[bucket] != 0 {
            let number = Int(buckets[bucket]) - 1
            if isEqual(number, source, start) { return UInt32(number) }
            bucket = (bucket + 1) & (buckets.count - 1)
        }
        for index in start..<(start + width) { values.append(source[index]) }
        count += 1
        buckets[bucket] = UInt32(count)
        return UInt32(count - 1)
    }

    private func isEqual(_ number: Int, _ source: [Double], _ start: Int) -> Bool {
        for index in 0..<width
        where values[number * width + index].bitPattern != source[start + index].bitPattern {
            return false
        }
        return true
    }

    private mutating func grow() {
        buckets = [UInt32](repeating: 0, count: buckets.count * 2)
        for number in 0..<count {
            var bucket = Self.hash(values, number * width, width) & (buckets.count - 1)
            while buckets[bucket] != 0 { bucket = (bucket + 1) & (buckets.count - 1) }
            buckets[bucket] = UInt32(number + 1)
        }
    }

    @inline(__always)
    private static func hash(_ values: [Double], _ start: Int, _ width: Int) -> Int {
        var hash: UInt64 = 0x9e37_79b9_7f4a_7c15
        for index in start..<(start + width) {
            hash = (hash ^ values[index].bitPattern) &* 0xff51_afd7_ed55_8ccd
            hash ^= hash >> 32
        }
        return Int(truncatingIfNeeded: hash >> 1)
    }
}
