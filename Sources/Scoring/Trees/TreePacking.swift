import JSONText

/// The arrays of a packed forest, in the form of the file: Format.md, "trees".
struct TreePacking {
    private(set) var features: [UInt32] = []
    private(set) var dictionary: [UInt64] = []  // sort keys; ascending per feature
    private(set) var rankBits = 0
    private(set) var laneBits = 0
    private(set) var deltaBits = 0
    private(set) var leafStarts: [UInt32] = []
    private(set) var leafValues: [Double] = []
    /// Per node, the leaf number (below the tree's leaf count) or the rank.
    private var ranks: [UInt32] = []
    private var lanes: [UInt32] = []
    private let forest: TreeForest

    var wordBits: Int { rankBits + laneBits + deltaBits <= 32 ? 32 : 64 }

    /// - Parameter slots: per feature, its slot: lanes are in the order of slots, so that those of one operator are neighbours.
    init(_ forest: TreeForest, slots: [Slot]) throws(ScoringError) {
        self.forest = forest
        ranks = [UInt32](repeating: 0, count: forest.nodeCount)
        lanes = [UInt32](repeating: 0, count: forest.nodeCount)
        packThresholds(slots)
        packLeaves()
        guard rankBits + laneBits + deltaBits <= 64 else {
            throw ScoringError(.unsound, "the trees are too large: a node needs more than 64 bits")
        }
    }

    /// The node words, each rank | lane | delta from the high bits down.
    func words<Word: FixedWidthInteger & UnsignedInteger>(_ type: Word.Type) -> [Word] {
        [Word](unsafeUninitializedCapacity: forest.nodeCount) { buffer, count in
            for node in 0..<forest.nodeCount {
                let delta = forest.nodes[node].isLeaf ? 0 : Word(forest.nodes[node].delta)
                let head = Word(ranks[node]) << Word(laneBits + deltaBits)
                buffer.initializeElement(at: node, to: head | Word(lanes[node]) << Word(deltaBits) | delta)
            }
            count = forest.nodeCount
        }
    }

    private mutating func packThresholds(_ slots: [Slot]) {
        var inner: [RadixSort.Item] = []
        inner.reserveCapacity(forest.nodeCount / 2)
        var largestDelta = 0
        for (index, node) in forest.nodes.enumerated() where !node.isLeaf {
            inner.append(RadixSort.Item(key: node.key, index: UInt32(index)))
            largestDelta = max(largestDelta, Int(node.delta))
        }
        // By threshold, then (keeping that order) by the place of the feature's slot among all.
        var places = [UInt64](repeating: 0, count: slots.count)
        let order = slots.indices.sorted { (slots[$0], $0) < (slots[$1], $1) }
        for (place, feature) in order.enumerated() { places[feature] = UInt64(place) }
        RadixSort.sort(&inner) { $0.key }
        RadixSort.sort(&inner) { places[forest.nodes[Int($0.index)].feature] }
        dictionary.reserveCapacity(inner.count)
        var laneCount = 1  // lane 0 is the leaves'
        var largestRank = 0
        var start = 0
        while start < inner.count {
            let feature = forest.nodes[Int(inner[start].index)].feature
            var end = start + 1
            while end < inner.count, forest.nodes[Int(inner[end].index)].feature == feature { end += 1 }
            let rule = missingRule(inner[start..<end])
            let listStart = dictionary.count
            for position in start..<end {
                let item = inner[position]
                if position == start || inner[position - 1].key != item.key { dictionary.append(item.key) }
                let index = Int(item.index)
                ranks[index] = UInt32(dictionary.count - 1 - listStart)
                let isSecond = rule == .perNode && !forest.nodes[index].missingGoesLeft
                lanes[index] = UInt32(laneCount + (isSecond ? 1 : 0))
            }
            let count = dictionary.count - listStart
            features += [UInt32(feature), UInt32(listStart), UInt32(count), UInt32(rule.rawValue)]
            laneCount += rule == .perNode ? 2 : 1
            // A row's rank goes up to the number of thresholds.
            largestRank = max(largestRank, count)
            start = end
        }
        rankBits = Self.bits(largestRank)
        laneBits = Self.bits(laneCount - 1)
        deltaBits = max(3, Self.bits(largestDelta))  // at least 3: Format.md
    }

    private func missingRule(_ items: ArraySlice<RadixSort.Item>) -> MissingLanes {
        guard forest.missing == .perNode else { return .left }
        var leftCount = 0
        for item in items where forest.nodes[Int(item.index)].missingGoesLeft { leftCount += 1 }
        return leftCount == items.count ? .left : leftCount == 0 ? .right : .perNode
    }

    /// Leaf vectors are shared by all trees, unless tables per tree make the node words fit in 32 bits and the whole smaller.
    private mutating func packLeaves() {
        let free = 32 - laneBits - deltaBits
        leafStarts = [UInt32](repeating: 0, count: forest.treeCount)
        leafValues = forest.leaves.values
        if rankBits <= free, Self.bits(forest.leaves.count - 1) > free, let own = leavesPerTree(bits: free) {
            let extraBytes = (own.values.count - leafValues.count) * 8
            if extraBytes + 4 * forest.treeCount < 4 * forest.nodeCount {
                leafStarts = own.starts
                leafValues = own.values
                for (node, number) in own.numbers { ranks[node] = number }
                rankBits = max(rankBits, own.bits)
                return
            }
        }
        for (index, node) in forest.nodes.enumerated() where node.isLeaf { ranks[index] = node.delta }
        rankBits = max(rankBits, Self.bits(forest.leaves.count - 1))
    }

    private struct LeavesPerTree {
        var starts: [UInt32] = []
        var values: [Double] = []
        var numbers: [(node: Int, number: UInt32)] = []
        var bits = 0
    }

    private func leavesPerTree(bits limit: Int) -> LeavesPerTree? {
        let width = forest.leafWidth
        var result = LeavesPerTree()
        // Per shared vector, the tree that used it last and its number there.
        var owners = [Int32](repeating: -1, count: forest.leaves.count)
        var numbers = [UInt32](repeating: 0, count: forest.leaves.count)
        for tree in 0..<forest.treeCount {
            result.starts.append(UInt32(result.values.count / width))
            var count: UInt32 = 0
            for node in forest.treeStarts[tree]..<forest.treeStarts[tree + 1] where forest.nodes[node].isLeaf {
                let shared = Int(forest.nodes[node].delta)
                if owners[shared] != Int32(tree) {
                    owners[shared] = Int32(tree)
                    numbers[shared] = count
                    count += 1
                    result.values += forest.leaves.values[(shared * width)..<((shared + 1) * width)]
                }
                result.numbers.append((node, numbers[shared]))
            }
            result.bits = max(result.bits, Self.bits(Int(count) - 1))
        }
        return result.bits <= limit ? result : nil
    }

    /// Bits that hold every number up to `largest`.
    private static func bits(_ largest: Int) -> Int { largest <= 0 ? 0 : Int.bitWidth - largest.leadingZeroBitCount }
}

/// Which lanes a feature has: where NaN goes. The numbers are written in the file.
enum MissingLanes: Int {
    /// One lane: left at every node.
    case left = 0
    /// One lane: right at every node.
    case right = 1
    /// Two lanes: the first for nodes where it goes left, the second for nodes where it goes right.
    case perNode = 2
}

extension ModelBuilder {
    /// Evaluates decision trees and sums their leaf values.
    ///
    /// - Parameters:
    ///   - slots: the features, in the order of `forest`'s feature numbers.
    ///   - start: one value per output, from which the sum starts; 0 for a forest, the base score for boosted trees.
    ///   - sumWidth: trees are added in the order in which they were appended, in float64, or rounded to float32 after each tree.
    ///     Leaf values are used as they are: a learning rate must have been multiplied in.
    /// - Returns: one slot per value of `start`.
    public mutating func trees(
        _ slots: [Slot], forest: TreeForest, start: [Double], sumWidth: FloatWidth
    ) throws(ScoringError) -> [Slot] {
        guard !start.isEmpty else { throw ScoringError(.unsound, "a forest without outputs adds nothing") }
        return try trees(slots, [], forest, start, outputCount: start.count, sumWidth)
    }

    /// The same, where the sum of each output starts from a slot of the row, which must be a float32 when `sumWidth` is.
    public mutating func trees(
        _ slots: [Slot], forest: TreeForest, startingAt start: [Slot], sumWidth: FloatWidth
    ) throws(ScoringError) -> [Slot] {
        try trees(slots, start, forest, [], outputCount: start.count, sumWidth)
    }

    private mutating func trees(
        _ slots: [Slot], _ startSlots: [Slot], _ forest: TreeForest, _ start: [Double], outputCount: Int,
        _ sumWidth: FloatWidth
    ) throws(ScoringError) -> [Slot] {
        guard forest.featureCount == slots.count, forest.leafWidth > 0, forest.treeCount > 0, outputCount > 0 else {
            throw ScoringError(
                .unsound,
                "a forest of \(forest.treeCount) trees with \(forest.featureCount) features and \(forest.leafWidth) "
                    + "values a leaf does not fit \(slots.count) slots and \(outputCount) outputs")
        }
        let derived = try derive(forest.derived, from: slots, width: forest.inputWidth)
        let packing = try TreePacking(forest, slots: slots + derived)
        var parameters: JSONObject = [
            "compare": .string(forest.comparison.rawValue), "inputWidth": .string(forest.inputWidth.rawValue),
            "sumWidth": .string(sumWidth.rawValue), "leafWidth": .int(forest.leafWidth),
            "laneBits": .int(packing.laneBits), "deltaBits": .int(packing.deltaBits),
            "wordBits": .int(packing.wordBits), "start": addArray(start), "features": addArray(packing.features),
        ]
        if forest.inputWidth == .float32 {
            parameters["thresholds"] = addArray(packing.dictionary.map { OrderedBits.float(UInt32($0)) })
        } else {
            parameters["thresholds"] = addArray(packing.dictionary.map(OrderedBits.double))
        }
        parameters["treeStarts"] = addArray(forest.treeStarts.map { UInt32($0) })
        parameters["firstOutputs"] = addArray(forest.firstOutputs)
        parameters["leafStarts"] = addArray(packing.leafStarts)
        parameters["leaves"] = addArray(packing.leafValues)
        parameters["nodes"] =
            packing.wordBits == 32 ? addArray(packing.words(UInt32.self)) : addArray(packing.words(UInt64.self))
        return try add(
            TreeEnsemble.name, inputs: slots + derived + startSlots, outputCount: outputCount, parameters, origin: .none
        )
    }
}
