/// Decision trees in rank form: Format.md, "trees".
struct TreeEnsemble: Operator {
    static let name = "trees"
    private var quantizer: RankQuantizer
    private let outputs: Range<Slot>
    private let start: NumberArray<Double>
    // Empty, or one input per output, where the sums begin in the place of `start`.
    private let startSlots: ArraySlice<Slot>
    private let nodes: Nodes
    private let leaves: TreeLeaves
    private let deltaBits: Int
    private let laneBits: Int

    private enum Nodes {
        case narrow(NumberArray<UInt32>)
        case wide(NumberArray<UInt64>)
    }

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        outputs = fields.outputs
        quantizer = try RankQuantizer(&fields)
        start = try fields.float64("start")
        guard start.count == outputs.count || (start.count == 0 && fields.inputs.count >= outputs.count) else {
            throw fields.error("the array `start` has \(start.count) elements for \(outputs.count) outputs")
        }
        startSlots = start.count == 0 ? fields.inputs.suffix(outputs.count) : []
        deltaBits = try fields.integer("deltaBits", in: 3...31)
        laneBits = try fields.integer("laneBits", in: 0...31)
        let leafWidth = try fields.integer("leafWidth", in: 1...Limits.slots)
        let treeStarts = try fields.uint32("treeStarts")
        guard treeStarts.count >= 2 else { throw fields.error("it has no trees") }
        let treeCount = treeStarts.count - 1
        let sumWidth = try fields.choice("sumWidth", FloatWidth.self)
        let firstOutputs = try fields.uint32("firstOutputs", count: treeCount)
        let leafStarts = try fields.uint32("leafStarts", count: treeCount)
        let values = try fields.float64("leaves")
        for tree in 0..<treeCount where Int(firstOutputs[tree]) + leafWidth > outputs.count {
            throw fields.error("tree \(tree) adds to outputs that do not exist")
        }
        guard values.count.isMultiple(of: leafWidth) else { throw fields.error("`leaves` are not whole vectors") }
        let check = TreeCheck(
            deltaBits: deltaBits, laneBits: laneBits, treeStarts: treeStarts, leafStarts: leafStarts,
            leafCount: values.count / leafWidth, laneSizes: quantizer.laneSizes)
        let depths: [UInt32]
        let wordBits = try fields.integer("wordBits", in: 32...64)
        guard wordBits == 32 || wordBits == 64 else { throw fields.error("`wordBits` is neither 32 nor 64") }
        if wordBits == 32 {
            let words = try fields.uint32("nodes")
            depths = try check.depths(words, fields)
            nodes = .narrow(words)
        } else {
            let words = try fields.uint64("nodes")
            depths = try check.depths(words, fields)
            nodes = .wide(words)
        }
        leaves = TreeLeaves(
            width: leafWidth, isFloat32: sumWidth == .float32, values: values, starts: leafStarts,
            firstOutputs: firstOutputs, treeStarts: treeStarts, depths: NumberArray(copying: depths),
            isUniform: firstOutputs.buffer.allSatisfy { $0 == firstOutputs[0] })
    }

    /// The same trees, which take the ranks of the columns of `oneHot` from the category; nil when that does not fit.
    func fusing(_ oneHot: OneHot) -> TreeEnsemble? { fused(quantizer.fusing(oneHot), without: oneHot.outputs) }

    /// The same trees, which take the ranks of `splits` from the category; nil when that does not fit.
    func fusing(_ splits: CategorySplits) -> TreeEnsemble? { fused(quantizer.fusing(splits), without: splits.outputs) }

    private func fused(_ quantizer: RankQuantizer?, without slots: Range<Slot>) -> TreeEnsemble? {
        guard let quantizer, !startSlots.contains(where: slots.contains) else { return nil }
        var result = self
        result.quantizer = quantizer
        return result
    }

    func scratchByteCount(rows: Int) -> Int { rows * quantizer.laneSizes.count * MemoryLayout<UInt64>.size }

    func run(_ block: RowBlock) {
        for output in 0..<outputs.count {
            let target = block[outputs.lowerBound + output]
            if start.count > 0 {
                for row in 0..<block.rows { target[row] = start[output] }
            } else {
                let source = block[startSlots[startSlots.startIndex + output]]
                for row in 0..<block.rows { target[row] = source[row] }
            }
        }
        switch nodes {
        case .narrow(let words): sum(words, block)
        case .wide(let words): sum(words, block)
        }
    }

    @inline(__always)
    private func sum<Word: FixedWidthInteger & UnsignedInteger & BitwiseCopyable & Sendable>(
        _ words: NumberArray<Word>, _ block: RowBlock
    ) {
        let laneCount = quantizer.laneSizes.count
        let ranks = block.scratch.bindMemory(to: Word.self, capacity: block.rows * laneCount)
        quantizer.run(block, rankShift: Word(deltaBits + laneBits), into: ranks)
        let kernel = TreeKernel(
            words.base, deltaBits: deltaBits, laneBits: laneBits, laneCount: laneCount, leaves: leaves)
        kernel.run(ranks, rows: block.rows, into: block[outputs.lowerBound])
    }

    var details: [OperatorSummary.Detail] {
        let (nodeCount, wordBits) =
            switch nodes {
            case .narrow(let words): (words.count, 32)
            case .wide(let words): (words.count, 64)
            }
        return [
            .init(name: "trees", value: leaves.depths.count), .init(name: "nodes", value: nodeCount),
            .init(name: "depth", value: Int(leaves.depths.buffer.max() ?? 0)),
            .init(name: "bits per node", value: wordBits),
            .init(name: "thresholds", value: quantizer.thresholdCount),
            .init(name: "leaf vectors", value: leaves.values.count / leaves.width),
        ]
    }
}

/// What the kernel needs besides the node words.
struct TreeLeaves: Sendable {
    /// Values of a leaf vector.
    let width: Int
    /// Whether sums are rounded to float32 after each tree.
    let isFloat32: Bool
    /// [leaf vectors x width], row-major.
    let values: NumberArray<Double>
    /// Per tree, its first leaf vector.
    let starts: NumberArray<UInt32>
    /// Per tree, the output of a leaf's first value.
    let firstOutputs: NumberArray<UInt32>
    /// Per tree its first node, and the end.
    let treeStarts: NumberArray<UInt32>
    /// Per tree, the steps from the root to the deepest leaf.
    let depths: NumberArray<UInt32>
    /// Whether all trees add to the same outputs.
    let isUniform: Bool
    /// The number of trees.
    var treeCount: Int { depths.count }

    @inline(__always)
    func adding(_ value: Double, to sum: Double) -> Double {
        isFloat32 ? Double(Float(sum) + Float(value)) : sum + value
    }
}

/// Checks node words once, so that the kernel can walk them without checks, and finds each tree's depth.
struct TreeCheck {
    let deltaBits: Int
    let laneBits: Int
    let treeStarts: NumberArray<UInt32>
    let leafStarts: NumberArray<UInt32>
    let leafCount: Int
    /// Per lane, the number of its thresholds.
    let laneSizes: [UInt32]

    /// The depth of each tree.
    ///
    /// Every word is a leaf (delta 0, lane 0, an existing leaf vector) or an inner node (lane and rank exist, both children come
    /// later in the same tree), hence each walk ends, at the latest after `depth` steps, at a leaf of its tree.
    func depths<Word: FixedWidthInteger & UnsignedInteger & Sendable>(
        _ words: NumberArray<Word>, _ fields: OperatorFields
    ) throws(ScoringError) -> [UInt32] {
        guard deltaBits + laneBits < Word.bitWidth else { throw fields.error("a node has no room for ranks") }
        guard words.count <= Limits.nodes, Int(treeStarts[0]) == 0,
            Int(treeStarts[treeStarts.count - 1]) == words.count
        else { throw fields.error("`treeStarts` do not cover the \(words.count) nodes") }
        // A row's rank may be one more than a node's: all thresholds are below it.
        let largestRank = Word.max &>> Word(deltaBits + laneBits)
        guard laneSizes.count - 1 <= (1 << laneBits) - 1, laneSizes.allSatisfy({ Word($0) <= largestRank }) else {
            throw fields.error("its node words are too narrow for its features or thresholds")
        }
        var result: [UInt32] = []
        result.reserveCapacity(treeStarts.count - 1)
        var levels: [UInt32] = []
        for tree in 0..<(treeStarts.count - 1) {
            let (start, end) = (Int(treeStarts[tree]), Int(treeStarts[tree + 1]))
            guard start < end, end <= words.count else { throw fields.error("tree \(tree) has no nodes") }
            guard
                let depth = depth(
                    words.base + start, count: end - start, leafStart: Int(leafStarts[tree]), levels: &levels)
            else { throw fields.error("tree \(tree) has a node with a child, feature, threshold or leaf out of range") }
            result.append(depth)
        }
        return result
    }

    /// The depth of one tree, or nil when a node is unsound.
    @inline(__always)
    private func depth<Word: FixedWidthInteger & UnsignedInteger>(
        _ words: UnsafePointer<Word>, count: Int, leafStart: Int, levels: inout [UInt32]
    ) -> UInt32? {
        if levels.count < count { levels = [UInt32](repeating: 0, count: count) }
        let deltaMask = (Word(1) &<< Word(deltaBits)) &- 1
        let laneMask = (Word(1) &<< Word(laneBits)) &- 1
        var depth: UInt32 = 0
        for node in 0..<count { levels[node] = 0 }
        for node in 0..<count {
            let word = words[node]
            let delta = Int(word & deltaMask)
            let lane = Int((word &>> Word(deltaBits)) & laneMask)
            let rank = word &>> Word(deltaBits + laneBits)
            let level = levels[node]
            if delta == 0 {
                guard lane == 0, rank <= Word(truncatingIfNeeded: Limits.nodes), leafStart + Int(rank) < leafCount
                else { return nil }
                depth = max(depth, level)
            } else {
                guard lane > 0, lane < laneSizes.count, rank < Word(truncatingIfNeeded: laneSizes[lane]),
                    delta < count - node - 1
                else { return nil }
                levels[node + delta] = max(levels[node + delta], level + 1)
                levels[node + delta + 1] = max(levels[node + delta + 1], level + 1)
            }
        }
        return depth
    }
}
